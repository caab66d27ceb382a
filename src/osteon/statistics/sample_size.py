"""How many are needed: precision of a share, areas, kappa.

Sources: Wald (precision of a proportion); Obuchowski and McClish 1997 (Stat Med 16:1529, area);
Hanley and McNeil 1982 (Radiology 143:29, standard error of an area); Donner and Eliasziw 1992
(Stat Med 11:1511, kappa). Reader studies are in ``mrmc_sizing``, prediction models in
``sample_size_model``.
"""

import math
from dataclasses import dataclass

from scipy import special

from osteon.errors import UsageError
from osteon.statistics.checks import require_level

__all__ = [
    "SampleSize",
    "auroc_power",
    "hanley_mcneil_se",
    "sample_size_auroc",
    "sample_size_auroc_difference",
    "sample_size_kappa",
    "sample_size_proportion",
]


@dataclass(frozen=True, slots=True)
class SampleSize:
    """A number of units: rounded up, as computed, and what is counted."""

    n: int
    unrounded: float
    unit: str
    method: str


def _rounded(value: float, unit: str, method: str) -> SampleSize:
    return SampleSize(math.ceil(value - 1e-9), value, unit, method)


def _open(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise UsageError(f"{name} is {value}, wanted a number in (0, 1)")
    return value


def _z(level: float) -> float:
    return float(special.ndtri((1 + require_level(level)) / 2))


def sample_size_proportion(
    expected: float, half_width: float, *, level: float = 0.95, design_effect: float = 1.0
) -> SampleSize:
    """Units for a proportion to be known to within ``half_width`` (Wald).

    ``z**2 p (1 - p) / half_width**2``, times the design effect of clustered units. For sensitivity
    these are diseased units, for specificity units without disease: not their sum.

    Examples
    --------
    >>> size = sample_size_proportion(0.90, 0.05)
    >>> size.n, round(size.unrounded, 2)
    (139, 138.29)
    """
    p = _open("expected", expected)
    if half_width <= 0 or design_effect <= 0:
        raise UsageError("half_width and design_effect must be above 0")
    value = _z(level) ** 2 * p * (1 - p) / half_width**2 * design_effect
    return _rounded(value, "units", "Wald precision")


def hanley_mcneil_se(area: float, n_positive: float, n_negative: float) -> float:
    """Expect this standard error of an area with so many of each class (exponential scores).

    Examples
    --------
    >>> round(hanley_mcneil_se(0.893, 51, 58), 3)
    0.033
    """
    _open("area", area)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n_positive - 1) * (q1 - area**2)
    spread += (n_negative - 1) * (q2 - area**2)
    return math.sqrt(spread / (n_positive * n_negative))


def _area_variances(area: float, ratio: float) -> tuple[float, float]:
    """Variance for one positive at chance and at this area (Obuchowski and McClish)."""
    a = float(special.ndtri(area)) * 1.414
    own = 0.0099 * math.exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio)
    return 0.0792 * (1 + 1 / ratio), own


def sample_size_auroc(
    area: float, *, power: float = 0.9, ratio: float = 1.0, level: float = 0.95
) -> SampleSize:
    """Positives needed to tell an area from 0.5; there are ``ratio`` negatives for each.

    Examples
    --------
    >>> sample_size_auroc(0.8, power=0.95, ratio=1.7).n
    17
    """
    _open("area", area)
    _open("power", power)
    chance, own = _area_variances(area, ratio)
    needed = _z(level) * math.sqrt(chance) + float(special.ndtri(power)) * math.sqrt(own)
    return _rounded((needed / (area - 0.5)) ** 2, "positives", "area against 0.5")


def sample_size_auroc_difference(
    first: float,
    second: float,
    *,
    correlation: float = 0.5,
    power: float = 0.9,
    ratio: float = 1.0,
    level: float = 0.95,
) -> SampleSize:
    """Positives needed to tell two areas of the same rows apart (paired, binormal scores).

    Parameters
    ----------
    first, second
        Expected areas, different.
    correlation
        Of the two scores among positives, and among negatives.
    power
        Of the two-sided test.
    ratio
        Negatives for each positive.
    level
        1 - the test's level.

    Examples
    --------
    >>> sample_size_auroc_difference(0.9, 0.8, correlation=0.5, power=0.8).n
    61
    """
    _open("first", first)
    _open("second", second)
    _open("power", power)
    if first == second or not -1 < correlation < 1 or ratio <= 0:
        raise UsageError("wanted two different areas, a correlation in (-1, 1), a ratio above 0")
    middle = (first + second) / 2
    chance = _difference_variance(middle, middle, correlation, ratio)
    own = _difference_variance(first, second, correlation, ratio)
    needed = _z(level) * math.sqrt(chance) + float(special.ndtri(power)) * math.sqrt(own)
    return _rounded((needed / (first - second)) ** 2, "positives", "paired areas, binormal")


def _difference_variance(first: float, second: float, r: float, ratio: float) -> float:
    """Variance for one positive of the difference of two binormal areas (slopes 1)."""
    a = [math.sqrt(2) * float(special.ndtri(area)) for area in (first, second)]
    f = [math.exp(-x * x / 4) / math.sqrt(4 * math.pi) for x in a]
    g = [-x * math.exp(-x * x / 4) / math.sqrt(16 * math.pi) for x in a]
    spread = sum(
        fi**2 * (1 + 1 / ratio + x * x / 2) + gi**2 * (1 + ratio) / (2 * ratio)
        - 2 * fi * gi * -x / 2 for x, fi, gi in zip(a, f, g, strict=True)
    )  # fmt: skip
    shared = f[0] * f[1] * (r + r / ratio + r * r * a[0] * a[1] / 2)
    shared += g[0] * g[1] * r * r * (1 + ratio) / (2 * ratio)
    shared += r * r / 2 * (f[0] * g[1] * a[0] + f[1] * g[0] * a[1])
    return spread - 2 * shared


def auroc_power(area: float, n_positive: int, n_negative: int, *, level: float = 0.95) -> float:
    """Power to tell an area from 0.5 with so many of each class."""
    _open("area", area)
    chance, own = _area_variances(area, n_negative / n_positive)
    reached = math.sqrt(n_positive) * abs(area - 0.5) - _z(level) * math.sqrt(chance)
    return float(special.ndtr(reached / math.sqrt(own)))


def sample_size_kappa(
    kappa: float, half_width: float, *, prevalence: float = 0.5, level: float = 0.95
) -> SampleSize:
    """Subjects for the kappa of two readers and two classes to be known to within ``half_width``.

    ``prevalence`` is the share either reader calls positive (common to both).
    """
    p = _open("prevalence", prevalence)
    if not -1 < kappa < 1 or half_width <= 0:
        raise UsageError("wanted -1 < kappa < 1 and half_width above 0")
    spread = (1 - kappa) * ((1 - kappa) * (1 - 2 * kappa) + kappa * (2 - kappa) / (2 * p * (1 - p)))
    return _rounded(_z(level) ** 2 * spread / half_width**2, "subjects", "kappa precision")
