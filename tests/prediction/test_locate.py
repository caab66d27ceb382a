import numpy as np
import pytest
import torch
from tests.prediction.conftest import TINY_DETECTOR

from osteon.models.build import build
from osteon.models.detector import detect
from osteon.pixels.field import cut_to_field
from osteon.prediction.locate import locate
from osteon.prediction.runtime import runner


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(0)
    return [rng.random(shape).astype(np.float32) for shape in ((50, 80), (70, 70), (90, 30))]


@pytest.fixture(scope="module")
def detector():
    """Untrained, but its scores are apart: near ties would fall differently on other machines."""
    model = build(TINY_DETECTOR, 1).eval()
    torch.manual_seed(1)
    torch.nn.init.normal_(model.head.classification_head.cls_logits.weight, std=1.0)
    return model


def test_films_of_different_shapes_are_found_as_one_by_one(films, detector):
    together = locate(films, runner("torch", detector), TINY_DETECTOR)
    for film, found in zip(films, together, strict=True):
        inside, corner = cut_to_field(film)
        (alone,) = detect(detector, torch.from_numpy(inside.copy())[None, None])
        assert [item.laterality for item in found.hips] == [item.laterality for item in alone]
        for one, other in zip(found.hips, alone, strict=True):
            wanted = other.box.shifted(*corner).as_tuple()
            np.testing.assert_allclose(one.box.as_tuple(), wanted, atol=1e-3)
            assert one.box.clipped(film.shape[1], film.shape[0]) == one.box
    assert locate([], runner("torch", detector), TINY_DETECTOR) == []


def test_windows_of_a_film_and_of_its_mirror_image_give_mirrored_answers(films, detector):
    run = runner("torch", detector)
    straight = locate(films, run, TINY_DETECTOR, search="windows")
    turned = locate([film[:, ::-1] for film in films], run, TINY_DETECTOR, search="windows")
    for film, one, other in zip(films, straight, turned, strict=True):
        back = {item.laterality.other: item.box.mirrored(film.shape[1]) for item in other.hips}
        assert {item.laterality for item in one.hips} == set(back)
        for item in one.hips:
            assert item.box.iou(back[item.laterality]) > 0.9


def test_blades_and_what_lies_beyond_them_change_no_box(detector):
    rng = np.random.default_rng(1)
    inside = (0.3 + 0.2 * rng.random((120, 90))).astype(np.float32)
    framed = np.zeros((160, 150), np.float32)
    framed[20:140, 40:130] = inside
    run = runner("torch", detector)
    plain, bordered = (locate([film], run, TINY_DETECTOR)[0].hips for film in (inside, framed))
    assert plain
    for one, other in zip(plain, bordered, strict=True):
        assert other.laterality == one.laterality
        assert other.box.as_tuple() == pytest.approx(one.box.shifted(40, 20).as_tuple(), abs=1e-3)


@pytest.mark.parametrize("search", ["whole", "windows"])
def test_a_hip_s_size_is_that_of_its_film_s_pixels(films, detector, search):
    run = runner("torch", detector)
    (free,) = locate(films[:1], run, TINY_DETECTOR, search=search)
    best = free.hips[0]
    spec = TINY_DETECTOR.changed({"largest_hip_mm": 100.0})
    side_px = best.box.area**0.5

    def found(side_mm):
        spacing = None if side_mm is None else (side_mm, side_mm)
        return locate(films[:1], run, spec, pixel_spacings_mm=[spacing], search=search)[0]

    assert found(None) == free
    assert found(1e-3) == free
    large = found(1.01 * 100 / side_px)
    assert best not in large.hips
    assert all(item.box.area**0.5 <= 0.991 * side_px for item in large.hips)
    assert found(1e6).hips == ()
    assert {item.laterality for item in found(1e6).too_large} == {
        item.laterality for item in free.hips
    }


def test_as_many_spacings_are_wanted_as_films(films, detector):
    with pytest.raises(ValueError, match="zip"):
        locate(films, runner("torch", detector), TINY_DETECTOR, pixel_spacings_mm=[None])
