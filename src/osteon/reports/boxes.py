"""What the automatic boxes are worth, and what classifying from them costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.records import Estimate, TestResult
from osteon.core.rng import generator
from osteon.reports.curves import histogram
from osteon.reports.measures import Statistic, measured, share_statistic
from osteon.reports.records import ALL_CASES, Histogram, Measure, NamedTest, Series
from osteon.reports.scored import Scored
from osteon.reports.task import Task
from osteon.statistics.agreement_groups import kappa_difference
from osteon.statistics.detection import mean_replicates, summarise_iou

__all__ = ["box_tests", "detection_measures", "iou_histograms"]


def detection_measures(
    frame: pd.DataFrame, subset: str, task: Task, extra_boxes: int | None
) -> list[Measure]:
    """Measure overlap, misses and (where counted) boxes without a labelled hip."""
    is_wanted = (frame["subset"] == subset) & (frame["box_source"] == "automatic")
    rows = frame[is_wanted.to_numpy(bool)].sort_values("case_id")
    if rows.empty:
        return []
    iou = rows["iou"].to_numpy(float, na_value=np.nan)
    patients = rows["patient_id"].to_numpy(np.str_)
    is_found = np.nan_to_num(iou) >= task.settings.iou_found
    statistics = {
        "detection.iou_mean": Statistic(
            lambda w: mean_replicates(iou, weights=w), int((~np.isnan(iou)).sum())
        ),
        "detection.found": share_statistic(is_found, np.ones(len(iou), bool)),
    }
    series = Series(subset, "model", "automatic")
    found = measured(series, statistics, patients, task.seed, task.settings)
    return found + _described(series, iou, extra_boxes, task)


def _described(
    series: Series, iou: NDArray[np.float64], extra_boxes: int | None, task: Task
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


def iou_histograms(frame: pd.DataFrame, subset: str) -> list[Histogram]:
    """Count the overlap of automatic and reference boxes."""
    rows = frame[(frame["subset"] == subset) & (frame["box_source"] == "automatic")]
    iou = rows["iou"].to_numpy(float, na_value=np.nan)
    found = iou[~np.isnan(iou)]
    return (
        [histogram(found, Series(subset, "model", "automatic"), "iou", bins=50)] if len(iou) else []
    )


def box_tests(scored: Sequence[Scored], subset: str, task: Task) -> list[NamedTest]:
    """Compare automatic with manual boxes by the difference of their kappas, paired by case."""
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
    manual: Scored, automatic: Scored, scale: str, one_image: bool, task: Task
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
