"""Evaluate predictions as a diagnostic-accuracy study reports them, once, into one record.

>>> from osteon.reports.evaluation import evaluate  # docs/reports.md walks through it
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.schemas import CASES
from osteon.errors import TableError
from osteon.reports.against_baselines import baseline_tests
from osteon.reports.boxes import box_tests, detection_measures, iou_histograms
from osteon.reports.curves import (
    calibration_curves,
    calibration_measures,
    confusion_of,
    roc_curves,
    score_histograms,
)
from osteon.reports.measures import measured, statistics_of, threshold_statistics
from osteon.reports.records import (
    Counts,
    Evaluation,
    FrozenThreshold,
    Histogram,
    Measure,
    NamedCurve,
    NamedTest,
)
from osteon.reports.scored import Scored, checked_predictions
from osteon.reports.subgroups import subgroups
from osteon.reports.task import TEST_SUBSETS, EvaluationSettings, Task

__all__ = ["TEST_SUBSETS", "EvaluationSettings", "evaluate"]

SYNTHETIC_SOURCES = frozenset({"phantom"})


def evaluate(
    predictions: pd.DataFrame,
    cases: pd.DataFrame,
    label_set: LabelSet,
    operating_points: Sequence[FrozenThreshold],
    *,
    seed: int,
    settings: EvaluationSettings,
    baselines: Mapping[str, pd.DataFrame] | None = None,
    extra_boxes: Mapping[str, int] | None = None,
) -> Evaluation:
    """Measure a model and its baselines on the test subsets, at frozen thresholds.

    Nothing is chosen here: thresholds come from
    :func:`osteon.reports.operating_points.choose_operating_points`, which takes tuning data only.

    Parameters
    ----------
    predictions
        Table PREDICTIONS with a column ``probability_<class>`` for every class; subsets other
        than the two test subsets are not looked at.
    cases
        Table CASES, with a row for every predicted case.
    label_set
        The classes, in the order of the probabilities.
    operating_points
        Frozen thresholds; each is applied to the predictor it names.
    seed
        Names the random numbers of the bootstraps.
    settings
        Replicates, level, bands and bins.
    baselines
        Name (``header``, ``thumbnail``) to a table of predictions from
        :mod:`osteon.reports.baselines`.
    extra_boxes
        Subset to the number of automatic boxes without a labelled hip, where it was counted.

    Returns
    -------
    Evaluation
        Every number of a report.

    Raises
    ------
    TableError
        If a table does not fit its schema, a predicted case is not in ``cases``, its label
        differs, or there is no case in a test subset.
    """
    frame = checked_predictions(predictions, label_set)
    known = _checked_cases(cases, frame)
    tables = {"model": frame} | {
        name: checked_predictions(table, label_set) for name, table in (baselines or {}).items()
    }
    present = [name for name in TEST_SUBSETS if (frame["subset"] == name).any()]
    if not present:
        raise TableError(
            "table predictions: no case is in a test subset",
            remedy="predict internal_test or external_test patients first",
        )
    task = Task(label_set, known, tuple(operating_points), seed, settings)
    scored = _all_scored(tables, label_set, present)
    measures: list[Measure] = []
    curves: list[NamedCurve] = []
    histograms: list[Histogram] = []
    tests: list[NamedTest] = []
    for item in scored:
        measures += _measures(item, task)
        curves += roc_curves(item, task) + calibration_curves(item, task)
        histograms += score_histograms(item)
    for name in present:
        histograms += iou_histograms(frame, name)
        measures += detection_measures(frame, name, task, (extra_boxes or {}).get(name))
        tests += box_tests(scored, name, task) + baseline_tests(scored, name, task)
    return Evaluation(
        classes=label_set.classes,
        titles=label_set.titles,
        positive=tuple(name for name in label_set.classes if name in label_set.positive),
        counts=tuple(_counts(frame, name, label_set) for name in present),
        measures=tuple(measures),
        confusions=tuple(confusion_of(item) for item in scored),
        curves=tuple(curves),
        histograms=tuple(histograms),
        tests=tuple(tests),
        thresholds=task.thresholds,
        seed=seed,
        settings=settings.resolved(),
        is_synthetic=bool(known["label_source"].isin(SYNTHETIC_SOURCES).any()),
    )


def _checked_cases(cases: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    known = CASES.checked(cases)
    pairs = predictions[["case_id", "label"]].merge(
        known[["case_id", "label"]], on="case_id", how="left", suffixes=("", "_of_case")
    )
    if (absent := pairs["label_of_case"].isna()).any():
        raise TableError(f"case {pairs.loc[absent, 'case_id'].iloc[0]} is predicted but unknown")
    if (other := pairs["label"] != pairs["label_of_case"]).any():
        first = pairs[other].iloc[0]
        raise TableError(
            f"case {first['case_id']}: predictions say {first['label']},"
            f" cases say {first['label_of_case']}"
        )
    return known


def _all_scored(
    tables: Mapping[str, pd.DataFrame], label_set: LabelSet, subsets: Sequence[str]
) -> list[Scored]:
    found = []
    for subset in subsets:
        for predictor, table in tables.items():
            for box_source in ("manual", "automatic"):
                one = Scored.of(
                    table, label_set, subset=subset, predictor=predictor, box_source=box_source
                )
                if len(one):
                    found.append(one)
    return found


def _measures(scored: Scored, task: Task) -> list[Measure]:
    statistics = statistics_of(scored) | threshold_statistics(scored, task.thresholds)
    series, patients = scored.series, scored.patient_ids
    found = measured(series, statistics, patients, task.seed, task.settings)
    found += calibration_measures(scored, task)
    if (scored.predictor, scored.box_source) != ("model", "manual"):
        return found
    columns, edges = task.settings.subgroup_columns, task.settings.age_edges_years
    for group, chosen in subgroups(scored, task.cases, columns, edges):
        part = scored.where(chosen)
        found += measured(
            series,
            statistics_of(part, per_class=False),
            part.patient_ids,
            task.seed,
            task.settings,
            group,
        )
    return found


def _counts(frame: pd.DataFrame, subset: str, label_set: LabelSet) -> Counts:
    rows = frame[frame["subset"] == subset].drop_duplicates("case_id")
    by_class = {name: int((rows["label"] == name).sum()) for name in label_set.classes}
    return Counts(
        subset,
        rows["patient_id"].nunique(),
        rows["sop_instance_uid"].nunique(),
        len(rows),
        by_class,
    )
