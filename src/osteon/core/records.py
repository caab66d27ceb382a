"""Records that travel between rooms: estimates, test results, curves, exclusions."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve", "Estimate", "Exclusion", "Level", "TestResult"]

Level = Literal["file", "image", "hip", "patient"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval, or NaN with the reason why there is none.

    Parameters
    ----------
    value
        The point estimate, in the unit of the statistic that made it.
    low, high
        Limits of the interval; NaN when the interval is not defined.
    level
        Confidence level, in (0, 1).
    method
        How the interval was made, e.g. ``"wilson"`` or ``"cluster bootstrap (2000)"``.
    n
        Number of observations behind the value, at least 0.
    reason
        Why the value (or its interval) is NaN; ``None`` when all is well.

    Raises
    ------
    ValueError
        If the level is outside (0, 1), the limits are crossed, or a NaN has no reason.

    Examples
    --------
    >>> Estimate(0.9, 0.85, 0.94, 0.95, "wilson", 200).formatted(2)
    '0.90 (0.85, 0.94)'
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    n: int
    reason: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}, wanted a number in (0, 1)")
        if self.n < 0:
            raise ValueError(f"n is {self.n}, wanted at least 0")
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        has_nan = any(math.isnan(x) for x in (self.value, self.low, self.high))
        if has_nan and not self.reason:
            raise ValueError("an estimate with NaN needs the reason why")

    @classmethod
    def undefined(cls, reason: str, *, level: float, method: str, n: int) -> "Estimate":
        """Make the estimate that says why there is no value."""
        return cls(math.nan, math.nan, math.nan, level, method, n, reason)

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    def formatted(self, digits: int = 3, *, scale: float = 1.0) -> str:
        """Write ``value (low, high)``; an undefined value is an en dash."""
        if not self.is_defined:
            return "–"
        text = f"{self.value * scale:.{digits}f}"
        if math.isnan(self.low) or math.isnan(self.high):
            return text
        return f"{text} ({self.low * scale:.{digits}f}, {self.high * scale:.{digits}f})"


@dataclass(frozen=True, slots=True)
class TestResult:
    """Outcome of a hypothesis test.

    ``statistic`` is in the test's own unit, ``p_value`` in [0, 1] (two-sided unless ``method``
    says otherwise), ``difference`` the effect with its interval where the test has one.
    """

    __test__ = False  # the name starts with Test, and pytest would collect it

    statistic: float
    p_value: float
    method: str
    difference: Estimate | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.p_value):
            if not self.reason:
                raise ValueError("a test without a p value needs the reason why")
        elif not 0 <= self.p_value <= 1:
            raise ValueError(f"p_value is {self.p_value}, wanted a number in [0, 1]")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve with a band: ``y`` (and ``low``, ``high``) at every ``x``; all of shape (k,).

    ``threshold`` holds the operating point behind each ``x`` where there is one.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    x_name: str
    y_name: str
    method: str
    n: int
    threshold: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shapes = {self.x.shape, self.y.shape, self.low.shape, self.high.shape}
        if self.threshold is not None:
            shapes.add(self.threshold.shape)
        if len(shapes) != 1 or self.x.ndim != 1:
            raise ValueError(f"a curve needs one-dimensional arrays of one length, got {shapes}")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Something that was not taken, and why: a value that is counted, never a crash.

    Parameters
    ----------
    level
        What was left out: a ``file``, ``image``, ``hip`` or ``patient``.
    key
        Its path, UID, case id or patient id.
    stage
        The stage that left it out, e.g. ``"ingest"``.
    reason
        A stable code in snake_case, e.g. ``"not_dicom"``; tables group by it.
    detail
        One sentence for a person.
    """

    level: Level
    key: str
    stage: str
    reason: str
    detail: str
