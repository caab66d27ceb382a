"""Exact ray tracing through a voxel volume, one path integral for each material in one pass.

Every voxel is a solid parallelepiped of one material and one density. A ray from the focal spot to
the centre of a pixel is cut by the voxel planes (Siddon, Med. Phys. 12 (1985) 252, doi
10.1118/1.595715) and followed from voxel to voxel (Amanatides and Woo, Eurographics 1987): lengths
are exact to rounding, nothing is interpolated. A single volume of attenuation whose voxels are
parallel to the detector goes through :mod:`osteon.drr.aligned`, many times faster.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from osteon.core.geometry import Affine
from osteon.drr.aligned import integrate_aligned
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose
from osteon.drr.rays import trace_rays
from osteon.errors import GeometryError

__all__ = ["PathIntegrals", "project", "project_attenuation", "project_mask"]

_SKIPPED = -1
_FAR = 1e30
_ROUNDING = 1e-12  # share of a ray, 1e-9 mm: sums of plane distances never step outside


@dataclass(frozen=True, slots=True, eq=False)
class PathIntegrals:
    """What the rays went through.

    Parameters
    ----------
    codes
        Material codes, one for each plane below.
    areal_density_g_cm2
        float32 (materials, rows, columns): integral of the density along the ray.
    length_mm
        float32 (materials, rows, columns): length inside the material.
    """

    codes: tuple[int, ...]
    areal_density_g_cm2: NDArray[np.float32]
    length_mm: NDArray[np.float32]


def project(
    material: NDArray[np.uint8],
    density_g_cm3: NDArray[np.float32],
    affine: Affine,
    pose: Pose,
    detector: Detector,
    *,
    skip: tuple[int, ...] = (0,),
    end_slices: int = 0,
    threads: int = 1,
) -> PathIntegrals:
    """Trace one ray to each pixel and add up density and length for each material.

    Parameters
    ----------
    material
        uint8 (z, y, x) material codes.
    density_g_cm3
        float32 (z, y, x).
    affine
        Indices (z, y, x) to LPS mm; may be oblique.
    pose, detector
        Where the rays start and end.
    skip
        Codes that count as nothing (air).
    end_slices
        How many times the first and last slice along z are repeated outwards: a patient goes on
        beyond the scanned range, and without it oblique rays leave through the cut.
    threads
        Threads over the detector's rows; keep 1 inside worker processes.

    Returns
    -------
    PathIntegrals
        One plane for each code found in the volume that is not skipped, codes ascending.

    Raises
    ------
    GeometryError
        If the arrays do not fit each other.
    """
    if material.shape != density_g_cm3.shape or material.ndim != 3:
        raise GeometryError(
            f"material {material.shape} and density {density_g_cm3.shape} are not one volume"
        )
    bounds, present = _content(material, _flags(skip))
    bounds[:, 0] += np.where(bounds[:, 0] == (0, material.shape[0]), (-end_slices, end_slices), 0)
    codes = tuple(int(code) for code in np.flatnonzero(present))
    slots = np.full(256, _SKIPPED, dtype=np.int8)
    slots[list(codes)] = np.arange(len(codes))
    shape = (len(codes), *detector.shape)
    mass = np.zeros(shape, dtype=np.float32)
    length = np.zeros(shape, dtype=np.float32)
    if codes:
        rays = trace_rays(affine, pose, detector)
        lines = (rays.start, rays.towards, rays.across_mm)
        solid = (np.ascontiguousarray(material), np.ascontiguousarray(density_g_cm3, np.float32))

        def trace(start: int, stop: int) -> None:
            _trace(*solid, slots, bounds, lines, mass[:, start:stop], length[:, start:stop], start)

        _over_rows(trace, detector.rows, threads)
    return PathIntegrals(codes, mass, length)


def project_attenuation(
    attenuation_per_mm: NDArray[np.float32] | NDArray[np.int16],
    affine: Affine,
    pose: Pose,
    detector: Detector,
    *,
    of_hu: NDArray[np.float32] | None = None,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Integrate attenuation along the rays: exact to 1e-5 of the largest value.

    Parameters
    ----------
    attenuation_per_mm
        float32 (z, y, x), or int16 Hounsfield units with ``of_hu``.
    affine
        Indices (z, y, x) to LPS mm; may be oblique.
    pose, detector
        Where the rays start and end.
    of_hu
        float32 (65536,): attenuation per mm of -32768 HU, -32767 HU and so on. Looking up on the
        way saves a second copy of the volume.
    threads
        Threads; the result does not depend on how many. Keep 1 inside worker processes.

    Returns
    -------
    ndarray
        float32 (rows, columns), without unit: ``exp(-result)`` is the transmitted share of a
        monoenergetic beam.

    Raises
    ------
    GeometryError
        If the volume is not three-dimensional, or its type and ``of_hu`` do not fit.
    """
    volume: NDArray[Any] = attenuation_per_mm
    table = np.ascontiguousarray([] if of_hu is None else of_hu, dtype=np.float32)
    wanted = np.float32 if of_hu is None else np.int16
    if volume.ndim != 3 or volume.dtype != wanted or len(table) not in (0, 65536):
        raise GeometryError(
            f"got a volume {volume.dtype} {volume.shape} and a table of {len(table)}: wanted"
            " float32 (z, y, x), or int16 with a table of 65536"
        )
    rays = trace_rays(affine, pose, detector)
    axes = rays.aligned_axes()
    if axes is not None:
        return integrate_aligned(volume, table, rays, axes, threads)
    if of_hu is not None:
        volume = table[volume.astype(np.int32) + 32768]
    solid = (volume != 0).astype(np.uint8)
    paths = project(solid, volume, affine, pose, detector, threads=threads)
    if not paths.codes:
        return np.zeros(detector.shape, dtype=np.float32)
    return np.asarray(paths.areal_density_g_cm2[0] * np.float32(10.0))  # undo mm to cm


def project_mask(
    mask: NDArray[np.bool_], affine: Affine, pose: Pose, detector: Detector, *, threads: int = 1
) -> NDArray[np.float32]:
    """Length in mm that each ray runs inside a mask: float32 (rows, columns)."""
    solid = mask.astype(np.uint8)
    paths = project(solid, solid.astype(np.float32), affine, pose, detector, threads=threads)
    return paths.length_mm[0] if paths.codes else np.zeros(detector.shape, dtype=np.float32)


def _over_rows(trace: Callable[[int, int], None], rows: int, threads: int) -> None:
    if threads <= 1:
        trace(0, rows)
        return
    edges = np.linspace(0, rows, 4 * threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(trace, edges[:-1].tolist(), edges[1:].tolist()))


def _flags(codes: tuple[int, ...]) -> NDArray[np.bool_]:
    flags = np.zeros(256, dtype=np.bool_)
    flags[list(codes)] = True
    return flags


@njit(cache=True, nogil=True)
def _content(material, skipped):  # type: ignore[no-untyped-def]
    """Bounds [low, high) of what is not skipped, and which codes there are."""
    depth, height, width = material.shape
    bounds = np.array([[depth, height, width], [0, 0, 0]])
    low, high = bounds
    present = np.zeros(256, dtype=np.bool_)
    for z in range(depth):
        for y in range(height):
            first, last = -1, -1
            for x in range(width):
                code = material[z, y, x]
                if not skipped[code]:
                    present[code] = True
                    if first < 0:
                        first = x
                    last = x
            if first >= 0:
                low[0], high[0] = min(low[0], z), max(high[0], z + 1)
                low[1], high[1] = min(low[1], y), max(high[1], y + 1)
                low[2], high[2] = min(low[2], first), max(high[2], last + 1)
    return bounds, present


@njit(cache=True, nogil=True)
def _trace(material, density, slots, bounds, lines, mass, length, first_row):  # type: ignore[no-untyped-def]
    """Trace the rays of some rows of the detector."""
    totals = np.zeros((2, mass.shape[0]))
    flat = (material.reshape(-1), density.reshape(-1))
    strides = (material.shape[1] * material.shape[2], material.shape[2], material.shape[0])
    start, towards, across = lines
    for row in range(mass.shape[1]):
        for column in range(mass.shape[2]):
            source = _at(start, row + first_row, column)
            way = _at(towards, row + first_row, column)
            x, y, z = _at(across, row + first_row, column)
            full_mm = np.sqrt(x**2 + y**2 + z**2)
            totals[:] = 0.0
            _follow(flat, slots, bounds, strides, source, way, totals)
            for slot in range(mass.shape[0]):
                mass[slot, row, column] = totals[0, slot] * full_mm * 0.1
                length[slot, row, column] = totals[1, slot] * full_mm


@njit(cache=True, nogil=True)
def _at(steps, row, column):  # type: ignore[no-untyped-def]
    """Vector of a pixel: of the first one, and a step for each row and column."""
    return (
        steps[0, 0] + row * steps[1, 0] + column * steps[2, 0],
        steps[0, 1] + row * steps[1, 1] + column * steps[2, 1],
        steps[0, 2] + row * steps[1, 2] + column * steps[2, 2],
    )


@njit(cache=True, nogil=True)
def _clip(bounds, source, towards):  # type: ignore[no-untyped-def]
    """Part [enter, leave] of the ray, as shares of its length, that lies inside the bounds."""
    enter, leave = 0.0, 1.0
    for axis in range(3):
        if abs(towards[axis]) < 1e-12:
            if source[axis] < bounds[0, axis] or source[axis] >= bounds[1, axis]:
                return 1.0, 0.0
            continue
        one = (bounds[0, axis] - source[axis]) / towards[axis]
        two = (bounds[1, axis] - source[axis]) / towards[axis]
        enter = max(enter, min(one, two))
        leave = min(leave, max(one, two))
    return enter, leave


@njit(cache=True, nogil=True)
def _start(position, towards, low, high, source):  # type: ignore[no-untyped-def]
    """First voxel on an axis, its step, where the next plane is, the distance between planes."""
    index = min(max(int(np.floor(position)), low), high - 1)
    if towards > 1e-12:
        return index, 1, (index + 1 - source) / towards, 1.0 / towards
    if towards < -1e-12:
        return index, -1, (index - source) / towards, -1.0 / towards
    return index, 1, _FAR, _FAR


@njit(cache=True, nogil=True)
def _follow(flat, slots, bounds, strides, source, towards, totals):  # type: ignore[no-untyped-def]
    """Walk one ray from voxel to voxel; totals: (density x share, share) for each slot.

    ``strides`` holds those of z and y, then the number of slices; outside them z stands still.
    """
    at, leave = _clip(bounds, source, towards)
    leave -= _ROUNDING
    if at >= leave:
        return
    material, density = flat
    low, high = bounds
    z, z_step, z_next, z_gap = _start(
        source[0] + at * towards[0], towards[0], low[0], high[0], source[0]
    )
    y, y_step, y_next, y_gap = _start(
        source[1] + at * towards[1], towards[1], low[1], high[1], source[1]
    )
    x, x_step, x_next, x_gap = _start(
        source[2] + at * towards[2], towards[2], low[2], high[2], source[2]
    )
    depth = strides[2]
    here = min(max(z, 0), depth - 1) * strides[0] + y * strides[1] + x
    z_stride, y_stride = z_step * strides[0], y_step * strides[1]
    slot, run_mass, run_length = -1, 0.0, 0.0
    while True:
        following = min(z_next, y_next, x_next, leave)
        share = following - at
        now = slots[material[here]]
        if now != slot:
            if slot >= 0:
                totals[0, slot] += run_mass
                totals[1, slot] += run_length
            slot, run_mass, run_length = now, 0.0, 0.0
        run_mass += share * density[here]
        run_length += share
        at = following
        if following >= leave:
            break
        if following == y_next:
            here += y_stride
            y_next += y_gap
        elif following == x_next:
            here += x_step
            x_next += x_gap
        else:
            z += z_step
            if 0 <= z < depth and 0 <= z - z_step < depth:
                here += z_stride
            z_next += z_gap
    if slot >= 0:
        totals[0, slot] += run_mass
        totals[1, slot] += run_length
