"""Do effects change with time: the test of proportional hazards on Schoenfeld residuals.

Sources: Schoenfeld 1982 (Biometrika 69:239); Grambsch and Therneau 1994 (Biometrika 81:515) as the
score test of R's survival 3.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import TestResult
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.cox import cox_regression
from osteon.statistics.cox_likelihood import RiskSets, chi_square_result, design_matrix, risk_sets
from osteon.statistics.follow_up import follow_up_arrays

__all__ = ["proportional_hazards_test"]


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
    ``cox.zph``). Undefined when all events happen at one time. Arguments as in
    :func:`cox_regression`.
    """
    model = cox_regression(time, event, covariates, names=names, ties=ties)
    t, status = follow_up_arrays(time, event)
    x, told = design_matrix(covariates, t.size, names)
    x = x - x.mean(axis=0)
    risk = risk_sets(t, status, x, model.coefficients, ties)
    g = _before(t, status, risk.time)
    g = g - g.mean()
    if not g.any():
        reason = "all events happen at one time: no effect can change with time"
        nothing = TestResult(math.nan, math.nan, "proportional hazards", None, reason)
        return dict.fromkeys((*told, "GLOBAL"), nothing)
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
        results[name] = chi_square_result(float(u[i] ** 2 / own), 1, "proportional hazards")
    overall = float(u @ np.linalg.solve(left, u))
    results["GLOBAL"] = chi_square_result(overall, len(told), "proportional hazards")
    return results


def _before(t: Floats, status: Codes, at: Floats) -> Floats:
    """1 - Kaplan-Meier just before each of the times."""
    times, place = np.unique(t, return_inverse=True)
    d = np.bincount(place, status)
    n = t.size - np.concatenate([[0.0], np.cumsum(np.bincount(place))[:-1]])
    survival = np.concatenate([[1.0], np.cumprod(1 - d / n)])
    return np.asarray(1 - survival[np.searchsorted(times, at, side="left")])


def _by_time(risk: RiskSets) -> Floats:
    """Mean covariate of the risk set at each death, averaged over tied deaths; (d, p)."""
    times, group = np.unique(risk.time, return_inverse=True)
    total = np.zeros((times.size, risk.mean.shape[1]))
    np.add.at(total, group, risk.mean)
    return np.asarray((total / np.bincount(group)[:, None])[group])
