"""Skin outline, fat, muscle, pelvic organs and bowel gas of the trunk and thighs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled
from osteon.phantom.materials import Material
from osteon.phantom.shapes import Grid
from osteon.phantom.trabeculae import LATTICE_SIZE, lattice

__all__ = ["SoftTissueShape", "add_bladder", "add_gas", "fill_soft_tissue"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoftTissueShape:
    """Size of trunk and thighs.

    Parameters
    ----------
    half_width_mm, half_depth_mm
        Of the trunk at the level of the femoral heads.
    fat_mm
        Thickness of the subcutaneous fat over the hip.
    thigh_radius_mm
        Of the upper thigh.
    back_mm
        How far the trunk's centre lies behind the femoral heads.
    muscle_fat_share
        Fat in the muscle, 0 (none) to about 0.6: wider planes of fat between the muscles, and
        muscle that attenuates less.
    """

    half_width_mm: float = 180.0
    half_depth_mm: float = 105.0
    fat_mm: float = 20.0
    thigh_radius_mm: float = 88.0
    back_mm: float = 12.0
    muscle_fat_share: float = 0.0


def fill_soft_tissue(
    grid: Grid,
    shape: SoftTissueShape,
    thighs_mm: Array,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Fill a grid with air, fat and muscle.

    Parameters
    ----------
    grid
        Where; its origin is the pelvis's.
    shape
        Size of the trunk.
    thighs_mm
        float64 (2, 6): hip and knee end (x, y, z) of each thigh's axis.
    rng
        Draws the planes of fat between the muscles and the organs' texture.

    Returns
    -------
    tuple
        uint8 material and float32 density in g/cm3, both (z, y, x).
    """
    material = np.zeros(grid.shape, dtype=np.uint8)
    density = np.zeros(grid.shape, dtype=np.float32)
    size = np.array(
        [
            shape.half_width_mm,
            shape.half_depth_mm,
            shape.fat_mm,
            shape.thigh_radius_mm,
            shape.back_mm,
            shape.muscle_fat_share,
        ]
    )
    origin = np.asarray(grid.origin_mm)
    _fill(material, density, origin, grid.spacing_mm, size, thighs_mm, lattice(rng))
    return material, density


@compiled(fastmath=True)
def _noise(values, x, y, z):  # type: ignore[no-untyped-def]
    size = LATTICE_SIZE  # known when it is compiled: no divisions
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    x0, y0, z0 = int(fx) % size, int(fy) % size, int(fz) % size
    x1, y1, z1 = (x0 + 1) % size, (y0 + 1) % size, (z0 + 1) % size
    a = values[x0, y0, z0] * (1 - u) + values[x1, y0, z0] * u
    b = values[x0, y1, z0] * (1 - u) + values[x1, y1, z0] * u
    c = values[x0, y0, z1] * (1 - u) + values[x1, y0, z1] * u
    d = values[x0, y1, z1] * (1 - u) + values[x1, y1, z1] * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@compiled(fastmath=True)
def _leg(thighs, t, x, y, z, thigh):  # type: ignore[no-untyped-def]
    """Distance from a thigh, a round cone that tapers to the knee."""
    ax, ay, az = thighs[t, 0], thighs[t, 1], thighs[t, 2]
    bx, by, bz = thighs[t, 3] - ax, thighs[t, 4] - ay, thighs[t, 5] - az
    px, py, pz = x - ax, y - ay, z - az
    s = (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz)
    s = min(1.0, max(0.0, s))
    qx, qy, qz = px - s * bx, py - s * by, pz - s * bz
    return np.sqrt(qx * qx + qy * qy + qz * qz) - thigh * (1.0 - 0.28 * s)


@compiled(fastmath=True)
def _skin(thighs, x, y, z, u, v, size):  # type: ignore[no-untyped-def]
    """Distance from the skin; ``u`` and ``v`` are the trunk's relative coordinates, squared."""
    trunk = 0.6 * np.sqrt(u + v) + 0.4 * np.sqrt(np.sqrt(u * u + v * v))
    skin = (trunk - 1.0) * min(size[0], size[1]) + 0.8 * max(0.0, -45.0 - z)
    if z > 75.0:
        return skin
    for t in range(2):
        leg = _leg(thighs, t, x, y, z, size[3])
        h = 30.0 - abs(leg - skin)
        skin = min(leg, skin)
        if h > 0.0:
            skin -= h * h / 120.0
    return skin


@compiled(fastmath=True)
def _nodes(counts, step, origin, size, thighs, noise):  # type: ignore[no-untyped-def]
    """Distance from the skin and the three noises at the nodes of a coarse grid: (4, z, y, x)."""
    half_w, half_d, back = size[0], size[1], size[4]
    nodes = np.empty((4, counts[0], counts[1], counts[2]), dtype=np.float32)
    for k in range(counts[0]):
        z = origin[2] + k * step
        waist = 1.0 - 0.16 * min(1.0, max(0.0, (z - 20.0) / 130.0)) ** 1.5
        w = half_w * waist
        for j in range(counts[1]):
            y = origin[1] + j * step
            v = ((y - back) / half_d) ** 2
            for i in range(counts[2]):
                x = origin[0] + i * step
                skin = _skin(thighs, x, y, z, (x / w) ** 2, v, size)
                nodes[0, k, j, i] = skin
                nodes[1, k, j, i] = _noise(noise, x / 60.0, y / 60.0, z / 80.0)
                if skin > 0.0:  # noises inside only; a cell with its middle inside has such a node
                    nodes[2, k, j, i] = 1.0
                    nodes[3, k, j, i] = 0.0
                    continue
                nodes[2, k, j, i] = _noise(noise, x / 26.0 + 9.5, y / 26.0, z / 70.0)
                nodes[3, k, j, i] = _noise(noise, x / 17.0, y / 17.0 + 3.5, z / 17.0)
    return nodes


@compiled(fastmath=True)
def _fill(material, density, origin, spacing, size, thighs, noise):  # type: ignore[no-untyped-def]
    """Interpolate distance and noises between nodes some 4 mm apart, and choose the tissue."""
    fat, infiltrated = size[2], size[5]
    nz, ny, nx = material.shape
    run = max(1, int(3.6 / spacing + 0.5))
    counts = (nz // run + 2, ny // run + 2, nx // run + 2)
    nodes = _nodes(counts, run * spacing, origin, size, thighs, noise)
    line = np.empty((4, counts[2]), dtype=np.float32)
    for k in range(nz):
        z, cell_z, share_z = origin[2] + k * spacing, k // run, (k % run) / run
        for j in range(ny):
            y, cell_y, share_y = origin[1] + j * spacing, j // run, (j % run) / run
            for plane in range(4):
                for i in range(counts[2]):
                    near = nodes[plane, cell_z, cell_y, i] * (1.0 - share_y)
                    near += nodes[plane, cell_z, cell_y + 1, i] * share_y
                    far = nodes[plane, cell_z + 1, cell_y, i] * (1.0 - share_y)
                    far += nodes[plane, cell_z + 1, cell_y + 1, i] * share_y
                    line[plane, i] = near * (1.0 - share_z) + far * share_z
                if plane == 0 and line[0].min() > 0.0:
                    break  # the whole row lies outside
            for cell in range(counts[2] - 1):
                if line[0, cell] > 0.0 and line[0, cell + 1] > 0.0:
                    continue
                start = cell * run
                kind = _kind(origin[0] + (start + 0.5 * run) * spacing, y, z)
                for i in range(start, min(start + run, nx)):
                    t = (i - start) / run
                    depth = -(line[0, cell] * (1.0 - t) + line[0, cell + 1] * t)
                    if depth < 0.0:
                        continue
                    if depth < 1.8:
                        material[k, j, i] = 2
                        density[k, j, i] = 1.09
                        continue
                    fold = line[1, cell] * (1.0 - t) + line[1, cell + 1] * t
                    share, lean = 1.0, 1.05
                    if depth > fat * (1.0 + 0.25 * fold):
                        deep = line[2 + kind, cell] * (1.0 - t) + line[2 + kind, cell + 1] * t
                        share = _fat_share(kind, deep, fat, infiltrated)
                        if kind == 0:
                            lean -= 0.06 * infiltrated
                    material[k, j, i] = 1 if share > 0.5 else 2
                    density[k, j, i] = lean - (lean - 0.95) * share + 0.006 * fold * (1.0 - share)


@compiled(fastmath=True)
def _kind(x, y, z):  # type: ignore[no-untyped-def]
    """Between muscles (0) or between the organs of the pelvis (1)."""
    cavity = (x / 92.0) ** 2 + ((y - 12.0) / 66.0) ** 2 + ((z - 70.0) / 140.0) ** 2
    return 0 if cavity > 1.0 else 1


@compiled(fastmath=True)
def _fat_share(kind, value, fat, infiltrated):  # type: ignore[no-untyped-def]
    """Share of fat in deep tissue, with soft edges.

    The noise's zeros are planes of fat between the muscles; its hills are lumps between the organs.
    """
    if kind == 0:
        above = (0.07 + 0.002 * fat + 0.5 * infiltrated - abs(value)) / 0.05
    else:
        above = (value - 0.55 + 0.015 * fat) / 0.15
    return min(1.0, max(0.0, 0.5 + above))


def add_gas(
    material: NDArray[np.uint8],
    density: NDArray[np.float32],
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Put gas into rectum, sigmoid and colon: chains of air balls, drawn at random, in place."""
    starts = [(-5.0, 55.0, 5.0), (20.0, 25.0, 35.0), (-95.0, -25.0, 85.0), (95.0, -20.0, 95.0),
              (0.0, -35.0, 120.0), (45.0, -30.0, 75.0)]  # fmt: skip
    for start, chance in zip(starts, (0.8, 0.7, 0.7, 0.7, 0.6, 0.5), strict=True):
        used = rng.random() < chance
        point = np.asarray(start) + rng.normal(0, 10, 3)
        heading = rng.normal(0, 1, 3) * np.array([1.0, 0.5, 1.0])
        for _ in range(int(rng.integers(2, 8))):
            radius = float(rng.uniform(5.0, 13.0))
            heading = heading / np.linalg.norm(heading) + rng.normal(0, 0.5, 3)
            point = point + heading / np.linalg.norm(heading) * radius * 1.3
            if used:
                _gas_ball(material, density, grid, point, radius)


def add_bladder(
    material: NDArray[np.uint8],
    density: NDArray[np.float32],
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Put a bladder, more or less full, behind the symphysis, in place."""
    size = rng.uniform(18.0, 42.0)
    center = np.array([rng.normal(0, 4), -22.0 + rng.normal(0, 4), -12.0 + 0.8 * size])
    window = grid.window(center - 1.3 * size, center + 1.3 * size)
    z, y, x = _offsets(window.grid, center)
    inside = (x / 1.25) ** 2 + (y / 0.85) ** 2 + z**2 < size**2
    inside &= material[window.slices] != Material.AIR
    material[window.slices][inside] = Material.SOFT_TISSUE
    density[window.slices][inside] = 1.02


def _offsets(grid: Grid, center_mm: Array) -> tuple[Array, Array, Array]:
    """Millimetres from a point along z, y and x, shaped to broadcast over the grid."""
    z, y, x = (
        np.arange(n) * grid.spacing_mm + o - c
        for n, o, c in zip(grid.shape, grid.origin_mm[::-1], center_mm[::-1], strict=True)
    )
    return z[:, None, None], y[None, :, None], x[None, None, :]


def _gas_ball(
    material: NDArray[np.uint8],
    density: NDArray[np.float32],
    grid: Grid,
    center_mm: Array,
    radius_mm: float,
) -> None:
    window = grid.window(center_mm - radius_mm, center_mm + radius_mm)
    if 0 in window.grid.shape:
        return
    z, y, x = _offsets(window.grid, center_mm)
    lobes = 1 + 0.25 * np.sin(0.23 * x + center_mm[2]) * np.sin(0.21 * z + center_mm[0])
    squared = (z**2 + 1.6 * y**2 + x**2) * lobes
    part = material[window.slices]
    inside = (squared < radius_mm**2) & (part != Material.AIR)
    part[inside] = Material.AIR
    density[window.slices][inside] = 0.0012
