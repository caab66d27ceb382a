import numpy as np
import pytest
from tests.prediction.survival_packages import CAUSES, HORIZONS, PREPROCESSING, SPEC, untrained
from tests.training.drawn_projections import DrawnCohort

from osteon.errors import DataError, PackageError, SettingsError
from osteon.models.card import Metric
from osteon.models.package import open_package
from osteon.prediction.risk_curves import RiskCurves
from osteon.prediction.settings import SurvivalPackageSettings, SurvivalSettings
from osteon.prediction.survival import predict_survival
from osteon.prediction.survival_assemble import (
    SurvivalAbout,
    SurvivalRun,
    SurvivalRunTables,
    assemble_survival,
)
from osteon.prediction.survival_members import SurvivalMember, members_of_package

ABOUT = SurvivalAbout(name="made", version="1.0.0", synthetic=True, summary="Drawn patients.")


def run_of(spec=SPEC):
    members = tuple(
        SurvivalMember(model, model.spec, seed)
        for view in ("frontal", "lateral", "axial")
        for seed in (1, 2)
        for model in (untrained(view, seed, spec),)
    )
    return SurvivalRun(members, PREPROCESSING, HORIZONS, CAUSES)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return DrawnCohort(tmp_path_factory.mktemp("cohort"), patients=60, size=32)


@pytest.fixture(scope="module")
def tables(cohort):
    found = predict_survival(
        run_of().members, cohort.projections, cohort.splits, cohort.folder, SurvivalSettings()
    )
    return SurvivalRunTables(
        cohort.projections, cohort.follow_up, cohort.splits, found.survival_curves
    )


def made(tmp_path, tables, run=None, **settings):
    metric = Metric(name="concordance.harrell", subset="internal_test", value=0.6)
    return assemble_survival(
        tmp_path / "made", run or run_of(), tables, ABOUT, metrics=[metric],
        settings=SurvivalPackageSettings(**settings),
    )  # fmt: skip


def curves_of(tables, subset):
    rows = tables.curves[(tables.curves["model"] == "ensemble")]
    rows = rows[rows["subset"] == subset]
    return RiskCurves.of(rows, np.sort(rows["case_id"].unique().astype(str)), "ensemble")


def test_a_run_becomes_a_package_whose_networks_answer_alike(tmp_path, cohort, tables):
    card = made(tmp_path, tables, dtype="float32")
    package = open_package(tmp_path / "made")
    assert package.card == card
    members = members_of_package(package)
    again = predict_survival(
        members, cohort.projections, cohort.splits, cohort.folder, SurvivalSettings()
    )
    np.testing.assert_array_equal(again.survival_curves["event_free"], tables.curves["event_free"])
    assert card.metrics[0].value == 0.6
    assert card.training_data.counts["training patients"] == 36
    assert card.training_data.counts["tuning CTs"] == 12
    assert package.was_trained_on("hash-P0000")
    tested = cohort.splits.loc[cohort.splits["subset"] == "internal_test", "patient_id"].iloc[0]
    assert not package.was_trained_on(f"hash-{tested}")


@pytest.mark.parametrize("subset", ["training", "tuning"])
def test_the_reference_is_who_it_says(tmp_path, tables, subset):
    reference = made(tmp_path, tables, reference=subset).reference
    own = curves_of(tables, subset)
    assert reference.title == f"{subset} patients"
    assert reference.n_patients == len(own.event_free)
    np.testing.assert_allclose(reference.mean_event_free, own.event_free.mean(axis=0))
    np.testing.assert_allclose(reference.horizons[1].risks, np.sort(own.risk(1095)))
    followed = tables.follow_up.merge(tables.splits, on="patient_id")
    longest = followed.loc[followed["subset"] == "training", "time_days"].max()
    assert reference.followed_days == longest


def test_test_patients_change_nothing(tmp_path, tables):
    card = made(tmp_path / "one", tables)
    follow_up, curves = tables.follow_up.copy(), tables.curves.copy()
    tested = set(tables.splits.loc[tables.splits["subset"] == "internal_test", "patient_id"])
    follow_up.loc[follow_up["patient_id"].isin(tested), "time_days"] = 9999.0
    curves = curves[~curves["patient_id"].isin(tested)]
    other = SurvivalRunTables(tables.projections, follow_up, tables.splits, curves)
    assert made(tmp_path / "two", other) == card


def test_a_recalibration_is_fitted_on_tuning_patients_and_told(tmp_path, tables):
    plain = made(tmp_path / "plain", tables)
    card = made(tmp_path / "level", tables, recalibration="level")
    change = card.recalibration
    assert (change.subset, change.n_patients, change.slope) == ("tuning", 12, 1.0)
    higher = [a.mean_risk > b.mean_risk for a, b in zip(
        card.reference.horizons, plain.reference.horizons, strict=True)]  # fmt: skip
    assert higher == [change.intercept > 0] * 3


def test_what_cannot_be_packed_is_told(tmp_path, tables):
    made(tmp_path, tables)
    with pytest.raises(PackageError, match="already there"):
        made(tmp_path, tables)
    aged = run_of(SPEC.changed({"clinical": ["age_years"]}))
    with pytest.raises(SettingsError, match="not exported"):
        made(tmp_path / "x", tables, aged, onnx=True)
    nobody = SurvivalRunTables(
        tables.projections, tables.follow_up, tables.splits, tables.curves.iloc[:0]
    )
    with pytest.raises(DataError, match="no curve of a training patient"):
        made(tmp_path / "y", nobody)


def test_onnx_is_close_to_torch_and_clinical_inputs_are_written_down(tmp_path, tables):
    card = made(tmp_path / "onnx", tables, onnx=True)
    assert all(part.onnx_parity_max_abs < 1e-3 for part in card.parts.values())
    aged = made(tmp_path / "aged", tables, run_of(SPEC.changed({"clinical": ["age_years"]})))
    assert [(item.name, item.mean, item.deviation) for item in aged.clinical] == [
        ("age_years", 0.0, 1.0)
    ]
