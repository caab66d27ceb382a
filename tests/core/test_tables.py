import pandas as pd
import pytest

from osteon.core.records import Exclusion
from osteon.core.schemas import CASES, EXCLUSIONS, INSTANCES, SCHEMAS, SPLITS, exclusion_rows
from osteon.core.tables import read_table, write_table
from osteon.errors import TableError


def splits(**changes):
    row = {"patient_id": "P1", "fold": 0, "subset": "training"} | changes
    return pd.DataFrame([row])


def test_round_trip(tmp_path):
    written = write_table(splits(), SPLITS, tmp_path / "splits.parquet")
    pd.testing.assert_frame_equal(read_table(SPLITS, tmp_path / "splits.parquet"), written)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_an_empty_table_survives_the_round_trip(schema, tmp_path):
    write_table(schema.empty(), schema, tmp_path / "t.parquet")
    assert len(read_table(schema, tmp_path / "t.parquet")) == 0


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_keys_are_columns_and_meanings_are_written(schema):
    assert set(schema.key) <= set(schema.names)
    assert all(column.meaning for column in schema.columns)


def test_value_outside_the_allowed_set_is_named():
    with pytest.raises(TableError, match="subset is 'validation', wanted one of training"):
        SPLITS.checked(splits(subset="validation"))


def test_missing_column_is_named():
    with pytest.raises(TableError, match="column subset is missing"):
        SPLITS.checked(splits().drop(columns="subset"))


def test_closed_schema_refuses_a_column_it_does_not_know():
    with pytest.raises(TableError, match="column colour is unknown"):
        SPLITS.checked(splits(colour="red"))


def test_text_in_a_number_column_is_refused():
    with pytest.raises(TableError, match="column fold is not all integer"):
        SPLITS.checked(splits(fold="one"))


def test_two_rows_with_one_key_are_refused():
    with pytest.raises(TableError, match="two rows have the key"):
        SPLITS.checked(pd.concat([splits(), splits(subset="tuning")]))


def test_required_value_may_not_be_empty():
    with pytest.raises(TableError, match="patient_id is empty in row 0"):
        SPLITS.checked(splits(patient_id=None))


def test_absent_table_says_what_to_do(tmp_path):
    with pytest.raises(TableError, match="run the stage"):
        read_table(CASES, tmp_path / "cases.parquet")


def test_a_file_that_is_not_parquet_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(TableError, match="cannot be read"):
        read_table(INSTANCES, tmp_path / "x.parquet")


def test_exclusions_become_rows():
    rows = exclusion_rows([Exclusion("file", "a.dcm", "ingest", "not_dicom", "no preamble")])
    assert rows.loc[0, "reason"] == "not_dicom"
    assert tuple(rows.columns) == EXCLUSIONS.names
