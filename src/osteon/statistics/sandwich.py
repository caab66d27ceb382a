"""Robust variances over patients, and what few patients do to them.

The usual sandwich is too small where few patients carry the information, as each pulls the fit
towards itself. Mancl and DeRouen's takes each patient's leverage back out; Student's quantile does
the rest. Sources: Liang and Zeger 1986 (Biometrika 73:13); Lin and Wei 1989 (JASA 84:1074); Mancl
and DeRouen 2001 (Biometrics 57:126); Fay and Graubard 2001 (Biometrics 57:1198, why the leverage is
bounded).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from osteon.statistics.checks import Codes, Floats, require_choice

__all__ = [
    "ROBUST_METHODS",
    "Fit",
    "plain_sandwich",
    "robust_covariance",
    "robust_half_width",
    "too_few",
    "without_leverage",
]

ROBUST_METHODS = ("mancl-derouen", "sandwich")
LARGEST_LEVERAGE = 0.95  # a patient that carries all the information would have an infinite say


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted likelihood: what a robust variance is made of.

    Parameters
    ----------
    beta
        Coefficients, shape (p,).
    naive
        Inverse information, shape (p, p).
    scores, information
        Of each row, shapes (n, p) and (n, p, p); the information adds up to the inverse of
        ``naive``.
    """

    beta: Floats
    naive: Floats
    scores: Floats
    information: Floats


def robust_covariance(fit: Fit, codes: Codes, method: str) -> Floats:
    """Covariance of the coefficients over patients: ``mancl-derouen`` or ``sandwich``."""
    require_choice("method", method, ROBUST_METHODS)
    if method == "sandwich":
        return plain_sandwich(fit.naive, fit.scores, codes)
    return without_leverage(fit, codes)


def plain_sandwich(naive: Floats, scores: Floats, codes: Codes) -> Floats:
    """Sum scores (n, p) over patients between ``naive``, the inverse information (p, p)."""
    sums = np.stack([np.bincount(codes, column) for column in scores.T])
    return np.asarray(naive @ (sums @ sums.T) @ naive)


def without_leverage(fit: Fit, codes: Codes) -> Floats:
    """Mancl and DeRouen's sandwich: each patient's scores are freed of its pull on the fit."""
    naive, scores, information = fit.naive, fit.scores, fit.information
    n, p = scores.shape
    k = int(codes.max()) + 1
    root = np.linalg.cholesky(naive)
    sums = np.stack([np.bincount(codes, column, minlength=k) for column in scores.T], axis=1)
    flat = information.reshape(n, p * p).T
    shares = np.stack([np.bincount(codes, part, minlength=k) for part in flat], axis=1)
    leverage = root.T @ shares.reshape(k, p, p) @ root
    values, vectors = np.linalg.eigh((leverage + np.swapaxes(leverage, 1, 2)) / 2)
    kept = 1 - np.clip(values, 0.0, LARGEST_LEVERAGE)
    turned = np.einsum("kji,kj->ki", vectors, sums @ root) / kept
    residuals = np.einsum("kij,kj->ki", vectors, turned)
    return np.asarray(root @ (residuals.T @ residuals) @ root.T)


def robust_half_width(variance: float, df: int, level: float, method: str) -> float:
    """Half the interval's width: Student's quantile, or the normal one for ``sandwich``.

    NaN when no degree of freedom is left.
    """
    if method == "sandwich":
        return float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    if df < 1:
        return math.nan
    return float(special.stdtrit(df, (1 + level) / 2)) * math.sqrt(variance)


def too_few(count: int, wanted: int, what: str) -> str:
    """Say why a robust interval is withheld, and what gives it all the same."""
    return (
        f"{what}: {count}, wanted {wanted} for a robust interval; method='sandwich' gives one "
        "that may be too narrow"
    )
