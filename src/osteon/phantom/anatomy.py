"""Build a body: pelvis, two femurs and soft tissue on one voxel grid."""

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.core.rng import generator
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.bone_density import CORTICAL_G_CM3, trabecular_density
from osteon.phantom.femur import BoneVolume, FemurShape, build_femur
from osteon.phantom.frames import Femur, Motion, rotation
from osteon.phantom.materials import Material
from osteon.phantom.pelvis import PelvisShape, hip_bone_field, lumbar_field, sacrum_field
from osteon.phantom.placing import place_fragments
from osteon.phantom.shapes import Grid, cover_fractions
from osteon.phantom.soft_tissue import SoftTissueShape, add_gas, fill_soft_tissue
from osteon.phantom.trabeculae import lattice, lattice_noise

__all__ = ["STRUCTURES", "BodySpec", "HipSpec", "LegPosture", "build_body"]

STRUCTURES = MappingProxyType(
    {1: "femur_left", 2: "femur_right", 3: "hip_left", 4: "hip_right", 5: "sacrum",
     6: "vertebrae_L5", 7: "vertebrae_L4", 8: "vertebrae_L3"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LegPosture:
    """How a femur is held, in degrees from the anatomical position."""

    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    external_rotation_deg: float = -15.0


@dataclass(frozen=True, slots=True)
class HipSpec:
    """One hip: its femur, how it is held and what happened to it."""

    femur: FemurShape = field(default_factory=FemurShape)
    posture: LegPosture = field(default_factory=LegPosture)
    bmd_g_cm2: float = 0.75


@dataclass(frozen=True, slots=True)
class BodySpec:
    """Everything that decides a body.

    ``seed`` draws the textures; ``tilt_deg``, ``roll_deg`` and ``turn_deg`` lay the pelvis on the
    table; ``extent_mm`` bounds the volume: left-right, and below and above the femoral heads.
    """

    seed: int
    pelvis: PelvisShape = field(default_factory=PelvisShape)
    left: HipSpec = field(default_factory=HipSpec)
    right: HipSpec = field(default_factory=HipSpec)
    soft: SoftTissueShape = field(default_factory=SoftTissueShape)
    trabecular_scale: float = 0.7
    cortex_scale: float = 1.0
    shape_jitter_mm: float = 1.5
    tilt_deg: float = 0.0
    roll_deg: float = 0.0
    turn_deg: float = 0.0
    half_width_mm: float = 205.0
    below_mm: float = 175.0
    above_mm: float = 165.0

    def hip(self, laterality: Laterality) -> HipSpec:
        """Give the hip of a side."""
        return self.left if laterality is Laterality.LEFT else self.right


def pelvis_pose(spec: BodySpec) -> Motion:
    """How the pelvis lies: tilt about x, turn about the body's long axis, roll about y."""
    x, y, z = np.eye(3)
    matrix = rotation(y, spec.roll_deg) @ rotation(z, spec.turn_deg) @ rotation(x, spec.tilt_deg)
    return Motion.about(np.zeros(3), matrix)


def femur_pose(spec: BodySpec, laterality: Laterality) -> Motion:
    """From a femur's own axes (medial, posterior, superior) to the body's LPS."""
    hip = spec.hip(laterality)
    sign = -1.0 if laterality is Laterality.LEFT else 1.0  # own x is medial: right's left
    x, y, z = np.eye(3)
    posture = hip.posture
    version = rotation(z, -posture.external_rotation_deg - hip.femur.anteversion_deg)
    lean = rotation(y, posture.abduction_deg - 5.0)  # the knee lies nearer the midline
    flex = rotation(x, -posture.flexion_deg)
    own = lean @ flex @ version
    mirror = np.diag([sign, 1.0, 1.0])
    center = pelvis_pose(spec)(spec.pelvis.head_center_mm(laterality))
    return Motion(mirror @ own, center)


def _grid(spec: BodySpec, spacing_mm: float) -> Grid:
    depth = spec.soft.half_depth_mm + 8.0
    low = np.array([-spec.half_width_mm, spec.soft.back_mm - depth, -spec.below_mm])
    high = np.array([spec.half_width_mm, spec.soft.back_mm + depth, spec.above_mm])
    return Grid.around(low, high, spacing_mm)


class _Builder:
    """Arrays of a body while bones are put into it."""

    def __init__(self, spec: BodySpec, spacing_mm: float) -> None:
        self.spec, self.grid = spec, _grid(spec, spacing_mm)
        thighs = np.stack([_thigh(spec, side) for side in Laterality])
        self.material, self.density = fill_soft_tissue(
            self.grid, spec.soft, thighs, generator(spec.seed, "soft tissue")
        )
        add_gas(self.material, self.density, self.grid, generator(spec.seed, "gas"))
        self.structures = np.zeros(self.grid.shape, dtype=np.uint8)
        self.noise = lattice(generator(spec.seed, "pelvis texture"))

    def pelvis(self) -> None:
        spec, pose = self.spec, pelvis_pose(self.spec)
        low = np.array([-165.0, -80.0, -115.0])
        high = np.array([165.0, 135.0, spec.above_mm])
        window = self.grid.window(low, high)
        rng = generator(spec.seed, "pelvis shape")
        fields = []
        for side in Laterality:
            wobble = rng.normal(0, spec.shape_jitter_mm, (6, 7, 4)) * np.array([1, 1, 1, 0.25])
            fields.append(hip_bone_field(window.grid, spec.pelvis, side, pose, wobble))
        joint = 2.2 - np.minimum(*fields)
        for number, distance in zip((3, 4), fields, strict=True):
            self._paint(distance, window, number, 1.5)
        sacrum = np.maximum(sacrum_field(window.grid, spec.pelvis, pose), joint)
        self._paint(sacrum, window, 5, 1.0)
        for level in range(3):
            self._paint(lumbar_field(window.grid, spec.pelvis, pose, level), window, 6 + level, 0.9)

    def _paint(self, distance, window, number: int, cortex_mm: float) -> None:  # type: ignore[no-untyped-def]
        spec, spacing = self.spec, self.grid.spacing_mm
        inside = distance < spacing / 2
        index = np.argwhere(inside)
        if not len(index):
            return
        bone, cortex = cover_fractions(distance[inside], cortex_mm * spec.cortex_scale, spacing)
        points = (index * spacing).astype(np.float32)
        grain = 1 + 0.25 * lattice_noise(self.noise, points / np.float32(2.5))
        grain += 0.25 * lattice_noise(self.noise, points / np.float32(11.0))
        spongy = trabecular_density(np.maximum(0.62 * grain, 0) * spec.trabecular_scale)
        mass = cortex * CORTICAL_G_CM3 + (bone - cortex) * spongy
        self._mix(window.slices, inside, bone, mass, number)

    def _mix(self, slices, inside, bone, mass, number: int) -> None:  # type: ignore[no-untyped-def]
        material, density = self.material[slices], self.density[slices]
        structures = self.structures[slices]
        old = density[inside]
        total = np.maximum(bone, 1.0)
        filled = np.minimum(bone, 1.0)
        new = np.minimum(np.where(bone > 1, mass / total * np.minimum(total, 1.6), mass), 1.95)
        density[inside] = new + (1 - filled) * np.maximum(old, 0.95)
        kept = material[inside]
        material[inside] = np.where(bone > 0.12, Material.BONE, kept).astype(np.uint8)
        marks = structures[inside]
        structures[inside] = np.where(bone > 0.5, number, marks).astype(np.uint8)

    def femur(self, side: Laterality) -> HipTruth:
        spec = self.spec
        rng = generator(spec.seed, "femur", side)
        bone, frame = build_femur(spec.hip(side).femur, side, self.grid.spacing_mm, rng)
        pose = femur_pose(spec, side)
        fraction = np.zeros(self.grid.shape, dtype=np.float32)
        mass = np.zeros(self.grid.shape, dtype=np.float32)
        fragments = np.ones(bone.fraction.shape, dtype=np.uint8)
        place_fragments(fraction, mass, self.grid, bone, fragments, (pose,))
        inside = fraction > 0
        everything = (slice(None),) * 3
        number = 1 if side is Laterality.LEFT else 2
        self._mix(everything, inside, fraction[inside], mass[inside], number)
        return _truth(spec, side, frame, bone, pose)


def _thigh(spec: BodySpec, side: Laterality) -> NDArray[np.float64]:
    pose = femur_pose(spec, side)
    femur = spec.hip(side).femur
    own = np.array([[-0.55 * femur.offset_mm, 8.0, -20.0], [-femur.offset_mm, 0.0, -420.0]])
    return pose(own).reshape(6)


def _truth(
    spec: BodySpec, side: Laterality, frame: Femur, bone: BoneVolume, pose: Motion
) -> HipTruth:
    end = frame.lesser_trochanter_mm[2] - 20.0
    index = np.argwhere(bone.fraction >= 0.5)
    points = bone.affine.to_lps_mm(index.astype(np.float64))
    points = points[points[:, 2] >= end]
    shell = points[:: max(1, len(points) // 20000)]
    top = frame.head_center_mm + np.array([0, 0, frame.head_radius_mm])
    shaft = frame.shaft_point_mm * np.array([1, 1, 0]) + np.array([0, 0, end])
    named = {
        "head_center": frame.head_center_mm,
        "head_top": top,
        "greater_trochanter_tip": frame.greater_trochanter_mm,
        "lesser_trochanter": frame.lesser_trochanter_mm,
        "shaft_center": shaft,
    }
    landmarks = {name: _point(pose(value)) for name, value in named.items()}
    details: dict[str, float | str] = {
        "neck_shaft_angle_deg": frame.neck_shaft_angle_deg,
        "bmd_g_cm2": spec.hip(side).bmd_g_cm2,
    }
    return HipTruth(side, "no_fracture", landmarks, pose(shell), details)


def _point(value: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(value[0]), float(value[1]), float(value[2])


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
        Volume in LPS with its origin midway between the femoral heads, and the hips' truths.
    """
    builder = _Builder(spec, spacing_mm)
    builder.pelvis()
    truths = tuple(builder.femur(side) for side in (Laterality.RIGHT, Laterality.LEFT))
    return Body(
        builder.material,
        builder.density,
        builder.structures,
        dict(STRUCTURES),
        builder.grid.affine,
        truths,
    )
