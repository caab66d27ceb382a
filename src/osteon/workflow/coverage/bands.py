"""Bands of curves: a pointwise one is to hold one point, a simultaneous one the whole curve."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.statistics.calibration import reliability_curve
from osteon.statistics.calibration_censored import (
    calibration_curve_censored,
    smooth_calibration_curve_censored,
)
from osteon.statistics.calibration_smooth import smooth_calibration_curve
from osteon.statistics.checks import Floats
from osteon.statistics.competing import aalen_johansen
from osteon.statistics.froc_curves import froc_curve
from osteon.statistics.roc_bands import roc_band
from osteon.statistics.survival_curves import kaplan_meier, nelson_aalen
from osteon.workflow.coverage.detection import ALLOWED, draw_marks, found_at
from osteon.workflow.coverage.draws import (
    HORIZON,
    MASSES,
    NODES,
    SHIFT,
    at_point,
    both_classes,
    clustered_normal,
    event_rate,
    followed,
    patients,
    risks,
    true_risk,
    worst_point,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["BANDS", "event_free_at"]

REPLICATES, FEW_REPLICATES = 400, 100


def _roc(
    design: Design, rng: np.random.Generator, at: float | None, method: str = "imagined"
) -> tuple[Estimate, float]:
    """Sensitivity at one false-positive fraction, or the whole curve."""
    truth = both_classes(design)
    curve = roc_band(
        truth,
        clustered_normal(design, rng) + SHIFT * truth,
        rng=rng,
        cluster=patients(design),
        replicates=REPLICATES,
        kind="simultaneous" if at is None else "pointwise",
        method=method,
    )
    heights = special.ndtr(special.ndtri(curve.x) + SHIFT)
    if at is None:
        return worst_point(curve, heights)
    place = int(np.searchsorted(curve.x, at - 1e-9))
    return at_point(curve, place), float(heights[place])


def _froc(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    curve = froc_curve(
        draw_marks(design, rng), rng=rng, cluster=patients(design), grid=[ALLOWED],
        replicates=REPLICATES,
    )  # fmt: skip
    return at_point(curve, 0), found_at(ALLOWED)


def _reliability(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Observed share in one of the bins; the truth is the mean probability there."""
    curve = reliability_curve(*risks(design, rng), cluster=patients(design))
    place = int(rng.integers(curve.x.size))
    return at_point(curve, place), float(curve.x[place])


def _reliability_censored(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    risk = -np.expm1(-event_rate(design.prevalence) * np.exp(score))
    curve = calibration_curve_censored(t, status, risk, HORIZON, n_bins=5)
    place = int(rng.integers(curve.x.size))
    return at_point(curve, place), float(curve.x[place])


def _at_median(curve: Curve, given: Floats) -> tuple[Estimate, float]:
    """Take the curve where the median prediction lies; the truth is the diagonal."""
    place = int(np.argmin(np.abs(curve.x - np.median(given))))
    return at_point(curve, place), float(curve.x[place])


def _smooth(
    design: Design, rng: np.random.Generator, method: str = "effective"
) -> tuple[Estimate, float]:
    truth, chance = risks(design, rng)
    curve = smooth_calibration_curve(
        truth, chance, rng=rng, cluster=patients(design), replicates=FEW_REPLICATES, method=method
    )
    return _at_median(curve, chance)


def _smooth_censored(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    given = true_risk(design.prevalence, score)
    curve = smooth_calibration_curve_censored(t, status, given, HORIZON, cluster=patients(design))
    return _at_median(curve, given)


def _followed(
    design: Design,
    rng: np.random.Generator,
    of: Callable[..., Curve],
    truth: Callable[[float], float],
) -> tuple[Estimate, float]:
    """Height at half the horizon, where events can be few."""
    t, status, _ = followed(design, rng)
    curve, time = of(t, status), HORIZON / 2
    place = int(np.searchsorted(curve.x, time, side="right")) - 1
    return at_point(curve, place), truth(event_free_at(design.prevalence, time))


def _lost(event_free: float) -> float:
    return 1 - event_free


def _hazard(event_free: float) -> float:
    return -math.log(event_free)


@cache
def event_free_at(prevalence: float, time: float) -> float:
    """Share without the event at a time, in all such studies."""
    return float(MASSES @ np.exp(-event_rate(prevalence) * time * np.exp(NODES)))


BANDS = (
    Interval("reliability_curve, one of ten bins", _reliability),
    Interval(
        "calibration_curve_censored, one of five groups",
        _reliability_censored,
        runs=0.2,
        clusters=False,
    ),
    Interval("smooth_calibration_curve, at the median", _smooth, runs=0.5),
    Interval(
        "smooth_calibration_curve, at the median, bootstrap",
        partial(_smooth, method="bootstrap"),
        runs=0.1,
        is_default=False,
    ),
    Interval("smooth_calibration_curve_censored, at the median", _smooth_censored, runs=0.5),
    Interval(
        "kaplan_meier, at half the horizon",
        partial(_followed, of=kaplan_meier, truth=float),
        clusters=False,
    ),
    Interval(
        "aalen_johansen, at half the horizon",
        partial(_followed, of=aalen_johansen, truth=_lost),
        clusters=False,
    ),
    Interval(
        "nelson_aalen, at half the horizon",
        partial(_followed, of=nelson_aalen, truth=_hazard),
        clusters=False,
    ),
    *(Interval(f"roc_band, at {at:g}", partial(_roc, at=at), runs=0.1) for at in (0.1, 0.3)),
    Interval("froc_curve, at 0.2", _froc, runs=0.1),
    Interval("roc_band, simultaneous", partial(_roc, at=None), runs=0.1),
    Interval(
        "roc_band, at 0.1, bootstrap",
        partial(_roc, at=0.1, method="bootstrap"),
        runs=0.1,
        is_default=False,
    ),
    Interval(
        "roc_band, simultaneous, bootstrap",
        partial(_roc, at=None, method="bootstrap"),
        runs=0.1,
        is_default=False,
    ),
)
