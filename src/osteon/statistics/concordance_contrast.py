"""Contrasts of several concordances on the same patients: by their limits, or by the bootstrap.

In every bootstrap replicate the same patients are drawn for all scores, so that what they share
cancels. Replicates are draws of one estimate, not patients, and no test may count them as such.
Sources: Harrell et al. 1996 (Stat Med 15:361); Uno et al. 2011 (Stat Med 30:1105); Davison and
Hinkley 1997, section 3.8 (clusters); the limits are those of :mod:`osteon.statistics.contrast`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.bootstrap import summarise
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    number_table,
    require_choice,
    require_generator,
    require_level,
    same_length,
)
from osteon.statistics.comparison import undefined_test
from osteon.statistics.concordance import concordance_test
from osteon.statistics.concordance_pairs import Followed
from osteon.statistics.limits import warning
from osteon.statistics.resampling import Resampling, replicate_values

__all__ = ["ConcordanceContrast", "concordance_contrast", "replicates_as_patients"]

METHODS = ("mover", "wald", "bootstrap")
FEW = 20  # patients with an event: below it the percentiles hold less than they say


@dataclass(frozen=True, slots=True, eq=False)
class ConcordanceContrast:
    """The test, and the contrast in every bootstrap replicate; shape (0,) where none was drawn."""

    test: TestResult
    replicates: Floats


def concordance_contrast(
    time: ArrayLike,
    event: ArrayLike,
    scores: ArrayLike,
    contrast: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    tau: float = math.inf,
    uno: bool = False,
    entry: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "mover",
) -> ConcordanceContrast:
    """Sum of ``contrast[k]`` times the concordance of ``scores[k]``, on the same patients.

    ``(1, -1)`` is a difference; ``(1, -1/3, -1/3, -1/3)`` a score against the mean of three.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`, shape (n,).
    scores
        Risk scores of the same rows, higher is worse, shape (k, n).
    contrast
        Weight of each score's concordance, shape (k,).
    tau, uno, entry, stratum
        As in :func:`concordance_replicates`.
    cluster, replicates, level
        As in :func:`bootstrap`.
    rng
        With a generator the paired bootstrap's replicates are drawn and kept.
    method
        ``mover`` or ``wald`` as in :func:`concordance_difference`, or ``bootstrap`` (paired, whole
        patients: percentiles, and the p value of the contrast over the replicates' standard
        deviation; too narrow with few events, and says so), which needs ``rng``.

    Returns
    -------
    ConcordanceContrast
        ``test`` has z, its two-sided p value, and the contrast with its interval.

    Examples
    --------
    >>> scores = [[4, 2, 3, 1], [1, 1, 1, 1]]
    >>> found = concordance_contrast([1, 2, 3, 4], [1, 1, 0, 1], scores, [1, -1])
    >>> round(found.test.difference.value, 3)
    0.3
    """
    require_level(level)
    require_choice("method", method, METHODS)
    data = Followed.of(time, event, entry, stratum)
    table = number_table("scores", scores, "(scores, n)")
    shares = np.asarray(contrast, dtype=np.float64)
    n = same_length(time=data.time, scores=table)
    if shares.shape != (len(table),):
        raise DataError(f"contrast has shape {shares.shape}, wanted ({len(table)},)")
    wanted = rng is not None or method == "bootstrap"
    name = ("Uno" if uno else "Harrell") + " contrast"
    if n == 0 or not (data.status == 1).any():
        reason = "no rows" if n == 0 else "no event: no pair compares"
        nothing = np.full(replicates if wanted else 0, np.nan)
        return ConcordanceContrast(undefined_test(reason, name + data.told, level, n), nothing)

    def statistic(_: Codes, *, weights: Floats) -> Floats:
        parts = [data.concordance(score, tau, uno, weights) for score in table]
        return np.asarray(shares @ np.stack(parts))

    drawn, rows = np.zeros(0), np.arange(n)
    if wanted:
        plan = Resampling.of(n, cluster)
        drawn = replicate_values(statistic, (rows,), plan, replicates, require_generator(rng))
    if method != "bootstrap":
        test = concordance_test(
            data, table, shares.tolist(), tau=tau, uno=uno, cluster=cluster, method=method,
            name=name, level=level,
        )  # fmt: skip
        return ConcordanceContrast(test, drawn)
    point = float(statistic(rows, weights=np.ones((1, n)))[0])
    events = int(np.unique(cluster_codes(cluster, n)[data.status == 1]).size)
    name += f", paired bootstrap of patients{data.told}" + warning(events, FEW)
    gap = summarise(drawn, point, level=level, method=f"{name}, {replicates}", n=n)
    return ConcordanceContrast(_test(gap, drawn, name), drawn)


def _test(gap: Estimate, drawn: Floats, name: str) -> TestResult:
    defined = drawn[~np.isnan(drawn)]
    if math.isnan(gap.value) or math.isnan(gap.low):
        return TestResult(math.nan, math.nan, name, gap, gap.reason)
    spread = float(defined.std(ddof=1)) if defined.size > 1 else 0.0
    if spread == 0:
        return TestResult(0.0, 1.0, name, gap, "the scores order every pair alike")
    z = gap.value / spread
    return TestResult(z, float(2 * special.ndtr(-abs(z))), name, gap)


def replicates_as_patients(differences: ArrayLike) -> TestResult:
    """Paired t test over bootstrap replicates, as some papers print it: **not a valid test**.

    Replicates are drawn from one set of patients; their number is chosen by the analyst, and t
    grows with its square root whatever the patients say. Kept to show, beside a valid test, what
    such a p value is worth.

    Parameters
    ----------
    differences
        Difference in every replicate, shape (replicates,); undefined ones are left out.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    name = "INVALID: paired t test over bootstrap replicates"
    if values.size < 2 or np.ptp(values) == 0:
        reason = "fewer than two different replicates"
        return TestResult(math.nan, math.nan, name, None, reason)
    found = stats.ttest_1samp(values, 0.0)
    return TestResult(float(found.statistic), float(found.pvalue), name)
