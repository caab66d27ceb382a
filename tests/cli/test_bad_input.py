"""What the verbs of a refracture study say of bad input; docs/refracture.md has the same lines."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.pixels.ct_bodies import part, pelvis
from tests.reports.survival.simulated import simulate

from osteon.cli import program
from osteon.core.files import write_text
from osteon.core.geometry import Affine
from osteon.core.schemas import EXCLUSIONS, FOLLOW_UP, RISK_SCORES, SPLITS, SURVIVAL_CURVES
from osteon.core.tables import read_table, write_table
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import CtScanner, write_ct
from osteon.errors import DataError, GeometryError
from osteon.pixels.orient import Volume

PAGE = Path(__file__).parents[2] / "docs" / "refracture.md"
SMALL = ("--view", "frontal", "--set", "rows=48", "--set", "columns=48", "--set", "pixel_mm=8")
FEMUR = "S72.141A"


def osteon(*arguments):
    """Run a verb in this process; errors come as they are raised, exit code and all."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(program, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def write(folder, volume, **scanner):
    hu = np.ascontiguousarray(volume.hu, np.int16)
    tags = PatientTags(folder.name, "F", 80, study_key=folder.name)
    write_ct(hu, volume.affine, tags, folder, CtScanner(**scanner))
    return folder


def turned(volume, position):
    """The voxels of a body that was scanned in another position, as a scanner stores them."""
    flips = {"FFS": (0, 2), "HFP": (1, 2)}[position]  # axes of the array that run the other way
    matrix = volume.affine.matrix.copy()
    for axis in flips:
        matrix[:3, 3] += matrix[:3, axis] * (volume.hu.shape[axis] - 1)
        matrix[:3, axis] *= -1
    return Volume(np.flip(volume.hu, flips), Affine(matrix))


def enhanced(volume):
    """The body with a bladder full of contrast agent."""
    hu = volume.hu.copy()
    middle = np.rint(volume.affine.to_indices(np.array((0.0, 0.0, 20.0)))).astype(int)
    reach = 9
    hu[tuple(slice(max(at - reach, 0), at + reach) for at in middle)] = 250
    return Volume(hu, volume.affine)


@pytest.fixture(scope="module")
def cts(tmp_path_factory):
    folder, body = tmp_path_factory.mktemp("cts"), pelvis(1)
    return {
        "whole": write(folder / "whole", body),
        "no_hips": write(folder / "no_hips", part(body, low=(-1e3, -1e3, 60.0))),
        "one_slice": write(folder / "one_slice", Volume(body.hu[:1], body.affine)),
        "named": write(folder / "named", body, contrast_bolus_agent="Iohexol 350"),
        "enhanced": write(folder / "enhanced", enhanced(body)),
        "feet_first": write(folder / "feet_first", turned(body, "FFS"), patient_position="FFS"),
        "prone": write(folder / "prone", turned(body, "HFP"), patient_position="HFP"),
    }


def noted(cts, name, folder):
    """Project one CT; gives the notes."""
    said = osteon("drr", cts[name], "-o", folder / name, *SMALL, "--json")
    (found,) = json.loads(said[said.index("[") : said.rindex("]") + 1])
    assert json.loads((folder / name / "drr.json").read_text())["notes"] == found["notes"]
    return found["notes"]


def test_one_slice_is_no_volume(cts, tmp_path):
    with pytest.raises(GeometryError, match="single slice: wanted a volume") as refused:
        osteon("drr", cts["one_slice"], "-o", tmp_path / "one", *SMALL)
    assert refused.value.exit_code == 3
    said = osteon("volumes", cts["one_slice"], "--workers", 1)
    assert "0 volumes of 0 patients, 0 chosen" in said
    assert "1  one_slice" in said


def test_no_hips_in_view(cts, tmp_path):
    assert noted(cts, "whole", tmp_path) == []
    assert noted(cts, "no_hips", tmp_path) == ["hips_not_in_view: no hip found in this CT"]
    said = osteon("volumes", cts["no_hips"], "--set", "shortest_mm=50", "--workers", 1)
    assert "1 volumes of 1 patients, 0 chosen" in said
    assert "no hip  hips_not_in_view" in said


def test_contrast_agent(cts, tmp_path):
    assert noted(cts, "named", tmp_path) == ["contrast_given: the header names Iohexol 350"]
    (note,) = noted(cts, "enhanced", tmp_path)
    assert re.fullmatch(r"contrast_given: \d+ cm3 look like contrast agent", note)
    rules = ("--set", "contrast=refuse", "--workers", 1)
    assert "Iohexol 350  contrast_given" in osteon("volumes", cts["named"], *rules)
    assert "1 patients, 1 chosen" in osteon("volumes", cts["named"], "--workers", 1)


@pytest.mark.parametrize(("name", "position"), [("feet_first", "FFS"), ("prone", "HFP")])
def test_other_positions_are_turned_and_told(cts, tmp_path, name, position):
    (note,) = noted(cts, name, tmp_path)
    assert note == f"patient_position {position}: pictures are in patient axes, not the table's"
    noted(cts, "whole", tmp_path)
    same = [(tmp_path / ct / "frontal.png").read_bytes() for ct in (name, "whole")]
    assert same[0] == same[1]
    assert f"{position}  2 hips  chosen" in osteon("volumes", cts[name], "--workers", 1)


PATIENTS = {
    # patient: last contact, death, further codes
    "sound": ("2012-01-01", "", []),
    "event_before_index": ("2012-01-01", "", [("2009-06-01", "S32.010A")]),
    "negative_follow_up": ("2009-06-01", "", []),
    "no_follow_up": ("2010-01-01", "", []),
}


def follow_up(folder, patients=PATIENTS):
    rows = {"imaging": [], "events": [], "vital": []}
    for name, (last, death, codes) in patients.items():
        rows["imaging"].append((name, "2010-01-01"))
        rows["vital"].append((name, last, death))
        rows["events"] += [(name, d, "icd10cm", c) for d, c in [("2010-01-01", FEMUR), *codes]]
    columns = {
        "imaging": ["patient_id", "study_date"],
        "events": ["patient_id", "event_date", "system", "code"],
        "vital": ["patient_id", "last_contact_date", "death_date"],
    }
    options = []
    for name, own in rows.items():
        pd.DataFrame(own, columns=columns[name]).to_csv(folder / f"{name}.csv", index=False)
        options += [f"--{name}", folder / f"{name}.csv"]
    dates = ("--set", "lookback_days=730", "--set", "as_of=2021-01-01")
    return osteon("follow-up", *options, *dates, "-o", folder / "out")


def test_dates_that_cannot_be_leave_the_patient_out_with_the_reason(tmp_path):
    said = follow_up(tmp_path)
    assert "1 patients followed" in said
    left = read_table(EXCLUSIONS, tmp_path / "out" / "exclusions.parquet").set_index("key")
    assert left["reason"].to_dict() == {name: name for name in PATIENTS if name != "sound"}
    for name in left.index:
        assert f"1  {name}" in said
    assert left.loc["event_before_index", "detail"].endswith("214 days before 2010-01-01")
    assert left.loc["negative_follow_up", "detail"] == (
        "last contact on 2009-06-01, index date 2010-01-01"
    )


def test_a_death_before_the_index_date_is_left_out_and_fails_a_check(tmp_path):
    dead = {"death_before_index": ("2009-06-01", "2009-06-01", [])}
    with pytest.raises(DataError, match="checks of the follow-up fail: event_after_death") as why:
        follow_up(tmp_path, PATIENTS | dead)
    assert why.value.exit_code == 3
    left = read_table(EXCLUSIONS, tmp_path / "out" / "exclusions.parquet").set_index("key")
    assert left.loc["death_before_index", "detail"] == "died on 2009-06-01, index date 2010-01-01"


def test_a_horizon_beyond_follow_up_has_no_number_and_says_why(tmp_path):
    study = simulate(seed=2, models=("ensemble",), study_days=1500.0, sizes={
        "tuning": 40, "internal_test": 120,
    })  # fmt: skip
    write_text(tmp_path / "study.yaml", "recipe: refracture\npreset: demo\ntables: {truth: null}\n")
    run = tmp_path / "runs" / "r1"
    for schema, table, folder in (
        (FOLLOW_UP, study.follow_up, tmp_path / "tables"),
        (SPLITS, study.splits, tmp_path / "tables"),
        (RISK_SCORES, study.risk_scores, run),
        (SURVIVAL_CURVES, study.survival_curves, run),
    ):
        write_table(table, schema, folder / f"{schema.name}.parquet")
    sets = ("--run", "r1", "--set", "analysis.replicates=20")
    said = osteon("evaluate", "--study", tmp_path, *sets)
    assert "Internal test: nothing is known at 5 years: follow-up ends after 1,490 days." in said
    told = json.loads(osteon("evaluate", "--study", tmp_path, *sets, "--json"))
    numbers = {item["id"]: item["estimate"] for item in told["measures"]}
    for name in ("auroc.1825", "brier_ipcw.1825", "risk.observed.1825"):
        assert numbers[name]["value"] is None
        assert re.search("follow|known", numbers[name]["reason"])
    assert numbers["auroc.730"]["value"] is not None


def test_the_page_shows_these_lines():
    page = PAGE.read_text("utf-8")
    shown = (
        "hips_not_in_view: no hip found in this CT", "0001.dcm is a single slice",
        "contrast_given: the header names", "patient_position FFS", "event_before_index",
        "negative_follow_up", "follow-up ends after 1,490 days", "event_after_death",
    )  # fmt: skip
    missing = [line for line in shown if line not in page]
    assert not missing
