import pytest
import torch

from osteon.errors import DataError, SettingsError
from osteon.models.build import build
from osteon.models.checkpoint import load_checkpoint, save_checkpoint
from osteon.models.spec import SurvivalSpec, load_spec
from osteon.models.survival import feature_layer

SMALL = SurvivalSpec(encoder="densenet16_g8", image_size_px=32)
HEADS = ("logistic_hazard", "cox", "piecewise_exponential")


def pictures(count=3, seed=1):
    return 8 * torch.rand(count, 1, 32, 32, generator=torch.Generator().manual_seed(seed))


def with_random_risk(spec):
    model = build(spec, seed=1).eval()
    with torch.no_grad():
        model.risk.weight.normal_(generator=torch.Generator().manual_seed(2))
    return model


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("causes", [1, 2])
@pytest.mark.parametrize("effects", ["free", "proportional"])
def test_every_head_gives_one_number_for_each_cause_and_interval(head, causes, effects):
    spec = SMALL.changed({"head": head, "causes": causes, "time_effects": effects})
    model = with_random_risk(spec)
    model.set_baseline(torch.arange(causes * 12.0).reshape(causes, 12))
    with torch.no_grad():
        raw = model(pictures())
    assert raw.shape == (3, causes, 12)
    assert not torch.equal(raw[0], raw[1])
    shift = raw[0] - raw[1]
    is_shift = bool(torch.allclose(shift, shift[:, :1].expand_as(shift), atol=1e-5))
    assert is_shift == (head == "cox" or effects == "proportional")


@pytest.mark.parametrize("head", HEADS)
def test_a_new_network_gives_everybody_the_baseline(head):
    model = build(SMALL.changed({"head": head})).eval()
    start = torch.linspace(-3, 1, 24).reshape(2, 12)
    model.set_baseline(start)
    with torch.no_grad():
        assert torch.equal(model(pictures()), start.expand(3, 2, 12))


def test_the_baseline_is_learned_but_for_cox():
    names = [
        {name for name, _ in build(SMALL.changed({"head": head})).named_parameters()}
        for head in HEADS
    ]
    assert ["baseline" in found for found in names] == [True, False, True]


def test_exposure_of_the_whole_set_is_divided_out():
    model, brighter = with_random_risk(SMALL), with_random_risk(SMALL)
    model.fit_inputs(pictures(), torch.zeros(3, 0))
    brighter.fit_inputs(3 * pictures(), torch.zeros(3, 0))
    with torch.no_grad():
        assert torch.allclose(model(pictures()), brighter(3 * pictures()), atol=1e-4)
    with pytest.raises(DataError, match="empty"):
        model.fit_inputs(torch.zeros(3, 1, 32, 32), torch.zeros(3, 0))


def test_metal_in_one_patient_does_not_move_the_scale():
    plain, metal = pictures(5), pictures(5)
    metal[0, 0, 3, 3] = 500.0
    models = build(SMALL), build(SMALL)
    for model, images in zip(models, (plain, metal), strict=True):
        model.fit_inputs(images, torch.zeros(5, 0))
    assert models[1].full_scale <= 1.1 * models[0].full_scale


def test_clinical_variables_are_standardised_and_a_missing_one_is_said():
    spec = SMALL.changed({"clinical": ["age_years", "sex"], "head": "cox", "causes": 1})
    model = with_random_risk(spec)
    known = torch.tensor([[60.0, 0], [80.0, 0], [float("nan"), 0]])
    model.fit_inputs(pictures(), known)
    assert model.clinical_mean.tolist() == [70, 0]
    assert model.clinical_deviation.tolist() == [10, 1]
    same = pictures(1).expand(3, 1, 32, 32)
    with torch.no_grad():
        risk = model(same, known)[:, 0, 0]
        age, said = (float(model.risk.weight[0, place]) for place in (-4, -2))
    assert float(risk[1] - risk[0]) == pytest.approx(2 * age, abs=1e-4)
    assert float(risk[2] - risk[0]) == pytest.approx(age + said, abs=1e-4)
    with pytest.raises(DataError, match=r"shape None, wanted \(3, 2\): age_years, sex"):
        model(same)
    nobody = torch.full((3, 2), float("nan"))
    with pytest.raises(DataError, match="age_years is missing in every training patient"):
        model.fit_inputs(pictures(), nobody)


def test_a_checkpoint_holds_scales_and_baseline(tmp_path):
    spec = SMALL.changed({"head": "cox", "clinical": ["age_years"], "view": "axial"})
    model = with_random_risk(spec)
    model.fit_inputs(pictures(), torch.tensor([[60.0], [70], [80]]))
    model.set_baseline(torch.full((2, 12), -4.0))
    save_checkpoint(tmp_path, model, spec)
    again, found = load_checkpoint(tmp_path)
    assert found == spec
    clinical = torch.tensor([[65.0], [66], [float("nan")]])
    with torch.no_grad():
        assert torch.equal(again(pictures(), clinical), model(pictures(), clinical))


def test_grad_cams_layer_is_the_last_map():
    model, maps = build(SMALL), []
    feature_layer(model).register_forward_hook(lambda _m, _i, output: maps.append(output))
    model(pictures())
    assert maps[0].shape == (3, model.encoder.channels, 2, 2)


def test_specs_that_cannot_be_are_refused():
    assert load_spec({"kind": "survival"}).cuts_days[:2] == pytest.approx((0, 304.1667), abs=1e-3)
    with pytest.raises(SettingsError, match="wanted one of frontal, lateral, axial"):
        load_spec({"kind": "survival", "view": "oblique"})
    with pytest.raises(SettingsError, match="different names"):
        load_spec({"kind": "survival", "clinical": ["age", "age"]})
