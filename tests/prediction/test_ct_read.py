import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from tests.prediction.conftest import make_package
from tests.prediction.ct_files import dicom_ct
from tests.prediction.survival_packages import (
    PREPROCESSING,
    SPEC,
    make_survival_package,
    untrained,
)

from osteon.drr.views import project_views
from osteon.errors import PackageError, TableError, UsageError
from osteon.models.card_survival import HazardRecalibration
from osteon.models.letterbox import letterbox
from osteon.models.package import open_package
from osteon.prediction import ct_read
from osteon.prediction.ct_read import CtReader, CtReadSettings
from osteon.prediction.ct_reading import ct_reading_from_json
from osteon.prediction.ct_sources import find_cts
from osteon.prediction.runtime import export_onnx
from osteon.prediction.survival_members import SurvivalMember

WITH_AGE = SPEC.changed({"clinical": ["age_years"]})


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    (found,) = find_cts([dicom_ct(folder / "in")], folder / "out", PREPROCESSING, workers=1).cts
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return open_package(make_survival_package(tmp_path_factory.mktemp("package") / "tiny"))


@pytest.fixture(scope="module")
def done(package, ct):
    return CtReader(package).read(ct)


def test_the_risk_is_the_mean_of_the_networks_answers_to_the_projections(done, ct):
    drrs = project_views(ct.volume(PREPROCESSING.reading), PREPROCESSING.projection)
    incidences, free = [], []
    for view, drr in drrs.items():
        picture = torch.from_numpy(drr.line_integral)[None, None]
        np.testing.assert_array_equal(done.projections[view], drr.line_integral)
        for seed in (1, 2):
            model = untrained(view, seed)
            member = SurvivalMember(model, model.spec, seed)
            with torch.no_grad():
                raw = model(letterbox(picture, 32)[0])
            days = torch.tensor([1825.0], dtype=torch.float64)
            incidences.append(member.incidence(raw, days).item())
            free.append(member.event_free(raw, days).item())
    risk = done.reading.risk
    last = risk.risks[-1]
    assert last.days == 1825
    assert last.risk == pytest.approx(np.mean(incidences), abs=1e-6)
    assert last.low < last.risk < last.high
    at = risk.curve.days.index(1825.0)
    assert risk.curve.event_free[at] == pytest.approx(np.mean(free), abs=1e-6)
    assert risk.curve.days[-1] == 2900  # nobody of the reference was followed for longer
    assert risk.reference == "training patients"
    assert all(0 <= item.percentile <= 100 for item in risk.risks)


def test_maps_lie_on_the_projections(done):
    assert set(done.heat) == {"frontal", "lateral", "axial"}
    for view, heat in done.heat.items():
        assert heat.shape == done.projections[view].shape
        assert 0 <= heat.min() <= heat.max() <= 1


def test_a_record_survives_its_json(done):
    content = json.loads(json.dumps(done.reading.as_json()))
    assert ct_reading_from_json(content) == done.reading


def test_a_recalibrated_package_tells_other_risks(tmp_path, ct, done):
    change = HazardRecalibration(
        kind="level", intercept=np.log(2.0), slope=1.0, centre=0.0, at_days=1825.0, n_patients=50,
        n_events=20,
    )  # fmt: skip
    folder = make_survival_package(tmp_path / "twice", recalibration=change)
    settings = CtReadSettings(heat_maps=False)
    twice = CtReader(open_package(folder), settings=settings).read(ct)
    assert twice.heat == {}
    before, after = done.reading.risk.curve, twice.reading.risk.curve
    at_times = slice(None, -1)  # the last point lies between two times
    np.testing.assert_allclose(
        after.event_free[at_times], np.square(before.event_free)[at_times], atol=1e-9
    )
    assert twice.reading.risk.risks[0].risk > done.reading.risk.risks[0].risk


def test_a_ct_the_model_was_trained_on_is_told(tmp_path, ct):
    folder = make_survival_package(tmp_path / "seen", volumes=(ct.content_hash,))
    reading = CtReader(open_package(folder)).read(ct).reading
    assert [note.code for note in reading.flags] == ["trained_on"]


def test_clinical_values_move_the_risk_and_a_missing_one_is_named(tmp_path, ct):
    package = open_package(make_survival_package(tmp_path / "aged", spec=WITH_AGE))

    def read(age):
        table = pd.DataFrame({"patient_id": ["P1", "P9"], "age_years": [age, 60.0]})
        reader = CtReader(package, clinical=table, settings=CtReadSettings(heat_maps=False))
        return reader.read(ct).reading

    young, old, unknown = read(50.0), read(95.0), read(None)
    assert young.clinical == {"age_years": 50.0}
    assert young.risk.risks[0].risk != old.risk.risks[0].risk
    assert [note.code for note in unknown.flags] == ["clinical_missing"]
    assert "age_years is missing" in unknown.flags[0].detail
    nobody = pd.DataFrame({"patient_id": ["P9"], "age_years": [60.0]})
    absent = CtReader(package, clinical=nobody).read(ct).reading
    assert absent.clinical == {"age_years": None}
    assert absent.risk.risks == unknown.risk.risks


def test_clinical_tables_that_do_not_fit_are_refused(tmp_path, package):
    aged = open_package(make_survival_package(tmp_path / "aged", spec=WITH_AGE))
    table = pd.DataFrame({"patient_id": ["P1"]})
    with pytest.raises(UsageError, match="age_years: no clinical table"):
        CtReader(aged)
    with pytest.raises(TableError, match="age_years is missing"):
        CtReader(aged, clinical=table)
    with pytest.raises(UsageError, match="take no clinical variables"):
        CtReader(package, clinical=table)
    with pytest.raises(PackageError, match="torch alone"):
        CtReader(aged, clinical=table.assign(age_years=1.0), runtime="onnx")


def test_other_runtimes_give_the_same_risks(tmp_path, ct, done):
    onnx = {
        f"{view}-seed{seed}": export_onnx(untrained(view, seed), 32)
        for view in ("frontal", "lateral", "axial")
        for seed in (1, 2)
    }
    package = open_package(make_survival_package(tmp_path / "onnx", onnx=onnx))
    settings = CtReadSettings(heat_maps=False)
    found = CtReader(package, runtime="onnx", settings=settings).read(ct).reading
    for ours, theirs in zip(found.risk.risks, done.reading.risk.risks, strict=True):
        assert ours.risk == pytest.approx(theirs.risk, abs=1e-4)


def test_a_package_for_films_is_refused(tmp_path):
    with pytest.raises(PackageError, match="of kind classifier, wanted survival"):
        CtReader(open_package(make_package(tmp_path / "films")))


def test_trouble_becomes_a_reason(package, ct, monkeypatch):
    gone = replace(ct, files=tuple(replace(file, content_hash="0") for file in ct.files))
    reading = CtReader(package).read(gone).reading
    assert (reading.status, reading.risk) == ("unreadable", None)
    assert "no longer the file" in reading.reasons[0].detail

    def explode(*_args, **_kwargs):
        raise RecursionError("deep")

    monkeypatch.setattr(ct_read, "project_views", explode)
    reading = CtReader(package).read(ct).reading
    assert reading.reasons[0].code == "unexpected_error"
