"""Every bad cell of a clinical table is listed with row, column, value and reason."""

import json
import math
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from osteon.cli.clinical import command
from osteon.core.spreadsheets import FaultyCell
from osteon.errors import SettingsError, TableError
from osteon.sources.clinical_cell import CellError, read_cell
from osteon.sources.clinical_schema import ClinicalColumn, ClinicalSchema, load_schema
from osteon.sources.clinical_table import read_clinical

SCHEMA = """
table: dxa
key: [patient_id, scan_date]
identity: [patient_name, birth_date]
missing: ["NA", "-"]
decimal: ","
columns:
  - {name: patient_id, source: Pat-Nr, required: true}
  - {name: patient_name, source: Name}
  - {name: birth_date, source: geb, type: date, formats: ["%d.%m.%Y"]}
  - {name: scan_date, source: Datum, type: date, formats: ["%d.%m.%Y"], range: [2000-01-01, null]}
  - {name: t_score, source: T, type: number, unit: "1", range: [-8, 6], missing: ["-99"]}
  - {name: age_years, source: Alter, type: age}
  - {name: sex, source: sex, type: category, allowed: {F: [w, "2"], M: m}}
"""
HEAD = "Pat-Nr;Name;geb;Datum;T;Alter;sex;Bemerkung\n"
TODAY = date(2026, 1, 1)


def schema(tmp_path, text=SCHEMA):
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    return load_schema(path)


def read(tmp_path, data, text=SCHEMA, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    table = read_clinical(path, schema(tmp_path, text), today=TODAY)
    assert table.rows_read == len(table.frame) + table.rows_refused
    return table


def faults(table):
    frame = table.faults[["row", "column", "value", "reason"]]
    return [tuple(None if pd.isna(v) else v for v in row) for row in frame.to_numpy().tolist()]


def test_semicolons_commas_codes_and_ages(tmp_path):
    rows = "0012;Müller;24.12.1940;03.04.2020;-2,5;075Y;w;x\n13;Ärm;;2020-04-03;-99;75;M;\n"
    for data in (("\ufeff" + HEAD + rows).encode(), (HEAD + rows).encode("latin-1")):
        text = SCHEMA if data.startswith(b"\xef") else SCHEMA + "encoding: latin-1\n"
        table = read(tmp_path, data, text)
        assert faults(table) == []
        found = table.frame.drop(columns="source_row").astype(object)
        assert found.where(found.notna(), None).to_numpy().tolist() == [
            ["0012", "Müller", "1940-12-24", "2020-04-03", -2.5, 75.0, "F"],
            ["13", "Ärm", None, "2020-04-03", None, 75.0, "M"],
        ]
        assert table.not_declared == ("Bemerkung",)


def test_what_the_schema_does_not_say_is_decided_by_the_file(tmp_path):
    said_nothing = SCHEMA.replace('decimal: ","\n', "")
    table = read(
        tmp_path, (HEAD + "1;Müller;;03.04.2020;-2,5;;w;\n").encode("cp1252"), said_nothing
    )
    assert faults(table) == []
    assert table.frame["t_score"].tolist() == [-2.5]
    assert (table.notice.file, table.notice.lines) == ("t.csv", 1)
    tabbed = (HEAD + "1;M;;03.04.2020;-2,5;;w;\n").replace(";", "\t")
    assert faults(read(tmp_path, tabbed, said_nothing)) == [(2, "T", "-2,5", "decimal_comma")]


def test_japanese(tmp_path):
    data = (HEAD + "1;骨折太郎;24.12.1940;03.04.2020;-1,0;80;m;\n").encode("shift_jis")
    table = read(tmp_path, data, SCHEMA + "encoding: shift_jis\n")
    assert table.frame["patient_name"].tolist() == ["骨折太郎"]
    with pytest.raises(TableError, match="骨折太郎"):
        read(tmp_path, data)


def test_each_bad_cell_is_listed(tmp_path):
    rows = [
        "1;A;24.12.2999;03.04.2020;-2.5;old;x;",
        ";B;24.12.1940;31.02.2020;-9;200;w;",
        "3;C;24.12.1940;03.04.1999;zwei;75;w;;;more",
    ]
    table = read(tmp_path, HEAD + "\n".join(rows))
    assert faults(table) == [
        (2, "geb", "24.12.2999", "date_in_the_future"),
        (2, "T", "-2.5", "number_unreadable"),
        (2, "Alter", "old", "age_unreadable"),
        (2, "sex", "x", "value_not_allowed"),
        (3, "Pat-Nr", "", "value_missing"),
        (3, "Datum", "31.02.2020", "date_unreadable"),
        (3, "T", "-9", "out_of_range"),
        (3, "Alter", "200", "age_unreadable"),
        (4, None, "", "row_unreadable"),
    ]
    assert table.frame["patient_id"].tolist() == ["1"]
    assert table.counts()["date_in_the_future"] == 1


def test_repeated_and_contradicting_rows(tmp_path):
    same, other = "1;A;24.12.1940;03.04.2020;-1;75;w;", "2;B;24.12.1941;03.04.2020;{};75;w;"
    table = read(tmp_path, HEAD + "\n".join([same, same, other.format(-1), other.format(-2)]))
    assert [(row, reason) for row, _, _, reason in faults(table)] == [
        (3, "row_repeated"), (4, "rows_conflict"), (5, "rows_conflict")
    ]  # fmt: skip
    assert table.frame["source_row"].tolist() == [2]


def test_one_person_with_three_ids_and_two_persons_with_one(tmp_path):
    line = "{};{};24.12.1940;0{}.04.2020;-1;75;w;"
    rows = [line.format(i, "Ann", i) for i in (1, 2, 3)] + [line.format(9, n, 4) for n in "XY"]
    rows[-1] = rows[-1].replace("04.04.2020", "05.04.2020")
    table = read(tmp_path, HEAD + "\n".join(rows))
    assert len(table.frame) == 5
    assert table.counts() == {"id_of_several_persons": 2, "person_with_several_ids": 3}
    assert "ids 1, 2, 3" in table.faults["detail"][0]


EXCEL = """
table: labs
columns:
  - {name: patient_id, source: ID, required: true}
  - {name: day, source: Day, type: date}
  - {name: value, source: Value, type: number, unit: mmol/L}
"""


def workbook(tmp_path, rows, merges=(), formats=None):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ID", "Day", "Value"])
    for row in rows:
        sheet.append(row)
    for place, form in (formats or {}).items():
        sheet[place].number_format = form
    for cells in merges:
        sheet.merge_cells(cells)
    book.save(tmp_path / "t.xlsx")
    return (tmp_path / "t.xlsx").read_bytes()


def test_what_excel_does(tmp_path):
    rows = [
        [7, datetime(2020, 1, 2), 1.5],
        [8, 0, "=1+1"],
        [9, 43831, "#N/A"],
        [10, "2020-01-03", 2],
        [11, 60, 3],
        [12, datetime(2020, 1, 4), "1,5"],
    ]
    data = workbook(
        tmp_path, rows, merges=["C5:C6"],
        formats={"A2": "00000", "B3": "yyyy-mm-dd", "B6": "yyyy-mm-dd"},
    )  # fmt: skip
    table = read(tmp_path, data, EXCEL, "t.xlsx")
    assert table.frame["patient_id"].tolist() == ["00007", "8", "9", "10", "11", "12"]
    assert table.frame["day"].fillna("").tolist() == [
        "2020-01-02", "", "", "2020-01-03", "", "2020-01-04"
    ]  # fmt: skip
    assert [(row, column, reason) for row, column, _, reason in faults(table)] == [
        (3, "Day", "excel_date_zero"),
        (3, "Value", "formula_without_value"),
        (4, "Day", "date_is_a_number"),
        (4, "Value", "excel_error"),
        (6, "Day", "excel_date_zero"),
        (6, "Value", "merged_cell"),
        (7, "Value", "decimal_comma"),
    ]


def test_workbooks_that_cannot_be_used_are_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["ID", "Day", "Value"])
    book.create_sheet("second")
    book.save(tmp_path / "two.xlsx")
    data = (tmp_path / "two.xlsx").read_bytes()
    with pytest.raises(TableError, match="2 sheets"):
        read(tmp_path, data, EXCEL, "t.xlsx")
    assert read(tmp_path, data, EXCEL + "sheet: Sheet\n", "t.xlsx").rows_read == 0
    with pytest.raises(TableError, match="merged"):
        read(tmp_path, workbook(tmp_path, [], merges=["A1:B1"]), EXCEL, "t.xlsx")
    with pytest.raises(TableError, match="no workbook"):
        read(tmp_path, b"not a zip", EXCEL, "t.xlsx")
    with pytest.raises(TableError, match=r"save it as \.xlsx"):
        read(tmp_path, b"x", EXCEL, "t.xls")


def test_parquet(tmp_path):
    frame = pd.DataFrame({"ID": [1, 2], "Day": [date(2020, 1, 1), None], "Value": [1.5, None]})
    frame.to_parquet(tmp_path / "p.parquet")
    table = read(tmp_path, (tmp_path / "p.parquet").read_bytes(), EXCEL, "t.parquet")
    assert table.frame["patient_id"].tolist() == ["1", "2"]
    assert table.frame["day"].tolist()[0] == "2020-01-01"
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path, b"PAR1", EXCEL, "t.parquet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (EXCEL.replace(", unit: mmol/L", ""), "no unit"),
        (EXCEL + "key: [x]\n", "x is no column"),
        (EXCEL.replace("type: date", "type: dat"), "Input should be"),
        (EXCEL.replace("required", "requird"), "requird is not a setting"),
        (EXCEL + "  - {name: sex, type: category}\n", "allowed belongs"),
        (EXCEL.replace("type: date}", "type: date, range: [1, 2]}"), "does not fit"),
        ("- 1", "no mapping"),
    ],
)
def test_declarations_that_contradict_themselves(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said):
        schema(tmp_path, text)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(TableError, match="no column 'Value'"):
        read(tmp_path, "ID,Day\n1,2\n", EXCEL)


@given(st.floats(-8, 6, allow_nan=False), st.sampled_from(".,"))
def test_numbers_are_read_back(number, decimal):
    column = ClinicalColumn(name="t", type="number", unit="1", range=(-8, 6))
    table = ClinicalSchema(table="t", columns=(column,), decimal=decimal)
    text = repr(number).replace(".", decimal)
    assert read_cell(text, column, table, TODAY) == number


VALUES = st.one_of(
    st.none(), st.text(max_size=12), st.floats(), st.integers(), st.booleans(), st.dates(),
    st.datetimes(), st.just(FaultyCell("", "merged_cell", "x")),
)  # fmt: skip


@given(VALUES, st.sampled_from(["text", "integer", "number", "boolean", "date", "moment", "age"]))
def test_any_cell_is_a_value_or_a_reason(raw, kind):
    unit = "1" if kind in ("integer", "number") else None
    column = ClinicalColumn(name="t", type=kind, unit=unit)
    try:
        value = read_cell(raw, column, ClinicalSchema(table="t", columns=(column,)), TODAY)
    except CellError as error:
        value = error.reason
    assert value is None or isinstance(value, str | bool) or math.isfinite(value)


def test_the_verbs(tmp_path):
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    (tmp_path / "t.csv").write_text(HEAD + "1;A;24.12.1940;03.04.2020;-2.5;75;w;\n")
    call = [str(tmp_path / "t.csv"), "--schema", str(tmp_path / "schema.yaml")]
    result = CliRunner().invoke(command, ["check", *call])
    assert "row 2, T: number_unreadable" in result.output
    assert result.exception.exit_code == 3
    output = tmp_path / "out.parquet"
    (tmp_path / "t.csv").write_bytes((tmp_path / "t.csv").read_bytes().replace(b";A;", b";\xc4;"))
    result = CliRunner().invoke(command, ["import", *call, "-o", str(output), "--json"])
    assert json.loads(result.output)["faults"] == {"number_unreadable": 1}
    assert "t.csv is not UTF-8" in json.loads(result.output)["encoding_notice"]
    assert pd.read_parquet(output)["patient_id"].tolist() == ["1"]
    assert (tmp_path / "out.faults.csv").exists()
