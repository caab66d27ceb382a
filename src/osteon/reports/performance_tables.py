"""Tables of an evaluation: both bootstraps, both test subsets, every baseline."""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from osteon.reports.records import ALL_CASES, Evaluation, FrozenThreshold, Series
from osteon.reports.subgroups import SUBGROUP_TITLES
from osteon.reports.table import Cell, ColumnGroup, Row, Table, measure_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES, predictor_title, rule_title

__all__ = [
    "box_table",
    "class_table",
    "main_table",
    "own_threshold_table",
    "subgroup_table",
    "threshold_table",
]

_MAIN = (
    ("binary.accuracy", "Fracture or not: accuracy, %"),
    ("binary.sensitivity", "Fracture or not: sensitivity, %"),
    ("binary.specificity", "Fracture or not: specificity, %"),
    ("binary.auroc", "Fracture or not: area under the ROC curve"),
    ("multiclass.accuracy", "{k} classes: accuracy, %"),
    ("multiclass.sensitivity", "{k} classes: mean sensitivity, %"),
    ("multiclass.specificity", "{k} classes: mean specificity, %"),
    ("multiclass.kappa", "{k} classes: Cohen’s kappa"),
    ("binary.brier", "Brier score of the probability of fracture (lower is better)"),
)
_BOOTSTRAPS = (
    "One image per patient: in each replicate one random image of every patient is kept, then"
    " patients are drawn with replacement; the value is the replicates’ mean (Krogue et al. 2020)."
    " Whole patients: patients are drawn with all their images. Both with percentile intervals."
)


def main_table(evaluation: Evaluation) -> Table:
    """Binary and multiclass performance of every predictor on every test subset."""
    rows: list[Row] = []
    for measure_id, title in _MAIN:
        rows.append(_group(title.format(k=_count_word(len(evaluation.classes)))))
        for predictor, cells in _by_predictor(evaluation):
            both = [
                measure_cell(evaluation.find(series, measure_id), which)
                if series
                else Cell("–", is_number=True)
                for series in cells
                for which in ("one_image", "whole_patient")
            ]
            rows.append(_predictor_row(predictor, both))
    ids = [measure_id for measure_id, _ in _MAIN]
    return Table(
        name="performance",
        title="Performance",
        note=f"Value (95 % interval). {_BOOTSTRAPS} A missed hip counts as not called.",
        head=("", *("One image per patient", "Whole patients") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=_data(evaluation, lambda name: name in ids),
        groups=(ColumnGroup("", 1), *_subset_groups(evaluation, 2)),
    )


def class_table(evaluation: Evaluation) -> Table:
    """Sensitivity, specificity and area of every class against the rest."""
    rows: list[Row] = []
    for name in evaluation.classes:
        rows.append(_group(evaluation.title(name)))
        for predictor, cells in _by_predictor(evaluation):
            found: list[Cell] = []
            for series in cells:
                ids = [f"class.{m}.{name}" for m in ("sensitivity", "specificity", "auroc")]
                measures = [evaluation.find(series, i) if series else None for i in ids]
                n = measures[0].whole_patient.n if measures[0] else None
                found.append(Cell("–" if n is None else str(n), is_number=True))
                found += [measure_cell(measure, "whole_patient") for measure in measures]
            rows.append(_predictor_row(predictor, found))
    return Table(
        name="per_class",
        title="Every class against the rest",
        note="Value (95 % interval, whole patients drawn). A class is called where its probability"
        " is the highest. The CSV also holds the bootstrap of one image per patient.",
        head=("", *("n", "Sensitivity, %", "Specificity, %", "AUC") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=_data(evaluation, lambda name: name.startswith("class.")),
        groups=(ColumnGroup("", 1), *_subset_groups(evaluation, 4)),
    )


def threshold_table(evaluation: Evaluation) -> Table:
    """Sensitivity and specificity at the frozen thresholds of the summed probability."""
    points = [point for point in evaluation.thresholds if point.score == "positive"]
    rows: list[Row] = []
    for name in dict.fromkeys(point.name for point in points):
        same = [point for point in points if point.name == name]
        rows.append(_group(_point_title(same[0])))
        for point in same:
            rows += _threshold_rows(evaluation, point, f"at.{name}", "")
    return Table(
        name="operating_points",
        title="Operating points, frozen before the test",
        note="Thresholds of the summed probability of a fracture, each chosen on tuning data"
        f" ({_chosen_on(points)}) and not moved afterwards. Value (95 % interval, whole patients).",
        head=("", "Threshold", *("Sensitivity, %", "Specificity, %") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=_data(evaluation, lambda name: name.startswith("at.")),
        groups=(ColumnGroup("", 2), *_subset_groups(evaluation, 2)),
    )


def own_threshold_table(evaluation: Evaluation) -> Table | None:
    """Lay a hard class as it is beside the same class at its own threshold."""
    points = [point for point in evaluation.thresholds if point.score != "positive"]
    if not points:
        return None
    name = points[0].score
    rows = [_group("As it is: called where its probability is the highest")]
    rows += _plain_rows(evaluation, [f"class.{m}.{name}" for m in ("sensitivity", "specificity")])
    rows.append(_group("Called a fracture of any kind"))
    rows += _plain_rows(evaluation, [f"class.called_fracture.{name}", ""])
    rows.append(_group("At its own threshold: its probability is at least the threshold"))
    for point in _one_of_each_predictor(points, name):
        rows += _threshold_rows(evaluation, point, "own_threshold", f".{name}")
    return Table(
        name="own_threshold",
        title=f"{evaluation.title(name)}: as it is, and at a threshold of its own",
        note="The threshold is the point of the tuning ROC curve closest to the corner."
        " Value (95 % interval, whole patients).",
        head=("", "Threshold", *("Sensitivity, %", "Specificity, %") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=_data(
            evaluation,
            lambda measure: (
                measure.startswith(("own_threshold.", "class.")) and measure.endswith(name)
            ),
        ),
        groups=(ColumnGroup("", 2), *_subset_groups(evaluation, 2)),
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
    rows = [_group("The detector")]
    for measure_id, title in wanted:
        cells = [measure_cell(evaluation.find(one, measure_id), "whole_patient") for one in series]
        if any(cell.text != "–" for cell in cells):
            rows.append(Row((text_cell(title.format(iou=found_at)), *cells)))
    rows.append(_group("Automatic minus manual boxes: difference of Cohen’s kappas"))
    for scale, words in (("binary", "Fracture or not"), ("multiclass", "All classes")):
        for which, kind in (("one_image", "one image per patient"), ("whole_patient", "patients")):
            cells = [_test_cell(evaluation, one.subset, scale, which) for one in series]
            rows.append(Row((text_cell(f"{words}, {kind}"), *cells)))
    return Table(
        name="boxes",
        title="Automatic boxes",
        note="IoU: intersection over union with the reference box. A difference whose interval"
        " holds 0 is not told from none.",
        head=("", *(SUBSET_TITLES[subset] for subset in evaluation.subsets)),
        rows=tuple(rows),
        data=pd.concat(
            [_data(evaluation, lambda m: m.startswith("detection.")), _test_data(evaluation)]
        ),
    )


def subgroup_table(evaluation: Evaluation) -> Table:
    """Area, sensitivity and specificity by age, sex, view, manufacturer, site and fracture."""
    series = [Series(subset, "model", "manual") for subset in evaluation.subsets]
    groups = dict.fromkeys(m.group for m in evaluation.measures if m.group != ALL_CASES)
    rows: list[Row] = []
    heading = None
    for group in groups:
        column, _, value = group.partition("=")
        if column != heading:
            heading = column
            rows.append(_group(SUBGROUP_TITLES.get(column, column)))
        shown = evaluation.title(value) if column == "fracture" else value
        cells: list[Cell] = []
        for one in series:
            ids = ("binary.auroc", "binary.sensitivity", "binary.specificity")
            measures = [evaluation.find(one, i, group) for i in ids]
            n = measures[0].whole_patient.n if measures[0] else None
            cells.append(Cell("–" if n is None else str(n), is_number=True))
            cells += [measure_cell(measure, "whole_patient") for measure in measures]
        rows.append(Row((text_cell(shown), *cells)))
    return Table(
        name="subgroups",
        title="Subgroups",
        note="Fracture or not, manual boxes, at a probability of 0.5. Value (95 % interval, whole"
        " patients). Small groups have wide intervals; nothing here was tested for significance.",
        head=("", *("n", "AUC", "Sensitivity, %", "Specificity, %") * len(series)),
        rows=tuple(rows),
        data=_data(evaluation, lambda name: True, groups=True),
        groups=(ColumnGroup("", 1), *_subset_groups(evaluation, 4)),
    )


def _group(title: str) -> Row:
    return Row((text_cell(title),), "group")


def _predictor_row(title: str, cells: Iterable[Cell]) -> Row:
    kind = "main" if title.startswith("Model") else "quiet"
    return Row((text_cell(title), *cells), "main" if kind == "main" else "quiet")


def _count_word(k: int) -> str:
    words = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}
    return words.get(k, str(k))


def _subset_groups(evaluation: Evaluation, span: int) -> list[ColumnGroup]:
    return [
        ColumnGroup(
            f"{SUBSET_TITLES[item.subset]}: {item.cases} hips on films, {item.patients} patients",
            span,
        )
        for item in evaluation.counts
    ]


def _by_predictor(evaluation: Evaluation) -> list[tuple[str, list[Series | None]]]:
    """Give every predictor's title and its series in each subset, in the order measured."""
    pairs = dict.fromkeys((one.predictor, one.box_source) for one in evaluation.series)
    known = set(evaluation.series)
    found = []
    for predictor, box_source in pairs:
        series = [Series(subset, predictor, box_source) for subset in evaluation.subsets]
        shown: list[Series | None] = [one if one in known else None for one in series]
        found.append((predictor_title(series[0]), shown))
    return found


def _plain_rows(evaluation: Evaluation, ids: Sequence[str]) -> list[Row]:
    rows = []
    for title, cells in _by_predictor(evaluation):
        found: list[Cell] = [Cell("", is_number=True)]
        for series in cells:
            for measure_id in ids:
                measure = evaluation.find(series, measure_id) if series and measure_id else None
                cell = measure_cell(measure, "whole_patient") if measure_id else Cell("")
                found.append(cell)
        rows.append(_predictor_row(title, found))
    return rows


def _threshold_rows(
    evaluation: Evaluation, point: FrozenThreshold, stem: str, ending: str
) -> list[Row]:
    rows = []
    for title, cells in _by_predictor(evaluation):
        present = [series for series in cells if series]
        if not present or present[0].predictor != point.predictor:
            continue
        found = [Cell(f"{point.threshold:.3f}", is_number=True)]
        for series in cells:
            for measure in ("sensitivity", "specificity"):
                measure_id = f"{stem}.{measure}{ending}"
                got = evaluation.find(series, measure_id) if series else None
                found.append(measure_cell(got, "whole_patient"))
        rows.append(_predictor_row(title, found))
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


def _test_cell(evaluation: Evaluation, subset: str, scale: str, which: str) -> Cell:
    for test in evaluation.tests:
        if (test.subset, test.id) == (subset, f"kappa_difference.{scale}.{which}"):
            difference = test.result.difference
            if difference is not None:
                low, high = f"{difference.low:.3f}", f"{difference.high:.3f}"
                text = f"{difference.value:.3f}".replace("-", "−")
                return Cell(text, f"({low}, {high})".replace("-", "−"), is_number=True)
    return Cell("–", is_number=True)


def _test_data(evaluation: Evaluation) -> pd.DataFrame:
    rows = []
    for test in evaluation.tests:
        difference = test.result.difference
        if difference is not None:
            which = test.id.rpartition(".")[2]
            parts = {f"{which}_{k}": getattr(difference, k) for k in ("value", "low", "high")}
            name = test.id.rpartition(".")[0]
            rows.append({"subset": test.subset, "measure": name, **parts, "n": difference.n})
    return pd.DataFrame(rows)


def _data(
    evaluation: Evaluation, wanted: Callable[[str], bool], *, groups: bool = False
) -> pd.DataFrame:
    table = evaluation.measures_table()
    is_all = table["group"] == ALL_CASES
    chosen = (is_all != groups) & table["measure"].map(wanted)
    return table[chosen.to_numpy(bool)].reset_index(drop=True)
