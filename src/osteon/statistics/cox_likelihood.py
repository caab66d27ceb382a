"""The partial likelihood of Cox's model: risk sets, Newton's method, score residuals.

Sources: Cox 1972 (JRSS B 34:187); Breslow 1974, Efron 1977 (JASA 72:557, ties); Therneau and
Grambsch 2000, Modeling Survival Data (score residuals).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from osteon.core.records import TestResult
from osteon.errors import DataError
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.sandwich import Fit, plain_sandwich, robust_covariance

__all__ = [
    "RiskSets",
    "chi_square_result",
    "design_matrix",
    "fit_coefficients",
    "partial_log_likelihood",
    "risk_sets",
    "robust",
    "row_information",
    "score_residuals",
    "score_vector",
    "wald_result",
]

_FLAT = 1e-8  # share of the information at zero


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Risk sets of the deaths, one row for each death (Efron spreads ties over them).

    ``time`` (d,), ``dead`` rows of the data (d,), ``s0`` (d,), ``mean`` (d, p), ``spread``
    (d, p, p), ``share`` (d,): the part of the tied deaths that is already gone.
    """

    time: Floats
    dead: Codes
    s0: Floats
    mean: Floats
    spread: Floats
    share: Floats


def chi_square_result(statistic: float, df: int, name: str) -> TestResult:
    """Make the result of a chi-square test."""
    return TestResult(statistic, float(special.chdtrc(df, statistic)), f"{name}, {df} df")


def wald_result(statistic: float, p: int, df: float) -> TestResult:
    """Make the result of Wald's test: chi-square, or F where the variance has ``df`` freedom."""
    if math.isinf(df):
        return chi_square_result(statistic, p, "Wald")
    name = f"Wald, {p} df, F with {max(df, 0):g} df of the variance"
    if df < 1:
        reason = "one patient with an event: the robust variance has no degree of freedom"
        return TestResult(statistic, math.nan, name, None, reason)
    return TestResult(statistic, float(special.fdtrc(p, df, statistic / p)), name)


def design_matrix(
    covariates: ArrayLike, n: int, names: tuple[str, ...] | None
) -> tuple[Floats, tuple[str, ...]]:
    """Check covariates of shape (n, p) or (n,); returns them as (n, p) with their names."""
    try:
        x = np.asarray(covariates, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"covariates hold something that is not a number: {error}",
            remedy="write categories as indicators, 0 or 1",
        ) from error
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] != n or x.shape[1] == 0:
        raise DataError(f"covariates have shape {x.shape}, wanted ({n}, p)")
    if not np.isfinite(x).all():
        raise DataError("covariates hold missing values", remedy="leave these rows out, or impute")
    told = names or tuple(f"x{i}" for i in range(x.shape[1]))
    if len(told) != x.shape[1]:
        raise DataError(f"got {len(told)} names for {x.shape[1]} covariates")
    return x, told


def risk_sets(
    t: Floats,
    status: Codes,
    x: Floats,
    beta: Floats,
    ties: str,
    entry: Floats | None = None,
) -> RiskSets:
    """Sum hazards, covariates and their products over those at risk at every death.

    ``entry`` is as :func:`osteon.statistics.follow_up.entry_array` gives it: those who have not yet
    entered are taken from the sums.
    """
    hazard = np.exp(x @ beta)
    dead = np.flatnonzero(status == 1)
    dead = dead[np.argsort(t[dead], kind="stable")]
    times, group, size = np.unique(t[dead], return_inverse=True, return_counts=True)
    total0, total1, total2 = _sums_from(t, times, hazard, x)
    if entry is not None:
        absent = _sums_from(entry, times, hazard, x)
        total0, total1, total2 = total0 - absent[0], total1 - absent[1], total2 - absent[2]
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    share = (np.arange(dead.size) - first[group]) / size[group]
    if ties == "breslow":
        share = np.zeros(dead.size)
    lost0 = np.bincount(group, hazard[dead])
    lost1, lost2 = np.zeros((times.size, x.shape[1])), np.zeros((times.size, *total2.shape[1:]))
    np.add.at(lost1, group, hazard[dead, None] * x[dead])
    np.add.at(lost2, group, hazard[dead, None, None] * x[dead][:, :, None] * x[dead][:, None, :])
    s0 = total0[group] - share * lost0[group]
    mean = (total1[group] - share[:, None] * lost1[group]) / s0[:, None]
    second = (total2[group] - share[:, None, None] * lost2[group]) / s0[:, None, None]
    spread = second - mean[:, :, None] * mean[:, None, :]
    return RiskSets(t[dead], dead, s0, mean, spread, share)


def _sums_from(
    until: Floats, times: Floats, hazard: Floats, x: Floats
) -> tuple[Floats, Floats, Floats]:
    """Sum hazards (k,), times covariates (k, p) and products (k, p, p) of rows with until >= t."""
    order = np.argsort(-until, kind="stable")
    weighted = hazard[order, None] * x[order]
    outer = weighted[:, :, None] * x[order][:, None, :]
    count = np.searchsorted(-until[order], -times, side="right")
    parts = (hazard[order], weighted, outer)
    sums = (np.concatenate([np.zeros((1, *p.shape[1:])), np.cumsum(p, axis=0)]) for p in parts)
    total0, total1, total2 = (part[count] for part in sums)
    return total0, total1, total2


def partial_log_likelihood(risk: RiskSets, x: Floats, beta: Floats) -> float:
    """Logarithm of the partial likelihood at these coefficients."""
    return float(np.sum(x[risk.dead] @ beta) - np.sum(np.log(risk.s0)))


def score_vector(risk: RiskSets, x: Floats) -> Floats:
    """First derivative of the partial log likelihood, shape (p,)."""
    return np.asarray(x[risk.dead].sum(axis=0) - risk.mean.sum(axis=0))


def fit_coefficients(
    t: Floats, status: Codes, x: Floats, ties: str, entry: Floats | None = None
) -> tuple[Floats, RiskSets] | None:
    """Maximise the partial likelihood; ``None`` when a coefficient runs away."""
    beta = np.zeros(x.shape[1])
    risk = risk_sets(t, status, x, beta, ties, entry)
    value = partial_log_likelihood(risk, x, beta)
    at_zero = risk.spread.sum(axis=0)
    for _ in range(50):
        information = risk.spread.sum(axis=0)
        if np.linalg.cond(information) > 1e13 or _levels_off(information, at_zero):
            return None
        step = np.linalg.solve(information, score_vector(risk, x))
        for _ in range(30):
            risk = risk_sets(t, status, x, beta + step, ties, entry)
            reached = partial_log_likelihood(risk, x, beta + step)
            if math.isfinite(reached) and reached >= value - 1e-12:
                break
            step = step / 2
        beta, gained, value = beta + step, reached - value, reached
        if np.abs(beta).max() > 50:
            return None
        if gained < 1e-12 * max(1.0, abs(value)) and np.abs(step).max() < 1e-9:
            return None if _levels_off(risk.spread.sum(axis=0), at_zero) else (beta, risk)
    return None


def _levels_off(information: Floats, at_zero: Floats) -> bool:
    """Whether the likelihood no longer bends in some direction, next to how it did at zero.

    It rises towards a plateau where a covariate separates the events, and what rounding leaves of
    the information there may be negative.
    """
    return bool(linalg.eigh(information, at_zero, eigvals_only=True)[0] < _FLAT)


def score_residuals(
    t: Floats,
    status: Codes,
    x: Floats,
    beta: Floats,
    risk: RiskSets,
    entry: Floats | None = None,
) -> Floats:
    """Each row's contribution to the score, shape (n, p)."""
    hazard = np.exp(x @ beta)
    a, b = 1 / risk.s0, risk.mean / risk.s0[:, None]
    own_a, own_b = (1 - risk.share) * a, (1 - risk.share)[:, None] * b
    times, group = np.unique(risk.time, return_inverse=True)
    sums = [np.zeros((times.size, *part.shape[1:])) for part in (a, b, own_a, own_b, risk.mean)]
    for total, part in zip(sums, (a, b, own_a, own_b, risk.mean), strict=True):
        np.add.at(total, group, part)
    size = np.bincount(group)
    cumulative_a = np.concatenate([[0.0], np.cumsum(sums[0])])
    cumulative_b = np.vstack([np.zeros((1, x.shape[1])), np.cumsum(sums[1], axis=0)])
    upto = np.searchsorted(times, t, side="right")
    dead = status == 1
    place = upto[dead] - 1
    total_a, total_b = cumulative_a[upto], cumulative_b[upto]
    total_a[dead] += sums[2][place] - sums[0][place]
    total_b[dead] += sums[3][place] - sums[1][place]
    if entry is not None:
        before = np.searchsorted(times, entry, side="right")
        total_a, total_b = total_a - cumulative_a[before], total_b - cumulative_b[before]
    residuals: Floats = -hazard[:, None] * (x * total_a[:, None] - total_b)
    residuals[dead] += x[dead] - sums[4][place] / size[place][:, None]
    return residuals


def row_information(
    t: Floats, x: Floats, beta: Floats, risk: RiskSets, entry: Floats | None = None
) -> Floats:
    """Each row's share of the information, shape (n, p, p): hazard times spread, summed over time.

    They add up to the information without ties, and nearly so with Efron's.
    """
    hazard = np.exp(x @ beta)
    weight = 1 / risk.s0
    parts = (
        weight,
        weight[:, None] * risk.mean,
        weight[:, None, None] * risk.mean[:, :, None] * risk.mean[:, None],
    )
    sums = [np.concatenate([np.zeros((1, *p.shape[1:])), np.cumsum(p, axis=0)]) for p in parts]
    upto = np.searchsorted(risk.time, t, side="right")
    total0, total1, total2 = (part[upto] for part in sums)
    if entry is not None:
        before = np.searchsorted(risk.time, entry, side="right")
        earlier = [part[before] for part in sums]
        total0, total1, total2 = total0 - earlier[0], total1 - earlier[1], total2 - earlier[2]
    cross = x[:, :, None] * total1[:, None]
    outer = x[:, :, None] * x[:, None] * total0[:, None, None]
    rows = outer - cross - np.swapaxes(cross, 1, 2) + total2
    return np.asarray(hazard[:, None, None] * rows)


def robust(fit: Fit, codes: Codes, method: str) -> Floats:
    """Robust covariance over patients, as :func:`robust_covariance`.

    Raises
    ------
    DataError
        If patients are not more than covariates, or their sums do not span the covariates: the
        sums add up to 0, so the matrix would be singular, and no test could be made of it.
    """
    p, k = fit.beta.size, int(np.unique(codes).size)
    plain = plain_sandwich(fit.naive, fit.scores, codes)
    se = np.sqrt(np.diag(plain))
    if k <= p or not se.all() or np.linalg.cond(plain / np.outer(se, se)) > 1e13:
        raise DataError(
            f"the robust variance got {k} patients for {p} covariates, wanted more patients than "
            "covariates that differ among them, and at least two cases (patients)",
            remedy="leave covariates out, or leave out cluster where rows are patients",
        )
    return robust_covariance(fit, codes, method)
