"""Calcified arteries: the external iliac and femoral artery as broken tram lines of plaque."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from osteon.core.geometry import Laterality
from osteon.phantom.canvas import Canvas
from osteon.phantom.posture import pelvis_pose, thigh_axis
from osteon.phantom.shapes import cover_fractions, stamp_balls
from osteon.phantom.specs import BodySpec

__all__ = ["ARTERY_RADIUS_MM", "artery_path", "calcify"]

Array = NDArray[np.float64]
_PLAQUE_G_CM3 = 1.5
ARTERY_RADIUS_MM = 4.0


def artery_path(spec: BodySpec, laterality: Laterality) -> Array:
    """Centre line of the artery, float64 (n, 3) in LPS mm: along the brim, then down the thigh."""
    sign = 1.0 if laterality is Laterality.LEFT else -1.0
    own = np.array([[42.0, 25.0, 105.0], [62.0, -15.0, 60.0], [78.0, -45.0, 15.0]])
    above = pelvis_pose(spec)(own * np.array([sign, 1.0, 1.0]))
    axis = thigh_axis(spec, laterality)
    hip, knee = axis[:3], axis[3:]
    inner = np.array([-sign * 18.0, -22.0, 0.0])
    below = np.stack([hip + (knee - hip) * t + inner for t in (0.2, 0.42)])
    points = np.concatenate([above, below])
    return np.asarray(make_interp_spline(np.arange(5), points, k=3)(np.linspace(0, 4, 260)))


def calcify(canvas: Canvas, path_mm: Array, amount: float, rng: np.random.Generator) -> None:
    """Lay plaque into an artery's wall, in place.

    Parameters
    ----------
    canvas
        The body, before its bones.
    path_mm
        Centre line, float64 (n, 3).
    amount
        0 (none) to 1 (heavy): the share of the wall that is calcified.
    rng
        Draws where.
    """
    window = canvas.grid.window(path_mm.min(0) - 8.0, path_mm.max(0) + 8.0)
    if 0 in window.grid.shape:
        return
    steps = np.arange(len(path_mm))
    centers = []
    for turn in rng.uniform(0, 2 * np.pi, 6):
        waves = np.sin(steps / rng.uniform(4, 14) + rng.uniform(0, 6.3)) + rng.normal(
            0, 0.5, len(steps)
        )
        chosen = waves > 1.5 - 1.6 * amount
        ring = np.array([np.cos(turn), np.sin(turn), 0.0]) * ARTERY_RADIUS_MM
        centers.append(path_mm[chosen] + ring)
    points = np.concatenate(centers)
    field = window.grid.far()
    stamp_balls(field, window.grid, points, np.full(len(points), 1.2))
    fraction, _ = cover_fractions(field, 0.0, canvas.grid.spacing_mm)
    fraction *= 0.85
    canvas.add_bone(window, fraction, fraction * np.float32(_PLAQUE_G_CM3), 0)
