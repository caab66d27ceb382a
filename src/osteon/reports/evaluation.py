"""Evaluate predictions as a diagnostic-accuracy study reports them, once, into one record.

>>> from osteon.reports.evaluation import evaluate  # docs/reports.md walks through it
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.labels import LabelSet
from osteon.core.records import Estimate, TestResult
from osteon.core.rng import generator
from osteon.core.tables import CASES
from osteon.errors import TableError
from osteon.reports.measures import (
    BootstrapSettings,
    Statistic,
    measured,
    statistics_of,
    threshold_statistics,
)
from osteon.reports.records import (
    ALL_CASES,
    Confusion,
    Counts,
    Evaluation,
    FrozenThreshold,
    Histogram,
    Measure,
    NamedCurve,
    NamedTest,
    Series,
)
from osteon.reports.scored import Scored, checked_predictions
from osteon.reports.subgroups import subgroups
from osteon.statistics.agreement import kappa_difference
from osteon.statistics.detection import mean_replicates, summarise_iou
from osteon.statistics.proportion import proportion_replicates
from osteon.statistics.roc_curve import roc_band, roc_curve

__all__ = ["TEST_SUBSETS", "EvaluationSettings", "evaluate"]

TEST_SUBSETS = ("internal_test", "external_test")
SYNTHETIC_SOURCES = frozenset({"phantom"})


class EvaluationSettings(BootstrapSettings):
    """How an evaluation is made.

    Parameters
    ----------
    age_edges_years
        Ages at which a new band begins.
    iou_found
        Overlap with the reference box from which a hip counts as found.
    calibration_bins
        Groups of equal size on the calibration curve.
    """

    age_edges_years: tuple[int, ...] = (65, 75, 85)
    iou_found: float = 0.5
    calibration_bins: int = 10


@dataclass(frozen=True, slots=True)
class _Task:
    """What every step of an evaluation needs to know."""

    label_set: LabelSet
    cases: pd.DataFrame
    thresholds: tuple[FrozenThreshold, ...]
    seed: int
    settings: EvaluationSettings


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
    task = _Task(label_set, known, tuple(operating_points), seed, settings)
    scored = _all_scored(tables, label_set, present)
    measures: list[Measure] = []
    curves: list[NamedCurve] = []
    histograms: list[Histogram] = []
    for item in scored:
        measures += _measures(item, task)
        curves += _roc_curves(item, task)
        histograms += _score_histograms(item)
    for name in present:
        histograms += _iou_histogram(frame, name)
        measures += _detection(frame, name, task, (extra_boxes or {}).get(name))
    return Evaluation(
        classes=label_set.classes,
        titles=label_set.titles,
        positive=tuple(name for name in label_set.classes if name in label_set.positive),
        counts=tuple(_counts(frame, name, label_set) for name in present),
        measures=tuple(measures),
        confusions=tuple(_confusion(item) for item in scored),
        curves=tuple(curves),
        histograms=tuple(histograms),
        tests=tuple(test for name in present for test in _box_tests(scored, name, task)),
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


def _series(scored: Scored) -> Series:
    return Series(scored.subset, scored.predictor, scored.box_source)


def _measures(scored: Scored, task: _Task) -> list[Measure]:
    statistics = statistics_of(scored) | threshold_statistics(scored, task.thresholds)
    series, patients = _series(scored), scored.patient_ids
    found = measured(series, statistics, patients, task.seed, task.settings)
    if scored.predictor != "model":
        return found
    for group, chosen in subgroups(scored, task.cases, task.settings.age_edges_years):
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


def _roc_curves(scored: Scored, task: _Task) -> list[NamedCurve]:
    found = []
    for name in ("positive", *scored.label_set.classes):
        purpose = ("roc", scored.subset, scored.predictor, scored.box_source, name)
        truth = scored.reference(name)
        if not truth.any() or truth.all():
            continue
        curve = roc_band(
            truth,
            scored.score(name),
            rng=generator(task.seed, *purpose),
            cluster=scored.patient_ids,
            replicates=task.settings.replicates,
            one_per_cluster=True,
            level=task.settings.level,
        )
        found.append(NamedCurve(_series(scored), f"roc.{name}", curve))
    if scored.is_positive.any() and not scored.is_positive.all():
        steps = roc_curve(scored.is_positive, scored.positive_score)
        found.append(NamedCurve(_series(scored), "steps.positive", steps))
    return found


def _score_histograms(scored: Scored) -> list[Histogram]:
    there = ~scored.is_missed
    return [
        _histogram(scored.positive_score[there & chosen], _series(scored), f"score.{name}")
        for name, chosen in (("positive", scored.is_positive), ("negative", ~scored.is_positive))
    ]


def _iou_histogram(frame: pd.DataFrame, subset: str) -> list[Histogram]:
    rows = frame[(frame["subset"] == subset) & (frame["box_source"] == "automatic")]
    iou = rows["iou"].to_numpy(float, na_value=np.nan)
    found = iou[~np.isnan(iou)]
    return [_histogram(found, Series(subset, "model", "automatic"), "iou")] if len(iou) else []


def _histogram(values: NDArray[np.float64], series: Series, name: str) -> Histogram:
    counts, edges = np.histogram(values, bins=20, range=(0.0, 1.0))
    return Histogram(series, name, tuple(edges.round(12).tolist()), tuple(counts.tolist()))


def _confusion(scored: Scored) -> Confusion:
    k = len(scored.label_set)
    columns = np.where(scored.is_missed, k, scored.called)
    counts = np.zeros((k, k + 1), int)
    np.add.at(counts, (scored.labels, columns), 1)
    rows = tuple(tuple(int(x) for x in row) for row in counts)
    return Confusion(_series(scored), scored.label_set.classes, rows)


def _detection(
    frame: pd.DataFrame, subset: str, task: _Task, extra_boxes: int | None
) -> list[Measure]:
    rows = frame[(frame["subset"] == subset) & (frame["box_source"] == "automatic")]
    if rows.empty:
        return []
    iou = rows["iou"].to_numpy(float, na_value=np.nan)
    patients = rows["patient_id"].to_numpy(np.str_)
    is_found = np.nan_to_num(iou) >= task.settings.iou_found
    everyone = np.ones(len(iou), bool)
    statistics = {
        "detection.iou_mean": Statistic(
            lambda w: mean_replicates(iou, weights=w), int((~np.isnan(iou)).sum())
        ),
        "detection.found": Statistic(
            lambda w: proportion_replicates(is_found, everyone, weights=w), len(iou)
        ),
    }
    series = Series(subset, "model", "automatic")
    found = measured(series, statistics, patients, task.seed, task.settings)
    return found + _described(series, iou, extra_boxes, task)


def _described(
    series: Series, iou: NDArray[np.float64], extra_boxes: int | None, task: _Task
) -> list[Measure]:
    summary = summarise_iou(
        iou, rng=generator(task.seed, "described"), replicates=1, level=task.settings.level
    )
    values = {
        "detection.iou_sd": summary.sd_iou,
        "detection.iou_minimum": summary.min_iou,
        "detection.missed": float(summary.n_missed),
    }
    if extra_boxes is not None:
        values["detection.extra"] = float(extra_boxes)
    return [_without_interval(series, name, value, len(iou)) for name, value in values.items()]


def _without_interval(series: Series, name: str, value: float, n: int) -> Measure:
    missing = float("nan")
    told = Estimate(
        value, missing, missing, 0.95, "description", n, "describes these data: no interval"
    )
    return Measure(series, name, told, told, ALL_CASES)


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


def _box_tests(scored: Sequence[Scored], subset: str, task: _Task) -> list[NamedTest]:
    by_source = {s.box_source: s for s in scored if (s.subset, s.predictor) == (subset, "model")}
    if set(by_source) != {"manual", "automatic"}:
        return []
    manual, automatic = by_source["manual"], by_source["automatic"]
    shared = np.intersect1d(manual.case_ids, automatic.case_ids)
    manual = manual.where(np.isin(manual.case_ids, shared))
    automatic = automatic.where(np.isin(automatic.case_ids, shared))
    found = []
    for scale in ("binary", "multiclass"):
        for one_image in (True, False):
            found.append(_box_test(manual, automatic, scale, one_image, task))
    return found


def _box_test(
    manual: Scored, automatic: Scored, scale: str, one_image: bool, task: _Task
) -> NamedTest:
    if scale == "binary":
        truth = manual.is_positive.astype(int)
        pair = [(item.positive_score >= 0.5).astype(int) for item in (automatic, manual)]
    else:
        truth, pair = manual.labels, [automatic.called, manual.called]
    kind = "one_image" if one_image else "whole_patient"
    difference = kappa_difference(
        truth,
        pair[0],
        pair[1],
        rng=generator(task.seed, "kappa", manual.subset, scale, kind),
        cluster=manual.patient_ids,
        replicates=task.settings.replicates,
        one_per_cluster=one_image,
    )
    result = TestResult(
        statistic=difference.value,
        p_value=float("nan"),
        method=f"difference of Cohen's kappas, {difference.method}",
        difference=difference,
        reason="judged by the interval: two-sided at the level when it leaves out 0",
    )
    return NamedTest(manual.subset, f"kappa_difference.{scale}.{kind}", result)
