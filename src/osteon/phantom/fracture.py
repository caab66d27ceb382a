"""Fractures of the proximal femur, made on its voxels: cut, moved, impacted.

Every function takes bone on a grid and a :class:`~osteon.phantom.frames.Femur`, so the same
fracture can be made in a phantom and in a real CT. All choices are made in the femur's own axes:
medial, posterior and superior millimetres from the head's centre.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.femur import BoneVolume
from osteon.phantom.frames import Femur, Motion, rotation
from osteon.phantom.trabeculae import lattice, lattice_noise

__all__ = [
    "BrokenFemur",
    "IntertrochantericFracture",
    "Level",
    "NeckFracture",
    "Pattern",
    "break_femur",
    "fracture_center",
]

Level = Literal["subcapital", "transcervical", "basicervical"]
Pattern = Literal["A1", "A2", "A3"]
Array = NDArray[np.float64]
Field = NDArray[np.float32]
_LEVEL = {"subcapital": 0.42, "transcervical": 0.58, "basicervical": 0.80}


@dataclass(frozen=True, slots=True)
class NeckFracture:
    """A fracture of the femoral neck.

    Parameters
    ----------
    garden_stage
        1 valgus impacted, 2 complete and undisplaced, 3 partially displaced, 4 fully displaced.
    level
        Where along the neck.
    pauwels_deg
        Inclination of the fracture to the horizontal, about 30 to 70.
    varus_deg
        Tilt of the head against the shaft; negative is valgus.
    posterior_tilt_deg
        Tilt of the head to the back.
    rotation_deg
        External rotation of the shaft.
    proximal_mm, posterior_mm
        Shift of the shaft against the head.
    impaction_mm
        How far the neck is driven into the head.
    gap_mm
        Width of the lucent line.
    """

    garden_stage: int
    level: Level = "subcapital"
    pauwels_deg: float = 50.0
    varus_deg: float = 0.0
    posterior_tilt_deg: float = 0.0
    rotation_deg: float = 0.0
    proximal_mm: float = 0.0
    posterior_mm: float = 0.0
    impaction_mm: float = 0.0
    gap_mm: float = 1.0

    @property
    def label(self) -> str:
        """Class of the fracture."""
        displaced = self.garden_stage >= 3
        return "displaced_femoral_neck" if displaced else "nondisplaced_femoral_neck"


@dataclass(frozen=True, slots=True)
class IntertrochantericFracture:
    """A fracture through the trochanters.

    Parameters
    ----------
    pattern
        AO/OTA 31A: A1 simple, A2 with a lesser-trochanter fragment, A3 reverse oblique.
    varus_deg, rotation_deg
        Varus of the head-neck fragment and external rotation of the shaft.
    shortening_mm, medial_mm
        Shift of the shaft towards the pelvis and towards the midline.
    lesser_mm
        How far the lesser trochanter is pulled off (A2).
    gap_mm
        Width of the lucent line.
    """

    pattern: Pattern = "A1"
    varus_deg: float = 12.0
    rotation_deg: float = 15.0
    shortening_mm: float = 5.0
    medial_mm: float = 0.0
    lesser_mm: float = 10.0
    gap_mm: float = 1.5
    label: str = "intertrochanteric"


@dataclass(frozen=True, slots=True, eq=False)
class BrokenFemur:
    """A femur in fragments.

    Parameters
    ----------
    bone
        The bone with its fracture gap, unmoved.
    fragments
        uint8 (z, y, x): 1 head side, 2 shaft side, 3 lesser trochanter; 0 nothing.
    motions
        How each fragment moves, in the bone's own millimetres.
    displacement_mm
        Distance between the two sides of the fracture's centre after the motion.
    """

    bone: BoneVolume
    fragments: NDArray[np.uint8]
    motions: tuple[Motion, ...]
    displacement_mm: float


def fracture_center(femur: Femur, fracture: NeckFracture | IntertrochantericFracture) -> Array:
    """Centre of the cut in the femur's own axes."""
    knee = femur.to_own(femur.shaft_point_mm)
    if isinstance(fracture, NeckFracture):
        return np.asarray(knee * _LEVEL[fracture.level])
    drop = -6.0 if fracture.pattern != "A3" else -26.0
    return np.asarray(knee + np.array([2.0, 0.0, drop]))


def _normal(femur: Femur, fracture: NeckFracture | IntertrochantericFracture) -> Array:
    """Give the unit normal of the cut, towards the head."""
    if isinstance(fracture, NeckFracture):
        angle = np.deg2rad(fracture.pauwels_deg)
        return np.array([np.sin(angle), 0.0, np.cos(angle)])
    along = {"A1": (0.85, -0.10, 0.52), "A2": (0.85, -0.15, 0.50), "A3": (-0.60, 0.0, 0.80)}
    normal = np.array(along[fracture.pattern])
    return np.asarray(normal / np.linalg.norm(normal))


def _cut_mm(
    own_mm: Field, center: Array, normal: Array, rough_mm: float, noise: Field
) -> NDArray[np.float32]:
    """Signed distance from the irregular cut, positive on the head's side."""
    flat = (own_mm - center.astype(np.float32)) @ normal.astype(np.float32)
    points = own_mm.astype(np.float32)
    rough = lattice_noise(noise, points / np.float32(11.0)) * rough_mm
    rough += lattice_noise(noise, points / np.float32(4.5)) * 0.45 * rough_mm
    return np.asarray(flat + rough, dtype=np.float32)


def _is_head_side(
    own_mm: NDArray[np.float32], cut: NDArray[np.float32], femur: Femur, center: Array
) -> NDArray[np.bool_]:
    """Keep a neck cut within the neck, so that it never takes the greater trochanter along."""
    axis = femur.axes @ femur.neck_axis
    along = own_mm @ axis.astype(np.float32)
    away = np.linalg.norm(own_mm - along[:, None] * axis.astype(np.float32), axis=1)
    knee = femur.to_own(femur.shaft_point_mm)[0]
    lateral = own_mm[:, 0] < max(center[0] - 0.9 * femur.neck_radius_mm, knee + 8.0)
    return np.asarray((cut > 0) & (away < femur.head_radius_mm + 4.0) & ~lateral)


def _own_motion(femur: Femur, own: Motion) -> Motion:
    """Turn a motion in the femur's own axes into one in the bone's millimetres."""
    axes, head = femur.axes, femur.head_center_mm
    matrix = axes.T @ own.matrix @ axes
    return Motion(matrix, head - matrix @ head + axes.T @ own.shift_mm)


def _motions(
    femur: Femur, fracture: NeckFracture | IntertrochantericFracture, center: Array
) -> tuple[Motion, Motion]:
    """Head turns about its own centre, in its socket; the shaft follows, then shifts."""
    x, y, z = np.eye(3)
    if isinstance(fracture, NeckFracture):
        turn = rotation(y, fracture.varus_deg) @ rotation(x, -fracture.posterior_tilt_deg)
        shift = np.array([0.0, fracture.posterior_mm, fracture.proximal_mm])
        shift = shift + fracture.impaction_mm * (femur.axes @ femur.neck_axis)
    else:
        turn = rotation(y, fracture.varus_deg)
        shift = np.array([fracture.medial_mm, 0.0, fracture.shortening_mm])
    head = Motion.about(np.zeros(3), turn)
    follow = head(center) - center
    shaft = Motion.about(center, rotation(z, -fracture.rotation_deg), follow + shift)
    return head, shaft


def break_femur(
    bone: BoneVolume,
    femur: Femur,
    fracture: NeckFracture | IntertrochantericFracture,
    rng: np.random.Generator,
) -> BrokenFemur:
    """Break a femur.

    Parameters
    ----------
    bone, femur
        Intact bone on its grid, and its frame in the same millimetres.
    fracture
        What to do.
    rng
        Draws the roughness of the cut.

    Returns
    -------
    BrokenFemur
        Fragments and their motions; :func:`osteon.phantom.placing.place_fragments` moves them.
    """
    noise = lattice(rng)
    center, normal = fracture_center(femur, fracture), _normal(femur, fracture)
    index = np.argwhere(bone.fraction > 0)
    own = femur.to_own(bone.affine.to_lps_mm(index.astype(np.float64))).astype(np.float32)
    is_neck = isinstance(fracture, NeckFracture)
    cut = _cut_mm(own, center, normal, 1.3 if is_neck else 3.0, noise)
    head_side = _is_head_side(own, cut, femur, center) if is_neck else cut > 0
    codes = np.where(head_side, 1, 2).astype(np.uint8)
    head, shaft = _motions(femur, fracture, center)
    motions = [_own_motion(femur, head), _own_motion(femur, shaft)]
    edge = np.abs(cut)
    if isinstance(fracture, IntertrochantericFracture) and fracture.pattern == "A2":
        lesser, away = _lesser_fragment(own, femur, noise)
        codes[lesser] = 3
        edge = np.minimum(edge, np.abs(away))
        pull = Motion.about(
            femur.to_own(femur.lesser_trochanter_mm),
            rotation(np.array([0.0, 1.0, 0.0]), 1.5 * fracture.lesser_mm),
            np.array([0.75, 0.1, 0.65]) * fracture.lesser_mm,
        )
        motions.append(_own_motion(femur, shaft.after(pull)))
    spacing = bone.affine.spacing_z_y_x_mm[0]
    keep = np.clip((edge - fracture.gap_mm / 2) / spacing + 0.5, 0.0, 1.0)
    fragments = np.zeros(bone.fraction.shape, dtype=np.uint8)
    fraction, mass = bone.fraction.copy(), bone.mass_g_cm3.copy()
    where = tuple(index.T)
    fragments[where] = codes
    fraction[where] *= keep
    mass[where] *= keep
    apart = float(np.linalg.norm(shaft(center) - head(center)))
    return BrokenFemur(BoneVolume(fraction, mass, bone.affine), fragments, tuple(motions), apart)


def _lesser_fragment(
    own_mm: Field, femur: Femur, noise: Field
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Mark the posteromedial fragment that carries the lesser trochanter."""
    tip = femur.to_own(femur.lesser_trochanter_mm).astype(np.float32)
    shaft = femur.to_own(femur.shaft_point_mm).astype(np.float32)
    inward = tip - shaft
    inward[2] = 0.0
    inward /= np.linalg.norm(inward)
    from_tip = own_mm - tip
    depth = from_tip @ inward
    across = np.linalg.norm(from_tip[:, :2] - depth[:, None] * inward[None, :2], axis=1)
    long = np.sqrt((depth / 13.0) ** 2 + (across / 20.0) ** 2 + ((from_tip[:, 2] + 4) / 26.0) ** 2)
    signed = 13.0 * (1.0 - long) + 3.0 * lattice_noise(noise, own_mm / np.float32(9.0))
    signed = signed.astype(np.float32)
    return signed > 0, signed
