import io
import math
from dataclasses import replace

import pandas as pd
import pytest

from osteon.core.records import Estimate, TestResult
from osteon.reports.performance_tables import class_table, main_table, subgroup_table
from osteon.reports.point_tables import (
    baseline_table,
    box_table,
    own_threshold_table,
    threshold_table,
)
from osteon.reports.records import Series
from osteon.reports.table import (
    ColumnGroup,
    Row,
    Table,
    difference_cell,
    estimate_cell,
    p_value_cell,
    text_cell,
)
from osteon.reports.wording import interval, number

BASELINE = "Baseline: header fields alone"


def titles(table):
    return [row.cells[0].text for row in table.rows]


def test_baselines_stand_in_every_table_of_performance(evaluation):
    for make in (main_table, class_table, own_threshold_table, threshold_table):
        table = make(evaluation)
        assert BASELINE in titles(table), table.name
        assert "header" in set(table.data["predictor"]), table.name
    assert "Model minus header fields alone" in titles(baseline_table(evaluation))


def test_both_subsets_and_both_bootstraps_stand_side_by_side(evaluation):
    table = main_table(evaluation)
    assert [group.span for group in table.groups] == [1, 2, 2]
    row = next(row for row in table.rows if row.cells[0].text == "Model, manual boxes")
    measure = evaluation.find(Series("external_test", "model", "manual"), "binary.accuracy")
    assert row.cells[3].text == number(measure.one_image.value, measure.id)
    assert row.cells[4].small == interval(measure.whole_patient, measure.id)


def test_csv_holds_what_the_table_shows_in_full(evaluation):
    table = main_table(evaluation)
    data = pd.read_csv(io.StringIO(table.csv))
    own = data[(data["measure"] == "binary.auroc") & (data["subset"] == "internal_test")]
    own = own[(own["predictor"] == "model") & (own["box_source"] == "automatic")]
    measure = evaluation.find(Series("internal_test", "model", "automatic"), "binary.auroc")
    assert float(own["whole_patient_low"].iloc[0]) == pytest.approx(measure.whole_patient.low)


def test_missed_and_superfluous_boxes_are_counted(evaluation):
    table = box_table(evaluation)
    rows = {row.cells[0].text: row for row in table.rows}
    assert rows["Boxes without a labelled hip"].cells[1].text == "4"
    assert rows["Boxes without a labelled hip"].cells[2].text == "–"
    assert int(rows["Hips without a box"].cells[2].text) >= 0


def test_subgroups_come_in_one_block_each(evaluation):
    headings = [row.cells[0].text for row in subgroup_table(evaluation).rows if row.kind == "group"]
    assert len(headings) == len(set(headings)) == 6


def test_own_threshold_has_as_it_is_first(evaluation):
    table = own_threshold_table(evaluation)
    assert table.title == "Nondisplaced femoral neck: as it is, and at a threshold of its own"
    assert [row.cells[0].text[:8] for row in table.rows if row.kind == "group"] == [
        "As it is", "Called a", "At its o",
    ]  # fmt: skip


def test_a_hard_class_is_stated_as_it_is_even_without_tuning_cases(evaluation):
    without = replace(
        evaluation, thresholds=tuple(p for p in evaluation.thresholds if p.score == "positive")
    )
    table = own_threshold_table(without)
    assert "no tuning hip has this class" in titles(table)[-1]
    series = Series("internal_test", "model", "manual")
    measure = evaluation.find(series, "class.sensitivity.nondisplaced_femoral_neck")
    assert table.rows[1].cells[2].text == number(measure.whole_patient.value, measure.id)


def test_a_row_of_another_length_is_refused():
    row = Row((text_cell("a"), text_cell("b")))
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("t", "T", "", ("",), (row,), pd.DataFrame())
    with pytest.raises(ValueError, match="do not span"):
        Table("t", "T", "", ("", ""), (row,), pd.DataFrame(), (ColumnGroup("", 1),))


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (0.93714, "binary.accuracy", "93.7"),
        (0.97523, "class.auroc.neck", "0.975"),
        (-0.0001, "multiclass.kappa", "0.00"),
        (-0.25, "multiclass.kappa", "−0.25"),
        (3.0, "detection.missed", "3"),
        (math.nan, "binary.ppv", "–"),
    ],
)
def test_numbers_are_written_in_the_measures_unit(value, measure, text):
    assert number(value, measure) == text


def test_an_undefined_interval_is_left_out():
    nothing = Estimate(0.5, math.nan, math.nan, 0.95, "none", 3, "too few")
    assert interval(nothing, "binary.accuracy") == ""


def test_a_value_without_an_interval_says_why():
    reason = "rows or patients on the smaller side: 1, wanted 2 for a variance"
    gap = Estimate(0.125, math.nan, math.nan, 0.95, "DeLong, paired, MOVER", 30, reason)
    withheld = TestResult(math.nan, math.nan, gap.method, gap, reason)
    for cell in (difference_cell(withheld), estimate_cell(gap, "binary.auroc")):
        assert cell.text in ("+0.125", "0.125")
        assert (cell.small, cell.title) == ("", reason)
    p_value = p_value_cell(withheld)
    assert (p_value.text, p_value.title) == ("–", reason)


def test_a_withheld_difference_stands_in_the_table_of_baselines(evaluation):
    reason = "rows or patients on the smaller side: 1, wanted 2 for a variance"

    def withhold(test):
        gap = replace(test.result.difference, low=math.nan, high=math.nan, reason=reason)
        result = TestResult(math.nan, math.nan, test.result.method, gap, reason)
        return replace(test, result=result)

    tests = tuple(
        withhold(test) if test.id.startswith("auroc_difference.") else test
        for test in evaluation.tests
    )
    table = baseline_table(replace(evaluation, tests=tests))
    assert "nan" not in str([[cell.text, cell.small] for row in table.rows for cell in row.cells])
    cells = [cell for row in table.rows for cell in row.cells if cell.title == reason]
    assert cells
    assert set(table.data["reason"]) == {reason}
