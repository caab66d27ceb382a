"""How many readers and cases a reader study needs.

Sources: Hillis and Berbaum 2004 (Acad Radiol 11:1260); Hillis, Obuchowski and Berbaum 2011 (Acad
Radiol 18:129, one approach for covariance and pseudovalues); Obuchowski, Gallas and Hillis 2012
(Acad Radiol 19:1508, split plots).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from scipy import special

from osteon.errors import UsageError
from osteon.statistics.checks import require_choice, require_level
from osteon.statistics.mrmc_result import VarianceComponents
from osteon.statistics.sample_size import SampleSize

__all__ = [
    "ReaderPower",
    "reader_study_cases",
    "reader_study_plan",
    "reader_study_power",
]

Fixed = Literal["none", "readers", "cases"]


@dataclass(frozen=True, slots=True)
class ReaderPower:
    """Power of a planned reader study, and what it rests on.

    ``df`` is the denominator's freedom (infinite with fixed readers), ``critical`` what the test
    statistic (F, or chi-square) has to exceed.
    """

    power: float
    noncentrality: float
    df: float
    critical: float


def reader_study_power(
    effect: float,
    components: VarianceComponents,
    *,
    pilot_cases: int,
    readers: int,
    cases: int,
    fixed: Fixed = "none",
    groups: int = 1,
    level: float = 0.95,
) -> ReaderPower:
    """Power to find a difference of two treatments, by Hillis' F test.

    The default test of :func:`obuchowski_rockette` is Cochran's, which asks for a little more where
    readers are few.

    Parameters
    ----------
    effect
        True difference of the mean figures.
    components
        From a pilot study (:func:`obuchowski_rockette`) of ``pilot_cases`` cases; the error's
        parts are scaled to ``cases``.
    pilot_cases, readers, cases
        Cases of the pilot; readers and cases planned (same mix of classes).
    fixed
        ``none`` to speak of other readers and cases, ``readers`` or ``cases`` to speak of these.
    groups
        Split plot: so many groups of readers with cases of their own; ``readers`` and ``cases``
        count all groups together and are shared equally.
    level
        1 - the test's level.

    Examples
    --------
    >>> pilot = VarianceComponents(0.0015, 0.0002, 0.0008, 0.00035, 0.00034, 0.00024)
    >>> found = reader_study_power(0.05, pilot, pilot_cases=114, readers=6, cases=251)
    >>> round(found.power, 2)
    0.9
    """
    require_level(level)
    require_choice("fixed", fixed, ("none", "readers", "cases"))
    if groups < 1 or readers < 2 * groups or cases < 2 * groups:
        raise UsageError(
            f"got {readers} readers and {cases} cases in {groups} groups, wanted 2 or more of each"
        )
    if pilot_cases < 2 or math.isnan(effect):
        raise UsageError(f"got {pilot_cases} pilot_cases and an effect of {effect}")
    scale = pilot_cases / (cases / groups)
    between = max(components.treatment_reader, 0.0)
    if not math.isfinite(between + components.error + components.cov1 + components.cov3):
        raise UsageError("components hold NaN", remedy="take them from a factorial pilot study")
    gap = scale * max(components.cov2 - components.cov3, 0.0)
    error = scale * (components.error - components.cov1)
    sharers = readers / groups
    if fixed == "readers":
        return _fixed_readers(effect, error + (sharers - 1) * gap, readers, level)
    own = between + error - gap
    term = own + (0.0 if fixed == "cases" else sharers * gap)
    if not own > 0:
        raise UsageError("the components leave no error variance", remedy="a larger pilot study")
    df = (readers - groups) * (term / own) ** 2
    noncentrality = readers * effect**2 / (2 * term)
    critical = float(special.fdtri(1, df, level))
    missed = float(special.ncfdtr(1, df, noncentrality, critical))
    return ReaderPower(1 - missed, noncentrality, df, critical)


def _fixed_readers(effect: float, term: float, readers: int, level: float) -> ReaderPower:
    if not term > 0:
        raise UsageError("the components leave no error variance", remedy="a larger pilot study")
    noncentrality = readers * effect**2 / (2 * term)
    critical = float(special.chdtri(1, 1 - level))
    missed = float(special.chndtr(critical, 1, noncentrality))
    return ReaderPower(1 - missed, noncentrality, math.inf, critical)


def reader_study_cases(
    effect: float,
    components: VarianceComponents,
    *,
    pilot_cases: int,
    readers: int,
    power: float = 0.8,
    fixed: Fixed = "none",
    groups: int = 1,
    level: float = 0.95,
) -> SampleSize:
    """Cases that give a reader study its power; arguments as in :func:`reader_study_power`.

    Raises
    ------
    UsageError
        If even 100,000 cases do not: more readers are needed.
    """
    if not 0 < power < 1:
        raise UsageError(f"power is {power}, wanted a number in (0, 1)")

    def reached(cases: int) -> float:
        return reader_study_power(
            effect, components, pilot_cases=pilot_cases, readers=readers, cases=cases,
            fixed=fixed, groups=groups, level=level,
        ).power  # fmt: skip

    low, high = 2 * groups, 100_000
    if reached(high) < power:
        raise UsageError(
            f"{readers} readers reach a power of {reached(high):.2f} at most, wanted {power}",
            remedy="plan more readers",
        )
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle + 1, high)
    return SampleSize(low, float(low), "cases", f"Hillis-Obuchowski-Berbaum, {readers} readers")


def reader_study_plan(
    effect: float,
    components: VarianceComponents,
    *,
    pilot_cases: int,
    readers: Iterable[int],
    power: float = 0.8,
    fixed: Fixed = "none",
    groups: int = 1,
    level: float = 0.95,
) -> dict[int, SampleSize | None]:
    """Cases for each number of readers; ``None`` where no number of cases is enough.

    Arguments as in :func:`reader_study_cases`.

    Examples
    --------
    >>> pilot = VarianceComponents(0.0015, 0.0002, 0.0008, 0.00035, 0.00034, 0.00024)
    >>> plan = reader_study_plan(0.05, pilot, pilot_cases=114, readers=[3, 6, 10])
    >>> {readers: size and size.n for readers, size in plan.items()}
    {3: None, 6: 165, 10: 115}
    """
    plan: dict[int, SampleSize | None] = {}
    for count in readers:
        most = reader_study_power(
            effect, components, pilot_cases=pilot_cases, readers=count, cases=100_000,
            fixed=fixed, groups=groups, level=level,
        )  # fmt: skip
        plan[count] = None
        if most.power >= power:
            plan[count] = reader_study_cases(
                effect, components, pilot_cases=pilot_cases, readers=count, power=power,
                fixed=fixed, groups=groups, level=level,
            )  # fmt: skip
    return plan
