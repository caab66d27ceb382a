"""Tables of operating points, of automatic boxes and of the model against its baselines."""

from collections.abc import Sequence

import pandas as pd

from osteon.core.records import TestResult
from osteon.reports.baselines import BASELINE_TITLES
from osteon.reports.records import Evaluation, FrozenThreshold, Series
from osteon.reports.table import (
    Cell,
    ColumnGroup,
    Row,
    Table,
    difference_cell,
    measure_cell,
    p_value_cell,
    text_cell,
)
from osteon.reports.table_parts import (
    by_predictor,
    full_numbers,
    group_row,
    predictor_row,
    subset_groups,
)
from osteon.reports.wording import SUBSET_TITLES, rule_title

__all__ = ["baseline_table", "box_table", "own_threshold_table", "threshold_table"]


def threshold_table(evaluation: Evaluation) -> Table:
    """Sensitivity and specificity at the frozen thresholds of the summed probability."""
    points = [point for point in evaluation.thresholds if point.score == "positive"]
    rows: list[Row] = []
    for name in dict.fromkeys(point.name for point in points):
        same = [point for point in points if point.name == name]
        rows.append(group_row(_point_title(same[0])))
        for point in same:
            rows += _threshold_rows(evaluation, point, f"at.{name}", "")
    return Table(
        name="operating_points",
        title="At thresholds frozen before the test",
        note="Thresholds of the summed probability of a fracture, each chosen on tuning data"
        f" ({_chosen_on(points)}) and not moved afterwards. Value (95 % interval, whole patients).",
        head=("", "Threshold", *("Sensitivity, %", "Specificity, %") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=full_numbers(evaluation, lambda name: name.startswith("at.")),
        groups=(ColumnGroup("", 2), *subset_groups(evaluation, 2)),
    )


def own_threshold_table(evaluation: Evaluation) -> Table | None:
    """Lay a hard class as it is beside the same class at its own threshold."""
    name = evaluation.own_class
    if name is None:
        return None
    points = [point for point in evaluation.thresholds if point.score == name]
    rows = [group_row("As it is: called where its probability is the highest")]
    rows += _plain_rows(evaluation, [f"class.{m}.{name}" for m in ("sensitivity", "specificity")])
    rows.append(group_row("Called a fracture of any kind"))
    rows += _plain_rows(evaluation, [f"class.called_fracture.{name}", ""])
    words = (
        "its probability is at least the threshold" if points else "no tuning hip has this class"
    )
    rows.append(group_row(f"At its own threshold: {words}"))
    for point in _one_of_each_predictor(points, name):
        rows += _threshold_rows(evaluation, point, "own_threshold", f".{name}")
    return Table(
        name="own_threshold",
        title=f"{evaluation.title(name)}: as it is, and at a threshold of its own",
        note="The threshold is the point of the tuning ROC curve closest to the corner."
        " Value (95 % interval, whole patients).",
        head=("", "Threshold", *("Sensitivity, %", "Specificity, %") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=full_numbers(
            evaluation,
            lambda measure: (
                measure.startswith(("own_threshold.", "class.")) and measure.endswith(name)
            ),
        ),
        groups=(ColumnGroup("", 2), *subset_groups(evaluation, 2)),
    )


def box_table(evaluation: Evaluation) -> Table | None:
    """Overlap of automatic and reference boxes, and what classifying from them costs."""
    wanted = (
        ("detection.iou_mean", "Mean IoU of the boxes found"),
        ("detection.iou_sd", "Standard deviation of IoU"),
        ("detection.iou_minimum", "Smallest IoU"),
        ("detection.found", "Hips found (IoU at least {iou}), %"),
        ("detection.missed", "Hips without a box"),
        ("detection.extra", "Boxes without a labelled hip"),
    )
    series = [Series(subset, "model", "automatic") for subset in evaluation.subsets]
    if not any(evaluation.find(one, "detection.found") for one in series):
        return None
    found_at = f"{evaluation.settings.get('iou_found', 0.5):g}"
    rows = [group_row("The detector")]
    for measure_id, title in wanted:
        cells = [measure_cell(evaluation.find(one, measure_id), "whole_patient") for one in series]
        if any(cell.text != "–" for cell in cells):
            rows.append(Row((text_cell(title.format(iou=found_at)), *cells)))
    rows.append(group_row("Automatic minus manual boxes: difference of Cohen’s kappas"))
    for scale, words in (("binary", "Fracture or not"), ("multiclass", "All classes")):
        for which, kind in (("one_image", "one image per patient"), ("whole_patient", "patients")):
            test_id = f"kappa_difference.{scale}.{which}"
            cells = [difference_cell(_result(evaluation, one.subset, test_id)) for one in series]
            rows.append(Row((text_cell(f"{words}, {kind}"), *cells)))
    return Table(
        name="boxes",
        title="Overlap, misses, and what automatic boxes cost",
        note="IoU: intersection over union with the reference box. A difference whose interval"
        " holds 0 is not told from none.",
        head=("", *(SUBSET_TITLES[subset] for subset in evaluation.subsets)),
        rows=tuple(rows),
        data=pd.concat(
            [
                full_numbers(evaluation, lambda m: m.startswith("detection.")),
                _test_data(evaluation, "kappa_difference"),
            ]
        ),
    )


def baseline_table(evaluation: Evaluation) -> Table | None:
    """Lay the model's area under the ROC curve against each baseline's."""
    stem = "auroc_difference."
    names = dict.fromkeys(test.id for test in evaluation.tests if test.id.startswith(stem))
    if not names:
        return None
    rows = []
    for name in names:
        baseline = name.removeprefix(stem)
        title = BASELINE_TITLES.get(baseline, baseline).removeprefix("Baseline: ")
        cells: list[Cell] = []
        for subset in evaluation.subsets:
            result = _result(evaluation, subset, name)
            cells += [difference_cell(result), p_value_cell(result)]
        rows.append(Row((text_cell(f"Model minus {title}"), *cells)))
    return Table(
        name="against_baselines",
        title="Is the model better than what needs no look at the fracture?",
        note="Difference of the areas under the ROC curve, fracture or not, manual boxes (95 %"
        " interval), on the same hips, by MOVER; Obuchowski’s covariance, patients as clusters.",
        head=("", *("Difference", "P") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=_test_data(evaluation, stem),
        groups=(ColumnGroup("", 1), *subset_groups(evaluation, 2)),
    )


def _plain_rows(evaluation: Evaluation, ids: Sequence[str]) -> list[Row]:
    rows = []
    for title, cells in by_predictor(evaluation):
        found: list[Cell] = [Cell("", is_number=True)]
        for series in cells:
            for measure_id in ids:
                measure = evaluation.find(series, measure_id) if series and measure_id else None
                cell = measure_cell(measure, "whole_patient") if measure_id else Cell("")
                found.append(cell)
        rows.append(predictor_row(title, found))
    return rows


def _threshold_rows(
    evaluation: Evaluation, point: FrozenThreshold, stem: str, ending: str
) -> list[Row]:
    rows = []
    for title, cells in by_predictor(evaluation):
        present = [series for series in cells if series]
        if not present or present[0].predictor != point.predictor:
            continue
        found = [Cell(f"{point.threshold:.3f}", is_number=True)]
        for series in cells:
            for measure in ("sensitivity", "specificity"):
                measure_id = f"{stem}.{measure}{ending}"
                got = evaluation.find(series, measure_id) if series else None
                found.append(measure_cell(got, "whole_patient"))
        rows.append(predictor_row(title, found))
    return rows


def _one_of_each_predictor(
    points: Sequence[FrozenThreshold], score: str
) -> tuple[FrozenThreshold, ...]:
    found: dict[str, FrozenThreshold] = {}
    for point in points:
        if point.score == score:
            found.setdefault(point.predictor, point)
    return tuple(found.values())


def _point_title(point: FrozenThreshold) -> str:
    rule = rule_title(point.rule, point.target)
    named = point.name.replace("_", " ").capitalize()
    return rule if named.lower() == point.rule.replace("_", " ") else f"{named}: {rule}"


def _chosen_on(points: Sequence[FrozenThreshold]) -> str:
    return "; ".join(dict.fromkeys(point.chosen_on for point in points)) or "none"


def _result(evaluation: Evaluation, subset: str, test_id: str) -> TestResult | None:
    for test in evaluation.tests:
        if (test.subset, test.id) == (subset, test_id):
            return test.result
    return None


def _test_data(evaluation: Evaluation, stem: str) -> pd.DataFrame:
    rows = []
    for test in evaluation.tests:
        difference = test.result.difference
        if test.id.startswith(stem) and difference is not None:
            rows.append(
                {
                    "subset": test.subset,
                    "test": test.id,
                    "difference": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                    "p_value": test.result.p_value,
                    "n": difference.n,
                    "method": test.result.method,
                    "reason": test.result.reason or difference.reason or "",
                }
            )
    return pd.DataFrame(rows)
