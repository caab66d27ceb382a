import pandas as pd
import pytest
from click.testing import CliRunner
from objects import as_bytes, film
from pydicom import dcmread

from osteon.cli.deidentify_table import command
from osteon.errors import TableError
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.run import deidentify
from osteon.sources.deidentify.tables import TableColumns, map_table

NAMES = Pseudonyms(b"1" * 32)


def test_a_table_and_its_films_stay_together(tmp_path):
    original = film()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.dcm").write_bytes(as_bytes(original))
    secret = tmp_path / "keys" / "secret"
    dated = DeidentifySettings(options=("retain_longitudinal_modified_dates",))
    deidentify([tmp_path / "in"], tmp_path / "out", secret, settings=dated, workers=1)
    (path,) = (tmp_path / "out").rglob("*.dcm")
    day = original.StudyDate
    (tmp_path / "later.csv").write_text(
        "# a comment\nsop;Pat;day;T;name\n"
        f"{original.SOPInstanceUID};{original.PatientID};{day[6:]}.{day[4:6]}.{day[:4]};-2,5;Meier\n"
        f"{original.SOPInstanceUID};;{day};-1;Meier\n"
    )
    output = tmp_path / "study" / "later.csv"
    output.parent.mkdir()
    options = ["--patient", "pat", "--uid", "sop", "--date", "day", "--keep", "t"]
    result = CliRunner().invoke(
        command, [str(tmp_path / "later.csv"), "--secret", str(secret), *options, "-o", str(output)]
    )
    assert result.exit_code == 0, result.output
    assert "1 rows, 1 left out" in result.output
    assert "columns left out: name" in result.output
    (row,) = pd.read_csv(output, dtype=str).to_dict("records")
    new = dcmread(path)
    assert (row["sop"], row["pat"]) == (new.SOPInstanceUID, new.PatientID)
    assert row["day"].replace("-", "") == new.StudyDate
    assert row["t"] == "-2,5"


def test_intervals_stay_and_bad_days_are_counted():
    frame = pd.DataFrame(
        {"id": ["A", "A", "B", "B"], "day": ["2020-02-28", "20200301", "31.02.2020", None]}
    )
    found = map_table(frame, TableColumns(patient="id", dates=("day",)), NAMES)
    days = pd.to_datetime(found.frame["day"])
    assert (days[1] - days[0]).days == 2
    assert days[0] < pd.Timestamp("2020-02-28")
    assert found.frame["day"].isna().tolist() == [False, False, True]
    assert [(item.key, item.reason) for item in found.exclusions] == [("row 3", "date_unreadable")]


@pytest.mark.parametrize(
    "columns", [{"patient": "x"}, {"dates": ["day"]}, {"uids": ["id"], "kept": ["id"]}]
)
def test_columns_that_do_not_fit(columns):
    with pytest.raises(TableError):
        map_table(pd.DataFrame({"id": ["A"], "day": ["20200101"]}), TableColumns(**columns), NAMES)
