"""Tell whether hips are in a CT, from the shape of bone alone: no model, about a second.

Around a hip joint lies the thickest bone of the trunk and thighs: the largest balls inside bone
(femoral head with the acetabulum's roof) have radii of 16 mm and more. Two such balls at the
distance of two hips, at one height, with soft tissue between them, are a pair of hips; knees and
ankles have air between them, vertebrae lie in the middle, organs full of contrast agent have no
cortex. Shafts are as thick at times, but have less bone around them. A single ball counts when a
femoral shaft lies below it.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.pixels.orient import Volume
from osteon.pixels.resample import shrink_volume

__all__ = ["HipsInView", "find_hips"]

_Point = tuple[float, float, float]
_GRID_MM = 4.0
_SMOOTH_MM = 2.0
_BONE_HU = 130
_CORTEX_HU = 300
_METAL_HU, _PLASTIC_MM = 1500, 8.0
_LEAST_RADIUS_MM = 16.0
_LEAST_CORTEX = 0.1  # share of voxels above _CORTEX_HU within the ball and 8 mm around it
_WIDE_MM2, _CROPPED_MM2 = 2200.0, 1800.0  # bone around it in its axial slice; shafts have less
_APART_MM = 35.0  # two candidates of one bone are one
_CANDIDATES = 16
_BETWEEN_HIPS_MM = (120.0, 240.0)
_HEIGHT_MM, _DEPTH_MM = 40.0, 60.0
_BELOW_MM = 45.0  # from the joint to below the head: a scan that ends earlier cuts the hip
_ABOVE_MM = 15.0  # thick bone at the very top is a shaft or a trochanter whose head is cut off
_TISSUE_HU = -300
_SHAFT_BELOW_MM = (40.0, 110.0)
_SHAFT_MM2 = (300.0, 1400.0)
_SHAFT_ASIDE_MM = 75.0
_TRUNK_MM = 250.0  # a field with a body as wide as this shows both sides of it
_MIDLINE_MM = 35.0  # vertebrae lie within it


@dataclass(frozen=True, slots=True)
class HipsInView:
    """Where thick bone of hips was found, in LPS mm (within 60 mm of the femoral head), or why not.

    ``reason`` is empty when both were found, else ``hips_not_in_view``, ``one_hip_in_view`` or
    ``hips_cut``.
    """

    right: _Point | None
    left: _Point | None
    reason: str

    @property
    def count(self) -> int:
        """How many, 0 to 2."""
        return (self.right is not None) + (self.left is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Ball:
    place_mm: NDArray[np.float64]  # (z, y, x) from the first voxel
    radius_mm: float
    around_mm2: float  # area of the bone it lies in, in its axial slice


def find_hips(volume: Volume) -> HipsInView:
    """Look for the two hips of a CT.

    Parameters
    ----------
    volume
        In HU, any posture; z to the head, y to the back, x to the left as always.

    Returns
    -------
    HipsInView
        A hip counts when the scan goes on at least 45 mm below its joint. Of a single hip the
        side is that of the body's middle it lies on; in a field narrower than a body it is not
        known, and is given as the side of the scanner's middle.
    """
    coarse = shrink_volume(volume, _GRID_MM)
    spacing = np.asarray(coarse.affine.spacing_z_y_x_mm)
    hu = coarse.hu.astype(np.float32)
    bone = _bone(hu, spacing)
    balls = _balls(hu, bone, spacing)
    pair = _pair(balls, hu, spacing)
    if pair is None:
        pair = _single(balls, hu, bone, spacing)
    if not pair:
        return HipsInView(None, None, "hips_not_in_view")
    top_mm = (hu.shape[0] - 1) * spacing[0]
    if any(not _BELOW_MM <= ball.place_mm[0] <= top_mm - _ABOVE_MM for ball in pair):
        return HipsInView(None, None, "hips_cut")
    places = [_lps(coarse, ball.place_mm / spacing) for ball in pair]
    if len(places) == 2:
        right, left = sorted(places)  # x grows to the patient's left
        return HipsInView(right, left, "")
    middle = _lps(coarse, np.array([0.0, 0.0, _middle_and_width_mm(hu, spacing)[0]]) / spacing)[0]
    if places[0][0] > middle:
        return HipsInView(None, places[0], "one_hip_in_view")
    return HipsInView(places[0], None, "one_hip_in_view")


def _lps(volume: Volume, index: NDArray[np.float64]) -> _Point:
    x, y, z = volume.affine.to_lps_mm(index).tolist()
    return x, y, z


def _bone(hu: NDArray[np.float32], spacing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bone with its marrow: what is dense, and what it encloses in an axial slice."""
    smooth = ndimage.gaussian_filter(np.clip(hu, -100, 600), _SMOOTH_MM / spacing)
    dense = smooth > _BONE_HU
    if (metal := hu > _METAL_HU).any():  # between the cup and the head of a prosthesis is plastic
        steps = np.maximum(np.rint(_PLASTIC_MM / spacing).astype(int), 1)
        padded = np.pad(metal, [(step, step) for step in steps.tolist()])
        closed = ndimage.binary_closing(padded, np.ones(2 * steps + 1, np.bool_))
        z, y, x = (slice(step, -step) for step in steps.tolist())
        dense |= closed[z, y, x]
    return _filled(dense)


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add what a mask encloses in each axial slice: marrow to bone, bowel gas to the body."""
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])


def _balls(
    hu: NDArray[np.float32], bone: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> list[_Ball]:
    """Largest balls inside bone, thickest first, that have a cortex."""
    depth = ndimage.distance_transform_edt(np.pad(bone, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    balls = []
    for _ in range(_CANDIDATES):
        index = np.array(np.unravel_index(int(depth.argmax()), depth.shape))
        radius = float(depth[tuple(index)])
        if radius < _LEAST_RADIUS_MM:
            break
        reach = radius + 8
        window, distance = _around(index, max(reach, _APART_MM), spacing, hu.shape)
        if (hu[window][distance < reach] > _CORTEX_HU).mean() >= _LEAST_CORTEX:
            pieces, _ = ndimage.label(bone[index[0]])
            piece = pieces == pieces[index[1], index[2]]
            area = float(piece.sum() * spacing[1] * spacing[2])
            balls.append(_Ball(index * spacing, radius, area))
        depth[window][distance < _APART_MM] = 0
    return balls


def _around(
    index: NDArray[np.intp], reach_mm: float, spacing: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], NDArray[np.float64]]:
    """Give the window around a voxel and each of its voxels' distance from it in mm."""
    steps = np.ceil(reach_mm / spacing).astype(int)
    low, high = np.maximum(index - steps, 0), np.minimum(index + steps + 1, shape)
    window = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    lines = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    places = np.meshgrid(*lines, indexing="ij", sparse=True)
    z, y, x = ((place - index[axis]) * spacing[axis] for axis, place in enumerate(places))
    return window, np.sqrt(z**2 + y**2 + x**2)


def _pair(
    balls: list[_Ball], hu: NDArray[np.float32], spacing: NDArray[np.float64]
) -> list[_Ball] | None:
    best, thickest = None, 0.0
    body = _filled(hu > _TISSUE_HU)
    joints = [ball for ball in balls if ball.around_mm2 >= _WIDE_MM2]
    for one, other in combinations(joints, 2):
        z, y, x = np.abs(one.place_mm - other.place_mm)
        low, high = _BETWEEN_HIPS_MM
        thickness = one.radius_mm + other.radius_mm
        if z > _HEIGHT_MM or y > _DEPTH_MM or not low <= x <= high or thickness <= thickest:
            continue
        line = np.rint(np.linspace(one.place_mm / spacing, other.place_mm / spacing, 50)).astype(
            int
        )
        if body[tuple(line.T)].mean() >= 0.9:
            best, thickest = [one, other], thickness
    return best


def _single(
    balls: list[_Ball],
    hu: NDArray[np.float32],
    bone: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> list[_Ball]:
    """Find the thickest ball that has a femoral shaft below it."""
    middle, width = _middle_and_width_mm(hu, spacing)
    is_trunk = width >= _TRUNK_MM
    least_mm2 = _WIDE_MM2 if is_trunk else _CROPPED_MM2
    for ball in balls:
        is_spine = is_trunk and abs(ball.place_mm[2] - middle) < _MIDLINE_MM
        if ball.around_mm2 >= least_mm2 and not is_spine and _has_shaft(ball, bone, spacing):
            return [ball]
    return []


def _has_shaft(ball: _Ball, bone: NDArray[np.bool_], spacing: NDArray[np.float64]) -> bool:
    top, bottom = (ball.place_mm[0] - below for below in _SHAFT_BELOW_MM)
    planes = range(max(round(bottom / spacing[0]), 0), max(round(top / spacing[0]), 0))
    if len(planes) * spacing[0] < 20:
        return False
    found = sum(_is_shaft_in(bone[plane], ball, spacing) for plane in planes)
    return found >= len(planes) / 2


def _is_shaft_in(plane: NDArray[np.bool_], ball: _Ball, spacing: NDArray[np.float64]) -> bool:
    """Whether a round piece of bone of a shaft's size lies near enough."""
    labels, _ = ndimage.label(plane)
    for label, window in enumerate(ndimage.find_objects(labels), start=1):
        piece = labels[window] == label
        height, width = np.array(piece.shape) * spacing[1:]
        area = float(piece.sum() * spacing[1] * spacing[2])
        middle = np.array([(part.start + part.stop - 1) / 2 for part in window]) * spacing[1:]
        aside = np.linalg.norm(middle - ball.place_mm[1:])
        is_round = max(height, width) < 1.8 * min(height, width)
        if _SHAFT_MM2[0] <= area <= _SHAFT_MM2[1] and is_round and aside <= _SHAFT_ASIDE_MM:
            return True
    return False


def _middle_and_width_mm(
    hu: NDArray[np.float32], spacing: NDArray[np.float64]
) -> tuple[float, float]:
    """Middle of the body along x, in mm from the first voxel, and its width."""
    columns = (hu > _TISSUE_HU).sum(axis=(0, 1))
    places = np.flatnonzero(columns > 0.05 * columns.max(initial=0))
    if not len(places):
        return float(hu.shape[2] * spacing[2] / 2), 0.0
    middle = float((columns * np.arange(hu.shape[2])).sum() / columns.sum() * spacing[2])
    return middle, float((places[-1] - places[0] + 1) * spacing[2])
