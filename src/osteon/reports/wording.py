"""How numbers, subsets and predictors are written for a reader."""

import math

from osteon.core.records import Estimate
from osteon.reports.baselines import BASELINE_TITLES
from osteon.reports.records import Series

__all__ = [
    "SUBSET_TITLES",
    "decimals",
    "interval",
    "is_share",
    "number",
    "p_value_text",
    "predictor_title",
    "rule_title",
]

SUBSET_TITLES = {
    "training": "Training",
    "tuning": "Tuning",
    "internal_test": "Internal test",
    "external_test": "External test",
}
_RULES = {
    "closest_to_corner": "Closest to the corner",
    "youden": "Youden",
    "fixed_sensitivity": "Fixed sensitivity",
    "fixed_specificity": "Fixed specificity",
    "given": "Given beforehand",
}
_NOT_SHARES = (
    "auroc", "kappa", "brier", "slope", "intercept", "iou_mean", "iou_sd", "iou_minimum",
    "concordance", "brier_ipcw", "oe", "rate",
)  # fmt: skip
_THREE_DIGITS = ("auroc", "concordance", "brier_ipcw")
_COUNTS = ("missed", "extra", "days")


def predictor_title(series: Series) -> str:
    """Say which predictor and whose boxes."""
    if series.predictor == "model":
        return f"Model, {series.box_source} boxes"
    return BASELINE_TITLES.get(series.predictor, series.predictor)


def rule_title(rule: str, target: float | None = None) -> str:
    """Say how a threshold was chosen."""
    title = _RULES.get(rule, rule)
    return title if target is None else f"{title} {target * 100:g} %"


def is_share(measure_id: str) -> bool:
    """Whether a measure is written in per cent."""
    parts = measure_id.split(".")
    return not any(part in _NOT_SHARES + _COUNTS for part in parts)


def decimals(measure_id: str) -> int:
    """Digits after the point a measure is written with."""
    parts = measure_id.split(".")
    if any(part in _COUNTS for part in parts):
        return 0
    return 1 if is_share(measure_id) else 3 if any(p in _THREE_DIGITS for p in parts) else 2


def number(value: float, measure_id: str) -> str:
    """Write a value in the measure's unit: per cent without the sign, or a plain number.

    Examples
    --------
    >>> number(0.9371, "binary.accuracy"), number(0.9752, "binary.auroc")
    ('93.7', '0.975')
    """
    if math.isnan(value):
        return "–"
    text = f"{value * (100 if is_share(measure_id) else 1):.{decimals(measure_id)}f}"
    is_zero = not text.strip("-0.")
    return text.replace("-", "" if is_zero else "−")


def interval(estimate: Estimate, measure_id: str) -> str:
    """Write the limits, e.g. ``(90.8, 96.5)``; empty where there are none."""
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return ""
    return f"({number(estimate.low, measure_id)}, {number(estimate.high, measure_id)})"


def p_value_text(p_value: float) -> str:
    """Write a p value with three digits, an en dash where there is none.

    Examples
    --------
    >>> p_value_text(0.04211), p_value_text(2e-9)
    ('0.042', '< 0.001')
    """
    if math.isnan(p_value):
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
