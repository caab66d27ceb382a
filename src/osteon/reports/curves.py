"""ROC and calibration curves, distributions of the score, confusion matrices."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.reports.records import Confusion, Histogram, Measure, NamedCurve, Series
from osteon.reports.scored import Scored
from osteon.reports.task import Task
from osteon.statistics.calibration import reliability_curve
from osteon.statistics.recalibration import calibration_in_the_large, calibration_slope
from osteon.statistics.roc_bands import roc_band
from osteon.statistics.roc_curve import roc_curve

__all__ = [
    "calibration_curves",
    "calibration_measures",
    "confusion_of",
    "histogram",
    "roc_curves",
    "score_histograms",
]

_TINY = 1e-12  # a softmax in single precision can reach 0 and 1, where a logit is infinite


def roc_curves(scored: Scored, task: Task) -> list[NamedCurve]:
    """Make ROC curves with their bands, and the binary one step by step.

    The model with manual boxes gets a curve for every class, the others the binary one.
    """
    found = []
    is_main = (scored.predictor, scored.box_source) == ("model", "manual")
    for name in ("positive", *(scored.label_set.classes if is_main else ())):
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
            method="bootstrap",  # the paper's band
        )
        found.append(NamedCurve(scored.series, f"roc.{name}", curve))
    if scored.is_positive.any() and not scored.is_positive.all():
        steps = roc_curve(scored.is_positive, scored.positive_score)
        found.append(NamedCurve(scored.series, "steps.positive", steps))
    return found


def calibration_curves(scored: Scored, task: Task) -> list[NamedCurve]:
    """Lay observed shares beside summed probabilities, in groups of equal size."""
    there = ~scored.is_missed
    truth, chance = scored.is_positive[there], np.clip(scored.positive_score[there], 0, 1)
    if not truth.any() or truth.all():
        return []
    curve = reliability_curve(
        truth,
        chance,
        n_bins=task.settings.calibration_bins,
        bins="quantile",
        cluster=scored.patient_ids[there],
        level=task.settings.level,
    )
    return [NamedCurve(scored.series, "calibration.positive", curve)]


def calibration_measures(scored: Scored, task: Task) -> list[Measure]:
    """Estimate slope and intercept of recalibration; from a model, so not bootstrapped."""
    there = ~scored.is_missed
    truth, chance = (
        scored.is_positive[there],
        np.clip(scored.positive_score[there], _TINY, 1 - _TINY),
    )
    patients, level = scored.patient_ids[there], task.settings.level
    found = {
        "calibration.slope": calibration_slope(truth, chance, cluster=patients, level=level),
        "calibration.intercept": calibration_in_the_large(
            truth, chance, cluster=patients, level=level
        ),
    }
    reason = "estimated from a logistic model of all images"
    none = Estimate.undefined(reason, level=level, method="one image per patient", n=len(truth))
    return [Measure(scored.series, name, none, estimate) for name, estimate in found.items()]


def score_histograms(scored: Scored) -> list[Histogram]:
    """Count the summed probability of hips with and without a positive class."""
    there = ~scored.is_missed
    return [
        histogram(scored.positive_score[there & chosen], scored.series, f"score.{name}")
        for name, chosen in (("positive", scored.is_positive), ("negative", ~scored.is_positive))
    ]


def histogram(
    values: NDArray[np.float64], series: Series, name: str, *, bins: int = 20
) -> Histogram:
    """Count values of [0, 1] in bins of equal width."""
    counts, edges = np.histogram(values, bins=bins, range=(0.0, 1.0))
    return Histogram(series, name, tuple(edges.round(12).tolist()), tuple(counts.tolist()))


def confusion_of(scored: Scored) -> Confusion:
    """Count how every class was called; missed hips have the last column."""
    k = len(scored.label_set)
    columns = np.where(scored.is_missed, k, scored.called)
    counts = np.zeros((k, k + 1), int)
    np.add.at(counts, (scored.labels, columns), 1)
    rows = tuple(tuple(int(x) for x in row) for row in counts)
    return Confusion(scored.series, scored.label_set.classes, rows)
