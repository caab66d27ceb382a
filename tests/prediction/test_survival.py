import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.drawn_projections import DrawnCohort

from osteon.core.schemas import RISK_SCORES, SURVIVAL_CURVES
from osteon.core.tables import read_table, write_table
from osteon.errors import SettingsError, StudyError, UsageError
from osteon.models.build import build
from osteon.models.mean_brightness import MeanBrightness, mean_line_integrals
from osteon.models.projections import load_projections, read_projection
from osteon.models.spec import SurvivalSpec
from osteon.prediction.runtime import export_onnx, parity, runner
from osteon.prediction.saliency import grad_cam
from osteon.prediction.settings import SurvivalSettings
from osteon.prediction.survival import predict_mean_brightness, predict_survival
from osteon.prediction.survival_curves import COMBINATIONS, SurvivalCurves, absolute_risk
from osteon.prediction.survival_explain import explain_projection, risk_target
from osteon.prediction.survival_members import (
    SurvivalMember,
    members_of_run,
    outputs_of_member,
)
from osteon.statistics.cox import cox_regression
from osteon.training.mean_brightness import fit_mean_brightness
from osteon.training.settings import SurvivalFit
from osteon.training.survival import train_survival
from osteon.training.survival_cases import SurvivalTables

SPEC = SurvivalSpec(encoder="densenet16_g8", image_size_px=32, time_effects="proportional")
HEADS = ("logistic_hazard", "cox", "piecewise_exponential")
SETTINGS = SurvivalSettings()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A cohort and, trained on it, the networks of three views and two seeds."""
    folder = tmp_path_factory.mktemp("study")
    cohort = DrawnCohort(folder, patients=60, size=32)
    tables = SurvivalTables(cohort.projections, cohort.follow_up, cohort.splits, None, True)
    fit = SurvivalFit(learning_rate=5e-3, epochs=3, device="cpu")
    for view in COMBINATIONS["ensemble"]:
        for seed in (1, 2):
            spec = SPEC.changed({"view": view})
            train_survival(tables, folder, spec, fit, folder / "run" / f"{view}-{seed}", seed)
    return cohort


def members(cohort, *views):
    found = members_of_run(cohort.folder / "run")
    return [m for m in found if not views or m.spec.view in views]


def predicted(cohort, chosen=None, **changes):
    given = {"projections": cohort.projections, "splits": cohort.splits, **changes}
    nets = members(cohort) if chosen is None else chosen
    return predict_survival(nets, given["projections"], given["splits"], cohort.folder, SETTINGS)


def test_the_ensemble_and_its_six_siblings_are_written(study, tmp_path):
    found = predicted(study)
    assert set(found.risk_scores["model"]) == set(COMBINATIONS)
    assert len(found.risk_scores) == 7 * 60
    assert found.exclusions == ()
    for table, schema in (
        (found.risk_scores, RISK_SCORES),
        (found.survival_curves, SURVIVAL_CURVES),
    ):
        write_table(table, schema, tmp_path / "table.parquet")
        pd.testing.assert_frame_equal(read_table(schema, tmp_path / "table.parquet"), table)
    curve = found.survival_curves.query("model == 'ensemble' and case_id == 'CT-P0003'")
    assert curve["time_days"].to_list()[:4] == pytest.approx([0, 304.1667, 608.3333, 730], abs=1e-3)
    assert {730, 1095, 1825, 3650} <= set(curve["time_days"])
    assert curve["event_free"].iloc[0] == 1
    assert (curve["event_free"].diff().dropna() <= 0).all()
    assert (curve["event_free_low"] <= curve["event_free"] + 1e-12).all()
    assert (curve["event_free"] <= curve["event_free_high"] + 1e-12).all()
    assert (curve["cumulative_incidence"] <= 1 - curve["event_free"] + 1e-12).all()


def test_scores_are_what_the_definition_says(study):
    found = predicted(study)
    at = found.survival_curves[found.survival_curves["time_days"] == 1825]
    both = found.risk_scores.merge(at, on=["case_id", "model"])
    np.testing.assert_allclose(both["risk_score"], 1 - both["event_free"], atol=1e-12)


def test_the_ensemble_is_the_mean_of_probabilities_over_views_and_seeds(study):
    wide = predicted(study).survival_curves.pivot(
        index=["case_id", "time_days"], columns="model", values="event_free"
    )
    views = wide[["frontal", "lateral", "axial"]].mean(axis=1)
    np.testing.assert_allclose(wide["ensemble"], views, atol=1e-12)
    pair = wide[["frontal", "axial"]].mean(axis=1)
    np.testing.assert_allclose(wide["frontal+axial"], pair, atol=1e-12)
    each = [predicted(study, [net]) for net in members(study, "axial")]
    seeds = [run.survival_curves["event_free"].to_numpy(float) for run in each]
    np.testing.assert_allclose(wide["axial"], np.mean(seeds, axis=0), atol=1e-12)
    assert each[0].survival_curves["event_free_low"].isna().all()  # one network has no range


def test_views_weigh_the_same_whatever_their_seeds():
    free = np.array([[[1.0]], [[0.4]], [[0.2]], [[0.0]]])
    curves = SurvivalCurves(np.array([5.0]), free, free, ("axial", "frontal", "frontal", "frontal"))
    assert curves.mean_event_free.item() == pytest.approx((1.0 + 0.2) / 2)
    assert [limit.item() for limit in curves.interval] == [0.0, 1.0]
    assert curves.risk_score(5.0).item() == pytest.approx(0.4)


def test_who_lacks_a_view_is_with_the_models_that_need_it_not(study):
    lacking = study.projections.query("not (patient_id == 'P0005' and view == 'axial')")
    found = predicted(study, projections=lacking)
    own = found.risk_scores.query("patient_id == 'P0005'")["model"]
    assert set(own) == {"frontal", "lateral", "frontal+lateral"}
    assert [(e.key, e.reason) for e in found.exclusions] == [("P0005", "no_projection")]
    only = predicted(study, members(study, "frontal"))
    assert set(only.risk_scores["model"]) == {"frontal"}


def test_a_horizon_beyond_the_curve_has_no_value_but_a_reason(study):
    rows = predicted(study).survival_curves.query("model == 'ensemble' and case_id == 'CT-P0001'")
    known = absolute_risk(rows, 1825, members=6)
    at = rows.loc[rows["time_days"] == 1825].iloc[0]
    assert known.value == pytest.approx(1 - at["event_free"])
    assert (known.low, known.high) == pytest.approx(
        (1 - at["event_free_high"], 1 - at["event_free_low"])
    )
    assert known.level == pytest.approx(5 / 7)
    unknown = absolute_risk(rows, 4000, members=6)
    assert not unknown.is_defined
    assert unknown.reason == "the curve ends at day 3650: nothing is known at day 4000"
    late = SurvivalSettings(horizons_days=(730.0, 4000.0))
    with pytest.raises(SettingsError, match="4000, beyond the last cut point 3650"):
        predict_survival(members(study), study.projections, study.splits, study.folder, late)


def test_networks_that_do_not_belong_together_are_refused(study):
    other = SPEC.changed({"cut_points": 5})
    mixed = [*members(study, "axial"), SurvivalMember(build(other).eval(), other, 1)]
    with pytest.raises(StudyError, match="2 different sets of cut points"):
        predicted(study, mixed)
    with pytest.raises(StudyError, match="no survival network of fold 3"):
        members_of_run(study.folder / "run", fold=3)
    with pytest.raises(UsageError, match="wanted those of one view"):
        explain_projection(members(study), np.ones((32, 32), np.float32), 1825)


def test_maps_lie_on_the_projection_and_are_those_of_the_risk_score(study):
    nets = members(study, "frontal")
    picture = read_projection(study.folder / "cache" / "P0001-frontal.npy", "P0001", (32, 32))
    heat = explain_projection(nets, picture, 1825)
    assert heat.shape == (32, 32)
    assert 0 <= heat.min() < heat.max() <= 1
    wide = np.pad(picture, ((0, 0), (16, 16)))
    assert explain_projection(nets, wide, 1825).shape == (32, 64)
    model, image = nets[0].model, torch.from_numpy(picture)[None, None]
    target = risk_target(nets[0], 1825)

    def risk(raw):
        return 1 - nets[0].event_free(raw, target.times)[:, 0]

    maps = [grad_cam(model, model.encoder, image, which) for which in (target, risk)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)


def test_clinical_variables_reach_networks_and_maps(study):
    spec = SPEC.changed({"clinical": ["age_years"]})
    model = build(spec, seed=1).eval()
    with torch.no_grad():
        model.risk.weight.normal_(generator=torch.Generator().manual_seed(0))
    member = SurvivalMember(model, spec, 1)
    rows = study.projections.query("view == 'frontal'")
    pictures = load_projections(rows, study.folder, 32)
    ages = pd.DataFrame({"patient_id": rows["patient_id"], "age_years": 70.0}).iloc[::-1]
    base = outputs_of_member(member, pictures, rows, ages)
    ages.loc[ages["patient_id"] == "P0002", "age_years"] = 90.0
    older = outputs_of_member(member, pictures, rows, ages)
    changed = (base != older).any(dim=-1).any(dim=-1)
    assert rows["patient_id"].to_numpy()[changed.numpy()].tolist() == ["P0002"]
    picture, one = pictures[0, 0].numpy(), ages.iloc[:1]
    assert explain_projection([member], picture, 1825, patient=one).shape == (32, 32)


@pytest.mark.parametrize("head", HEADS)
def test_onnx_gives_what_torch_gives(head):
    model = build(SPEC.changed({"head": head}), seed=3).eval()
    with torch.no_grad():
        model.risk.weight.normal_(generator=torch.Generator().manual_seed(1))
    model.fit_inputs(torch.full((1, 1, 32, 32), 6.0), torch.zeros(1, 0))
    model.set_baseline(torch.linspace(-18, 0, 24))
    images = 8 * np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    exported = runner("onnx", None, export_onnx(model, 32))
    assert parity(runner("torch", model), exported, images) < 1e-4


def test_mean_brightness_is_coxs_model_of_the_training_patients(study):
    tables = SurvivalTables(study.projections, study.follow_up, study.splits, None, True)
    model = fit_mean_brightness(tables, study.folder, SPEC)
    training = study.splits.loc[study.splits["subset"] == "training", "patient_id"]
    rows = study.projections[study.projections["patient_id"].isin(training)]
    table = mean_line_integrals(rows, study.folder, model.views).merge(
        study.follow_up, on="patient_id"
    )
    x = table[list(model.views)].to_numpy(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    by_hand = cox_regression(
        table["time_days"].to_numpy(float), (table["cause"] == 1).to_numpy(int), x
    )
    np.testing.assert_allclose(model.log_hazard_ratios, by_hand.coefficients, atol=1e-5)
    again = MeanBrightness.model_validate(model.resolved())
    assert again == model
    found = predict_mean_brightness(model, study.projections, study.splits, study.folder, SETTINGS)
    assert set(found.risk_scores["model"]) == {"mean_brightness"}
    assert len(found.risk_scores) == 60
    assert found.survival_curves["event_free_low"].isna().all()
    everyone = mean_line_integrals(study.projections, study.folder, model.views)
    order = model.log_hazard(everyone[list(model.views)].to_numpy(float)).argsort().numpy()
    np.testing.assert_array_equal(
        order, np.argsort(found.risk_scores["risk_score"].to_numpy(float))
    )


def test_nobody_of_the_test_moves_the_baseline(study):
    tables = SurvivalTables(study.projections, study.follow_up, study.splits, None, True)
    tested = study.splits.loc[study.splits["subset"] != "training", "patient_id"]
    changed = study.follow_up.copy()
    changed.loc[changed["patient_id"].isin(tested), "time_days"] = 7.0
    other = SurvivalTables(study.projections, changed, study.splits, None, True)
    one, two = (fit_mean_brightness(each, study.folder, SPEC) for each in (tables, other))
    assert one == two
