"""Parametric hip bones with a true acetabulum and obturator ring.

Lengths are in mm in the pelvis's own axes: the origin midway between the femoral heads, x to the
patient's left, y to the back, z to the head. Side tables give lateral (from the head's centre),
anterior and superior coordinates of a pelvis of average size.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from osteon.core.geometry import Laterality
from osteon.phantom.frames import Motion
from osteon.phantom.shapes import Grid, dense_sheet, stamp_balls, stamp_cones, stamp_sheet

__all__ = ["PelvisShape", "hip_bone_field"]

Array = NDArray[np.float64]

# Blade of the ilium: rows from the acetabular roof to the crest, columns from back to front;
# lateral, anterior, superior, half thickness.
_ILIUM = np.array(
    [
        [(-17, -38, 14, 5), (-11, -29, 19, 9), (-5, -18, 23, 12), (-2, -6, 26, 13),
         (1, 7, 26, 13), (5, 19, 24, 10), (11, 32, 22, 6.5)],
        [(-11, -41, 40, 5), (-8, -31, 41, 9), (-4, -19, 42, 11), (3, -6, 43, 11),
         (11, 7, 43, 9), (17, 20, 43, 7), (19, 37, 41, 5.5)],
        [(-28, -76, 58, 4), (-21, -60, 62, 8), (-12, -42, 65, 8), (-2, -25, 66, 7),
         (14, -8, 66, 5), (26, 14, 66, 4.5), (33, 47, 66, 6)],
        [(-32, -91, 88, 5), (-28, -74, 90, 9), (-19, -55, 90, 7.5), (-3, -35, 90, 3.5),
         (20, -15, 90, 3), (38, 8, 90, 3.5), (45, 42, 88, 5.5)],
        [(-24, -80, 107, 4.5), (-18, -62, 112, 6.5), (-9, -46, 115, 5.5), (6, -30, 116, 3.5),
         (28, -14, 116, 3), (44, 3, 112, 4.5), (51, 24, 106, 6)],
        [(-18, -70, 116, 4.5), (-10, -55, 126, 5), (0, -42, 134, 4.5), (13, -31, 138, 4.5),
         (29, -19, 138, 4.5), (43, -6, 132, 5), (52, 10, 120, 6)],
    ],
    dtype=np.float64,
)  # fmt: skip

# The ring around the obturator foramen, from the acetabulum's front over the symphysis and the
# ischial tuberosity to the acetabulum's back: lateral, anterior, superior, radius.
_RING = np.array(
    [
        (-10, 20, 8, 12), (-27, 26, -9, 9.5), (-46, 34, -20, 7.6), (-64, 38.5, -26, 7.8),
        (-74, 38, -35, 8.3), (-75.5, 33, -48, 7.8), (-73, 26, -60, 7.0), (-65, 15, -70, 6.2),
        (-52, 0, -78, 6.2), (-38, -15, -82, 8.5), (-27, -29, -75, 12.5), (-20, -38, -59, 14.5),
        (-21, -38, -42, 13.5), (-22, -33, -26, 12.3), (-19, -27, -10, 12.5), (-12, -22, 6, 12),
    ],
    dtype=np.float64,
)  # fmt: skip

# What joins it: lateral, anterior, superior of both ends, radii, blend.
_RAMI = np.array(
    [
        # flat face of the symphysis
        (-75.8, 38, -33, -75.8, 30, -57, 7.0, 6.3, 3),
        # outer edge of the tuberosity, below the acetabulum's back
        (-14, -40, -56, -8, -30, -24, 9, 8, 8),
        # pelvic brim, from the sacroiliac joint to the superior ramus
        (-16, -44, 60, -19, -22, 34, 7, 6, 5),
        (-19, -22, 34, -25, 4, 12, 6, 6, 3),
        (-25, 4, 12, -34, 26, -9, 6, 6.5, 3),
        # ischial spine
        (-22, -36, -8, -33, -50, -10, 6.5, 3, 4),
        # anterior inferior iliac spine
        (8, 30, 24, 9, 37, 17, 7, 5, 4),
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class PelvisShape:
    """Size and form of one pelvis.

    Parameters
    ----------
    half_width_mm
        From the midline to a femoral head's centre, about 86.
    width_scale, depth_scale, height_scale
        Of the ilium and sacrum relative to an average pelvis.
    subpubic_scale
        Above 1 widens the arch under the symphysis, as in women.
    flare_deg
        Turns the iliac wings outwards.
    head_radius_mm, joint_space_mm
        The acetabulum's radius is their sum (per side left, right in that order).
    symphysis_mm
        Width of the symphysis.
    osteophyte_mm
        Size of the bony lip at the socket's outer rim (left, right), 0 for none.
    """

    half_width_mm: float = 86.0
    width_scale: float = 1.0
    depth_scale: float = 1.0
    height_scale: float = 1.0
    subpubic_scale: float = 1.0
    flare_deg: float = 0.0
    head_radius_mm: tuple[float, float] = (23.5, 23.5)
    joint_space_mm: tuple[float, float] = (4.0, 4.0)
    symphysis_mm: float = 4.5
    osteophyte_mm: tuple[float, float] = (0.0, 0.0)

    def acetabulum_radius_mm(self, laterality: Laterality) -> float:
        """Radius of the bony socket."""
        i = 0 if laterality is Laterality.LEFT else 1
        return self.head_radius_mm[i] + self.joint_space_mm[i]

    def head_center_mm(self, laterality: Laterality) -> Array:
        """Centre of the socket."""
        return np.array([_sign(laterality) * self.half_width_mm, 0.0, 0.0])


def _sign(laterality: Laterality) -> float:
    return 1.0 if laterality is Laterality.LEFT else -1.0


def _to_own(shape: PelvisShape, laterality: Laterality, side: Array) -> Array:
    """Lateral, anterior, superior of an average pelvis to the pelvis's own axes."""
    lateral = side[..., 0]
    toward = np.clip(-lateral / 82.0, 0, 1)  # 1 at the symphysis
    fixed = shape.half_width_mm - shape.symphysis_mm / 2 - 7.2
    scaled = lateral * np.where(lateral < 0, fixed / 76.0, shape.width_scale)
    under = side[..., 2] < -50
    scaled = np.where(
        under, scaled + (shape.subpubic_scale - 1) * 40 * toward * (1 - toward), scaled
    )
    x = _sign(laterality) * (shape.half_width_mm + scaled)
    return np.stack([x, -side[..., 1] * shape.depth_scale, side[..., 2] * shape.height_scale], -1)


def _socket_shell(radius_mm: float, thickness_mm: float, sign: float) -> Array:
    """Balls (x, y, z, r) of the acetabular wall around the head's centre."""
    n = 2600
    k = np.arange(n) + 0.5
    polar, turn = np.arccos(1 - 2 * k / n), np.pi * (1 + 5**0.5) * k
    out = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    opening = np.array([0.74, -0.30, -0.60])  # lateral, forward (LPS y is back), down
    opening /= np.linalg.norm(opening)
    rim = out @ opening
    notch = (out @ np.array([0.05, -0.35, -0.935])) > 0.66  # open below: the acetabular notch
    keep = (rim < 0.12) & ~notch
    taper = thickness_mm * np.clip(0.50 - 0.7 * rim[keep], 0.34, 1.0)
    points = out[keep] * (radius_mm + taper)[:, None]
    points[:, 0] *= sign
    return np.concatenate([points, taper[:, None]], axis=1)


def hip_bone_field(
    grid: Grid,
    shape: PelvisShape,
    laterality: Laterality,
    pose: Motion,
    wobble: Array | None = None,
) -> NDArray[np.float32]:
    """Signed distance of one hip bone on a grid.

    Parameters
    ----------
    grid
        Where to evaluate.
    shape, laterality
        Which bone.
    pose
        From the pelvis's own axes to the grid's.
    wobble
        float64 (6, 7, 4) added to the ilium's control points (mm), for variety.
    """
    field = grid.far()
    control = _ILIUM.copy() if wobble is None else _ILIUM + wobble
    height = np.clip(control[..., 2] / 100.0, 0, 1.4)
    control[..., 0] += np.tan(np.deg2rad(shape.flare_deg)) * 100.0 * height**2
    own = np.concatenate([_to_own(shape, laterality, control[..., :3]), control[..., 3:]], -1)
    sheet = dense_sheet(own, 1.6)
    sheet[..., :3] = pose(sheet[..., :3])
    stamp_sheet(field, grid, sheet)
    radius = shape.acetabulum_radius_mm(laterality)
    center = shape.head_center_mm(laterality)
    shell = _socket_shell(radius, 4.5, _sign(laterality))
    shell[:, :3] = pose(shell[:, :3] + center)
    stamp_balls(field, grid, np.ascontiguousarray(shell[:, :3]), shell[:, 3])
    ring = make_interp_spline(np.arange(len(_RING)), _RING)(np.linspace(0, len(_RING) - 1, 200))
    ring[:, :3] = pose(_to_own(shape, laterality, ring[:, :3]))
    stamp_balls(field, grid, np.ascontiguousarray(ring[:, :3]), ring[:, 3], margin_mm=5.0)
    rami = _RAMI.copy()
    rami[:, 0:3] = pose(_to_own(shape, laterality, _RAMI[:, 0:3]))
    rami[:, 3:6] = pose(_to_own(shape, laterality, _RAMI[:, 3:6]))
    stamp_cones(field, grid, rami)
    _lip(field, grid, shape, laterality, pose)
    _hollow(field, grid, pose(center), radius)
    fossa = center + np.array([-_sign(laterality) * 5.0, -1.0, -3.5])
    _hollow(field, grid, pose(fossa), radius - 2.5)
    return field


def _lip(
    field: NDArray[np.float32],
    grid: Grid,
    shape: PelvisShape,
    laterality: Laterality,
    pose: Motion,
) -> None:
    """Add the osteophyte of a worn joint: a lip over the head's outer edge."""
    size = shape.osteophyte_mm[0 if laterality is Laterality.LEFT else 1]
    if size <= 0:
        return
    out = np.array([_sign(laterality), 1.0, 1.0])
    center, radius = shape.head_center_mm(laterality), shape.acetabulum_radius_mm(laterality)
    rim = np.array([0.80, 0.0, 0.60]) * (radius + 2.0)
    rows = []
    for y in (-9.0, -3.0, 3.0, 9.0):
        root, tip = rim + np.array([0.0, y, 0.0]), rim + np.array([size, y, -0.5 * size])
        ends = pose(center + out * np.stack([root, tip])).ravel()
        rows.append([*ends, 2.8, 1.2 + 0.15 * size, 3.0])
    stamp_cones(field, grid, np.array(rows, dtype=np.float64))


def _hollow(field: NDArray[np.float32], grid: Grid, center_mm: Array, radius_mm: float) -> None:
    """Cut a ball out of a field."""
    window = grid.window(center_mm - radius_mm - 8.0, center_mm + radius_mm + 8.0)
    z, y, x = (
        np.arange(n) * grid.spacing_mm + o - c
        for n, o, c in zip(
            window.grid.shape, window.grid.origin_mm[::-1], center_mm[::-1], strict=True
        )
    )
    distance = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
    part = field[window.slices]
    np.maximum(part, (radius_mm - distance).astype(np.float32), out=part)
