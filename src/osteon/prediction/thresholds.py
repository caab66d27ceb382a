"""The three operating points of a hip-fracture package, chosen on tuning data and then frozen.

``suspicious`` finds most fractures (drawn dotted), ``definite`` makes few false calls (drawn
solid), ``nondisplaced_possible`` is the flag of Krogue et al. 2020: a probability of a nondisplaced
neck fracture above its closest-to-corner threshold although the likeliest class is no fracture.
"""

import math

import numpy as np
from numpy.typing import NDArray

from osteon.core.labels import LabelSet
from osteon.models.card import Metric
from osteon.models.card_classifier import Calibrator, OperatingPoint
from osteon.prediction.calibration import calibrate, positive_probability
from osteon.prediction.tuning import TuningSet
from osteon.statistics import thresholds as rules

__all__ = [
    "DEFINITE",
    "FRACTURE",
    "NONDISPLACED_POSSIBLE",
    "SUSPICIOUS",
    "choose_operating_points",
    "is_nondisplaced_possible",
]

SUSPICIOUS = "suspicious"
DEFINITE = "definite"
NONDISPLACED_POSSIBLE = "nondisplaced_possible"
FRACTURE = "fracture"
_NONDISPLACED = "nondisplaced_femoral_neck"
_NO_FRACTURE = "no_fracture"
_RULES: dict[rules.Rule, str] = {
    "fixed_sensitivity": "sensitivity at least {target:g}",
    "fixed_specificity": "specificity at least {target:g}",
    "closest_to_corner": "closest to the corner",
}


def choose_operating_points(
    tuning: TuningSet,
    calibrator: Calibrator | None,
    *,
    suspicious_sensitivity: float = 0.95,
    definite_specificity: float = 0.98,
) -> tuple[OperatingPoint, ...]:
    """Choose the thresholds on calibrated probabilities of tuning cases.

    ``definite`` is never below ``suspicious``: where a model is so good that the two rules cross,
    it is raised to ``suspicious``, and both ask the same.

    Parameters
    ----------
    tuning
        Tuning cases with fractures and without.
    calibrator
        The one the package will use.
    suspicious_sensitivity
        Sensitivity that ``suspicious`` must reach on the tuning cases, in (0, 1].
    definite_specificity
        Specificity that ``definite`` must reach, in (0, 1].

    Returns
    -------
    tuple
        ``suspicious``, ``definite`` and, where tuning holds nondisplaced fractures and the label
        set has that class, ``nondisplaced_possible``.

    Raises
    ------
    DataError
        If tuning holds no fracture, or nothing else.
    """
    probabilities = calibrate(tuning.logits, calibrator, tuning.label_set)
    fracture = positive_probability(probabilities, tuning.label_set)
    truth = tuning.is_positive
    suspicious = _chosen(tuning, truth, fracture, "fixed_sensitivity", suspicious_sensitivity)
    definite = _chosen(tuning, truth, fracture, "fixed_specificity", definite_specificity)
    if definite.threshold < suspicious.threshold:
        definite = rules.at_threshold(
            truth,
            fracture,
            suspicious,
            measured_on=suspicious.measured_on,
            cluster=tuning.patient_ids,
        )
    points = [
        _recorded(SUSPICIOUS, FRACTURE, suspicious, tuning),
        _recorded(DEFINITE, FRACTURE, definite, tuning),
    ]
    if _NONDISPLACED in tuning.label_set.classes:
        index = tuning.label_set.index(_NONDISPLACED)
        if (tuning.labels == index).any():
            flag = _chosen(
                tuning, tuning.labels == index, probabilities[:, index], "closest_to_corner", None
            )
            points.append(_recorded(NONDISPLACED_POSSIBLE, _NONDISPLACED, flag, tuning))
    return tuple(points)


def is_nondisplaced_possible(
    probabilities: NDArray[np.float64], point: OperatingPoint | None, label_set: LabelSet
) -> bool:
    """Whether to suggest CT or MRI: nondisplaced above its threshold, likeliest no fracture."""
    if point is None:
        return False
    top = label_set.classes[int(np.argmax(probabilities))]
    return (
        top == _NO_FRACTURE
        and float(probabilities[label_set.index(point.question)]) >= point.threshold
    )


def _chosen(
    tuning: TuningSet,
    truth: NDArray[np.bool_],
    score: NDArray[np.float64],
    rule: rules.Rule,
    target: float | None,
) -> rules.OperatingPoint:
    return rules.choose_threshold(
        truth,
        score,
        rule=rule,
        target=target,
        chosen_on=f"tuning, {len(tuning)} hips of {tuning.n_patients} patients",
        cluster=tuning.patient_ids,
    )


def _recorded(
    name: str, question: str, point: rules.OperatingPoint, tuning: TuningSet
) -> OperatingPoint:
    threshold = point.threshold if math.isfinite(point.threshold) else float(point.threshold > 0)
    return OperatingPoint(
        name=name,
        question=question,
        threshold=min(max(threshold, 0.0), 1.0),
        rule=_RULES[point.rule].format(target=point.target),
        sensitivity=Metric.of("sensitivity", "tuning", point.sensitivity),
        specificity=Metric.of("specificity", "tuning", point.specificity),
        n_cases=len(tuning),
        n_patients=tuning.n_patients,
    )
