"""From numbers, estimates, tests and curves to JSON types and back; not-a-number becomes null."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Curve, Estimate, TestResult

__all__ = [
    "curve_from_json",
    "curve_to_json",
    "estimate_from_json",
    "number_from_json",
    "plain",
    "result_from_json",
]

_ARRAYS = ("x", "y", "low", "high", "threshold")


def plain(value: Any) -> Any:
    """Make JSON types of a record, however deep; infinite numbers become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Curve):
        return curve_to_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def number_from_json(value: Any) -> float:
    """Read a number; null is not-a-number."""
    return math.nan if value is None else float(value)


def estimate_from_json(item: Mapping[str, Any]) -> Estimate:
    """Read an estimate."""
    numbers = {name: number_from_json(item[name]) for name in ("value", "low", "high")}
    return Estimate(**{**item, **numbers})


def result_from_json(item: Mapping[str, Any]) -> TestResult:
    """Read the result of a test."""
    result = dict(item)
    difference = result["difference"]
    result["difference"] = None if difference is None else estimate_from_json(difference)
    for name in ("statistic", "p_value"):
        result[name] = number_from_json(result[name])
    return TestResult(**result)


def curve_to_json(curve: Curve) -> dict[str, Any]:
    """Write a curve, its arrays as lists."""
    arrays = {name: getattr(curve, name) for name in _ARRAYS}
    return {
        "x_name": curve.x_name,
        "y_name": curve.y_name,
        "method": curve.method,
        "n": curve.n,
        **{name: None if a is None else plain(a.tolist()) for name, a in arrays.items()},
    }


def curve_from_json(item: Mapping[str, Any]) -> Curve:
    """Read a curve; further keys are not looked at."""
    x, y, low, high = (_array(item[name]) for name in _ARRAYS[:4])
    threshold = None if item["threshold"] is None else _array(item["threshold"])
    words = {name: item[name] for name in ("x_name", "y_name", "method", "n")}
    return Curve(x, y, low, high, threshold=threshold, **words)


def _array(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([number_from_json(value) for value in values], np.float64)
