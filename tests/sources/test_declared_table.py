"""Tables of declared schemas from text."""

import pytest

from osteon.core.schemas import VITAL_STATUS
from osteon.core.tables import write_table
from osteon.errors import TableError
from osteon.sources.declared_table import read_declared

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
