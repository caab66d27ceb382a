"""Turn a real CT into a body that can be broken, mended and filmed.

The CT is resampled to cubes, its table removed, Hounsfield units become materials and densities,
each proximal femur is found (or its mask is given) and measured. From there the phantom's own
fractures and implants apply: the femur is lifted out, broken, put back, and fitted with its
implant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.core.geometry import Affine, Laterality
from osteon.core.rng import generator
from osteon.errors import GeometryError
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.canvas import Canvas
from osteon.phantom.ct import materials_from_hu
from osteon.phantom.femur import BoneVolume, FemurShape
from osteon.phantom.fracture import BrokenFemur, break_femur
from osteon.phantom.frames import Femur, Motion
from osteon.phantom.hip_truth import make_truth
from osteon.phantom.implant import ARTHROPLASTIES, implant_parts, part_field, resect_head
from osteon.phantom.landmarks import measure_femur
from osteon.phantom.materials import Material
from osteon.phantom.placing import place_fragments
from osteon.phantom.segment import Head, find_heads, isotropic, segment_femur
from osteon.phantom.shapes import Grid
from osteon.phantom.specs import HipSpec
from osteon.pixels.body import body_mask

__all__ = ["CtFemur", "CtPatient", "body_from_ct", "patient_without_table", "read_patient"]

_AIR_HU = -1000.0
_SOFT_G_CM3 = 1.05
_NUMBERS = {Laterality.LEFT: 1, Laterality.RIGHT: 2}
_STRUCTURES = {1: "femur_left", 2: "femur_right", 9: "implant_left", 10: "implant_right"}


@dataclass(frozen=True, slots=True, eq=False)
class CtFemur:
    """One femur of a CT: its mask, bool (z, y, x), its head and its frame in LPS mm."""

    mask: NDArray[np.bool_]
    head: Head
    frame: Femur


@dataclass(frozen=True, slots=True, eq=False)
class CtPatient:
    """A CT on cubes without its table, and the femurs found in it.

    Parameters
    ----------
    hu
        float32 (z, y, x); air outside the patient.
    affine
        Indices to LPS mm.
    femurs
        By side; a hip that could not be measured is not there.
    left_out
        Why a head that was found has no femur.
    """

    hu: NDArray[np.float32]
    affine: Affine
    femurs: Mapping[Laterality, CtFemur]
    left_out: tuple[str, ...] = ()


def patient_without_table(
    hu: NDArray[np.int16], affine: Affine, *, spacing_mm: float = 1.0
) -> CtPatient:
    """Resample a CT to cubes and take its table out; no femur is looked for."""
    cubes, grid = isotropic(hu, affine, spacing_mm)
    cubes[~body_mask(cubes)] = _AIR_HU
    return CtPatient(cubes, grid, {})


def read_patient(
    hu: NDArray[np.int16],
    affine: Affine,
    *,
    spacing_mm: float = 1.0,
    femur_mask: NDArray[np.bool_] | None = None,
    needs_femur: bool = True,
) -> CtPatient:
    """Prepare a CT and find its proximal femurs.

    Parameters
    ----------
    hu
        int16 (z, y, x).
    affine
        Indices to LPS mm.
    spacing_mm
        Edge of the cubes.
    femur_mask
        bool of the shape of ``hu``: the femurs, when they are known; otherwise they are looked for.
    needs_femur
        Whether a CT without a femur that can be measured is an error; otherwise it can be filmed as
        it is, without labels.

    Raises
    ------
    GeometryError
        If no femoral head with enough shaft is in the volume.
    """
    patient = patient_without_table(hu, affine, spacing_mm=spacing_mm)
    cubes, grid = patient.hu, patient.affine
    given = None
    if femur_mask is not None:
        given = isotropic((femur_mask * 1000).astype(np.int16), affine, spacing_mm)[0] > 500
    searched = cubes if given is None else np.where(_grown(given), cubes, np.float32(0.0))
    femurs: dict[Laterality, CtFemur] = {}
    left_out = []
    for head in find_heads(searched, grid):
        try:
            mask = _own_part(given, grid, head) if given is not None else None
            found = segment_femur(cubes, grid, head) if mask is None else mask
            frame = measure_femur(found, cubes, grid, head)
        except GeometryError as error:
            left_out.append(f"head at {_rounded(head)} mm: {error.message}")
            continue
        femurs.setdefault(frame.laterality, CtFemur(found, head, frame))
    if needs_femur and not femurs:
        raise GeometryError(
            "no proximal femur could be measured: " + ("; ".join(left_out) or "no head was found"),
            remedy="give a femur mask, or a CT that shows a femoral head and 30 mm of shaft",
        )
    return CtPatient(cubes, grid, femurs, tuple(left_out))


def _rounded(head: Head) -> tuple[int, ...]:
    return tuple(round(value) for value in head.center_lps_mm)


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With 12 mm around it, so that the socket is still seen."""
    return np.asarray(ndimage.distance_transform_edt(~mask) < 12)


def _own_part(given: NDArray[np.bool_], affine: Affine, head: Head) -> NDArray[np.bool_]:
    """Pick the piece of the given masks nearest to a head."""
    labels, count = ndimage.label(given)
    if count == 0:
        raise GeometryError("the femur mask is empty")
    place = affine.to_indices(np.array(head.center_lps_mm))
    nearest = [
        float(np.linalg.norm(np.argwhere(labels == k)[::7] - place, axis=1).min())
        for k in range(1, count + 1)
    ]
    return np.asarray(labels == 1 + int(np.argmin(nearest)))


def body_from_ct(
    patient: CtPatient, hips: Mapping[Laterality, HipSpec] | None = None, *, seed: int = 0
) -> Body:
    """Make a body of a CT, with fractures and implants where asked for.

    Parameters
    ----------
    patient
        From :func:`read_patient`.
    hips
        What happens to which hip; only ``fracture``, ``implant`` and ``bmd_g_cm2`` count. A side
        that is not named stays as scanned.
    seed
        Draws the roughness of fractures.

    Raises
    ------
    GeometryError
        If a named side has no femur in the CT.
    """
    wanted = dict(hips or {})
    for side in wanted:
        if side not in patient.femurs:
            had = ", ".join(s.value for s in patient.femurs)
            raise GeometryError(f"the CT has no {side.name.lower()} femur, only {had}")
    material, density = materials_from_hu(patient.hu)
    x, y, z = (float(value) for value in patient.affine.matrix[:3, 3])
    grid = Grid(_shape(patient), patient.affine.spacing_z_y_x_mm[0], (x, y, z))
    canvas = Canvas(grid, material, density)
    truths = []
    for side, femur in sorted(patient.femurs.items(), reverse=True):  # right first
        spec = replace(wanted.get(side, HipSpec()), femur=_shape_of(femur.frame))
        truths.append(_place(canvas, femur, side, spec, seed))
    return Body(
        canvas.material, canvas.density_g_cm3, canvas.structures, _STRUCTURES, patient.affine,
        tuple(truths),
    )  # fmt: skip


def _shape(patient: CtPatient) -> tuple[int, int, int]:
    depth, height, width = patient.hu.shape
    return depth, height, width


def _shape_of(frame: Femur) -> FemurShape:
    return FemurShape(
        head_radius_mm=frame.head_radius_mm,
        neck_radius_mm=frame.neck_radius_mm,
        offset_mm=frame.offset_mm,
        neck_shaft_angle_deg=frame.neck_shaft_angle_deg,
        shaft_radius_mm=frame.shaft_radius_mm,
    )


def _place(canvas: Canvas, femur: CtFemur, side: Laterality, spec: HipSpec, seed: int) -> HipTruth:
    around = _around(femur.mask)
    density, mask = canvas.density_g_cm3[around], femur.mask[around]
    bone = _lifted(density, mask, canvas.grid.affine, around)
    if spec.implant is not None and spec.implant.kind in ARTHROPLASTIES:
        bone = resect_head(bone, femur.frame)
    if spec.fracture is None:
        whole = (bone.fraction > 0).astype(np.uint8)
        broken = BrokenFemur(bone, whole, (Motion.identity(),), 0.0)
    else:
        rng = generator(seed, "fracture", side)
        broken = break_femur(bone, femur.frame, spec.fracture, rng)
    if spec.fracture is None and spec.implant is None:
        canvas.structures[around][mask] = _NUMBERS[side]
    else:
        _replace(canvas, mask, around, broken, _NUMBERS[side])
    _implant(canvas, femur.frame, side, spec)
    truth = make_truth(spec, side, femur.frame, broken, Motion.identity())
    unknown = ("bmd_g_cm2", "anteversion_deg")  # of a real patient
    details = {name: value for name, value in truth.details.items() if name not in unknown}
    return replace(truth, details=details)


def _around(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Cut out the mask with a margin of three voxels."""
    found: tuple[slice, ...] = ndimage.find_objects(mask.astype(np.uint8))[0]
    return tuple(
        slice(max(part.start - 3, 0), min(part.stop + 3, size))
        for part, size in zip(found, mask.shape, strict=True)
    )


def _lifted(
    density: NDArray[np.float32],
    mask: NDArray[np.bool_],
    affine: Affine,
    around: tuple[slice, ...],
) -> BoneVolume:
    """Lift the femur out as bone on its own grid, its edge one voxel soft."""
    fraction = np.clip(ndimage.gaussian_filter(mask.astype(np.float32), 0.6), 0.0, 1.0)
    fraction[fraction < 0.02] = 0.0
    matrix = affine.matrix.copy()
    start = np.array([float(part.start) for part in around])
    matrix[:3, 3] = affine.to_lps_mm(start)
    return BoneVolume(fraction, (fraction * density).astype(np.float32), Affine(matrix))


def _replace(
    canvas: Canvas,
    mask: NDArray[np.bool_],
    around: tuple[slice, ...],
    broken: BrokenFemur,
    number: int,
) -> None:
    """Fill the hole with soft tissue and put the fragments where they belong."""
    hole = ndimage.binary_dilation(mask)
    canvas.material[around][hole] = Material.SOFT_TISSUE
    canvas.density_g_cm3[around][hole] = _SOFT_G_CM3
    corners = broken.bone.affine.to_lps_mm(
        np.array(list(np.ndindex(2, 2, 2))) * np.array(mask.shape, dtype=np.float64)
    )
    window = canvas.grid.window(corners.min(axis=0) - 40.0, corners.max(axis=0) + 40.0)
    fraction = np.zeros(window.grid.shape, dtype=np.float32)
    mass = np.zeros(window.grid.shape, dtype=np.float32)
    place_fragments(fraction, mass, window.grid, broken.bone, broken.fragments, broken.motions)
    canvas.add_bone(window, fraction, mass, number)


def _implant(canvas: Canvas, frame: Femur, side: Laterality, spec: HipSpec) -> None:
    if spec.implant is None:
        return
    to_lps = Motion(frame.axes.T, frame.head_center_mm)
    for part in implant_parts(spec.implant, frame):
        moved = part.moved(to_lps)
        window = canvas.grid.window(*moved.bounds_mm())
        if 0 not in window.grid.shape:
            distance = part_field(moved, window.grid)
            canvas.paint_implant(window, distance, part.material, 8 + _NUMBERS[side])
