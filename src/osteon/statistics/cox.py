"""Cox's proportional hazards: fit, tests, baseline, check of proportionality.

Ties by Efron (or Breslow); standard errors from the information, or the sandwich over patients.
Sources: Cox 1972 (JRSS B 34:187); Efron 1977 (JASA 72:557); Lin and Wei 1989 (JASA 84:1074,
sandwich); Grambsch and Therneau 1994 (Biometrika 81:515) as the score test of R's survival 3.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.survival_curves import follow_up_arrays

__all__ = ["CoxModel", "cox_regression", "proportional_hazards_test"]


@dataclass(frozen=True, slots=True, eq=False)
class _Risk:
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


@dataclass(frozen=True, slots=True, eq=False)
class CoxModel:
    """A fitted model.

    Parameters
    ----------
    names
        Covariates, in order.
    log_hazard_ratios
        Coefficients with Wald intervals.
    covariance
        Of the coefficients, shape (p, p); the sandwich with clusters.
    log_likelihood_null, log_likelihood
        Partial log likelihoods.
    likelihood_ratio, wald, score
        Tests that all coefficients are 0.
    baseline_time, baseline_hazard
        Cumulative hazard of a patient with all covariates at 0, shapes (k,).
    n, n_events
        Rows and events.
    """

    names: tuple[str, ...]
    log_hazard_ratios: tuple[Estimate, ...]
    covariance: Floats
    log_likelihood_null: float
    log_likelihood: float
    likelihood_ratio: TestResult
    wald: TestResult
    score: TestResult
    baseline_time: Floats
    baseline_hazard: Floats
    n: int
    n_events: int

    @property
    def coefficients(self) -> Floats:
        """Log hazard ratios, shape (p,)."""
        return np.array([e.value for e in self.log_hazard_ratios])

    @property
    def hazard_ratios(self) -> tuple[Estimate, ...]:
        """Hazard ratios with their intervals."""
        return tuple(
            Estimate(math.exp(e.value), math.exp(e.low), math.exp(e.high), e.level, e.method, e.n)
            for e in self.log_hazard_ratios
        )

    def log_hazard(self, covariates: ArrayLike) -> Floats:
        """Linear predictor of rows (m, p); higher is worse; shape (m,)."""
        return np.asarray(np.asarray(covariates, dtype=np.float64) @ self.coefficients)

    def survival_probability(self, covariates: ArrayLike, horizon: float) -> Floats:
        """Predicted survival to a horizon of rows (m, p); NaN beyond the last event's follow-up."""
        place = int(np.searchsorted(self.baseline_time, horizon, side="right"))
        if horizon > self.baseline_time[-1]:
            return np.full(np.asarray(covariates).shape[0], np.nan)
        hazard = 0.0 if place == 0 else float(self.baseline_hazard[place - 1])
        return np.exp(-hazard * np.exp(self.log_hazard(covariates)))

    def baseline(self) -> Curve:
        """Baseline cumulative hazard as a curve, without a band."""
        none = np.full(self.baseline_time.size, np.nan)
        return Curve(
            self.baseline_time, self.baseline_hazard, none, none, "time", "cumulative hazard",
            "Cox baseline at covariates 0", self.n,
        )  # fmt: skip


def _risk_sets(t: Floats, status: Codes, x: Floats, beta: Floats, ties: str) -> _Risk:
    hazard = np.exp(x @ beta)
    order = np.argsort(-t, kind="stable")
    weighted = hazard[order, None] * x[order]
    outer = weighted[:, :, None] * x[order][:, None, :]
    total0, total1 = np.cumsum(hazard[order]), np.cumsum(weighted, axis=0)
    total2 = np.cumsum(outer, axis=0)
    dead = np.flatnonzero(status == 1)
    dead = dead[np.argsort(t[dead], kind="stable")]
    times, group, size = np.unique(t[dead], return_inverse=True, return_counts=True)
    last = np.searchsorted(-t[order], -times, side="right") - 1
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    share = (np.arange(dead.size) - first[group]) / size[group]
    if ties == "breslow":
        share = np.zeros(dead.size)
    lost0 = np.bincount(group, hazard[dead])
    lost1, lost2 = np.zeros((times.size, x.shape[1])), np.zeros((times.size, *total2.shape[1:]))
    np.add.at(lost1, group, hazard[dead, None] * x[dead])
    np.add.at(lost2, group, hazard[dead, None, None] * x[dead][:, :, None] * x[dead][:, None, :])
    s0 = total0[last][group] - share * lost0[group]
    mean = (total1[last][group] - share[:, None] * lost1[group]) / s0[:, None]
    second = (total2[last][group] - share[:, None, None] * lost2[group]) / s0[:, None, None]
    spread = second - mean[:, :, None] * mean[:, None, :]
    return _Risk(t[dead], dead, s0, mean, spread, share)


def _log_likelihood(risk: _Risk, x: Floats, beta: Floats) -> float:
    return float(np.sum(x[risk.dead] @ beta) - np.sum(np.log(risk.s0)))


def _gradient(risk: _Risk, x: Floats) -> Floats:
    return np.asarray(x[risk.dead].sum(axis=0) - risk.mean.sum(axis=0))


def _fit(t: Floats, status: Codes, x: Floats, ties: str) -> tuple[Floats, _Risk] | None:
    """Maximise the partial likelihood; ``None`` when a coefficient runs away."""
    beta = np.zeros(x.shape[1])
    risk = _risk_sets(t, status, x, beta, ties)
    value = _log_likelihood(risk, x, beta)
    for _ in range(50):
        information = risk.spread.sum(axis=0)
        if np.linalg.cond(information) > 1e13:
            return None
        step = np.linalg.solve(information, _gradient(risk, x))
        for _ in range(30):
            risk = _risk_sets(t, status, x, beta + step, ties)
            reached = _log_likelihood(risk, x, beta + step)
            if math.isfinite(reached) and reached >= value - 1e-12:
                break
            step = step / 2
        beta, gained, value = beta + step, reached - value, reached
        if np.abs(beta).max() > 50:
            return None
        if gained < 1e-12 * max(1.0, abs(value)) and np.abs(step).max() < 1e-9:
            return beta, risk
    return None


def _score_residuals(t: Floats, status: Codes, x: Floats, beta: Floats, risk: _Risk) -> Floats:
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
    residuals: Floats = -hazard[:, None] * (x * total_a[:, None] - total_b)
    residuals[dead] += x[dead] - sums[4][place] / size[place][:, None]
    return residuals


def _chi_square(statistic: float, df: int, name: str) -> TestResult:
    return TestResult(statistic, float(special.chdtrc(df, statistic)), f"{name}, {df} df")


def _design(
    covariates: ArrayLike, n: int, names: tuple[str, ...] | None
) -> tuple[Floats, tuple[str, ...]]:
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] != n or x.shape[1] == 0:
        raise DataError(f"covariates have shape {x.shape}, wanted ({n}, p)")
    if not np.isfinite(x).all():
        raise DataError("covariates hold missing values", remedy="leave these rows out, or impute")
    told = names or tuple(f"x{i}" for i in range(x.shape[1]))
    if len(told) != x.shape[1]:
        raise DataError(f"got {len(told)} names for {x.shape[1]} covariates")
    return x, told


def cox_regression(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: tuple[str, ...] | None = None,
    ties: str = "efron",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> CoxModel:
    """Fit proportional hazards.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`; for a cause-specific hazard code competing events as censored.
    covariates
        Shape (n, p), finite; categories as indicators.
    names
        Names of the p covariates.
    ties
        ``efron`` or ``breslow``.
    cluster
        Patient of every row: robust sandwich variance over patients.
    level
        Confidence level.

    Raises
    ------
    DataError
        If there is no event, or no finite maximum (a covariate separates the events, or two are
        collinear).

    Examples
    --------
    >>> model = cox_regression([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], [0, 2, 1, 1, 1, 0, 0])
    >>> round(model.coefficients[0].item(), 3)
    0.461
    """
    require_level(level)
    require_choice("ties", ties, ("efron", "breslow"))
    t, status = follow_up_arrays(time, event)
    n = same_length(time=t, event=status)
    x, told = _design(covariates, n, names)
    if not status.any():
        raise DataError(f"no event among {n} rows: there is nothing to fit")
    centre = x.mean(axis=0)
    shifted = x - centre
    found = _fit(t, status, shifted, ties)
    if found is None:
        raise DataError(
            "the partial likelihood has no finite maximum",
            remedy="leave out covariates that are collinear or that separate the events",
        )
    beta, risk = found
    null = _risk_sets(t, status, shifted, np.zeros_like(beta), ties)
    naive = np.linalg.inv(risk.spread.sum(axis=0))
    covariance, method = naive, f"Cox, {ties} ties, Wald"
    if cluster is not None:
        residuals = _score_residuals(t, status, shifted, beta, risk)
        codes = cluster_codes(cluster, n)
        sums = np.stack([np.bincount(codes, column) for column in residuals.T])
        covariance, method = naive @ (sums @ sums.T) @ naive, method + ", robust over patients"
    z = float(special.ndtri((1 + level) / 2))
    se = np.sqrt(np.diag(covariance))
    estimates = tuple(
        Estimate(float(b), float(b - z * s), float(b + z * s), level, method, n)
        for b, s in zip(beta, se, strict=True)
    )
    p = beta.size
    start, end = _log_likelihood(null, shifted, np.zeros(p)), _log_likelihood(risk, shifted, beta)
    gradient = _gradient(null, shifted)
    by_score = float(gradient @ np.linalg.solve(null.spread.sum(axis=0), gradient))
    times, group = np.unique(risk.time, return_inverse=True)
    hazard = np.cumsum(np.bincount(group, 1 / risk.s0)) * math.exp(-float(centre @ beta))
    return CoxModel(
        names=told,
        log_hazard_ratios=estimates,
        covariance=covariance,
        log_likelihood_null=start,
        log_likelihood=end,
        likelihood_ratio=_chi_square(2 * (end - start), p, "likelihood ratio"),
        wald=_chi_square(float(beta @ np.linalg.solve(covariance, beta)), p, "Wald"),
        score=_chi_square(by_score, p, "score"),
        baseline_time=times,
        baseline_hazard=np.asarray(hazard),
        n=n,
        n_events=int(status.sum()),
    )


def proportional_hazards_test(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: tuple[str, ...] | None = None,
    ties: str = "efron",
) -> dict[str, TestResult]:
    """Test for each covariate, and ``GLOBAL``, that its effect does not change with time.

    Score test for adding covariate x g(t), g(t) = 1 - Kaplan-Meier just before t (R's
    ``cox.zph``). Arguments as in :func:`cox_regression`.
    """
    model = cox_regression(time, event, covariates, names=names, ties=ties)
    t, status = follow_up_arrays(time, event)
    x, told = _design(covariates, t.size, names)
    x = x - x.mean(axis=0)
    risk = _risk_sets(t, status, x, model.coefficients, ties)
    g = _before(t, status, risk.time)
    g = g - g.mean()
    residuals = x[risk.dead] - _by_time(risk)
    u = g @ residuals
    plain = risk.spread.sum(axis=0)
    crossed = np.einsum("d,dij->ij", g, risk.spread)
    squared = np.einsum("d,dij->ij", g**2, risk.spread)
    left = squared - crossed @ np.linalg.solve(plain, crossed)
    results = {}
    for i, name in enumerate(told):
        row = crossed[i]
        own = float(squared[i, i] - row @ np.linalg.solve(plain, row))
        results[name] = _chi_square(float(u[i] ** 2 / own), 1, "proportional hazards")
    overall = float(u @ np.linalg.solve(left, u))
    results["GLOBAL"] = _chi_square(overall, len(told), "proportional hazards")
    return results


def _before(t: Floats, status: Codes, at: Floats) -> Floats:
    """1 - Kaplan-Meier just before each of the times."""
    times, place = np.unique(t, return_inverse=True)
    d = np.bincount(place, status)
    n = t.size - np.concatenate([[0.0], np.cumsum(np.bincount(place))[:-1]])
    survival = np.concatenate([[1.0], np.cumprod(1 - d / n)])
    return np.asarray(1 - survival[np.searchsorted(times, at, side="left")])


def _by_time(risk: _Risk) -> Floats:
    """Mean covariate of the risk set at each death, averaged over tied deaths; (d, p)."""
    times, group = np.unique(risk.time, return_inverse=True)
    total = np.zeros((times.size, risk.mean.shape[1]))
    np.add.at(total, group, risk.mean)
    return np.asarray((total / np.bincount(group)[:, None])[group])
