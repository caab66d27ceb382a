"""Cox's proportional hazards: fit, tests of the coefficients, baseline.

Ties by Efron (or Breslow); standard errors from the information, or the sandwich over patients.
Sources: Cox 1972 (JRSS B 34:187); Efron 1977 (JASA 72:557); Lin and Wei 1989 (JASA 84:1074) and
Mancl and DeRouen 2001, see :mod:`osteon.statistics.sandwich`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import (
    Floats,
    cluster_codes,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.cox_likelihood import (
    chi_square_result,
    design_matrix,
    fit_coefficients,
    partial_log_likelihood,
    risk_sets,
    robust,
    row_information,
    score_residuals,
    score_vector,
    wald_result,
)
from osteon.statistics.follow_up import entry_array, follow_up_arrays
from osteon.statistics.limits import warning
from osteon.statistics.sandwich import ROBUST_METHODS, Fit, robust_half_width, too_few

__all__ = ["CoxModel", "cox_regression"]

FEW = 30  # patients with an event: below it the plain sandwich holds less than it says


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
            Estimate(
                math.exp(e.value),
                math.exp(e.low),
                math.exp(e.high),
                e.level,
                e.method,
                e.n,
                e.reason,
            )
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


def cox_regression(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    names: tuple[str, ...] | None = None,
    ties: str = "efron",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mancl-derouen",
) -> CoxModel:
    """Fit proportional hazards.

    Parameters
    ----------
    time, event, entry
        As in :func:`kaplan_meier`; for a cause-specific hazard code competing events as censored.
    covariates
        Shape (n, p), finite; categories as indicators.
    names
        Names of the p covariates.
    ties
        ``efron`` or ``breslow``.
    cluster
        Patient of every row: robust variance over patients.
    level
        Confidence level.
    method
        Of the robust variance: ``mancl-derouen`` (the sandwich without each patient's leverage,
        Student's quantile and F test with patients with an event - 1 degrees of freedom, at most
        patients - covariates; no interval with a single one) or ``sandwich`` (Lin and Wei's, normal
        quantile: too narrow with few events, and says so).

    Raises
    ------
    DataError
        If there is no event, or no finite maximum (a covariate separates the events, or two are
        collinear), or too few patients for the sandwich (it needs more than covariates).

    Examples
    --------
    >>> model = cox_regression([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], [0, 2, 1, 1, 1, 0, 0])
    >>> round(model.coefficients[0].item(), 3)
    0.461
    """
    require_level(level)
    require_choice("ties", ties, ("efron", "breslow"))
    require_choice("method", method, ROBUST_METHODS)
    t, status = follow_up_arrays(time, event)
    n = same_length(time=t, event=status)
    late = entry_array(entry, t)
    x, told = design_matrix(covariates, n, names)
    if not status.any():
        raise DataError(f"no event among {n} rows: there is nothing to fit")
    centre = x.mean(axis=0)
    shifted = x - centre
    found = fit_coefficients(t, status, shifted, ties, late)
    if found is None:
        raise DataError(
            "the partial likelihood has no finite maximum",
            remedy="leave out covariates that are collinear or that separate the events",
        )
    beta, risk = found
    null = risk_sets(t, status, shifted, np.zeros_like(beta), ties, late)
    naive = np.linalg.inv(risk.spread.sum(axis=0))
    covariance, name = naive, f"Cox, {ties} ties, Wald"
    z, reason, df = float(special.ndtri((1 + level) / 2)), None, math.inf
    if cluster is not None:
        codes = cluster_codes(cluster, n)
        residuals = score_residuals(t, status, shifted, beta, risk, late)
        fit = Fit(beta, naive, residuals, row_information(t, shifted, beta, risk, late))
        covariance = robust(fit, codes, method)
        events = int(np.unique(codes[status == 1]).size)
        name += f", robust over patients, {method}"
        name += warning(events, FEW) if method == "sandwich" else ""
        if method != "sandwich":
            df = min(events - 1, int(codes.max()) + 1 - beta.size)
        z = robust_half_width(1.0, int(min(df, n)), level, method)
        reason = too_few(events, 2, "patients with an event") if math.isnan(z) else None
    se = np.sqrt(np.diag(covariance))
    estimates = tuple(
        Estimate(float(b), float(b - z * s), float(b + z * s), level, name, n, reason)
        for b, s in zip(beta, se, strict=True)
    )
    p = beta.size
    start, end = (
        partial_log_likelihood(null, shifted, np.zeros(p)),
        partial_log_likelihood(risk, shifted, beta),
    )
    gradient = score_vector(null, shifted)
    by_score = float(gradient @ np.linalg.solve(null.spread.sum(axis=0), gradient))
    times, group = np.unique(risk.time, return_inverse=True)
    hazard = np.cumsum(np.bincount(group, 1 / risk.s0)) * math.exp(-float(centre @ beta))
    return CoxModel(
        names=told,
        log_hazard_ratios=estimates,
        covariance=covariance,
        log_likelihood_null=start,
        log_likelihood=end,
        likelihood_ratio=chi_square_result(2 * (end - start), p, "likelihood ratio"),
        wald=wald_result(float(beta @ np.linalg.solve(covariance, beta)), p, df),
        score=chi_square_result(by_score, p, "score"),
        baseline_time=times,
        baseline_hazard=np.asarray(hazard),
        n=n,
        n_events=int(status.sum()),
    )
