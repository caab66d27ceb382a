"""Does the higher risk come first: Harrell's and Uno's concordance.

A pair is comparable when the earlier time is an event; an event tied with a censoring comes first,
two events tied in time do not compare. Equal risk scores count half. Where patients come under
observation late the later one has to have entered before the earlier one's event; with strata both
belong to one stratum. Sources: Harrell et al. 1996 (Stat Med 15:361); Uno et al. 2011 (Stat Med
30:1105, weights 1 / G(t-)**2); Therneau and Atkinson 2020 (survival's vignette on concordance: tie
rules, infinitesimal jackknife, late entry, strata).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate, TestResult
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    cluster_sums,
    finite_array,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.comparison import undefined_test
from osteon.statistics.concordance_pairs import Followed, concordance_influence, refuse_late_uno
from osteon.statistics.contrast import Arm, contrast_test
from osteon.statistics.limits import logit_limits, plain_limits, warning

__all__ = [
    "CONCORDANCE_METHODS",
    "concordance_difference",
    "concordance_index_harrell",
    "concordance_index_uno",
    "concordance_replicates",
    "concordance_test",
]

CONCORDANCE_METHODS = ("logit", "jackknife", "bootstrap")
FEW = 20  # patients with an event: below it symmetric intervals hold less than they say


def concordance_replicates(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    uno: bool = False,
    entry: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Concordance for every row of weights: the statistic to hand to :func:`bootstrap`.

    Arrays of shape (n,), ``weights`` (replicates, n) or ``None``; returns (replicates,), NaN where
    no pair compares. With ``uno`` the censoring distribution is estimated anew in every replicate,
    in all strata together.
    """
    data = Followed.of(time, event, entry, stratum)
    score = np.asarray(risk_score, dtype=np.float64)
    return data.concordance(score, tau, uno, weight_matrix(weights, data.time.size))


def _estimate(
    data: Followed,
    risk_score: ArrayLike,
    tau: float,
    uno: bool,
    how: tuple[ArrayLike | None, float, str, int, np.random.Generator | None],
) -> Estimate:
    cluster, level, method, replicates, rng = how
    require_level(level)
    require_choice("method", method, CONCORDANCE_METHODS)
    t, status = data.time, data.status
    score = finite_array("risk_score", risk_score)
    n = same_length(time=t, event=status, risk_score=score)
    _require_tau(tau)
    name = ("Uno" if uno else "Harrell") + ("" if math.isinf(tau) else f", tau {tau:g}")
    name += ", " + method + ("" if cluster is None else ", clustered") + data.told
    reason = _beyond(tau, t)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)
    value, influence = (
        concordance_influence(data, score, tau, uno) if n else (math.nan, np.zeros(0))
    )
    if math.isnan(value):
        reason = "no pair compares: no event is followed by a later time"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    if method == "bootstrap":

        def statistic(_: Codes, *, weights: Floats) -> Floats:
            return data.concordance(score, tau, uno, weights)

        return bootstrap(
            statistic, np.arange(n), cluster=cluster, replicates=replicates, level=level, rng=rng
        )
    codes = cluster_codes(cluster, n)
    se = math.sqrt(float(np.sum(np.bincount(codes, influence) ** 2)))
    events = _events(codes, status, t, tau)
    if se == 0 or value in (0.0, 1.0) or events < 2:
        reason = "one patient with an event, or all pairs alike: no variance"
        return Estimate(value, math.nan, math.nan, level, name, n, reason)
    if method == "logit":
        low, high = logit_limits(value, se, level, events - 1)
    else:
        low, high = plain_limits(value, se, level)
        name += warning(events, FEW)
    return Estimate(value, low, high, level, name, n)


def _require_tau(tau: float) -> None:
    if not tau > 0:
        raise UsageError(f"tau is {tau}, wanted above 0")


def _beyond(tau: float, t: Floats) -> str | None:
    if t.size and math.isfinite(tau) and tau > t.max():
        return f"follow-up ends at {t.max():g}: nothing is known until tau {tau:g}"
    return None


def _events(codes: Codes, status: Codes, t: Floats, tau: float) -> int:
    """Patients with an event that counts."""
    return int(np.unique(codes[(status == 1) & (t <= tau)]).size)


def concordance_index_harrell(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    entry: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    replicates: int = 2000,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Harrell's concordance: the share of comparable pairs whose earlier event had the higher risk.

    Estimand: depends on the censoring of this study; see :func:`concordance_index_uno`.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`.
    risk_score
        Higher is worse, shape (n,).
    tau
        Last event time that counts; undefined beyond follow-up.
    entry
        When each patient came under observation, as in :func:`kaplan_meier`: a pair compares only
        where the later patient had entered before the earlier one's event.
    stratum
        Stratum of every row, shape (n,): pairs are taken within strata and counted together.
    cluster
        Patient of every row, shape (n,).
    level
        Confidence level.
    method
        ``logit`` (infinitesimal jackknife, influences summed within patients, on the logit scale
        with Student's quantile, patients with an event - 1 degrees of freedom), ``jackknife`` (the
        same variance, symmetric, cut to [0, 1]) or ``bootstrap`` (percentile).
    replicates, rng
        For the bootstrap.

    Examples
    --------
    >>> concordance_index_harrell([1, 2, 3, 4], [1, 1, 0, 1], [4, 2, 3, 1]).value
    0.8
    """
    how = (cluster, level, method, replicates, rng)
    return _estimate(Followed.of(time, event, entry, stratum), risk_score, tau, False, how)


def concordance_index_uno(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Uno's concordance: Harrell's pairs weighted by ``1 / G(t-)**2``, events up to ``tau``.

    Estimand: the chance that of two patients the one with the earlier event before ``tau`` had the
    higher risk, whatever the censoring. G is Kaplan-Meier of censoring in these data. The
    jackknife holds G as known; the bootstrap (2,000 replicates) estimates it anew each time. Late
    entry is not taken: no weights for it are settled.

    Parameters
    ----------
    time, event, risk_score, stratum, cluster, level, method, rng
        As in :func:`concordance_index_harrell`; G is that of all strata.
    tau
        Last event time that counts; undefined beyond follow-up.

    Examples
    --------
    >>> concordance_index_uno([1, 2, 3, 4], [1, 1, 1, 1], [4, 2, 3, 1], tau=3).value
    0.8333333333333334
    """
    how = (cluster, level, method, 2000, rng)
    return _estimate(Followed.of(time, event, None, stratum), risk_score, tau, True, how)


def concordance_difference(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    tau: float = math.inf,
    uno: bool = False,
    entry: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mover",
) -> TestResult:
    """Compare two risk scores on the same rows: concordance of ``first`` minus ``second``.

    The covariance comes from the rows' influences, summed within patients. Other arguments as in
    :func:`concordance_index_harrell`.

    Parameters
    ----------
    first, second
        Risk scores, higher is worse, shape (n,).
    uno
        Whether the concordances are Uno's.
    method
        ``mover`` (from the limits of the two concordances and their correlation; there is none with
        one patient with an event) or ``wald`` (normal quantile of the difference; too narrow with
        few events, and says so).

    Returns
    -------
    TestResult
        ``statistic`` is z, ``p_value`` two-sided and in accord with the interval.

    Raises
    ------
    UsageError
        With ``uno`` and late entry.
    """
    require_level(level)
    data = Followed.of(time, event, entry, stratum)
    a, b = finite_array("first", first), finite_array("second", second)
    same_length(time=data.time, first=a, second=b)
    name = "Uno, difference" if uno else "Harrell, difference"
    return concordance_test(
        data, np.stack([a, b]), (1.0, -1.0), tau=tau, uno=uno, cluster=cluster, method=method,
        name=name, level=level,
    )  # fmt: skip


def concordance_test(
    data: Followed,
    scores: Floats,
    contrast: Sequence[float],
    *,
    tau: float,
    uno: bool,
    cluster: ArrayLike | None,
    method: str,
    name: str,
    level: float,
) -> TestResult:
    """Test a contrast of concordances by the rows' influences; ``scores`` has shape (k, n)."""
    _require_tau(tau)
    refuse_late_uno(data, uno)
    t, status, n, name = data.time, data.status, data.time.size, name + data.told
    found = [concordance_influence(data, score, tau, uno) for score in scores] if n else []
    reason = _beyond(tau, t)
    if reason or not found or math.isnan(found[0][0]):
        return undefined_test(reason or "no pair compares", name, level, n)
    codes = cluster_codes(cluster, n)
    influences = np.stack([influence for _, influence in found])
    sums = cluster_sums(influences, codes, int(codes.max()) + 1)
    covariance = sums @ sums.T
    sizes = _events(codes, status, t, tau), sums.shape[1]
    arms = [Arm(v, float(s), *sizes) for (v, _), s in zip(found, np.diag(covariance), strict=True)]
    return contrast_test(arms, covariance, contrast, method=method, name=name, level=level, n=n)
