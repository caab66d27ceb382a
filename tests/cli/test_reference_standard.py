"""The verb `osteon reference-standard`, and what `osteon run` makes of it."""

import json

import pytest
from click.testing import CliRunner
from tests.sources.annotations.drawings import make_study

from osteon import cli
from osteon.core.files import hash_file
from osteon.core.schemas import CASES, REFERENCE_HISTORY, REFERENCE_STANDARD, SCHEMAS
from osteon.core.spreadsheets import read_sheet, write_sheet
from osteon.core.tables import read_table
from osteon.errors import AnnotationError

LABELS_ONLY = "annotations: [labels.csv]\n"
WITH_EVIDENCE = LABELS_ONLY + "reference_standard: {evidence: [later.csv]}\n"


def osteon(*arguments):
    result = CliRunner().invoke(cli.program, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def told(*arguments):
    output = osteon(*arguments, "--json")
    return json.loads(output[output.index("{") :])


@pytest.fixture
def study(tmp_path):
    """Two annotators disagree on two hips, and a nail tells one of them."""
    folder = tmp_path / "study"
    make_study(folder, WITH_EVIDENCE)
    (folder / "later.csv").write_text(
        "patient_id;laterality;source;finding;date;who\n"
        "P1;R;operation;cephalomedullary nail;05.01.2020;Dr S\n"
        "P1;L;ct;no_fracture;31.12.2019;\n"
    )
    osteon("run", folder, "--until", "ingest")
    return folder


def change(study, settings):
    head = "recipe: hip_fracture\npreset: demo\nsources: [films]\n"
    (study / "study.yaml").write_text(head + settings)


def table(study, name):
    return read_table(SCHEMAS[name], study / "tables" / f"{name}.parquet")


def test_a_run_uses_the_evidence_that_the_study_names(study):
    osteon("run", study, "--until", "cohort")
    reference = read_table(REFERENCE_STANDARD, study / "tables" / "reference_standard.parquet")
    assert len(reference) == 5
    assert (reference["status"] == "undecided").sum() == 1
    cases = read_table(CASES, study / "tables" / "cases.parquet")
    assert len(cases) == 4
    right = cases[cases["laterality"] == "R"]
    assert set(right["label"]) == {"intertrochanteric"}
    assert set(right["label_source"]) == {"operation"}
    left_out = read_table(SCHEMAS["exclusions"], study / "tables" / "exclusions-cohort.parquet")
    assert "reference_undecided" in set(left_out["reason"])
    listed = read_table(SCHEMAS["exclusions"], study / "tables" / "exclusions-label.parquet")
    assert list(listed["reason"]) == ["evidence_before_film"]


def test_without_evidence_nothing_is_another(study):
    change(study, LABELS_ONLY)
    osteon("run", study, "--until", "cohort")
    names = {path.stem for path in (study / "tables").glob("*.parquet")}
    assert not names & {"reference_standard", "evidence", "reference_standard_history"}
    assert "film_label" not in table(study, "labels")
    left_out = read_table(SCHEMAS["exclusions"], study / "tables" / "exclusions-cohort.parquet")
    assert (left_out["reason"] == "annotators_disagree").sum() == 2


def test_a_second_run_has_nothing_to_do_until_the_evidence_changes(study):
    osteon("run", study, "--until", "label")
    arguments = ("run", study, "--until", "label", "--json")
    reports = json.loads(osteon(*arguments)[osteon(*arguments).index("[") :])
    assert not any(report["ran"] for report in reports)
    history = hash_file(study / "tables" / "reference_standard_history.parquet")
    with (study / "later.csv").open("a") as stream:
        stream.write("P1;L;mri;displaced_femoral_neck;02.01.2020;\n")
    osteon(*arguments)
    assert hash_file(study / "tables" / "reference_standard_history.parquet") != history
    changed = read_table(REFERENCE_HISTORY, study / "tables" / "reference_standard_history.parquet")
    assert set(changed["number"]) == {1, 2}


def test_build_says_what_decided(study):
    found = told("reference-standard", "build", study)
    assert found["hips"] == 5
    assert found["status"] == {"decided": 4, "undecided": 1}
    assert found["rule"]["implant"] == 2
    assert found["in_use"]
    assert [row["reason"] for row in found["rows"]] == ["evidence_before_film"]
    assert "in use by osteon run: yes" in osteon("reference-standard", "build", study)


def test_disagreements_and_agreement_are_told(study):
    found = told("reference-standard", "disagreements", study, "--replicates", "50")
    assert len(found["differing"]) == 3
    assert [row["rule"] for row in found["undecided"]] == ["annotators_disagree"]
    (pair,) = found["agreement"]["pairs"]
    assert (pair["first"], pair["second"], pair["hips"]) == ("anna", "bert", 4)
    assert pair["boxes"]["mean_iou"]["value"] == 1.0
    text = osteon("reference-standard", "disagreements", study, "--replicates", "50")
    assert "3 hips on which answers or evidence differ, 1 undecided" in text


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_adjudicator_decides_and_the_run_takes_it(study, ending):
    sheet = study / f"judge.{ending}"
    osteon("reference-standard", "disagreements", study, "--replicates", "50", "-o", sheet)
    read = read_sheet(sheet.read_bytes(), sheet.name)
    (row,) = [dict(item.cells) for item in read.rows]
    row |= {
        "adjudicated_label": "no fracture",
        "adjudicator": "carla",
        "adjudicated_on": "20200301",
    }
    write_sheet(read.columns, [[row[name] for name in read.columns]], sheet)
    assert "1 taken, 0 still open" in osteon("reference-standard", "adjudicate", study, sheet)
    osteon("run", study, "--until", "cohort")
    cases = read_table(CASES, study / "tables" / "cases.parquet")
    assert len(cases) == 5
    reference = table(study, "reference_standard")
    decided = reference[reference["is_adjudicated"]].iloc[0]
    assert (decided["label"], decided["decided_by"]) == ("no_fracture", "carla")
    assert list(table(study, "adjudications")["number"]) == [1]
    osteon("reference-standard", "adjudicate", study, sheet)
    assert list(table(study, "adjudications")["number"]) == [1, 2]


def test_refused_rows_are_listed_and_exit_with_3(study):
    sheet = study / "judge.csv"
    osteon("reference-standard", "disagreements", study, "--replicates", "50", "-o", sheet)
    text = sheet.read_text()
    sheet.write_text(text.replace(",,,,", ",femur,carla,20200301,"))
    arguments = ["reference-standard", "adjudicate", str(study), str(sheet), "--json"]
    result = CliRunner().invoke(cli.program, arguments)
    assert isinstance(result.exception, AnnotationError)
    found = json.loads(result.output)
    assert found["taken"] == 0
    assert [row["reason"] for row in found["refused"]] == ["label_unknown"]
    assert not (study / "tables" / "adjudications.parquet").exists()


def test_consensus_is_a_setting(study):
    senior = "{evidence: [later.csv], consensus: senior, senior: BERT}"
    change(study, f"{LABELS_ONLY}reference_standard: {senior}\n")
    assert told("reference-standard", "build", study)["status"] == {"decided": 5}
