"""Calibration: from a network's logits to probabilities that mean what they say.

Temperature scaling and vector scaling after Guo et al. 2017 (arXiv 1706.04599); Platt scaling of
the binary question after Platt 1999, isotonic regression after Zadrozny and Elkan 2002. Training
with class weights and early stopping moves the probabilities, so a package always says how they
were put right, and on which data.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, log_softmax, logsumexp, softmax

from osteon.core.labels import LabelSet
from osteon.models.card_classifier import Calibrator, CalibratorKind
from osteon.prediction.tuning import LOGIT_PREFIX, PROBABILITY_PREFIX, TuningSet

__all__ = [
    "calibrate",
    "fit_calibrator",
    "group_log_odds",
    "log_loss",
    "positive_probability",
    "with_probabilities",
]

_SMALLEST = 1e-12
_PULL = 1.0  # strength of the pull towards no change, in cases: decides where a class is rare


def fit_calibrator(tuning: TuningSet, kind: CalibratorKind = "vector") -> Calibrator:
    """Fit a calibrator by penalised maximum likelihood, or by isotonic regression.

    The penalty is ``0.5 · (‖log scale‖² + ‖bias‖²)`` beside the summed log-loss: with many
    cases it does not matter, with few (a class without any tuning case) it keeps the classes as
    the network gave them instead of letting a bias run away.

    Parameters
    ----------
    tuning
        Tuning cases; a :class:`TuningSet` cannot hold others.
    kind
        ``temperature`` (one number), ``vector`` (a scale and a bias for each class), ``platt``
        (a scale and a bias on the log-odds of the positive group) or ``isotonic`` (the positive
        group's share of cases, not falling with its log-odds; wants hundreds of cases, and leaves
        no order within a step). Shares s of n cases become (n s + 0.5) / (n + 1): none is 0 or 1.

    Returns
    -------
    Calibrator
        With the mean log-loss on the tuning cases before and after.
    """
    if kind == "isotonic":
        return _isotonic(tuning)
    k = len(tuning.label_set)
    if kind == "platt":
        size, target = 1, tuning.is_positive.astype(np.int64)
        log_odds = group_log_odds(tuning.logits, tuning.label_set)
        inputs = np.stack([np.zeros_like(log_odds), log_odds], axis=1)
    else:
        size, target, inputs = k, tuning.labels, tuning.logits

    def spread(parameters: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if kind == "temperature":
            return np.exp(np.full(k, parameters[0])), np.zeros(k)
        return np.exp(parameters[:size]), parameters[size:]

    scale, bias = spread(_fitted(spread, inputs, target, 1 if kind == "temperature" else 2 * size))
    before = log_loss(softmax(inputs, axis=1), target)
    after = log_loss(softmax(inputs * _padded(scale, inputs) + _padded(bias, inputs, 0), 1), target)
    return Calibrator(
        kind=kind,
        scale=tuple(scale.tolist()),
        bias=tuple(bias.tolist()),
        log_loss_before=before,
        log_loss_after=after,
        n_cases=len(tuning),
        n_patients=tuning.n_patients,
    )


def calibrate(
    logits: NDArray[np.float64], calibrator: Calibrator | None, label_set: LabelSet
) -> NDArray[np.float64]:
    """Probabilities of every class, rows summing to one.

    Parameters
    ----------
    logits
        float64 (n, k).
    calibrator
        From a package; ``None`` gives the plain softmax.
    label_set
        The k classes.

    Returns
    -------
    numpy.ndarray
        float64 (n, k) in [0, 1].
    """
    if calibrator is None:
        return np.asarray(softmax(logits, axis=1))
    if calibrator.kind in ("temperature", "vector"):
        return np.asarray(
            softmax(logits * np.array(calibrator.scale) + np.array(calibrator.bias), 1)
        )
    wanted = _group_probability(group_log_odds(logits, label_set), calibrator)
    result = np.empty_like(logits)
    for columns, total in ((_positive(label_set), wanted), (~_positive(label_set), 1 - wanted)):
        part = softmax(logits[:, columns], axis=1)
        result[:, columns] = part * total[:, None]
    return result


def _group_probability(
    log_odds: NDArray[np.float64], calibrator: Calibrator
) -> NDArray[np.float64]:
    if calibrator.kind == "platt":
        return np.asarray(expit(calibrator.scale[0] * log_odds + calibrator.bias[0]))
    at, chance = np.array(calibrator.knots).T
    return np.asarray(np.interp(log_odds, at, chance))


def _isotonic(tuning: TuningSet) -> Calibrator:
    """Fit the steps; each is kept by its first and last log-odds."""
    log_odds = group_log_odds(tuning.logits, tuning.label_set)
    at, where = np.unique(log_odds, return_inverse=True)
    cases = np.bincount(where)
    share = np.bincount(where, tuning.is_positive) / cases
    fit = isotonic_regression(share, weights=cases)
    edges = np.asarray(fit.blocks)
    sizes = np.add.reduceat(cases, edges[:-1])
    chance = np.maximum.accumulate((fit.x[edges[:-1]] * sizes + 0.5) / (sizes + 1))
    knots = {
        float(at[index]): float(value)
        for first, last, value in zip(edges[:-1], edges[1:] - 1, chance, strict=True)
        for index in (first, last)
    }
    positive = tuning.is_positive.astype(np.int64)
    after = np.interp(log_odds, list(knots), list(knots.values()))
    return Calibrator(
        kind="isotonic",
        knots=tuple(knots.items()),
        log_loss_before=log_loss(_both(expit(log_odds)), positive),
        log_loss_after=log_loss(_both(after), positive),
        n_cases=len(tuning),
        n_patients=tuning.n_patients,
    )


def _both(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([1 - probability, probability], axis=1)


def group_log_odds(logits: NDArray[np.float64], label_set: LabelSet) -> NDArray[np.float64]:
    """Log-odds of the positive group against the rest, of shape (n,)."""
    positive = _positive(label_set)
    return np.asarray(
        logsumexp(logits[:, positive], axis=1) - logsumexp(logits[:, ~positive], axis=1)
    )


def positive_probability(
    probabilities: NDArray[np.float64], label_set: LabelSet
) -> NDArray[np.float64]:
    """Sum over the positive classes, of shape (n,): P(fracture) of the paper's binary task."""
    return np.asarray(probabilities[:, _positive(label_set)].sum(axis=1))


def log_loss(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean of −log p(reference class), natural logarithm."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, _SMALLEST)).mean())


def with_probabilities(
    predictions: pd.DataFrame, calibrator: Calibrator | None, label_set: LabelSet
) -> pd.DataFrame:
    """Compute a prediction table's probabilities anew from its logits.

    Fills ``probability_<class>``, ``probability_fracture`` and ``predicted_label``; rows without
    logits (missed hips) keep them empty. No network is run.
    """
    result = predictions.copy()
    columns = [LOGIT_PREFIX + name for name in label_set.classes]
    found = result[columns].notna().all(axis=1).to_numpy(dtype=bool)
    probabilities = np.full((len(result), len(label_set)), np.nan)
    if found.any():
        logits = result.loc[found, columns].to_numpy(dtype=np.float64)
        probabilities[found] = calibrate(logits, calibrator, label_set)
    for index, name in enumerate(label_set.classes):
        result[PROBABILITY_PREFIX + name] = _column(probabilities[:, index], found)
    positive = np.where(found, positive_probability(probabilities, label_set), np.nan)
    result["probability_fracture"] = _column(positive, found)
    best = np.where(found, np.nan_to_num(probabilities).argmax(axis=1), -1)
    names = [label_set.classes[i] if i >= 0 else None for i in best]
    result["predicted_label"] = pd.array(names, dtype="string")
    return result


def _fitted(
    spread: Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
    inputs: NDArray[np.float64],
    target: NDArray[np.int64],
    size: int,
) -> NDArray[np.float64]:
    rows = np.arange(len(target))

    def loss(parameters: NDArray[np.float64]) -> float:
        scale, bias = spread(parameters)
        scaled = inputs * _padded(scale, inputs) + _padded(bias, inputs, 0)
        return float(
            -log_softmax(scaled, axis=1)[rows, target].sum() + 0.5 * _PULL * (parameters**2).sum()
        )

    return np.asarray(minimize(loss, np.zeros(size), method="L-BFGS-B").x)


def _padded(
    values: NDArray[np.float64], inputs: NDArray[np.float64], fill: float = 1.0
) -> NDArray[np.float64]:
    missing = inputs.shape[1] - len(values)  # Platt: only the second of two columns moves
    return np.concatenate([np.full(missing, fill), values])


def _positive(label_set: LabelSet) -> NDArray[np.bool_]:
    mask = np.zeros(len(label_set), dtype=bool)
    mask[list(label_set.positive_indices)] = True
    return mask


def _column(
    values: NDArray[np.float64], found: NDArray[np.bool_]
) -> "pd.api.extensions.ExtensionArray":
    return pd.arrays.FloatingArray(np.where(found, values, 0.0), ~found)
