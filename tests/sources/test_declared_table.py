"""Tables of declared schemas from text."""

import pandas as pd
import pytest

from osteon.core.schemas import VITAL_STATUS
from osteon.core.tables import write_table
from osteon.errors import TableError
from osteon.sources.declared_table import read_declared, read_variables

TEXT = "# Synthetic\npatient_id,last_contact_date,death_date\n007,2012-01-01,\n"


def test_text_and_parquet_give_the_same(tmp_path):
    (tmp_path / "vital.csv").write_text(TEXT)
    table = read_declared(tmp_path / "vital.csv", VITAL_STATUS)
    assert table["patient_id"].tolist() == ["007"]
    assert table["death_date"].isna().all()
    write_table(table, VITAL_STATUS, tmp_path / "vital.parquet")
    assert read_declared(tmp_path / "vital.parquet", VITAL_STATUS).equals(table)


@pytest.mark.parametrize(
    ("text", "match"), [(TEXT.replace("death_date", "died"), "death_date is missing"),
                        (TEXT.replace("2012-01-01,", "2012-01-01,,,x"), "row 3")]
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path, text, match):
    (tmp_path / "vital.csv").write_text(text)
    with pytest.raises(TableError, match=match):
        read_declared(tmp_path / "vital.csv", VITAL_STATUS)


def test_only_the_variables_that_are_wanted_have_to_be_there(tmp_path):
    path = tmp_path / "clinical.csv"
    path.write_text("patient_id,patient_age_years,grip_kg\nP1,80,\nP2,,21.5\n")
    table = read_variables(path, None, ["patient_age_years", "grip_kg"])
    assert table["patient_age_years"].tolist() == [80.0, pd.NA]
    assert table["grip_kg"].tolist() == [pd.NA, 21.5]
    with pytest.raises(TableError, match="bmi_kg_m2 is missing"):
        read_variables(path, None, ["bmi_kg_m2"])
    schema = tmp_path / "schema.yaml"
    schema.write_text(
        "table: clinical\ncolumns:\n"
        "  - {name: patient_id, type: text, required: true}\n"
        "  - {name: age_years, source: patient_age_years, type: age}\n"
    )
    assert read_variables(path, schema, ["age_years"])["age_years"].tolist() == [80.0, pd.NA]
