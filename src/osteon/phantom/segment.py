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

__all__ = ["Head", "find_heads", "isotropic", "segment_femur"]

_BONE_HU = 180.0
_RADII_MM = np.arange(20.0, 29.0, 2.0)
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
    """Resample a CT by cubic splines to cubes whose axes are the patient's.

    Parameters
    ----------
    hu
        int16 (z, y, x), axes in any order and direction, oblique too.
    affine
        Indices to LPS mm.
    spacing_mm
        Edge of a cube.

    Returns
    -------
    tuple
        float32 in HU with axes z to the head, y to the back, x to the left, and its affine.
        Outside an oblique volume there is air.
    """
    corners = np.array(list(np.ndindex(2, 2, 2))) * np.array(hu.shape) - 0.5
    places = affine.to_lps_mm(corners)
    low, high = places.min(axis=0), places.max(axis=0)
    count = np.maximum(np.floor((high - low) / spacing_mm + 1e-6).astype(int), 1)
    x, y, z = (float(value) for value in low + spacing_mm / 2)
    target = Affine.from_spacing((spacing_mm,) * 3, (x, y, z))
    back = np.linalg.inv(affine.matrix[:3, :3])
    matrix = back @ target.matrix[:3, :3]
    offset = back @ (target.matrix[:3, 3] - affine.matrix[:3, 3])
    is_straight = (np.abs(matrix) > 1e-4 * np.abs(matrix).max()).sum() == 3
    result = ndimage.affine_transform(
        hu.astype(np.float32),
        matrix,
        offset,
        output_shape=tuple(int(n) for n in count[::-1]),
        order=3,
        mode="nearest" if is_straight else "grid-constant",
        cval=-1000.0,
    )
    return np.clip(result, float(hu.min()), float(hu.max())), target


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
        How many heads at most; a second one needs half the votes of the first.
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
    for _ in range(4 * count):
        best = np.unravel_index(int(votes.argmax()), votes.shape)
        support = float(votes[best])
        if support <= 0 or (found and support < 0.5 * found[0].support):
            break
        center = affine.to_lps_mm(np.array(best[1:], dtype=np.float64) * step)
        x, y, z = (float(value) for value in center)
        found.append(Head((x, y, z), float(_RADII_MM[best[0]]), support))
        reach = int(25 / spacing)
        votes[(slice(None), *(slice(max(i - reach, 0), i + reach) for i in best[1:]))] = 0
    return tuple(_refined(hu, affine, head) for head in _one_for_each_hip(found)[:count])


def _one_for_each_hip(found: list[Head]) -> list[Head]:
    """Keep the uppermost of candidates that are within 90 mm: below a head lie trochanters."""
    kept: list[Head] = []
    for head in found:
        place = np.array(head.center_lps_mm)
        near = [k for k, other in enumerate(kept) if _apart(place, other) < 90.0]
        if not near:
            kept.append(head)
        elif place[2] > kept[near[0]].center_lps_mm[2] + 10.0:
            kept[near[0]] = head
    return kept


def _apart(place: NDArray[np.float64], other: Head) -> float:
    return float(np.linalg.norm(place - np.array(other.center_lps_mm)))


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
    dense = smooth > _BONE_HU
    bone = _filled(dense, axes=(0,))
    seeds = np.zeros(hu.shape, dtype=np.int32)
    seeds[dense & (above_mm > head.radius_mm + 5.0)] = 2
    shaft = _shaft(bone, above_mm, away_mm, head)
    seeds[shaft] = 1
    seeds[away_mm < head.radius_mm - 4.0] = 1
    elevation = -np.clip(smooth, -200.0, 700.0)
    where = bone | (away_mm < head.radius_mm - 1.0)
    first = _flood(elevation, seeds, where) == 1
    outwards = _outwards(first, shaft, above_mm, grid[2] - center[2])
    beside_mm = (grid[2] - center[2]) * outwards * spacing
    seeds[dense & (beside_mm < -head.radius_mm - 6.0) & (above_mm > -20.0)] = 2
    cup = (away_mm > head.radius_mm + 5.0) & (away_mm < head.radius_mm + 16.0)
    below = np.argwhere(shaft).mean(axis=0) - center
    towards_shaft = sum((g - c) * d for g, c, d in zip(grid, center, below, strict=True))
    seeds[dense & cup & (beside_mm < 0.2 * head.radius_mm) & (towards_shaft < 0)] = 2
    parts = _flood(elevation, seeds, where)
    femur = _largest(ndimage.binary_opening(parts == 1, iterations=1))
    around = ndimage.find_objects(ndimage.binary_dilation(femur, iterations=4).astype(np.uint8))[0]
    solid = _filled(_closed(femur[around], 3.0 / spacing) & (parts[around] != 2))
    femur[around] = _largest(solid)
    return femur


def _flood(
    elevation: NDArray[np.float32], seeds: NDArray[np.int32], where: NDArray[np.bool_]
) -> NDArray[np.int32]:
    return np.asarray(watershed(elevation, seeds, mask=where))  # type: ignore[no-untyped-call]


def _outwards(
    femur: NDArray[np.bool_],
    seeds: NDArray[np.bool_],
    above_mm: NDArray[np.float64],
    beside: NDArray[np.float64],
) -> float:
    """Tell on which side of the head, along the last axis, the trochanters lie: 1 or -1."""
    for part, low in ((seeds, -1e9), (femur, -60.0)):
        level = (above_mm.ravel() < -30.0) & (above_mm.ravel() > low)
        columns = part[level].sum(axis=(0, 1))
        middle = float((columns * beside.ravel()).sum()) / max(float(columns.sum()), 1.0)
        if abs(middle) > 8.0:
            break
    return float(np.sign(middle) or 1.0)


def _closed(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Close gaps by distances, which cost the same for any radius."""
    grown = ndimage.distance_transform_edt(~mask) <= radius
    return np.asarray(ndimage.distance_transform_edt(grown) > radius) | mask


def _filled(mask: NDArray[np.bool_], axes: tuple[int, ...] = (0, 1, 2)) -> NDArray[np.bool_]:
    """Fill what bone encloses in a slice across any of these axes."""
    result = mask.copy()
    for axis in axes:
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
