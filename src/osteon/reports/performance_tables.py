"""Tables of an evaluation: both bootstraps, both test subsets, every baseline."""

from osteon.reports.records import ALL_CASES, Evaluation, Series
from osteon.reports.subgroups import SUBGROUP_TITLES
from osteon.reports.table import Cell, ColumnGroup, Row, Table, measure_cell, text_cell
from osteon.reports.table_parts import (
    by_predictor,
    count_word,
    full_numbers,
    group_row,
    predictor_row,
    subset_groups,
)

__all__ = ["class_table", "main_table", "subgroup_table"]

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
    ("calibration.slope", "Calibration slope of that probability (1 is calibrated)"),
)
_BOOTSTRAPS = (
    "One image per patient: in each replicate one random image of every patient is kept, then"
    " patients are drawn with replacement; the value is the replicates’ mean (Krogue et al. 2020)."
    " Whole patients: patients are drawn with all their images. Both with"
    " percentile intervals. Where every replicate is alike (all right, or all wrong) the second is"
    " Wilson’s for shares and Newcombe’s for areas."
)


def main_table(evaluation: Evaluation) -> Table:
    """Binary and multiclass performance of every predictor on every test subset."""
    rows: list[Row] = []
    for measure_id, title in _MAIN:
        rows.append(group_row(title.format(k=count_word(len(evaluation.classes)))))
        for predictor, cells in by_predictor(evaluation):
            both = [
                measure_cell(evaluation.find(series, measure_id), which)
                if series
                else Cell("–", is_number=True)
                for series in cells
                for which in ("one_image", "whole_patient")
            ]
            rows.append(predictor_row(predictor, both))
    ids = [measure_id for measure_id, _ in _MAIN]
    return Table(
        name="performance",
        title="Model and baselines, internal and external",
        note=f"Value (95 % interval). {_BOOTSTRAPS} A missed hip counts as not called.",
        head=("", *("One image per patient", "Whole patients") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=full_numbers(evaluation, lambda name: name in ids),
        groups=(ColumnGroup("", 1), *subset_groups(evaluation, 2)),
    )


def class_table(evaluation: Evaluation) -> Table:
    """Sensitivity, specificity and area of every class against the rest."""
    rows: list[Row] = []
    for name in evaluation.classes:
        rows.append(group_row(evaluation.title(name)))
        for predictor, cells in by_predictor(evaluation):
            found: list[Cell] = []
            for series in cells:
                ids = [f"class.{m}.{name}" for m in ("sensitivity", "specificity", "auroc")]
                measures = [evaluation.find(series, i) if series else None for i in ids]
                n = measures[0].whole_patient.n if measures[0] else None
                found.append(Cell("–" if n is None else str(n), is_number=True))
                found += [measure_cell(measure, "whole_patient") for measure in measures]
            rows.append(predictor_row(predictor, found))
    return Table(
        name="per_class",
        title="Every class against the rest",
        note="Value (95 % interval, whole patients drawn). A class is called where its probability"
        " is the highest. The CSV also holds the bootstrap of one image per patient.",
        head=("", *("n", "Sensitivity, %", "Specificity, %", "AUC") * len(evaluation.subsets)),
        rows=tuple(rows),
        data=full_numbers(evaluation, lambda name: name.startswith("class.")),
        groups=(ColumnGroup("", 1), *subset_groups(evaluation, 4)),
    )


def subgroup_table(evaluation: Evaluation) -> Table:
    """Area, sensitivity and specificity by age, sex, view, manufacturer, site and fracture."""
    series = [Series(subset, "model", "manual") for subset in evaluation.subsets]
    found = dict.fromkeys(m.group for m in evaluation.measures if m.group != ALL_CASES)
    columns = list(dict.fromkeys(group.partition("=")[0] for group in found))
    groups = sorted(found, key=lambda group: columns.index(group.partition("=")[0]))
    rows: list[Row] = []
    heading = None
    for group in groups:
        column, _, value = group.partition("=")
        if column != heading:
            heading = column
            rows.append(group_row(SUBGROUP_TITLES.get(column, column)))
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
        title="Fracture or not, by subgroup",
        note="Fracture or not, manual boxes, at a probability of 0.5. Value (95 % interval, whole"
        " patients). Small groups have wide intervals; nothing here was tested for significance.",
        head=("", *("n", "AUC", "Sensitivity, %", "Specificity, %") * len(series)),
        rows=tuple(rows),
        data=full_numbers(evaluation, lambda name: True, groups=True),
        groups=(ColumnGroup("", 1), *subset_groups(evaluation, 4)),
    )
