"""Parametric sacrum, coccyx and lumbar vertebrae, in the axes of :mod:`osteon.phantom.pelvis`."""

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.frames import Motion
from osteon.phantom.pelvis import PelvisShape
from osteon.phantom.shapes import Grid, dense_sheet, stamp_cones, stamp_sheet

__all__ = ["lumbar_field", "sacrum_field"]

# Sacrum: superior, anterior at the midline, half thickness at the middle, half width,
# anterior at the side, half thickness at the side.
_SACRUM = np.array(
    [
        (93, -44, 14, 53, -50, 9),
        (80, -51, 15, 60, -54, 13),
        (62, -67, 11.5, 57, -66, 11),
        (42, -82, 9, 46, -79, 8),
        (25, -90, 7.5, 37, -87, 6.5),
        (9, -92, 6.5, 27, -91, 5),
        (-6, -88, 5, 12, -88, 3.5),
        (-20, -80, 4, 4, -80, 3),
    ],
    dtype=np.float64,
)


def sacrum_field(grid: Grid, shape: PelvisShape, pose: Motion) -> NDArray[np.float32]:
    """Signed distance of sacrum and coccyx."""
    field = grid.far()
    up, front, thick, wide, side_front, side_thick = _SACRUM.T
    wide = wide * shape.half_width_mm / 86.0
    columns = []
    for u in (-1.0, -0.55, -0.25, 0.0, 0.25, 0.55, 1.0):
        t = abs(u)
        half = (1 - t) * thick + t * side_thick
        edge = wide - side_thick
        y = -((1 - t) * front + t * side_front) * shape.depth_scale
        columns.append(np.stack([u * edge, y, up * shape.height_scale, half], -1))
    sheet = dense_sheet(np.stack(columns, axis=1), 1.8)
    sheet[..., :3] = pose(sheet[..., :3])
    stamp_sheet(field, grid, sheet)
    rows = [
        (0, -front[i] + thick[i], up[i], 0, -front[i] + thick[i] + 9, up[i] - 6, 4.5, 3.0, 3.0)
        for i in range(1, 5)
    ]
    crest = np.array(rows, dtype=np.float64)
    crest[:, 0:3], crest[:, 3:6] = pose(crest[:, 0:3]), pose(crest[:, 3:6])
    stamp_cones(field, grid, crest)
    _foramina(field, grid, shape, pose)
    return field


def _foramina(field: NDArray[np.float32], grid: Grid, shape: PelvisShape, pose: Motion) -> None:
    """Cut the four pairs of sacral foramina through the sacrum."""
    holes = grid.far()
    rows = []
    for i, radius in ((1, 4.8), (2, 4.5), (3, 3.8), (4, 3.0)):
        z = (_SACRUM[i, 0] + _SACRUM[i + 1, 0]) / 2 * shape.height_scale
        y = -(_SACRUM[i, 1] + _SACRUM[i + 1, 1]) / 2 * shape.depth_scale
        for sign in (1.0, -1.0):
            x = sign * (23.0 - 2.2 * i)
            rows.append((x * 1.15, y - 22, z - 12, x, y + 4, z + 4, radius + 1, radius - 1, 0))
    cones = np.array(rows, dtype=np.float64)
    cones[:, 0:3], cones[:, 3:6] = pose(cones[:, 0:3]), pose(cones[:, 3:6])
    stamp_cones(holes, grid, cones)
    np.maximum(field, np.negative(holes, out=holes), out=field)


def lumbar_field(grid: Grid, shape: PelvisShape, pose: Motion, level: int) -> NDArray[np.float32]:
    """Signed distance of a lumbar vertebra; ``level`` 0 is the lowest (L5), 1 the next above."""
    center = np.array([0.0, (27.0, 20.0, 17.0)[level] * shape.depth_scale,
                       (114.0, 148.0, 183.0)[level] * shape.height_scale])  # fmt: skip
    tilt = np.deg2rad((-18.0, -5.0, 3.0)[level])
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    local = pose.after(Motion(turn, center))
    field = grid.far()
    window = grid.window(local(np.zeros(3)) - 48.0, local(np.zeros(3)) + 48.0)
    part = field[window.slices]
    index = np.moveaxis(np.indices(part.shape), 0, -1)[..., ::-1]
    points = np.asarray(index * grid.spacing_mm, dtype=np.float64)
    points += np.asarray(window.grid.origin_mm)
    points = local.inverse()(points)
    waist = 1.0 - 0.07 * (1 - np.clip(np.abs(points[..., 2]) / 13.0, 0, 1) ** 2)
    radial = np.hypot(points[..., 0] / 25.0, points[..., 1] / 17.5) / waist - 1.0
    body = np.maximum(radial * 19.0, np.abs(points[..., 2]) - 13.0)
    np.minimum(part, body.astype(np.float32), out=part)
    rows = []
    for s in (1.0, -1.0):
        rows += [
            (s * 14, 12, 5, s * 15, 26, 4, 6.0, 5.0, 3),  # pedicle
            (s * 15, 22, 5, s * 42, 25, 8, 5.0, 3.2, 3),  # transverse process
            (s * 15, 27, 12, s * 17, 32, -14, 5.0, 6.0, 3),  # articular processes
            (s * 15, 30, 2, s * 2, 40, -4, 4.0, 4.0, 3),  # lamina
        ]
    rows.append((0, 42, -2, 0, 62, -8, 3.5, 4.5, 3))
    cones = np.array(rows, dtype=np.float64)
    cones[:, 0:3], cones[:, 3:6] = local(cones[:, 0:3]), local(cones[:, 3:6])
    stamp_cones(field, grid, cones)
    return field
