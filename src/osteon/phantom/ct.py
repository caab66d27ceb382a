"""Between Hounsfield units and materials with densities, both ways.

Reading follows Schneider, Bortfeld and Schlegel (Phys. Med. Biol. 45 (2000) 459, doi
10.1088/0031-9155/45/2/314): density is linear in HU by pieces. Writing computes what a scanner of a
given effective energy would measure from the materials' attenuation.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from osteon.core.files import write_bytes
from osteon.core.geometry import Affine
from osteon.dicom.write import PatientTags, write_ct
from osteon.phantom.body import Body
from osteon.phantom.materials import Material
from osteon.phantom.physics import material_attenuation, reference_density_g_cm3
from osteon.pixels.nifti import as_nifti

__all__ = ["hounsfield", "materials_from_hu", "write_body_ct", "write_masks"]

_METAL_HU = 2500
_DENSITY_HU = (-1050.0, -98.0, 14.0, 23.0, 100.0, 101.0, 1600.0, 3100.0)
_DENSITY_G_CM3 = (0.0, 0.930, 1.030, 1.030, 1.119, 1.076, 1.964, 2.853)
_HU_FROM_WATER = 1000.0


def materials_from_hu(
    hu: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Guess material and density of each voxel of a CT.

    Parameters
    ----------
    hu
        float32 (z, y, x).

    Returns
    -------
    tuple
        uint8 codes of :class:`Material` and float32 densities in g/cm3; above 2,500 HU metal
        (titanium alloy at its own density), above 100 HU bone.
    """
    density = np.interp(hu, _DENSITY_HU, _DENSITY_G_CM3).astype(np.float32)
    material = np.full(hu.shape, Material.SOFT_TISSUE, dtype=np.uint8)
    material[hu < -30] = Material.ADIPOSE
    material[hu < -950] = Material.AIR
    material[hu > 100] = Material.BONE
    metal = hu > _METAL_HU
    material[metal] = Material.TITANIUM_ALLOY
    density[metal] = reference_density_g_cm3("TITANIUM_ALLOY")
    density[material == Material.AIR] = 0.0
    return material, density


def hounsfield(
    body: Body,
    rng: np.random.Generator | None = None,
    *,
    effective_kev: float = 70.0,
    noise_hu: float = 12.0,
) -> NDArray[np.int16]:
    """Compute what a CT scanner would show of a body.

    Parameters
    ----------
    body
        The patient.
    rng
        Draws the noise; ``None`` for a noiseless CT.
    effective_kev
        Effective energy: 70 keV is about that of a 120 kV beam in a body.
    noise_hu
        Standard deviation of the noise, correlated over about a voxel.

    Returns
    -------
    ndarray
        int16 (z, y, x) in HU, -1024 to 3071.
    """
    energy = np.array([effective_kev])
    water = 1.0 * float(material_attenuation("WATER", energy)[0])
    result = np.full(body.material.shape, -_HU_FROM_WATER, dtype=np.float32)
    for code in np.unique(body.material):
        where = body.material == code
        if code == Material.AIR:
            continue
        per_cm = _attenuation(Material(code), body.density_g_cm3[where], energy)
        result[where] = _HU_FROM_WATER * (per_cm / water - 1.0)
    if rng is not None:
        noise = gaussian_filter(rng.standard_normal(result.shape, dtype=np.float32), 0.6)
        result += noise * np.float32(noise_hu / float(noise.std()))
    return np.asarray(np.rint(np.clip(result, -1024, 3071)), dtype=np.int16)


def _attenuation(
    material: Material, density: NDArray[np.float32], energy: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Linear attenuation per cm; bone as the mixture of cortical bone and marrow."""
    if material is not Material.BONE:
        return density * np.float32(material_attenuation(material.name, energy)[0])
    marrow, cortical = (reference_density_g_cm3(name) for name in ("MARROW", "CORTICAL_BONE"))
    share = np.clip((density - marrow) / (cortical - marrow), 0.0, None)
    mineral = share * np.float32(cortical)
    rest = np.maximum(density - mineral, 0.0)
    in_mineral = np.float32(material_attenuation("CORTICAL_BONE", energy)[0])
    in_rest = np.float32(material_attenuation("MARROW", energy)[0])
    return np.asarray(mineral * in_mineral + rest * in_rest, dtype=np.float32)


def write_body_ct(
    body: Body, tags: PatientTags, folder: Path, rng: np.random.Generator | None = None
) -> list[str]:
    """Write a body as a CT series and its bones as ``masks.nii.gz`` beside it.

    Parameters
    ----------
    body
        The patient.
    tags
        Patient, study and series.
    folder
        Where the slices go.
    rng
        Draws the noise; see :func:`hounsfield`.

    Returns
    -------
    list
        SOP Instance UIDs of the slices.
    """
    uids = write_ct(hounsfield(body, rng), body.affine, tags, folder)
    write_masks(body.structures, body.structure_names, body.affine, folder / "masks.nii.gz")
    return uids


def write_masks(
    structures: NDArray[np.uint8], names: Mapping[int, str], affine: Affine, path: Path
) -> None:
    """Write labelled voxels as NIfTI (axes x, y, z; RAS millimetres), names in its description."""
    image = as_nifti(structures, affine)
    text = ";".join(f"{code}={name}" for code, name in sorted(names.items()))
    image.header["descrip"] = text[:79]
    write_bytes(path, gzip.compress(image.to_bytes(), 6, mtime=0))
