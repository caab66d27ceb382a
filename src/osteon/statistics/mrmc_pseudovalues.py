"""Reader studies by analysis of variance of pseudovalues (Dorfman, Berbaum and Metz).

Kept as a check: with Hillis' freedom its tests are those of Obuchowski and Rockette with the
jackknife covariance. Sources: Dorfman, Berbaum and Metz 1992 (Invest Radiol 27:723); Hillis,
Berbaum and Metz 2008 (Acad Radiol 15:647, equivalence and freedom).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import TestResult
from osteon.errors import DataError
from osteon.statistics.checks import Floats, binary_array, number_table, require_level
from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_covariance import areas_left_out
from osteon.statistics.mrmc_error import ErrorTerm
from osteon.statistics.mrmc_result import ReaderAnalysis
from osteon.statistics.mrmc_terms import Effect
from osteon.statistics.roc import auroc_replicates

__all__ = ["PseudovalueAnalysis", "dorfman_berbaum_metz", "pseudovalues"]

SOURCES = ("T", "R", "C", "TR", "TC", "RC", "TRC")


@dataclass(frozen=True, slots=True, eq=False)
class PseudovalueAnalysis:
    """Analysis of variance of the pseudovalues.

    Parameters
    ----------
    sums_of_squares, mean_squares, df
        By source: treatments T, readers R, cases C and their combinations.
    components
        Variances of R, C, TR, TC, RC and the rest (``error``).
    equality
        Test that all treatments are equal; ``statistic`` is F.
    error
        Its denominator, on the scale of mean squares; ``share`` makes it the variance of a
        difference of two treatments' means.
    same_by_covariance
        The same study by :func:`obuchowski_rockette` with ``method="hillis"``.
    """

    sums_of_squares: dict[str, float]
    mean_squares: dict[str, float]
    df: dict[str, int]
    components: dict[str, float]
    equality: TestResult
    error: ErrorTerm
    same_by_covariance: ReaderAnalysis


def pseudovalues(reference_standard: ArrayLike, ratings: ArrayLike) -> Floats:
    """Jackknife pseudovalues of areas, ``n A - (n - 1) A without the case``.

    Parameters
    ----------
    reference_standard
        0 or 1, shape (n,).
    ratings
        Complete, shape (treatments, readers, n).

    Returns
    -------
    ndarray
        Shape (treatments, readers, n).

    Raises
    ------
    DataError
        If a class has a single case: without it there is no area.
    """
    truth = binary_array("reference_standard", reference_standard)
    table = number_table("ratings", ratings, "(treatments, readers, cases)", missing=True)
    if table.shape[2] != truth.size or table.size == 0:
        raise DataError(f"ratings have shape {table.shape}, wanted (t, r, {truth.size})")
    if np.isnan(table).any():
        raise DataError("ratings hold missing values", remedy="obuchowski_rockette takes them")
    if min(int(truth.sum()), int((~truth).sum())) < 2:
        raise DataError("two cases of each class are needed: the jackknife leaves one out")
    n = truth.size
    flat, alone = table.reshape(-1, n), np.arange(n)
    without = np.stack([areas_left_out(truth, row, alone) for row in flat])
    full = np.array([auroc_replicates(truth, row)[0] for row in flat])
    return np.asarray(n * full[:, None] - (n - 1) * without).reshape(table.shape)


def _squares(y: Floats) -> tuple[dict[str, float], dict[str, int]]:
    """Split the squares of a complete three-way layout with one value in each cell."""
    axes = {"T": 0, "R": 1, "C": 2}
    sums: dict[str, float] = {}
    df: dict[str, int] = {}
    for source in SOURCES:
        effect = y
        for letter, axis in axes.items():
            mean = effect.mean(axis=axis, keepdims=True)
            effect = effect - mean if letter in source else mean
        repeats = y.size / effect.size
        sums[source] = repeats * float(np.sum(effect**2))
        df[source] = math.prod(y.shape[axes[letter]] - 1 for letter in source)
    return sums, df


def dorfman_berbaum_metz(
    reference_standard: ArrayLike,
    ratings: ArrayLike,
    *,
    readers: Effect = "random",
    cases: Effect = "random",
    level: float = 0.95,
) -> PseudovalueAnalysis:
    """Compare treatments by an analysis of variance of pseudovalues of areas.

    Parameters
    ----------
    reference_standard, ratings
        As in :func:`pseudovalues`, two or more treatments and readers.
    readers, cases, level
        As in :func:`analyse_readers`. With fixed readers F has (cases - 1) freedom where
        :func:`obuchowski_rockette` takes chi-square.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([0, 1], 30)
    >>> ratings = truth + rng.normal(size=(2, 4, 60))
    >>> found = dorfman_berbaum_metz(truth, ratings)
    >>> same = found.same_by_covariance.equality
    >>> math.isclose(found.equality.p_value, same.p_value, rel_tol=1e-9)
    True
    """
    require_level(level)
    y = pseudovalues(reference_standard, ratings)
    same = obuchowski_rockette(
        reference_standard, ratings, readers=readers, cases=cases, level=level, method="hillis"
    )
    sums, df = _squares(y)
    t, r, c = y.shape
    squares = {k: sums[k] / df[k] for k in SOURCES}
    rest = squares["TRC"]
    components = {
        "R": (squares["R"] - squares["TR"] - squares["RC"] + rest) / (c * t),
        "C": (squares["C"] - squares["TC"] - squares["RC"] + rest) / (t * r),
        "TR": (squares["TR"] - rest) / c,
        "TC": (squares["TC"] - rest) / r,
        "RC": (squares["RC"] - rest) / t,
        "error": rest,
    }
    error = _error(squares, df, readers, cases, 2 / (r * c))
    name = f"Dorfman-Berbaum-Metz, {readers} readers, {cases} cases"
    return PseudovalueAnalysis(
        sums, squares, df, components, _f_test(squares["T"], error, t, name), error, same
    )


def _error(
    squares: dict[str, float], df: dict[str, int], readers: Effect, cases: Effect, share: float
) -> ErrorTerm:
    if readers == "fixed":
        return ErrorTerm(squares["TC"], df["TC"] / df["T"], share, squares["TC"], 0.0)
    spread = squares["TR"]
    added = 0.0 if cases == "fixed" else max(squares["TC"] - squares["TRC"], 0.0)
    term = spread + added
    freedom = df["TR"] * (term / spread) ** 2 if spread > 0 else math.inf
    return ErrorTerm(term, freedom, share, spread, added)


def _f_test(own: float, error: ErrorTerm, t: int, name: str) -> TestResult:
    if not error.term > 0 or math.isinf(error.df):
        return TestResult(math.nan, math.nan, name, None, "readers do not vary: no F")
    statistic = own / error.term
    p_value = float(special.fdtrc(t - 1, error.df, statistic))
    return TestResult(statistic, p_value, f"{name}, F with {t - 1} and {error.df:.2f} df")
