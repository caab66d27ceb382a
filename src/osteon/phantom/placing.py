"""Put bone into a body: fragments of a femur by rigid motions, pelvic bone by distances."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled
from osteon.phantom.femur import BoneVolume
from osteon.phantom.frames import Motion
from osteon.phantom.shapes import Grid

__all__ = ["place_fragments"]


def place_fragments(
    fraction: NDArray[np.float32],
    mass_g_cm3: NDArray[np.float32],
    grid: Grid,
    bone: BoneVolume,
    fragments: NDArray[np.uint8],
    motions: tuple[Motion, ...],
) -> None:
    """Add the moved fragments of a bone to a grid, in place.

    Parameters
    ----------
    fraction, mass_g_cm3
        float32 (z, y, x) of the target; where fragments overlap they add.
    grid
        The target.
    bone
        The source.
    fragments
        uint8, of the source's shape: 0 is left out, ``k`` moves by ``motions[k - 1]``.
    motions
        From the source's millimetres to the target's.
    """
    for number, motion in enumerate(motions, start=1):
        solid = (fragments == number) & (bone.fraction > 0)
        if not solid.any():
            continue
        low, high = _block(solid)
        corners = np.array([[(low, high)[(c >> a) & 1][a] for a in range(3)] for c in range(8)])
        moved = motion(bone.affine.to_lps_mm(corners.astype(np.float64)))
        window = grid.window(moved.min(0) - 1.0, moved.max(0) + 1.0)
        if 0 in window.grid.shape:
            continue
        spacing = grid.spacing_mm
        back = motion.inverse()
        inverse = np.linalg.inv(bone.affine.matrix[:3, :3])
        # target index (x, y, z) -> target mm -> source mm -> source index (z, y, x)
        linear = inverse @ back.matrix * spacing
        start = inverse @ (back(np.asarray(window.grid.origin_mm)) - bone.affine.matrix[:3, 3])
        inside = np.array([np.maximum(low, 0), np.minimum(high, np.array(solid.shape) - 1)])
        _pull(
            fraction[window.slices], mass_g_cm3[window.slices], bone.fraction, bone.mass_g_cm3,
            solid, _cells(solid), np.column_stack([linear, start]), inside,
        )  # fmt: skip


def _block(solid: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the indices one before the first and one behind the last voxel set, as (z, y, x)."""
    used = [solid.any(axis=tuple(a for a in range(3) if a != axis)) for axis in range(3)]
    ends = np.array([np.flatnonzero(along)[[0, -1]] for along in used])
    return ends[:, 0] - 1, ends[:, 1] + 1


def _cells(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which cubes between eight voxels have one of them set; named by their lowest voxel."""
    cells = solid[:-1] | solid[1:]
    cells = cells[:, :-1] | cells[:, 1:]
    return np.asarray(cells[:, :, :-1] | cells[:, :, 1:])


@compiled()
def _pull(out_f, out_m, src_f, src_m, solid, cells, back, inside):  # type: ignore[no-untyped-def]
    """Interpolate the ``solid`` voxels of the source, which lie between the corners ``inside``."""
    nz, ny, nx = out_f.shape
    low, high = inside
    for k in range(nz):
        for j in range(ny):
            first, last = 0, nx
            for axis in range(3):
                at = back[axis, 3] + back[axis, 1] * j + back[axis, 2] * k
                first, last = _crossing(first, last, at, back[axis, 0], low[axis], high[axis])
            for i in range(first, last):
                z = back[0, 3] + back[0, 0] * i + back[0, 1] * j + back[0, 2] * k
                y = back[1, 3] + back[1, 0] * i + back[1, 1] * j + back[1, 2] * k
                x = back[2, 3] + back[2, 0] * i + back[2, 1] * j + back[2, 2] * k
                if z < low[0] or y < low[1] or x < low[2]:
                    continue
                if z >= high[0] or y >= high[1] or x >= high[2]:
                    continue
                z0, y0, x0 = int(z), int(y), int(x)
                if not cells[z0, y0, x0]:
                    continue
                f, m = 0.0, 0.0
                for c in range(8):
                    a, b, d = z0 + (c & 1), y0 + ((c >> 1) & 1), x0 + ((c >> 2) & 1)
                    if not solid[a, b, d]:
                        continue
                    w = (1.0 - abs(z - a)) * (1.0 - abs(y - b)) * (1.0 - abs(x - d))
                    f += w * src_f[a, b, d]
                    m += w * src_m[a, b, d]
                if f > 0.0:
                    out_f[k, j, i] += f
                    out_m[k, j, i] += m


@compiled()
def _crossing(first, last, at, step, low, high):  # type: ignore[no-untyped-def]
    """Narrow a range of ``i`` to where ``at + step * i`` lies in a slab, give or take a voxel."""
    if abs(step) < 1e-6:
        return (first, last) if low - 1.0 < at < high + 1.0 else (0, 0)
    one, other = (low - at) / step, (high - at) / step
    return max(first, int(min(one, other)) - 1), min(last, int(max(one, other)) + 2)
