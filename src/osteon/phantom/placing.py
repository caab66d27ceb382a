"""Put bone into a body: fragments of a femur by rigid motions, pelvic bone by distances."""

import numba
import numpy as np
from numpy.typing import NDArray

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
        index = np.argwhere((fragments == number) & (bone.fraction > 0))
        if not len(index):
            continue
        low, high = index.min(0) - 1, index.max(0) + 1
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
        _pull(
            fraction[window.slices], mass_g_cm3[window.slices],
            bone.fraction, bone.mass_g_cm3, fragments, number, linear, start,
        )  # fmt: skip


@numba.njit(cache=True)
def _pull(out_f, out_m, src_f, src_m, fragments, number, linear, start):  # type: ignore[no-untyped-def]
    nz, ny, nx = out_f.shape
    sz, sy, sx = src_f.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                z = start[0] + linear[0, 0] * i + linear[0, 1] * j + linear[0, 2] * k
                y = start[1] + linear[1, 0] * i + linear[1, 1] * j + linear[1, 2] * k
                x = start[2] + linear[2, 0] * i + linear[2, 1] * j + linear[2, 2] * k
                if z < 0 or y < 0 or x < 0 or z >= sz - 1 or y >= sy - 1 or x >= sx - 1:
                    continue
                z0, y0, x0 = int(z), int(y), int(x)
                f, m = 0.0, 0.0
                for c in range(8):
                    a, b, d = z0 + (c & 1), y0 + ((c >> 1) & 1), x0 + ((c >> 2) & 1)
                    if fragments[a, b, d] != number:
                        continue
                    w = (1.0 - abs(z - a)) * (1.0 - abs(y - b)) * (1.0 - abs(x - d))
                    f += w * src_f[a, b, d]
                    m += w * src_m[a, b, d]
                if f > 0.0:
                    out_f[k, j, i] += f
                    out_m[k, j, i] += m
