"""Operating points: a threshold, the rule that chose it, and the data it was chosen on.

Choose on tuning data, report on test data at the frozen threshold (:func:`at_threshold`). Sources:
Youden 1950 (Cancer 3:32); Perkins and Schisterman 2006 (Am J Epidemiol 163:670, closest to the
corner).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Bools, Floats, outcome_and_score
from osteon.statistics.proportion import sensitivity, specificity
from osteon.statistics.roc_curve import roc_points

__all__ = ["OperatingPoint", "Rule", "at_threshold", "choose_threshold"]

Rule = Literal["closest_to_corner", "youden", "fixed_sensitivity", "fixed_specificity", "given"]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold with what it gives, and where it comes from.

    Parameters
    ----------
    threshold
        A score at least as high is called positive; may be infinite at the ends of the curve.
    rule
        How it was chosen.
    target
        The sensitivity or specificity that was asked for, where the rule has one.
    chosen_on
        The data it was chosen on, in words, e.g. ``"tuning, 310 hips of 288 patients"``.
    sensitivity, specificity
        On the data named by ``measured_on``.
    measured_on
        The data the two estimates are of.
    """

    threshold: float
    rule: Rule
    target: float | None
    chosen_on: str
    sensitivity: Estimate
    specificity: Estimate
    measured_on: str


def choose_threshold(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    rule: Rule = "youden",
    target: float | None = None,
    chosen_on: str,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> OperatingPoint:
    """Choose a threshold on (tuning) data.

    Cuts lie midway between neighbouring scores. ``closest_to_corner`` minimises
    ``(1 - sensitivity)**2 + (1 - specificity)**2``; ``youden`` maximises their sum;
    ``fixed_sensitivity`` takes the highest cut that reaches the target, ``fixed_specificity`` the
    lowest. Of equally good cuts the highest wins (fewest calls), except for
    ``fixed_specificity``.

    Parameters
    ----------
    reference_standard, score, cluster
        As in :func:`auroc`; both classes must be present.
    rule, target
        The rule, and its target in (0, 1] for the two ``fixed`` rules.
    chosen_on
        What these data are, in words; kept with the point.

    Raises
    ------
    DataError
        If a class is empty: no threshold can be chosen.

    Examples
    --------
    >>> point = choose_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], chosen_on="tuning, 4 hips")
    >>> round(point.threshold, 3), point.sensitivity.value, point.specificity.value
    (0.6, 0.5, 1.0)
    """
    truth, values = outcome_and_score(reference_standard, score)
    if not truth.any() or truth.all():
        raise DataError(
            f"a threshold needs both classes, got {int(truth.sum())} positive of {truth.size}",
            remedy="choose on tuning data that hold positives and negatives",
        )
    if (target is not None) != rule.startswith("fixed"):
        raise UsageError(f"rule {rule} got target {target}: only the fixed rules take one")
    if target is not None and not 0 < target <= 1:
        raise UsageError(f"target is {target}, wanted a number in (0, 1]")
    fpf, tpf, cuts = roc_points(truth, values)
    index = _choose(tpf[0], 1 - fpf[0], rule, target)
    return _measured(
        truth, values, float(cuts[index]), rule, target, (chosen_on, chosen_on), (cluster, level)
    )


def _choose(
    sensitivities: Floats,
    specificities: Floats,
    rule: Rule,
    target: float | None,
) -> int:
    if rule == "youden":
        return int(np.argmax(np.round(sensitivities + specificities, 12)))
    if rule == "closest_to_corner":
        distance = (1 - sensitivities) ** 2 + (1 - specificities) ** 2
        return int(np.argmin(np.round(distance, 12)))
    if target is None:
        raise UsageError(f"rule {rule} chooses nothing: wanted youden or closest_to_corner")
    if rule == "fixed_sensitivity":
        return int(np.flatnonzero(sensitivities >= target - 1e-12)[0])
    return int(np.flatnonzero(specificities >= target - 1e-12)[-1])


def at_threshold(
    reference_standard: ArrayLike,
    score: ArrayLike,
    point: OperatingPoint,
    *,
    measured_on: str,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> OperatingPoint:
    """Measure a frozen operating point on other data; the threshold does not move."""
    truth, values = outcome_and_score(reference_standard, score)
    told = (point.chosen_on, measured_on)
    return _measured(
        truth, values, point.threshold, point.rule, point.target, told, (cluster, level)
    )


def _measured(
    truth: Bools,
    values: Floats,
    threshold: float,
    rule: Rule,
    target: float | None,
    told: tuple[str, str],
    how: tuple[ArrayLike | None, float],
) -> OperatingPoint:
    called, (cluster, level) = values >= threshold, how
    return OperatingPoint(
        threshold=threshold,
        rule=rule,
        target=target,
        chosen_on=told[0],
        sensitivity=sensitivity(truth, called, cluster=cluster, level=level),
        specificity=specificity(truth, called, cluster=cluster, level=level),
        measured_on=told[1],
    )
