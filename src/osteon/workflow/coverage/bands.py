"""Bands of curves: a pointwise one is to hold one point, a simultaneous one the whole curve."""

from functools import partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.froc_curves import froc_curve
from osteon.statistics.roc_bands import roc_band
from osteon.workflow.coverage.detection import ALLOWED, draw_marks, found_at
from osteon.workflow.coverage.draws import (
    SHIFT,
    at_point,
    both_classes,
    clustered_normal,
    patients,
    worst_point,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["BANDS"]

REPLICATES = 400


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


BANDS = (
    *(Interval(f"roc_band, at {at:g}", partial(_roc, at=at), runs=0.15) for at in (0.1, 0.3)),
    Interval("froc_curve, at 0.2", _froc, runs=0.15),
    Interval("roc_band, simultaneous", partial(_roc, at=None), runs=0.15),
    Interval(
        "roc_band, at 0.1, bootstrap",
        partial(_roc, at=0.1, method="bootstrap"),
        runs=0.15,
        is_default=False,
    ),
    Interval(
        "roc_band, simultaneous, bootstrap",
        partial(_roc, at=None, method="bootstrap"),
        runs=0.15,
        is_default=False,
    ),
)
