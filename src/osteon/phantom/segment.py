"""Find the proximal femurs of a real CT without a trained model.

Threshold, a vote for the centres of spheres (the femoral heads), seeds in head, shaft and pelvis,
and a watershed that meets in the cartilage gap, where the joint is darker than the bone on both
sides. Good enough to put a known fracture or implant into a real CT; always look at the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from osteon.core.geometry import Affine

__all__ = ["Head", "body_mask", "find_heads", "isotropic", "segment_femur"]

_BONE_HU = 180.0
_RADII_MM = np.arange(20.0, 29.0, 1.0)
_VOTE_MM = 2.0
_JOINT_MM = 4.0


@dataclass(frozen=True, slots=True)
class Head:
    """A femoral head: centre in LPS mm, radius in mm, and its votes (share of the sphere seen)."""

    center_lps_mm: tuple[float, float, float]
    radius_mm: float
    support: float


def isotropic(
    hu: NDArray[np.int16], affine: Affine, spacing_mm: float
) -> tuple[NDArray[np.float32], Affine]:
    """Resample a CT to cubes by cubic splines.

    Parameters
    ----------
    hu
        int16 (z, y, x).
    affine
        Indices to LPS mm.
    spacing_mm
        Edge of a cube.

    Returns
    -------
    tuple
        float32 (z, y, x) in HU and the new affine; axes keep their directions.
    """
    steps = np.array(affine.spacing_z_y_x_mm)
    shape = np.maximum(np.round(np.array(hu.shape) * steps / spacing_mm), 1)
    factors = shape / np.array(hu.shape)
    result = ndimage.zoom(
        hu.astype(np.float32), factors, order=3, mode="nearest", grid_mode=True, prefilter=True
    )
    matrix = affine.matrix.copy()
    matrix[:3, :3] = affine.matrix[:3, :3] / factors
    offset = (1 / factors - 1) / 2  # the first centre moves with the size of its voxel
    matrix[:3, 3] = affine.matrix[:3, :3] @ offset + affine.matrix[:3, 3]
    low, high = float(hu.min()), float(hu.max())
    return np.clip(result, low, high), Affine(matrix)


def body_mask(hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the patient without the table: the largest solid thing, holes of a slice filled."""
    solid = ndimage.binary_opening(hu > -300, iterations=2)
    labels, count = ndimage.label(solid)
    if count == 0:
        return np.zeros(hu.shape, dtype=bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = ndimage.binary_dilation(labels == sizes.argmax(), iterations=2) & (hu > -500)
    for index in range(body.shape[0]):
        body[index] = ndimage.binary_fill_holes(body[index])
    return np.asarray(body)


def find_heads(hu: NDArray[np.float32], affine: Affine, count: int = 2) -> tuple[Head, ...]:
    """Vote for the centres of spheres of bone, 20 to 28 mm in radius.

    Every point of a bone surface votes for the points a radius away along the rise of density, and
    for those a joint's width farther against it: a head is a sphere inside the hollow sphere of the
    acetabulum, which no trochanter or shaft is. Votes count by how much of the neighbourhood lies
    between 80 and 800 HU, as spongy bone does.

    Parameters
    ----------
    hu
        float32 (z, y, x) on cubes of about 1 mm.
    affine
        Indices to LPS mm.
    count
        How many heads at most; a second one is taken when it has half the votes of the first.
    """
    step = max(round(_VOTE_MM / affine.spacing_z_y_x_mm[0]), 1)
    coarse = ndimage.gaussian_filter(np.clip(hu, 0, 700), 1.0)[::step, ::step, ::step]
    marrow = ndimage.gaussian_filter(hu, 2.0)[::step, ::step, ::step]
    spongy = ((marrow > 80) & (marrow < 800)).astype(np.float64)
    filled = ndimage.gaussian_filter(spongy, 8.0 / (affine.spacing_z_y_x_mm[0] * step))
    spacing = affine.spacing_z_y_x_mm[0] * step
    rise = np.stack(np.gradient(coarse))
    strength = np.sqrt((rise**2).sum(axis=0))
    points = np.argwhere(strength > 120.0)
    normals = (rise / np.maximum(strength, 1e-6))[:, *points.T].T
    sides = _side(normals)
    votes = np.stack(
        [
            _seen(points, normals, sides, radius / spacing, coarse.shape)
            * _seen(points, -normals, sides, (radius + _JOINT_MM) / spacing, coarse.shape)
            for radius in _RADII_MM
        ]
    )
    votes *= filled
    found: list[Head] = []
    for _ in range(count):
        best = np.unravel_index(int(votes.argmax()), votes.shape)
        support = float(votes[best])
        if support <= 0 or (found and support < 0.5 * found[0].support):
            break
        center = affine.to_lps_mm(np.array(best[1:], dtype=np.float64) * step)
        x, y, z = (float(value) for value in center)
        found.append(_refined(hu, affine, Head((x, y, z), float(_RADII_MM[best[0]]), support)))
        reach = int(60 / spacing)
        votes[(slice(None), *(slice(max(i - reach, 0), i + reach) for i in best[1:]))] = 0
    return tuple(found)


def _refined(hu: NDArray[np.float32], affine: Affine, head: Head) -> Head:
    """Shift and resize a head until its rim, the fall of density outwards, is steepest.

    The steepest 60 % of the directions count: the neck has no rim.
    """
    count = 256
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    height = 1 - 2 * (np.arange(count) + 0.5) / count
    flat = np.sqrt(1 - height**2)
    rays = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    radii = np.arange(18.0, 32.0, 1.0)
    smooth = ndimage.gaussian_filter(np.clip(hu, -100, 600), 0.5)
    best = (-np.inf, np.array(head.center_lps_mm), head.radius_mm)
    for reach in (4.0, 1.0):
        steps = np.arange(-2, 3) * reach / 2
        middle = best[1]
        for shift in np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3):
            places = middle + shift + radii[:, None, None] * rays
            index = affine.to_indices(places)
            values = ndimage.map_coordinates(
                smooth, index.reshape(-1, 3).T, order=1, mode="nearest"
            )
            profile = values.reshape(len(radii), count)
            fall = np.sort(profile[:-2] - profile[2:], axis=1)[:, int(0.4 * count) :]
            score = np.clip(fall, 0, 300).mean(axis=1) * np.sqrt(radii[1:-1])
            rim = int(score.argmax())
            if score[rim] > best[0]:
                best = (float(score[rim]), middle + shift, float(radii[1:-1][rim]))
    x, y, z = (float(value) for value in best[1])
    return Head((x, y, z), best[2], head.support)


def _side(normals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of six directions (low and high along each axis) a normal points to most."""
    axis = np.argmax(np.abs(normals), axis=1)
    return np.asarray(2 * axis + (np.take_along_axis(normals, axis[:, None], axis=1)[:, 0] > 0))


def _seen(
    points: NDArray[np.int64],
    normals: NDArray[np.float64],
    sides: NDArray[np.int64],
    radius: float,
    shape: tuple[int, ...],
) -> NDArray[np.float32]:
    """Share of a sphere's five best seen sixths; a shaft shows only four, a neck hides one."""
    expected = 4 * np.pi * radius**2 / 6
    shares = []
    for side in range(6):
        chosen = sides == side
        index = np.rint(points[chosen] + normals[chosen] * radius).astype(int)
        index = index[((index >= 0) & (index < np.array(shape))).all(axis=1)]
        flat = np.ravel_multi_index(tuple(index.T), shape)
        counts = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
        near = ndimage.uniform_filter(counts.astype(np.float32), 3) * np.float32(27 / expected)
        shares.append(np.minimum(near, np.float32(0.5)))
    total = np.sum(shares, axis=0) - np.min(shares, axis=0)
    return np.asarray(total / np.float32(2.5))


def segment_femur(hu: NDArray[np.float32], affine: Affine, head: Head) -> NDArray[np.bool_]:
    """Separate one femur from the pelvis.

    Parameters
    ----------
    hu
        float32 (z, y, x) on cubes of about 1 mm.
    affine
        Indices to LPS mm; the first axis runs along the patient.
    head
        The femoral head of this side.

    Returns
    -------
    ndarray
        bool (z, y, x): the femur with its marrow.
    """
    spacing = affine.spacing_z_y_x_mm[0]
    smooth = ndimage.gaussian_filter(hu, 0.7 / spacing)
    center = affine.to_indices(np.array(head.center_lps_mm))
    grid = np.ogrid[tuple(slice(0, size) for size in hu.shape)]
    away = np.sqrt(sum((axis - middle) ** 2 for axis, middle in zip(grid, center, strict=True)))
    away_mm = away * spacing
    up = np.sign(affine.matrix[2, 0])
    above_mm = (grid[0] - center[0]) * spacing * up
    bone = _filled(smooth > _BONE_HU)
    seeds = np.zeros(hu.shape, dtype=np.int32)
    seeds[bone & (above_mm > head.radius_mm + 5.0)] = 2
    seeds[_shaft(bone, above_mm, away_mm, head)] = 1
    seeds[away_mm < head.radius_mm - 4.0] = 1
    elevation = -np.clip(smooth, -200.0, 700.0)
    where = bone | (away_mm < head.radius_mm - 1.0)
    first = _flood(elevation, seeds, where) == 1
    outwards = _outwards(first, above_mm, grid[2] - center[2], head)
    beside_mm = (grid[2] - center[2]) * outwards * spacing
    seeds[bone & (beside_mm < -head.radius_mm - 6.0) & (above_mm > -60.0)] = 2
    parts = _flood(elevation, seeds, where)
    femur = _largest(ndimage.binary_opening(parts == 1, iterations=1))
    around = ndimage.find_objects(ndimage.binary_dilation(femur, iterations=4).astype(np.uint8))[0]
    solid = _filled(_closed(femur[around], 3.0 / spacing) & (parts[around] != 2))
    femur[around] = solid
    return femur


def _flood(
    elevation: NDArray[np.float32], seeds: NDArray[np.int32], where: NDArray[np.bool_]
) -> NDArray[np.int32]:
    return np.asarray(watershed(elevation, seeds, mask=where))  # type: ignore[no-untyped-call]


def _outwards(
    femur: NDArray[np.bool_],
    above_mm: NDArray[np.float64],
    beside: NDArray[np.float64],
    head: Head,
) -> float:
    """Tell on which side of the head, along the last axis, the trochanters lie: 1 or -1."""
    level = np.abs(above_mm.ravel()) < 2 * head.radius_mm
    columns = femur[level].sum(axis=(0, 1))
    return float(np.sign((columns * beside.ravel()).sum()) or 1.0)


def _closed(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Close gaps by distances, which cost the same for any radius."""
    grown = ndimage.distance_transform_edt(~mask) <= radius
    return np.asarray(ndimage.distance_transform_edt(grown) > radius) | mask


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill what bone encloses in a slice of any of the three directions."""
    result = mask.copy()
    for axis in range(3):
        along = np.moveaxis(result, axis, 0)
        for index in np.flatnonzero(along.any(axis=(1, 2))):
            along[index] = ndimage.binary_fill_holes(along[index])
    return result


def _shaft(
    bone: NDArray[np.bool_],
    above_mm: NDArray[np.float64],
    away_mm: NDArray[np.float64],
    head: Head,
) -> NDArray[np.bool_]:
    """Pick the shaft: the bone of the lowest slices that lies nearest to the head."""
    low = np.flatnonzero(above_mm.ravel() < max(above_mm.min() + 15.0, -110.0))
    part = np.zeros_like(bone)
    part[low] = ndimage.binary_opening(bone[low], iterations=2)
    labels, count = ndimage.label(part)
    if count == 0:
        return part
    sizes = ndimage.sum_labels(part, labels, np.arange(1, count + 1))
    near = ndimage.minimum(away_mm, labels, np.arange(1, count + 1))
    score = np.where(sizes > 0.2 * sizes.max(), near, np.inf)
    return np.asarray(labels == 1 + int(np.argmin(score)))


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count <= 1:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())
