"""How a body is scanned: which end first, lying on the back or the front, with contrast or not."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine, Laterality
from osteon.dicom.write import CtScanner, PatientTags, write_ct
from osteon.phantom.anatomy import build_body
from osteon.phantom.body import Body
from osteon.phantom.ct import hounsfield
from osteon.phantom.materials import Material
from osteon.phantom.shapes import Grid, stamp_balls
from osteon.phantom.specs import BodySpec
from osteon.phantom.vessels import ARTERY_RADIUS_MM, artery_path

__all__ = ["ScanPlan", "add_contrast", "as_scanned", "in_slices", "scan"]

_ENHANCED_G_CM3 = 1.30  # as soft tissue it attenuates like blood with iodine at some 250 HU
_FLIPPED = {"HFS": (), "FFS": (0,), "HFP": (1, 2), "FFP": (0, 1, 2)}


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """One scan.

    Parameters
    ----------
    patient_position
        HFS, FFS, HFP or FFP: head or feet first, supine or prone.
    has_contrast
        Whether the arteries are filled with contrast agent.
    institution_name
        Where.
    voxels_per_slice
        Voxels averaged into one slice: slices as many times as thick as the voxel.
    """

    patient_position: str = "HFS"
    has_contrast: bool = False
    institution_name: str = ""
    voxels_per_slice: int = 1


def scan(
    spec: BodySpec,
    spacing_mm: float,
    plan: ScanPlan,
    tags: PatientTags,
    folder: Path,
    rng: np.random.Generator,
) -> int:
    """Build a body, scan it and write the series; give back the number of slices."""
    body = build_body(spec, spacing_mm)
    if plan.has_contrast:
        add_contrast(body, spec)
    thick, affine = in_slices(hounsfield(body, rng), body.affine, plan.voxels_per_slice)
    hu, affine = as_scanned(thick, affine, plan.patient_position)
    scanner = CtScanner(
        patient_position=plan.patient_position,
        contrast_bolus_agent="IOHEXOL" if plan.has_contrast else "",
        institution_name=plan.institution_name,
    )
    return len(write_ct(hu, affine, tags, folder, scanner))


def in_slices(
    hu: NDArray[np.int16], affine: Affine, voxels_per_slice: int
) -> tuple[NDArray[np.int16], Affine]:
    """Average neighbouring voxels along the body into slices; what is over at the top is left."""
    if voxels_per_slice == 1:
        return hu, affine
    count = hu.shape[0] // voxels_per_slice
    groups = hu[: count * voxels_per_slice].reshape(count, voxels_per_slice, *hu.shape[1:])
    matrix = affine.matrix.copy()
    matrix[:3, 3] += matrix[:3, 0] * (voxels_per_slice - 1) / 2
    matrix[:3, 0] *= voxels_per_slice
    return np.rint(groups.mean(axis=1)).astype(np.int16), Affine(matrix)


def as_scanned(
    hu: NDArray[np.int16], affine: Affine, patient_position: str
) -> tuple[NDArray[np.int16], Affine]:
    """Order voxels as a scanner stores them in a patient position; the patient stays in place.

    Feet first the slices come from the other end; prone the rows and columns run the other way.
    """
    matrix = affine.matrix.copy()
    for axis in _FLIPPED[patient_position]:
        matrix[:3, 3] += matrix[:3, axis] * (hu.shape[axis] - 1)
        matrix[:3, axis] *= -1.0
        hu = np.flip(hu, axis)
    return np.ascontiguousarray(hu), Affine(matrix)


def add_contrast(body: Body, spec: BodySpec) -> None:
    """Fill the external iliac and femoral arteries with contrast agent, in place."""
    x, y, z = map(float, body.affine.to_lps_mm(np.zeros(3)))
    spacing = body.affine.spacing_z_y_x_mm[0]
    n_z, n_y, n_x = body.material.shape
    grid = Grid((n_z, n_y, n_x), spacing, (x, y, z))
    field = grid.far()
    for side in Laterality:
        path = artery_path(spec, side)
        stamp_balls(field, grid, path, np.full(len(path), ARTERY_RADIUS_MM))
    share = np.clip(0.5 - field / spacing, 0.0, 1.0)
    lumen = (share > 0.0) & (body.material == Material.SOFT_TISSUE)
    filled = share[lumen] * np.float32(_ENHANCED_G_CM3)
    body.density_g_cm3[lumen] = filled + (1.0 - share[lumen]) * body.density_g_cm3[lumen]
