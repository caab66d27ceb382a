"""Tables of models against one another: the valid tests, and the paper's beside them."""

import math
from collections.abc import Sequence

import pandas as pd

from osteon.reports.survival.records import ModelTest, SurvivalEvaluation
from osteon.reports.survival.table_parts import group_heading, subset_title
from osteon.reports.survival.wording import horizon_title
from osteon.reports.table import Cell, Row, Table, difference_cell, p_value_cell, text_cell
from osteon.reports.wording import p_value_text

__all__ = ["comparison_table", "invalid_table"]


def comparison_table(evaluation: SurvivalEvaluation) -> Table | None:
    """Differences of concordance and areas with valid tests, adjusted by Holm."""
    if not evaluation.tests:
        return None
    measures = list(dict.fromkeys(test.measure for test in evaluation.tests))
    rows: list[Row] = []
    for subset in evaluation.subsets:
        own = [test for test in evaluation.tests if test.subset == subset]
        rows.append(
            group_heading(subset_title(evaluation, subset), evaluation.count(subset).events)
        )
        for name in dict.fromkeys(test.comparison for test in own):
            by = {test.measure: test for test in own if test.comparison == name}
            cells = [cell for measure in measures for cell in _test_cells(by.get(measure))]
            title = next(iter(by.values())).title
            rows.append(Row((text_cell(title), *cells)))
    heads = [cell for measure in measures for cell in (_difference_title(measure), "P (Holm)")]
    per_set = [_family_size(evaluation, subset) for subset in evaluation.subsets]
    family = " and ".join(str(size) for size in dict.fromkeys(per_set))
    return Table(
        name="comparisons",
        title="Differences on the same patients",
        note="Difference (95 % interval). C: paired bootstrap of patients. AUC: two-marker test of"
        " Blanche et al. 2013 for censored data. P is adjusted by Holm over one family for each"
        f" test set, as the analysis plan states: every comparison in every measure, {family} tests"
        " each; hover for the unadjusted P. A difference whose interval holds 0 is not told from"
        " none. The known ceiling stands outside the family: there P is one-sided, for lying no"
        f" more than {evaluation.settings['ceiling_margin']:g} below it.",
        head=("", *heads),
        rows=tuple(rows),
        data=_test_data(evaluation.tests),
    )


def _family_size(evaluation: SurvivalEvaluation, subset: str) -> int:
    own = (test for test in evaluation.tests if test.subset == subset)
    return sum(not math.isnan(test.p_holm) for test in own)


def _difference_title(measure: str) -> str:
    kind, _, which = measure.partition(".")
    return "C, difference" if kind == "concordance" else f"AUC, {horizon_title(float(which))}"


def _test_cells(test: ModelTest | None) -> tuple[Cell, Cell]:
    if test is None:
        return Cell("–", is_number=True), Cell("–", is_number=True)
    if math.isnan(test.p_holm):
        verdict = test.result.method.partition(":")[0] if test.invalid is None else ""
        words = verdict if verdict in ("shown", "not shown") else ""
        text = p_value_text(test.result.p_value)
        p_cell = Cell(text, words, test.result.method, is_number=True)
    else:
        unadjusted = f"unadjusted {p_value_text(test.result.p_value)}; {test.result.method}"
        p_cell = Cell(p_value_text(test.p_holm), title=unadjusted, is_number=True)
    return difference_cell(test.result), p_cell


def _test_data(tests: Sequence[ModelTest]) -> pd.DataFrame:
    rows = []
    for test in tests:
        gap = test.result.difference
        rows.append(
            {
                "subset": test.subset, "comparison": test.comparison, "measure": test.measure,
                "events": test.events,
                **{p: None if gap is None else getattr(gap, p) for p in ("value", "low", "high")},
                "p_value": test.result.p_value, "p_holm": test.p_holm,
                "method": test.result.method, "reason": test.result.reason,
                "invalid_p_value": None if test.invalid is None else test.invalid.p_value,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def invalid_table(evaluation: SurvivalEvaluation) -> Table | None:
    """Lay the paper's paired t test beside the valid one, marked as invalid, with the reason."""
    tests = [test for test in evaluation.tests if test.invalid is not None]
    if not tests:
        return None
    rows: list[Row] = []
    for subset in evaluation.subsets:
        rows.append(
            group_heading(subset_title(evaluation, subset), evaluation.count(subset).events)
        )
        for test in (test for test in tests if test.subset == subset):
            wrong = test.invalid
            t = "–" if wrong is None else f"{wrong.statistic:,.1f}".replace("-", "−")
            struck = Cell(p_value_cell(wrong).text, "INVALID", is_number=True, tone="open")
            cells = (
                difference_cell(test.result),
                p_value_cell(test.result),
                Cell(t, is_number=True),
            )
            rows.append(Row((text_cell(test.title), *cells, struck)))
    replicates = int(evaluation.settings["replicates"])
    return Table(
        name="invalid_t_tests",
        title="INVALID, beside the paper only: paired t tests over bootstrap replicates",
        note="The paper compares models by paired t tests. Over the"
        f" {replicates:,} bootstrap replicates of the difference of C they give the last two"
        " columns, and they prove nothing: replicates are draws from the same patients, not further"
        " patients, and t grows with the square root of their number, which the analyst chooses."
        " The P beside them is that of the paired bootstrap, unadjusted.",
        head=("", "C, difference", "P, valid", "t, INVALID", "P, INVALID"),
        rows=tuple(rows),
        data=_test_data(tests),
    )
