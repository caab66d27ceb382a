"""Several readers read the same cases in several ways: Obuchowski-Rockette with Hillis' freedom.

Factorial designs: every reader reads every case in every treatment (arm). Sources: Obuchowski and
Rockette 1995 (Communications in Statistics 24:285); Hillis 2007 (Stat Med 26:596, degrees of
freedom); Hillis, Berbaum and Metz 2008 (Acad Radiol 15:647); Chakraborty 2017, chapter 22 (a
standalone model against readers).
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import Floats, require_choice, require_level
from osteon.statistics.mrmc_covariance import Covariance, Figure, reader_covariance

__all__ = [
    "Effect",
    "ReaderAnalysis",
    "VarianceComponents",
    "analyse_readers",
    "obuchowski_rockette",
    "standalone_against_readers",
]

Effect = Literal["random", "fixed"]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances between readers and the error's covariances, in squared units of the figure.

    ``cov1``: same reader, other treatment; ``cov2``: same treatment, other reader; ``cov3``: both
    differ. Components may be negative.
    """

    reader: float
    treatment_reader: float
    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True, eq=False)
class ReaderAnalysis:
    """Result of a multi-reader multi-case analysis.

    Parameters
    ----------
    values
        Figure of merit, shape (treatments, readers).
    components
        Variance components.
    equality
        Test that all treatments are equal; ``statistic`` is F, or chi-square with fixed readers.
    differences
        For each pair of treatments (i, j), i < j: mean of i minus mean of j.
    means
        Mean over readers of each treatment.
    """

    values: Floats
    components: VarianceComponents
    equality: TestResult
    differences: dict[tuple[int, int], TestResult]
    means: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Mean squares and averaged covariances of t treatments and r readers."""

    values: Floats
    blocks: Floats

    @property
    def t(self) -> int:
        return int(self.values.shape[0])

    @property
    def r(self) -> int:
        return int(self.values.shape[1])

    def mean_squares(self) -> tuple[float, float, float]:
        """Of treatments, readers and their interaction; NaN without freedom."""
        v = self.values
        rows, columns, mean = v.mean(axis=1), v.mean(axis=0), v.mean()
        rest = v - rows[:, None] - columns[None, :] + mean
        t, r = self.t, self.r
        own = r * float(np.sum((rows - mean) ** 2)) / (t - 1) if t > 1 else math.nan
        readers = t * float(np.sum((columns - mean) ** 2)) / (r - 1) if r > 1 else math.nan
        both = float(np.sum(rest**2)) / ((t - 1) * (r - 1)) if min(t, r) > 1 else math.nan
        return own, readers, both

    def covariances(self) -> tuple[float, float, float, float]:
        """Variance, Cov1, Cov2, Cov3; ``blocks`` is (t, r, t, r)."""
        same_t, same_r = np.eye(self.t, dtype=bool), np.eye(self.r, dtype=bool)
        spread = self.blocks.transpose(0, 2, 1, 3)
        picks = ((same_t, same_r), (~same_t, same_r), (same_t, ~same_r), (~same_t, ~same_r))
        found = [spread[a][:, b] for a, b in picks]
        error, cov1, cov2, cov3 = (float(f.mean()) if f.size else 0.0 for f in found)
        return error, cov1, cov2, cov3

    def of_treatment(self, i: int) -> tuple[float, float, float]:
        """Mean square of readers, variance and Cov2 within one treatment."""
        block, r = self.blocks[i, :, i, :], self.r
        cov2 = float((block.sum() - np.trace(block)) / (r * (r - 1))) if r > 1 else 0.0
        spread = float(self.values[i].var(ddof=1)) if r > 1 else math.nan
        return spread, float(np.trace(block) / r), cov2


@dataclass(frozen=True, slots=True)
class _Error:
    """Error term of a contrast of treatment means: variance for one reader, freedom."""

    term: float
    df: float


def _error(layout: _Layout, readers: Effect, cases: Effect) -> _Error:
    _, _, interaction = layout.mean_squares()
    error, cov1, cov2, cov3 = layout.covariances()
    t, r = layout.t, layout.r
    if readers == "fixed":
        return _Error(error - cov1 + (r - 1) * max(cov2 - cov3, 0.0), math.inf)
    if cases == "fixed":
        return _Error(interaction, (t - 1) * (r - 1))
    term = interaction + max(r * (cov2 - cov3), 0.0)
    df = term**2 / (interaction**2 / ((t - 1) * (r - 1))) if interaction > 0 else math.inf
    return _Error(term, df)


def _mean_error(layout: _Layout, i: int, readers: Effect, cases: Effect) -> _Error:
    spread, error, cov2 = layout.of_treatment(i)
    r = layout.r
    if readers == "fixed":
        return _Error(error + (r - 1) * max(cov2, 0.0), math.inf)
    if cases == "fixed":
        return _Error(spread, r - 1)
    term = spread + max(r * cov2, 0.0)
    return _Error(term, (r - 1) * (term / spread) ** 2 if spread > 0 else math.inf)


def _quantile(df: float, level: float) -> float:
    tail = (1 + level) / 2
    return float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))


def _two_sided(t: float, df: float) -> float:
    return float(2 * (special.ndtr(-abs(t)) if math.isinf(df) else special.stdtr(df, -abs(t))))


def _interval(value: float, error: _Error, share: float, how: tuple[float, str, int]) -> Estimate:
    level, name, n = how
    half = _quantile(error.df, level) * math.sqrt(max(error.term, 0.0) * share)
    return Estimate(value, value - half, value + half, level, name, n)


def _inside(mean: Estimate) -> Estimate:
    """Cut the interval of a figure that lies in [0, 1] to it."""
    if not 0 <= mean.value <= 1:
        return mean
    return replace(mean, low=max(0.0, mean.low), high=min(1.0, mean.high))


def analyse_readers(
    values: ArrayLike,
    covariance: ArrayLike,
    *,
    readers: Effect = "random",
    cases: Effect = "random",
    level: float = 0.95,
) -> ReaderAnalysis:
    """Analyse figures of merit and their covariance over cases.

    Parameters
    ----------
    values
        Shape (treatments, readers), at least two of each.
    covariance
        Shape (treatments * readers, treatments * readers), treatments slowest: covariance of the
        figures when cases are drawn anew.
    readers, cases
        ``random`` to speak of other readers (cases) too, ``fixed`` to speak of these alone; not
        both fixed.
    level
        Confidence level.

    Returns
    -------
    ReaderAnalysis
        With random readers, Hillis' denominator degrees of freedom.
    """
    require_level(level)
    for name, effect in (("readers", readers), ("cases", cases)):
        require_choice(name, effect, ("random", "fixed"))
    if readers == cases == "fixed":
        raise DataError("readers and cases are both fixed: there is nothing left that varies")
    table, matrix = np.asarray(values, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise DataError(f"values have shape {table.shape}, wanted (treatments, readers), 2 or more")
    if matrix.shape != (table.size, table.size):
        raise DataError(f"covariance has shape {matrix.shape}, wanted {(table.size, table.size)}")
    layout = _Layout(table, matrix.reshape(*table.shape, *table.shape))
    t, r = layout.t, layout.r
    own, by_reader, interaction = layout.mean_squares()
    error, cov1, cov2, cov3 = layout.covariances()
    components = VarianceComponents(
        reader=(by_reader - interaction) / t - cov1 + cov3,
        treatment_reader=interaction - error + cov1 + cov2 - cov3,
        error=error,
        cov1=cov1,
        cov2=cov2,
        cov3=cov3,
    )
    name = f"Obuchowski-Rockette, {readers} readers, {cases} cases"
    contrast = _error(layout, readers, cases)
    means = table.mean(axis=1)
    how = (level, name, r)
    differences = {}
    for i in range(t):
        for j in range(i + 1, t):
            gap = _interval(float(means[i] - means[j]), contrast, 2 / r, how)
            differences[i, j] = _t_test(gap, contrast, 2 / r)
    averages = tuple(
        _inside(_interval(float(means[i]), _mean_error(layout, i, readers, cases), 1 / r, how))
        for i in range(t)
    )
    return ReaderAnalysis(
        table, components, _equality(own, contrast, t, name), differences, averages
    )


def _t_test(gap: Estimate, error: _Error, share: float) -> TestResult:
    se = math.sqrt(max(error.term, 0.0) * share)
    if se == 0:
        reason = "the error term is zero"
        return TestResult(math.nan, math.nan, gap.method, gap, reason)
    statistic = gap.value / se
    method = gap.method + (", z" if math.isinf(error.df) else f", t with {error.df:.2f} df")
    return TestResult(statistic, _two_sided(statistic, error.df), method, gap)


def _equality(own: float, error: _Error, t: int, name: str) -> TestResult:
    if error.term <= 0:
        return TestResult(math.nan, math.nan, name, None, "the error term is not positive")
    if math.isinf(error.df):
        statistic = (t - 1) * own / error.term
        p_value = float(special.chdtrc(t - 1, statistic))
        return TestResult(statistic, p_value, f"{name}, chi-square with {t - 1} df")
    statistic = own / error.term
    p_value = float(special.fdtrc(t - 1, error.df, statistic))
    return TestResult(statistic, p_value, f"{name}, F with {t - 1} and {error.df:.2f} df")


def obuchowski_rockette(
    reference_standard: ArrayLike,
    ratings: ArrayLike,
    *,
    figure: Figure = "auroc",
    covariance: Covariance = "jackknife",
    readers: Effect = "random",
    cases: Effect = "random",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> ReaderAnalysis:
    """Compare treatments (arms, or model-aided and unaided reading) over readers and cases.

    Estimand: difference of the treatments' mean figure of merit over readers, for the population
    of readers and of cases that are ``random``.

    Parameters
    ----------
    reference_standard
        0 or 1 for every case, shape (n,).
    ratings
        Shape (treatments, readers, n), complete; 0/1 calls for sensitivity, specificity, accuracy.
    figure
        ``auroc``, ``sensitivity``, ``specificity`` or ``accuracy``.
    covariance
        ``jackknife``, ``delong`` or ``unbiased`` (the last two for ``auroc``).
    readers, cases, level
        As in :func:`analyse_readers`.
    cluster
        Patient of every case, shape (n,): the jackknife leaves whole patients out, ``delong``
        becomes Obuchowski's 1997 covariance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([0, 1], 40)
    >>> skill = np.array([1.5, 0.8])[:, None, None]
    >>> ratings = skill * truth + rng.normal(size=(2, 4, 80))
    >>> analysis = obuchowski_rockette(truth, ratings)
    >>> analysis.differences[0, 1].difference.low > 0
    True
    """
    values, matrix = reader_covariance(
        reference_standard, ratings, figure=figure, method=covariance, cluster=cluster
    )
    return analyse_readers(values, matrix, readers=readers, cases=cases, level=level)


def standalone_against_readers(
    reference_standard: ArrayLike,
    model: ArrayLike,
    readers: ArrayLike,
    *,
    figure: Figure = "auroc",
    margin: float = 0.0,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> TestResult:
    """Compare a model with a population of readers (random readers, random cases).

    Estimand: figure of the model minus the readers' mean figure. With d_k the model minus reader k,
    the standard error is ``sqrt((var(d) + max(K Cov2, 0)) / K)``, Cov2 the mean covariance of two
    readers' differences by jackknife, with Hillis' degrees of freedom; for one reader the jackknife
    variance of the difference and the normal quantile.

    Parameters
    ----------
    reference_standard
        Shape (n,).
    model
        Scores (or calls) of the model, shape (n,).
    readers
        Ratings (or calls), shape (K, n).
    figure, cluster
        As in :func:`obuchowski_rockette`.
    margin
        Above 0 asks for non-inferiority: the p value is then one-sided against -margin.

    Returns
    -------
    TestResult
        ``difference`` is model minus readers.
    """
    require_level(level)
    own, others = np.asarray(model, dtype=np.float64), np.atleast_2d(np.asarray(readers))
    if own.ndim != 1 or others.shape[1:] != own.shape:
        raise DataError(f"model has shape {own.shape}, readers {others.shape}, wanted (n,), (K, n)")
    stacked = np.vstack([own[None, :], others])[None, :, :]
    values, matrix = reader_covariance(reference_standard, stacked, figure=figure, cluster=cluster)
    k = len(others)
    contrast = np.hstack([np.ones((k, 1)), -np.eye(k)])
    gaps, spread = contrast @ values[0], contrast @ matrix @ contrast.T
    if k == 1:
        error = _Error(float(spread[0, 0]), math.inf)
    else:
        cov2 = float((spread.sum() - np.trace(spread)) / (k * (k - 1)))
        between = float(gaps.var(ddof=1))
        term = between + max(k * cov2, 0.0)
        error = _Error(term, (k - 1) * (term / between) ** 2 if between > 0 else math.inf)
    name = f"model against {k} readers, random readers and cases"
    gap = _interval(float(gaps.mean()), error, 1 / k, (level, name, k))
    if margin == 0 or error.term <= 0:
        return _t_test(gap, error, 1 / k)
    statistic = (gap.value + margin) / math.sqrt(error.term / k)
    one_sided = special.ndtr(-statistic) if math.isinf(error.df) else special.stdtr(
        error.df, -statistic
    )  # fmt: skip
    method = f"{name}, one-sided against a margin of {margin:g}"
    return TestResult(statistic, float(one_sided), method, gap)
