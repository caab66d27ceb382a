"""Solid shapes as signed distances on voxel grids, compiled by numba.

Distances are in mm, negative inside. A :class:`Grid` is isotropic and its axes are the patient's
(LPS): index z runs to the head, y to the back, x to the left.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from osteon.core.compiled import compiled
from osteon.core.geometry import Affine

__all__ = [
    "FAR_MM",
    "Grid",
    "SubGrid",
    "cover_fractions",
    "crop_affine",
    "dense_sheet",
    "overlap",
    "stamp_balls",
    "stamp_cones",
    "stamp_sheet",
    "under_triangle",
]

FAR_MM = 60.0


@dataclass(frozen=True, slots=True)
class Grid:
    """An isotropic voxel grid: ``shape`` (z, y, x), ``spacing_mm`` and the first voxel's centre.

    ``origin_mm`` is (x, y, z).
    """

    shape: tuple[int, int, int]
    spacing_mm: float
    origin_mm: tuple[float, float, float]

    @classmethod
    def around(
        cls, low_mm: NDArray[np.float64], high_mm: NDArray[np.float64], spacing_mm: float
    ) -> "Grid":
        """Make the grid that covers a block given by its (x, y, z) corners."""
        count = np.ceil((np.asarray(high_mm) - low_mm) / spacing_mm).astype(int) + 1
        x, y, z = (float(v) for v in low_mm)
        return cls((int(count[2]), int(count[1]), int(count[0])), spacing_mm, (x, y, z))

    @property
    def affine(self) -> Affine:
        """Indices to millimetres."""
        return Affine.from_spacing((self.spacing_mm,) * 3, self.origin_mm)

    def far(self) -> NDArray[np.float32]:
        """Make the distance field of nothing."""
        return np.full(self.shape, FAR_MM, dtype=np.float32)

    def window(self, low_mm: NDArray[np.float64], high_mm: NDArray[np.float64]) -> "SubGrid":
        """Cut out the part that covers a block given by its (x, y, z) corners."""
        origin = np.asarray(self.origin_mm)
        count = np.asarray(self.shape[::-1])
        first = np.clip(np.floor((low_mm - origin) / self.spacing_mm).astype(int), 0, count)
        last = np.clip(np.ceil((high_mm - origin) / self.spacing_mm).astype(int) + 1, first, count)
        x, y, z = (float(v) for v in origin + first * self.spacing_mm)
        size = last - first
        grid = Grid((int(size[2]), int(size[1]), int(size[0])), self.spacing_mm, (x, y, z))
        slices = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
        return SubGrid(grid, slices[0], slices[1], slices[2])


@dataclass(frozen=True, slots=True)
class SubGrid:
    """A window of a grid: its own grid, and the slices that cut it from the whole."""

    grid: Grid
    z: slice
    y: slice
    x: slice

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Slices (z, y, x) into the whole array."""
        return self.z, self.y, self.x


def crop_affine(mask: NDArray[np.bool_], affine: Affine) -> tuple[NDArray[np.bool_], Affine]:
    """Cut a mask to its bounding box, and shift its affine along; an empty mask stays."""
    if not mask.any():
        return mask, affine
    slices, start = [], []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        slices.append(slice(int(used[0]), int(used[-1]) + 1))
        start.append(float(used[0]))
    matrix = affine.matrix.copy()
    matrix[:3, 3] = affine.to_lps_mm(np.array(start))
    return mask[tuple(slices)], Affine(matrix)


def overlap(one: SubGrid, other: SubGrid) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices into two windows of one grid that cut out the voxels they share."""
    mine, theirs = [], []
    for a, b in zip(one.slices, other.slices, strict=True):
        first, last = max(a.start, b.start), min(a.stop, b.stop)
        last = max(first, last)
        mine.append(slice(first - a.start, last - a.start))
        theirs.append(slice(first - b.start, last - b.start))
    return tuple(mine), tuple(theirs)


def stamp_balls(
    field: NDArray[np.float32],
    grid: Grid,
    centers_mm: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
    margin_mm: float = 2.6,
) -> None:
    """Unite a field with balls: dense ones along a curve or a sheet make a tube or a plate.

    Parameters
    ----------
    field
        float32 (z, y, x), changed in place.
    centers_mm, radii_mm
        float64 (n, 3) as (x, y, z), and (n,).
    margin_mm
        How far outside the balls the distance is kept right.
    """
    index = (centers_mm - np.asarray(grid.origin_mm)) / grid.spacing_mm
    _stamp_balls(field, index, radii_mm, grid.spacing_mm, margin_mm)


@compiled()
def _stamp_balls(field, index, radii, spacing, margin):  # type: ignore[no-untyped-def]
    nz, ny, nx = field.shape
    for i in range(len(index)):
        cx, cy, cz = index[i]
        reach = (radii[i] + margin) / spacing
        z0, z1 = max(0, int(np.ceil(cz - reach))), min(nz - 1, int(np.floor(cz + reach)))
        y0, y1 = max(0, int(np.ceil(cy - reach))), min(ny - 1, int(np.floor(cy + reach)))
        x0, x1 = max(0, int(np.ceil(cx - reach))), min(nx - 1, int(np.floor(cx + reach)))
        for z in range(z0, z1 + 1):
            dz = (z - cz) * (z - cz)
            for y in range(y0, y1 + 1):
                dzy = dz + (y - cy) * (y - cy)
                row = field[z, y, x0 : max(x1 + 1, 0)]  # empty beyond the lower edge
                for k in range(len(row)):  # without branches, so that it becomes vectors
                    x = x0 + k
                    limit = row[k] + radii[i]
                    squared = (dzy + (x - cx) * (x - cx)) * spacing * spacing
                    is_nearer = (limit > 0.0) & (squared < limit * limit)
                    row[k] = np.sqrt(squared) - radii[i] if is_nearer else row[k]


def dense_sheet(control: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """Sample a control sheet (rows, columns, values) about every ``step_mm`` with cubic splines."""
    rows, columns = control.shape[:2]
    length_v = np.linalg.norm(np.diff(control[..., :3], axis=0), axis=-1).sum(0).max()
    length_u = np.linalg.norm(np.diff(control[..., :3], axis=1), axis=-1).sum(1).max()
    v = np.linspace(0, rows - 1, int(length_v / step_mm) + 2)
    u = np.linspace(0, columns - 1, int(length_u / step_mm) + 2)
    k_v, k_u = min(3, rows - 1), min(3, columns - 1)
    tall = make_interp_spline(np.arange(rows), control, k=k_v, axis=0)(v)
    return np.asarray(make_interp_spline(np.arange(columns), tall, k=k_u, axis=1)(u))


def stamp_sheet(field: NDArray[np.float32], grid: Grid, sheet: NDArray[np.float64]) -> None:
    """Unite a field with a plate: (rows, columns, 4) of x, y, z and half thickness, in place."""
    needed = sheet[..., 3] < 8.0  # where the plate is thick, fewer balls make it as smooth
    needed[::2, ::2] = True
    flat = sheet[needed]
    stamp_balls(field, grid, np.ascontiguousarray(flat[:, :3]), np.maximum(flat[:, 3], 1.2))


def stamp_cones(field: NDArray[np.float32], grid: Grid, cones_mm: NDArray[np.float64]) -> None:
    """Unite a field with round cones, blended smoothly where they meet.

    Parameters
    ----------
    field
        float32 (z, y, x), changed in place.
    cones_mm
        float64 (n, 9): both ends (x, y, z), their radii and the width over which the cone is
        blended with what is there (polynomial smooth minimum): ``ax ay az bx by bz ra rb blend``.
    """
    scaled = cones_mm.copy()
    scaled[:, 0:3] -= np.asarray(grid.origin_mm)
    scaled[:, 3:6] -= np.asarray(grid.origin_mm)
    _stamp_cones(field, scaled / grid.spacing_mm, grid.spacing_mm)


@compiled(error_model="numpy")
def _stamp_cones(field, cones, spacing):  # type: ignore[no-untyped-def]
    nz, ny, nx = field.shape
    for i in range(len(cones)):
        ax, ay, az, bx, by, bz, ra, rb, blend = cones[i]
        dx, dy, dz = bx - ax, by - ay, bz - az
        squared = dx * dx + dy * dy + dz * dz
        reach = max(ra, rb) + 2.0 * blend + 4.0 / spacing
        z0, z1 = max(0, int(min(az, bz) - reach)), min(nz - 1, int(max(az, bz) + reach) + 1)
        y0, y1 = max(0, int(min(ay, by) - reach)), min(ny - 1, int(max(ay, by) + reach) + 1)
        x0, x1 = max(0, int(min(ax, bx) - reach)), min(nx - 1, int(max(ax, bx) + reach) + 1)
        for z in range(z0, z1 + 1):
            for y in range(y0, y1 + 1):
                row = field[z, y, x0 : max(x1 + 1, 0)]
                py, pz = y - ay, z - az
                for k in range(len(row)):  # without branches, so that it becomes vectors
                    px = x0 + k - ax
                    t = (px * dx + py * dy + pz * dz) / squared if squared > 0.0 else 0.0
                    t = min(1.0, max(0.0, t))
                    qx, qy, qz = px - t * dx, py - t * dy, pz - t * dz
                    d = np.sqrt(qx * qx + qy * qy + qz * qz) - (ra + t * (rb - ra))
                    d *= spacing
                    old = row[k]
                    h = blend * spacing - abs(d - old)
                    low = min(d, old)
                    row[k] = low - h * h / (4.0 * blend * spacing) if h > 0.0 else low


def cover_fractions(
    distance_mm: NDArray[np.float32], cortex_mm: NDArray[np.float32] | float, spacing_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of each voxel is bone, and how much of it is cortex.

    Shares are taken under a triangle two voxels wide along the surface's normal, so they add up
    to the same mass wherever a surface lies between the voxels: a shell thinner than a voxel keeps
    its mass, and an oblique one shows no steps.

    Returns
    -------
    tuple
        float32 fractions (bone, cortex) in [0, 1], of the shape given.
    """
    depth = -distance_mm / np.float32(spacing_mm)
    bone = under_triangle(depth)
    cortex = bone - under_triangle(depth - cortex_mm / np.float32(spacing_mm))
    return bone.astype(np.float32), np.minimum(cortex, bone).astype(np.float32)


@numba.vectorize(cache=True)  # type: ignore[no-untyped-call]
def under_triangle(depth):  # type: ignore[no-untyped-def]
    """Share of a triangle of half width 1 around ``depth`` that lies above 0."""
    if depth <= -1.0:
        return 0.0
    if depth >= 1.0:
        return 1.0
    if depth < 0.0:
        return 0.5 * (depth + 1.0) ** 2
    return 1.0 - 0.5 * (1.0 - depth) ** 2
