import csv
import json
import shutil

import pytest
from tests.prediction.ct_files import bad_export, dicom_ct, nifti_ct
from tests.prediction.survival_packages import PREPROCESSING, make_survival_package
from tests.reports.test_html import Page

from osteon.core.schemas import PROJECTED_VIEWS
from osteon.models.package import open_package
from osteon.prediction.ct_read import CtReader
from osteon.prediction.ct_sources import find_cts
from osteon.reports.survival.ct_readings import ct_reading_lines, read_cts


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return open_package(make_survival_package(tmp_path_factory.mktemp("package") / "tiny"))


@pytest.fixture(scope="module")
def done(package, tmp_path_factory):
    """Two patients who can be read, and all who cannot."""
    folder = tmp_path_factory.mktemp("readings")
    bad_export(folder / "in")
    dicom_ct(folder / "in" / "ct", "P1", contrast_bolus_agent="Iohexol")
    nifti_ct(folder / "in" / "P2.nii.gz")
    found = find_cts([folder / "in"], folder / "out", PREPROCESSING, workers=1)
    return read_cts(found, CtReader(package), folder / "out"), folder


def test_whoever_can_be_read_is_and_the_others_have_their_reasons(done):
    readings, folder = done
    status = {reading.patient_id: reading.status for reading in readings}
    assert status == {
        "P1": "read", "P2": "read", "BELLY": "refused", "FILM": "refused", "GAP": "refused",
        "ONE": "refused",
    }  # fmt: skip
    content = json.loads((folder / "out" / "readings.json").read_text("utf-8"))
    assert "SYNTHETIC" in content["disclaimer"]
    assert [one["patient_id"] for one in content["patients"]] == [r.patient_id for r in readings]
    assert "rank, not a risk" in content["meaning"]["percentile"]
    assert all(reading.reasons for reading in readings if reading.status != "read")


def test_every_file_that_is_named_is_there(done):
    readings, folder = done
    for reading in readings:
        assert all((folder / "out" / name).is_file() for name in reading.files)
    names = {name.rpartition("/")[2] for name in readings[0].files}
    always = {"patient.html", "patient.json", "fracture_free.svg", "fracture_free.csv", "heat.npz"}
    always |= {"frontal.png", "lateral.png", "axial.png"}
    assert always <= names <= always | {f"{view}_heat.png" for view in PROJECTED_VIEWS}


def test_a_patients_page_says_synthetic_flags_and_rank(done):
    readings, folder = done
    page = next(name for name in readings[0].files if name.endswith(".html"))
    text = " ".join(Page((folder / "out" / page).read_text("utf-8")).text)
    assert text.startswith("SYNTHETIC PATIENTS.")
    assert "a model of patients, CTs and outcomes" in text
    assert "The header names contrast agent Iohexol" in text
    assert "percentile of 40 training patients" in text


def test_the_table_starts_with_the_warning_and_holds_the_records_numbers(done):
    readings, folder = done
    lines = (folder / "out" / "summary.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert "SYNTHETIC" in lines[0]
    rows = {row["patient_id"]: row for row in csv.DictReader(lines[1:])}
    first = readings[0].risk.risks[0]
    assert float(rows["P1"]["risk_730_days"]) == pytest.approx(first.risk, abs=1e-5)
    assert float(rows["P1"]["percentile_730_days"]) == pytest.approx(first.percentile, abs=1e-4)
    assert rows["P1"]["reference"] == "40 training patients"
    assert "missing_slices" in rows["GAP"]["reasons"]
    assert rows["GAP"]["risk_730_days"] == ""


def test_the_index_leads_to_every_patient_and_loads_nothing(done):
    readings, folder = done
    page = Page((folder / "out" / "index.html").read_text("utf-8"))
    assert page.text[0] == "SYNTHETIC PATIENTS."
    links = {a["href"] for tag, a in page.tags if tag == "a"}
    pages = {n for reading in readings for n in reading.files if n.endswith(".html")}
    assert pages <= links
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}


def test_lines_for_a_terminal_tell_risks_or_reasons(done):
    readings, _ = done
    said = [line for reading in readings for line in ct_reading_lines(reading)]
    assert said[0].startswith("P1: risk of a subsequent fracture within 2 years ")
    assert any(line.startswith("GAP: refused: ") for line in said)


def test_a_stopped_run_reads_nothing_twice_and_another_package_everything(
    done, package, tmp_path, monkeypatch
):
    _, folder = done
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    found = find_cts([folder / "in"], out, PREPROCESSING, workers=1)
    asked = []
    read = CtReader.read

    def counted(self, ct):
        asked.append(ct.patient_id)
        return read(self, ct)

    monkeypatch.setattr(CtReader, "read", counted)
    before = [reading.as_json() for reading in done[0]]
    assert [r.as_json() for r in read_cts(found, CtReader(package), out)] == before
    assert asked == []
    next(out.glob("patients/*/axial.png")).unlink()
    read_cts(found, CtReader(package), out)
    assert len(asked) == 1
    other = open_package(make_survival_package(tmp_path / "other", seeds=(3,)))
    read_cts(found, CtReader(other), out)
    assert len(asked) == 3
