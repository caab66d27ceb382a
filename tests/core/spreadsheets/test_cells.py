"""Numbers and days as people write them."""

import pytest

from osteon.core.spreadsheets import NumberError, read_date, read_number


@pytest.mark.parametrize("text", ["20200131", "2020-01-31", "31.01.2020", "2020-01-31 10:30:00"])
def test_dates(text):
    assert read_date(text) == "20200131"


@pytest.mark.parametrize("text", ["", "0", "1899-12-30", "1900-01-00", "00:00:00", "01/02/2020"])
def test_days_that_are_none(text):
    with pytest.raises(ValueError, match=r"not a date|day zero"):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "decimal", "wanted"),
    [("1.5", ".", 1.5), ("1,5", ",", 1.5), ("1,5", "either", 1.5), ("1.5", "either", 1.5),
     ("\u22122e1", ".", -20), ("1,5", ".", "decimal_comma"), ("1.5", ",", "number_unreadable"),
     ("1.234,5", "either", "number_unreadable"), ("nan", ".", "number_unreadable"),
     ("1e999", ".", "number_unreadable"), ("", ".", "number_unreadable"),
     ("1_000", ".", "number_unreadable"), ("\u0661", ".", "number_unreadable")],
)  # fmt: skip
def test_numbers(text, decimal, wanted):
    try:
        found = read_number(text, decimal=decimal)
    except NumberError as error:
        found = error.reason
    assert found == wanted
