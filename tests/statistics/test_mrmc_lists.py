import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.statistics.reading_lists import DESIGNS, study

from osteon.errors import DataError
from osteon.statistics.mrmc_lists import (
    Readings,
    imrmc_text,
    parse_imrmc,
    read_imrmc,
    write_imrmc,
)
from osteon.statistics.mrmc_u_statistics import u_statistic_analysis


@pytest.mark.parametrize("design", DESIGNS)
def test_there_and_back(design, tmp_path):
    readings = Readings.of_arrays(*study(design))
    write_imrmc(tmp_path / "study.imrmc", readings, title=design)
    back = read_imrmc(tmp_path / "study.imrmc")
    one = u_statistic_analysis(readings.reference_standard, readings.ratings)
    other = u_statistic_analysis(back.reference_standard, back.ratings)
    assert sorted(back.cases) == sorted(readings.cases)
    place = [back.treatments.index(name) for name in readings.treatments]
    values = [other.means[i].value for i in place]
    assert values == pytest.approx([mean.value for mean in one.means], rel=1e-12)


@settings(max_examples=30)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_ratings_come_back_bit_by_bit(ratings, missing):
    table = np.where(missing, np.nan, ratings).reshape(1, 2, 3)
    if np.isnan(table).all():
        return
    readings = Readings.of_arrays([0, 1, 1], table)
    rows = parse_imrmc(imrmc_text(readings)).rows()
    assert sorted(rows["rating"].tolist()) == sorted(table[~np.isnan(table)].tolist())


def test_white_space_in_names_is_dropped_and_other_headers_pass():
    text = (
        "A free line, with a comma\nN0: 1\n BEGIN DATA:,,,\n truth , case 1 , any , 0\n"
        "-1,case2,0,1\n\nreader 1 ,case1,mod A,1.5\nreader1,case 2,modA,2\n"
    )
    found = parse_imrmc(text)
    assert (found.readers, found.treatments, found.cases) == (
        ("reader1",), ("modA",), ("case1", "case2"),
    )  # fmt: skip
    assert found.reference_standard.tolist() == [False, True]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("", "no readings"),
        ("-1,a,0,2\nr,a,m,1", "line 2: truth of case a is 2"),
        ("-1,a,0,0\n-1,a,0,1\nr,a,m,1", "line 3: truth of case a"),
        ("-1,a,0,0\nr,a,m,high", "line 3: score is 'high'"),
        ("-1,a,0,0\nr,a,m", "line 3 is 'r,a,m', wanted"),
        ("-1,a,0,0\nr,b,m,1", "case b has readings and no reference standard"),
        ("-1,a,0,0\nr,a,m,1\nr,a,m,2", "reader r has 2 ratings of case a in treatment m"),
    ],
)
def test_wrong_rows_are_named(rows, told, tmp_path):
    path = tmp_path / "wrong.imrmc"
    path.write_text(f"BEGIN DATA:\n{rows}\n")
    with pytest.raises(DataError, match=told) as caught:
        read_imrmc(path)
    assert "wrong.imrmc" in str(caught.value)


def test_what_the_format_cannot_hold_is_refused():
    with pytest.raises(DataError, match="no line 'BEGIN DATA:'"):
        parse_imrmc("reader,case\n")
    table = np.ones((1, 1, 2))
    for treatment, reader, told in (("a,b", "r", "comma"), ("a", "truth", "means the reference")):
        named = Readings((treatment,), (reader,), ("1", "2"), np.array([True, False]), table)
        with pytest.raises(DataError, match=told):
            imrmc_text(named)
    with pytest.raises(DataError, match="wanted one length"):
        Readings.of(["a"], ["r"], ["1"], [1.0, 2.0], {"1": True})
    with pytest.raises(DataError, match="ratings have shape"):
        Readings(("a",), ("r",), ("1",), np.array([True]), table)
    with pytest.raises(DataError, match="wanted \\(treatments, readers, n\\)"):
        Readings.of_arrays([0, 1], [1.0, 2.0])
