"""Which numbers are measured on a predictor, and both of their bootstraps.

Every number is a *replicate statistic* of :mod:`osteon.statistics`: a function of weights. All of
them are computed on the same replicates, first as Krogue et al. 2020 (doi 10.1148/ryai.2020190023:
one random image of each patient, then patients; the estimate is the replicates' mean), then by
drawing whole patients with all their images.

=====================================  =====================================================
``binary.accuracy|sensitivity|...``    summed probability of the positive classes >= 0.5
``binary.auroc``, ``binary.brier``     of the same score
``multiclass.accuracy|kappa|...``      class with the highest probability
``class.<measure>.<class>``            one class against the rest; ``called_fracture`` is the
                                       share of a class that was called positive at all
``at.<point>.<measure>``               at a frozen threshold of the summed probability
``own_threshold.<measure>.<class>``    a class at the frozen threshold of its own probability
``detection.*``, ``calibration.*``     see the modules of these names
=====================================  =====================================================
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.core.settings import Settings
from osteon.reports.records import ALL_CASES, FrozenThreshold, Measure, Series
from osteon.reports.scored import Scored
from osteon.statistics.agreement import agreement_weights, cohen_kappa_replicates
from osteon.statistics.bootstrap import Resampling, replicate_values, summarise
from osteon.statistics.detection import mean_replicates
from osteon.statistics.proportion import proportion, proportion_replicates
from osteon.statistics.roc import auroc, auroc_replicates

__all__ = [
    "DEFAULT_THRESHOLD",
    "BootstrapSettings",
    "Statistic",
    "both_bootstraps",
    "measured",
    "share_statistic",
    "statistics_of",
    "threshold_statistics",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DEFAULT_THRESHOLD = 0.5


class BootstrapSettings(Settings):
    """How often patients are drawn, and how wide the intervals are."""

    replicates: int = 2000
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number as a function of weights (replicates, n) giving (replicates,); ``n`` rows count.

    ``when_flat`` estimates from patient ids (n,) and a level where all replicates are alike, as
    when all or none succeed: no bootstrap has an interval then.
    """

    replicate: Callable[[Floats], Floats]
    n: int
    when_flat: Callable[[NDArray[np.str_], float], Estimate] | None = None


def both_bootstraps(
    statistics: Mapping[str, Statistic],
    patient_ids: NDArray[np.str_],
    seed: int,
    purpose: tuple[str, ...],
    settings: BootstrapSettings,
) -> dict[str, tuple[Estimate, Estimate]]:
    """Estimate every statistic by Krogue's bootstrap and by whole patients.

    Parameters
    ----------
    statistics
        Name to statistic; all on the same n rows.
    patient_ids
        Patient of every row, shape (n,).
    seed, purpose
        Name the stream of random numbers.

    Returns
    -------
    Name to (one image per patient, whole patient).
    """
    if len(patient_ids) == 0:
        return {name: _no_rows(settings) for name in statistics}
    first = _estimates(statistics, patient_ids, seed, purpose, settings, one_image=True)
    second = _estimates(statistics, patient_ids, seed, purpose, settings, one_image=False)
    found = {}
    for name, item in statistics.items():
        pair = first[name], second[name]
        is_flat = second[name].low == second[name].high
        found[name] = _when_flat(item, pair, patient_ids, settings) if is_flat else pair
    return found


def _when_flat(
    item: Statistic,
    pair: tuple[Estimate, Estimate],
    patient_ids: NDArray[np.str_],
    settings: BootstrapSettings,
) -> tuple[Estimate, Estimate]:
    if item.when_flat is None:
        return pair
    first, missing = pair[0], float("nan")
    reason = "every replicate is alike, so the bootstrap has no interval"
    without = Estimate(first.value, missing, missing, first.level, first.method, first.n, reason)
    return without, item.when_flat(patient_ids, settings.level)


def _no_rows(settings: BootstrapSettings) -> tuple[Estimate, Estimate]:
    nothing = Estimate.undefined("no cases", level=settings.level, method="bootstrap", n=0)
    return nothing, nothing


def _estimates(
    statistics: Mapping[str, Statistic],
    patient_ids: NDArray[np.str_],
    seed: int,
    purpose: tuple[str, ...],
    settings: BootstrapSettings,
    *,
    one_image: bool,
) -> dict[str, Estimate]:
    def all_of_them(rows: NDArray[np.intp], *, weights: Floats) -> Floats:
        return np.column_stack([item.replicate(weights) for item in statistics.values()])

    rows = np.arange(len(patient_ids))
    kind = "one image per patient, then patients" if one_image else "whole patients"
    plan = Resampling.of(len(rows), patient_ids, one_per_cluster=one_image)
    rng = generator(seed, *purpose, kind)
    values = replicate_values(all_of_them, (rows,), plan, settings.replicates, rng)
    if one_image:
        points = [_mean_of_defined(column) for column in values.T]
    else:
        points = all_of_them(rows, weights=np.ones((1, len(rows))))[0].tolist()
    method = f"bootstrap of {kind}, {settings.replicates} replicates, percentile"
    return {
        name: summarise(column, point, level=settings.level, method=method, n=item.n)
        for (name, item), column, point in zip(statistics.items(), values.T, points, strict=True)
    }


def _mean_of_defined(values: Floats) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def measured(
    series: Series,
    statistics: Mapping[str, Statistic],
    patient_ids: NDArray[np.str_],
    seed: int,
    settings: BootstrapSettings,
    group: str = ALL_CASES,
) -> list[Measure]:
    """Make the measures of a series from its statistics."""
    purpose = ("evaluate", series.subset, series.predictor, series.box_source, group)
    found = both_bootstraps(statistics, patient_ids, seed, purpose, settings)
    return [Measure(series, name, *estimates, group) for name, estimates in found.items()]


def statistics_of(scored: Scored, *, per_class: bool = True) -> dict[str, Statistic]:
    """Collect the statistics every predictor is measured by."""
    called = scored.positive_score >= DEFAULT_THRESHOLD
    found = _yes_no("binary", scored.is_positive, called)
    found["binary.auroc"] = _auroc(scored.is_positive, scored.positive_score)
    found["binary.brier"] = _brier(scored)
    if not per_class:
        return found
    found |= _multiclass(scored)
    for name in scored.label_set.classes:
        found |= _one_class(scored, name, called)
    return found


def threshold_statistics(
    scored: Scored, thresholds: Sequence[FrozenThreshold]
) -> dict[str, Statistic]:
    """Collect the statistics at this predictor's frozen thresholds."""
    found: dict[str, Statistic] = {}
    for point in thresholds:
        if point.predictor != scored.predictor:
            continue
        truth = scored.reference(point.score)
        called = scored.score(point.score) >= point.threshold
        stem = f"at.{point.name}" if point.score == "positive" else "own_threshold"
        ending = "" if point.score == "positive" else f".{point.score}"
        for name, item in _yes_no(stem, truth, called & ~scored.is_missed).items():
            found.setdefault(f"{name}{ending}", item)  # of two thresholds of a class, the first
    return found


def share_statistic(success: Bools, among: Bools) -> Statistic:
    """Make the statistic of a share of rows, both arrays of shape (n,)."""

    def replicate(w: Floats) -> Floats:
        return proportion_replicates(success, among, weights=w)

    def wilson(patient_ids: NDArray[np.str_], level: float) -> Estimate:
        return proportion(success[among], cluster=patient_ids[among], level=level)

    return Statistic(replicate, int(among.sum()), wilson)


def _yes_no(stem: str, truth: Bools, called: Bools) -> dict[str, Statistic]:
    return {
        f"{stem}.accuracy": share_statistic(truth == called, np.ones_like(truth)),
        f"{stem}.sensitivity": share_statistic(called, truth),
        f"{stem}.specificity": share_statistic(~called, ~truth),
        f"{stem}.ppv": share_statistic(truth, called),
        f"{stem}.npv": share_statistic(~truth, ~called),
    }


def _auroc(truth: Bools, score: Floats) -> Statistic:
    def replicate(w: Floats) -> Floats:
        return auroc_replicates(truth, score, weights=w)

    def analytic(patient_ids: NDArray[np.str_], level: float) -> Estimate:
        return auroc(truth, score, cluster=patient_ids, level=level)

    return Statistic(replicate, len(truth), analytic)


def _brier(scored: Scored) -> Statistic:
    errors = (scored.positive_score - scored.is_positive) ** 2
    errors = np.where(scored.is_missed, np.nan, errors)  # a missed hip has no probability
    return Statistic(lambda w: mean_replicates(errors, weights=w), int((~scored.is_missed).sum()))


def _multiclass(scored: Scored) -> dict[str, Statistic]:
    everyone = np.ones(len(scored), bool)
    known = range(len(scored.label_set))
    own = [scored.labels == index for index in known]
    called = [scored.called == index for index in known]
    agreement = agreement_weights(len(scored.label_set) + 1, "unweighted")
    second = np.where(scored.is_missed, len(scored.label_set), scored.called)

    def kappa(w: Floats) -> Floats:
        return cohen_kappa_replicates(scored.labels, second, agreement=agreement, weights=w)

    sensitivities = [share_statistic(b, a) for a, b in zip(own, called, strict=True)]
    specificities = [share_statistic(~b, ~a) for a, b in zip(own, called, strict=True)]
    return {
        "multiclass.accuracy": share_statistic(scored.labels == scored.called, everyone),
        "multiclass.sensitivity": _mean_over_classes(sensitivities),
        "multiclass.specificity": _mean_over_classes(specificities),
        "multiclass.kappa": Statistic(kappa, len(scored)),
    }


def _mean_over_classes(parts: Sequence[Statistic]) -> Statistic:
    present = [part for part in parts if part.n > 0]

    def mean(w: Floats) -> Floats:
        values = np.stack([part.replicate(w) for part in present])
        counts = (~np.isnan(values)).sum(axis=0)  # a replicate can lose a rare class
        return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)

    return Statistic(mean, sum(part.n for part in present))


def _one_class(scored: Scored, name: str, called_positive: Bools) -> dict[str, Statistic]:
    own, called = scored.is_class(name), scored.called == scored.label_set.index(name)
    found = {
        f"class.sensitivity.{name}": share_statistic(called, own),
        f"class.specificity.{name}": share_statistic(~called, ~own),
        f"class.auroc.{name}": _auroc(own, scored.score(name)),
    }
    if name in scored.label_set.positive:
        found[f"class.called_fracture.{name}"] = share_statistic(called_positive, own)
    return found
