"""Build a body: soft tissue, pelvis, two femurs with their fractures and implants, on one grid."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.core.rng import generator
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.canvas import Canvas
from osteon.phantom.femur import build_femur
from osteon.phantom.fracture import BrokenFemur, break_femur
from osteon.phantom.frames import Femur, Motion
from osteon.phantom.hip_truth import make_truth
from osteon.phantom.implant import ARTHROPLASTIES, implant_parts, part_field, resect_head
from osteon.phantom.pelvis import hip_bone_field
from osteon.phantom.placing import place_fragments
from osteon.phantom.posture import femur_pose, pelvis_pose, thigh_axis
from osteon.phantom.shapes import Grid, SubGrid, overlap
from osteon.phantom.soft_tissue import add_bladder, add_gas, fill_soft_tissue
from osteon.phantom.specs import BodySpec
from osteon.phantom.spine import lumbar_field, sacrum_field
from osteon.phantom.trabeculae import lattice
from osteon.phantom.vessels import artery_path, calcify

__all__ = ["STRUCTURES", "build_body"]

STRUCTURES: Mapping[int, str] = MappingProxyType(
    {1: "femur_left", 2: "femur_right", 3: "hip_left", 4: "hip_right", 5: "sacrum",
     6: "vertebrae_L5", 7: "vertebrae_L4", 8: "vertebrae_L3", 9: "implant_left",
     10: "implant_right"}
)  # fmt: skip
_SIDE_CODE = {Laterality.LEFT: 0, Laterality.RIGHT: 1}


def build_body(spec: BodySpec, spacing_mm: float) -> Body:
    """Build a body's voxels.

    Parameters
    ----------
    spec
        What to build; the same specification gives the same voxels.
    spacing_mm
        Voxel size, in (0, 4].

    Returns
    -------
    Body
        Volume in LPS with its origin midway between the femoral heads, and the hips' truths,
        right hip first.

    Examples
    --------
    >>> body = build_body(BodySpec(seed=1), spacing_mm=4.0)
    >>> [hip.label for hip in body.hips]
    ['no_fracture', 'no_fracture']
    """
    canvas = _tissue(spec, spacing_mm)
    _pelvis(canvas, spec)
    truths = tuple(_femur(canvas, spec, side) for side in (Laterality.RIGHT, Laterality.LEFT))
    return Body(
        canvas.material,
        canvas.density_g_cm3,
        canvas.structures,
        dict(STRUCTURES),
        canvas.grid.affine,
        truths,
    )


def _tissue(spec: BodySpec, spacing_mm: float) -> Canvas:
    depth = spec.soft.half_depth_mm + 8.0
    thighs = np.stack([thigh_axis(spec, side) for side in Laterality])
    reach = thighs[:, :3] + (thighs[:, 3:] - thighs[:, :3]) * 0.45  # as far as films see
    front = min(spec.soft.back_mm - depth, float(reach[:, 1].min()) - 60.0)
    low = np.array([-spec.half_width_mm, front, -spec.below_mm])
    high = np.array([spec.half_width_mm, spec.soft.back_mm + depth, spec.above_mm])
    grid = Grid.around(low, high, spacing_mm)
    material, density = fill_soft_tissue(
        grid, spec.soft, thighs, generator(spec.seed, "soft tissue")
    )
    add_bladder(material, density, grid, generator(spec.seed, "bladder"))
    add_gas(material, density, grid, generator(spec.seed, "gas"))
    canvas = Canvas(grid, material, density)
    if spec.calcification > 0:
        for side in Laterality:
            path = artery_path(spec, side)
            rng = generator(spec.seed, "calcification", side)
            calcify(canvas, path, spec.calcification, rng)
    return canvas


def _pelvis(canvas: Canvas, spec: BodySpec) -> None:
    pose, grid = pelvis_pose(spec), canvas.grid
    rng = generator(spec.seed, "pelvis shape")
    noise = lattice(generator(spec.seed, "pelvis texture"))
    cortex, spongy = 1.3 * spec.cortex_scale, 0.62 * spec.trabecular_scale
    fields = []
    for side, sign in zip(Laterality, (1.0, -1.0), strict=True):
        near, far = sign * -8.0, sign * 172.0
        window = grid.window(
            np.array([min(near, far), -85.0, -118.0]), np.array([max(near, far), 125.0, 160.0])
        )
        wobble = rng.normal(0, spec.shape_jitter_mm, (6, 7, 4)) * np.array([1, 1, 1, 0.25])
        distance = hip_bone_field(window.grid, spec.pelvis, side, pose, wobble)
        canvas.paint_bone(window, distance, 3 + _SIDE_CODE[side], cortex, spongy, noise)
        fields.append((window, distance))
    window = grid.window(np.array([-78.0, -20.0, -45.0]), np.array([78.0, 135.0, 125.0]))
    sacrum = sacrum_field(window.grid, spec.pelvis, pose)
    for other, distance in fields:  # leave the sacroiliac joints open
        mine, theirs = overlap(window, other)
        part = sacrum[mine]
        np.maximum(part, 2.2 - distance[theirs], out=part)
    canvas.paint_bone(window, sacrum, 5, 0.65 * cortex, spongy, noise)
    for level in range(3):
        column, vertebra = _vertebra(grid, spec, level)
        canvas.paint_bone(column, vertebra, 6 + level, 0.6 * cortex, spongy, noise)


def _vertebra(grid: Grid, spec: BodySpec, level: int) -> tuple[SubGrid, NDArray[np.float32]]:
    window = grid.window(
        np.array([-60.0, -30.0, 65.0 + 34.0 * level]), np.array([60.0, 115.0, 145.0 + 34.0 * level])
    )
    return window, lumbar_field(window.grid, spec.pelvis, pelvis_pose(spec), level)


def _femur(canvas: Canvas, spec: BodySpec, side: Laterality) -> HipTruth:
    hip = spec.hip(side)
    spacing = canvas.grid.spacing_mm
    bone, frame = build_femur(hip.femur, side, spacing, generator(spec.seed, "femur", side))
    pose = femur_pose(spec, side)
    if hip.implant is not None and hip.implant.kind in ARTHROPLASTIES:
        bone = resect_head(bone, frame)
    if hip.fracture is None:
        whole = (bone.fraction > 0).astype(np.uint8)
        broken = BrokenFemur(bone, whole, (Motion.identity(),), 0.0)
    else:
        broken = break_femur(bone, frame, hip.fracture, generator(spec.seed, "fracture", side))
    motions = tuple(pose.after(motion) for motion in broken.motions)
    window = _femur_window(canvas.grid, frame, pose)
    fraction = np.zeros(window.grid.shape, dtype=np.float32)
    mass = np.zeros(window.grid.shape, dtype=np.float32)
    place_fragments(fraction, mass, window.grid, broken.bone, broken.fragments, motions)
    canvas.add_bone(window, fraction, mass, 1 + _SIDE_CODE[side])
    if hip.implant is not None:
        _implant(canvas, spec, side, frame)
    return make_truth(hip, side, frame, broken, pose)


def _femur_window(grid: Grid, frame: Femur, pose: Motion) -> SubGrid:
    corners = np.array(
        [[x, y, z] for x in (-85.0, 45.0) for y in (-55.0, 60.0) for z in (-260.0, 65.0)]
    )
    moved = pose(frame.from_own(corners))
    return grid.window(moved.min(0), moved.max(0))


def _implant(canvas: Canvas, spec: BodySpec, side: Laterality, frame: Femur) -> None:
    implant, pose = spec.hip(side).implant, femur_pose(spec, side)
    if implant is None:
        return
    to_own = Motion(frame.axes.T, frame.head_center_mm)
    for part in implant_parts(implant, frame):
        moved = part.moved(pose.after(to_own))
        window = canvas.grid.window(*moved.bounds_mm())
        if 0 in window.grid.shape:
            continue
        distance = part_field(moved, window.grid)
        canvas.paint_implant(window, distance, part.material, 9 + _SIDE_CODE[side])
