import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.geometry import Box, Laterality
from osteon.errors import SettingsError
from osteon.models.build import build
from osteon.models.classifier import feature_layer
from osteon.models.detector import SIDES, detect, select
from osteon.models.encoders import names
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.normalisation import make_input
from osteon.models.spec import ClassifierSpec, DetectorSpec, load_spec

TINY = DetectorSpec(
    encoder="resnet10_w16", image_size_px=64, levels=(3, 4), extra_levels=False, fpn_channels=16,
    anchor_stride_ratio=1.5, score_threshold=0.0,
)  # fmt: skip
HEAVY = {"densenet121", "resnet34", "resnet50"}  # the same code as a lighter sibling


@pytest.mark.parametrize("name", [name for name in names() if name not in HEAVY])
def test_every_encoder_makes_a_classifier(name):
    model = build(ClassifierSpec(encoder=name, image_size_px=96)).eval()
    images = torch.rand(2, 1, 96, 96, generator=torch.Generator().manual_seed(1))
    maps = []
    feature_layer(model).register_forward_hook(lambda _m, _i, output: maps.append(output))
    with torch.no_grad():
        logits = model(images)
    assert logits.shape == (2, 6)
    assert maps[0].shape[:2] == (2, model.encoder.channels)
    assert maps[0].ndim == 4
    assert not torch.equal(logits[0], logits[1])


def test_probabilities_sum_to_one():
    model = build(ClassifierSpec(encoder="resnet10_w16")).eval()
    sums = model.probabilities(torch.rand(3, 1, 64, 64)).sum(dim=1)
    assert torch.allclose(sums, torch.ones(3))


def test_the_seed_decides_the_weights_and_leaves_torchs_state_alone():
    spec = ClassifierSpec(encoder="resnet10_w16")
    before = torch.get_rng_state()
    one, two, other = (build(spec, seed=s).linear.weight for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_unknown_names_are_refused_with_those_that_are_known():
    with pytest.raises(SettingsError, match="densenet169"):
        build(ClassifierSpec(encoder="densenet170"))
    with pytest.raises(SettingsError, match="resnet50"):
        build(DetectorSpec(encoder="densenet169"))
    with pytest.raises(SettingsError, match="did you mean encoder"):
        load_spec({"kind": "detector", "encodr": "resnet18"})
    with pytest.raises(SettingsError, match="wanted one of detector, classifier"):
        load_spec({"kind": "segmenter"})
    with pytest.raises(SettingsError, match="consecutive"):
        load_spec({"kind": "detector", "levels": [2, 4]})


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([64, 256]))
def test_boxes_survive_the_letterbox(height, width, size):
    placed = Letterbox(height, width, size)
    box = Box(width * 0.1, height * 0.2, width * 0.6, height * 0.9)
    inside = placed.to_square(box)
    assert inside.x_min >= 0
    assert inside.y_max <= size + 1e-6
    assert placed.to_film(inside).as_tuple() == pytest.approx(box.as_tuple())


def test_the_letterbox_moves_pixels_as_it_moves_boxes():
    film = torch.zeros(1, 1, 120, 60)
    film[..., 30:60, 10:40] = 1
    square, placed = letterbox(film, 64)
    assert square.shape == (1, 1, 64, 64)
    box = placed.to_square(Box(10, 30, 40, 60))
    rows, columns = (square[0, 0] > 0.5).nonzero().T
    assert float(rows.min()) == pytest.approx(box.y_min, abs=1)
    assert float(columns.max()) + 1 == pytest.approx(box.x_max, abs=1)


def test_at_most_one_box_a_side_inside_the_film():
    model = build(TINY, seed=2)
    found = detect(model, torch.rand(2, 1, 90, 50))
    assert model.training
    assert len(found) == 2
    for film in found:
        sides = [hip.laterality for hip in film]
        assert len(sides) == len(set(sides)) <= 2
        assert [hip.score for hip in film] == sorted((hip.score for hip in film), reverse=True)
        for hip in film:
            assert hip.box.clipped(50, 90) == hip.box


def test_overlapping_boxes_of_both_sides_are_one_hip():
    boxes = torch.tensor([[0.0, 0, 30, 30], [1, 0, 31, 30], [34, 0, 64, 30]])
    scores = torch.tensor([[0.9, 0.1], [0.1, 0.8], [0.2, 0.3]])
    found = select(scores, boxes, Letterbox(64, 64, 64), TINY)
    assert [hip.laterality for hip in found] == [Laterality.LEFT, Laterality.RIGHT]
    assert found[1].box == Box(34, 0, 64, 30)
    assert found[1].score == pytest.approx(0.3)


def test_boxes_below_the_threshold_are_not_reported():
    boxes = torch.tensor([[0.0, 0, 30, 30]])
    strict = TINY.changed({"score_threshold": 0.5})
    assert select(torch.tensor([[0.4, 0.3]]), boxes, Letterbox(64, 64, 64), strict) == ()


def test_the_detector_learns_two_squares():
    model = build(TINY.changed({"box_loss": "giou"}), seed=0)
    generator = torch.Generator().manual_seed(0)
    images = 0.1 * torch.rand(4, 1, 64, 64, generator=generator)
    boxes = torch.tensor([[[36.0, 16, 60, 48], [4, 16, 28, 48]]]).repeat(4, 1, 1)
    images[:, :, 16:48, 36:60] += 0.4
    images[:, :, 16:48, 4:28] += 0.8
    present = torch.ones(4, 2, dtype=torch.bool)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(80):
        losses = model(images, boxes, present)
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    for hip in detect(model, images)[0]:
        assert hip.box.iou(Box(*boxes[0, SIDES.index(hip.laterality)].tolist())) > 0.6


def test_a_film_without_hips_has_a_loss_too():
    model = build(TINY, seed=0)
    absent = torch.zeros(1, 2, dtype=torch.bool)
    losses = model(torch.rand(1, 1, 64, 64), torch.zeros(1, 2, 4), absent)
    assert torch.isfinite(sum(losses.values()))
    assert losses["bbox_regression"].item() == 0


@pytest.mark.parametrize("encoder", ["resnet18", "resnet50"])
def test_frozen_normalisation_has_nothing_to_learn(encoder):
    model = build(DetectorSpec(encoder=encoder, image_size_px=64, normalisation="frozen"))
    assert not any("bn" in name for name, _ in model.named_parameters())


def test_local_contrast_hardly_changes_with_exposure():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 64, 64, generator=generator) * 0.4 + 0.3
    layer = make_input("local_contrast")
    plain, changed = layer(image), layer(image * 0.7 + 0.2)
    assert plain.shape == (1, 3, 64, 64)
    assert (plain[:, 0] - changed[:, 0]).abs().mean() > 0.1
    difference = (plain[:, 1:] - changed[:, 1:]).abs().mean()
    assert difference < 0.1 * plain[:, 1:].abs().mean()


@pytest.mark.parametrize("shape", [(32, 32), (33, 57), (5, 4)])
def test_local_contrast_of_a_flat_film_is_nothing(shape):
    layer = make_input("local_contrast")
    assert layer(torch.full((1, 1, *shape), 0.4))[:, 1:].abs().max() < 0.02


def test_replicated_input_is_imagenets_normalisation():
    channels = make_input("replicated")(torch.full((1, 1, 2, 2), 0.485))
    assert channels[0, :, 0, 0].tolist() == pytest.approx(
        [0, (0.485 - 0.456) / 0.224, 0.352], abs=1e-3
    )
