"""Split-conformal prediction sets by class: the classes that cannot be ruled out.

Class-conditional (Mondrian) least-ambiguous sets: Sadinle, Lei, Wasserman 2019
(doi 10.1080/01621459.2017.1395341). Among hips of a class, the set holds that class with at least
the stated probability, for every class by itself: so the rare nondisplaced fracture gets its own
promise. The promise rests on new patients being like the tuning patients.
"""

import math

import numpy as np
from numpy.typing import NDArray

from osteon.core.labels import LabelSet
from osteon.models.card_classifier import Calibrator, ConformalQuantiles
from osteon.prediction.calibration import calibrate
from osteon.prediction.tuning import TuningSet

__all__ = ["fit_conformal", "prediction_set"]


def fit_conformal(
    tuning: TuningSet,
    calibrator: Calibrator | None,
    rng: np.random.Generator,
    *,
    coverage: float = 0.9,
) -> ConformalQuantiles:
    """Take the quantile of 1 − p(reference class) in every class, one image of each patient.

    The quantile is the ``ceil((n + 1) · coverage)``-th smallest of ``n`` scores; where ``n`` is
    too small for that it is 1, and the class is in every set.

    Parameters
    ----------
    tuning
        Tuning cases.
    calibrator
        The one the package will use.
    rng
        Draws the image kept of each patient (within a class).
    coverage
        Wanted probability that the set holds the reference class, in (0, 1).
    """
    probabilities = calibrate(tuning.logits, calibrator, tuning.label_set)
    scores = 1 - probabilities[np.arange(len(tuning)), tuning.labels]
    order = rng.permutation(len(tuning))
    quantiles: dict[str, float] = {}
    counts: dict[str, int] = {}
    for index, name in enumerate(tuning.label_set.classes):
        mine = order[tuning.labels[order] == index]
        _, first = np.unique(tuning.patient_ids[mine], return_index=True)
        quantiles[name] = _quantile(np.sort(scores[mine[first]]), coverage)
        counts[name] = len(first)
    return ConformalQuantiles(coverage=coverage, quantiles=quantiles, counts=counts)


def prediction_set(
    probabilities: NDArray[np.float64], conformal: ConformalQuantiles, label_set: LabelSet
) -> tuple[str, ...]:
    """Classes that cannot be ruled out for one hip, likeliest first; may be empty.

    An empty set means the hip looks like none of the tuning hips of any class.
    """
    limits = np.array([conformal.quantiles[name] for name in label_set.classes])
    inside = 1 - probabilities <= limits
    order = np.argsort(-probabilities, kind="stable")
    return tuple(label_set.classes[i] for i in order if inside[i])


def _quantile(scores: NDArray[np.float64], coverage: float) -> float:
    rank = math.ceil((len(scores) + 1) * coverage - 1e-9)
    return 1.0 if rank > len(scores) else float(scores[rank - 1])
