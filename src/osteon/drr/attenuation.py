"""What attenuates how much: tabulated substances, and the voxels of a CT.

The coefficients are NIST's (``drr/data/mass_attenuation.csv`` names the pages).
"""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.spreadsheets import packaged_table
from osteon.errors import SettingsError

__all__ = ["BASIS", "attenuation_per_mm", "basis_densities_g_cm3", "mass_attenuation"]

BASIS = ("water", "cortical_bone", "titanium")
"""Of what a CT's voxels are thought to consist."""

_BONE_HU, _METAL_HU = 150.0, 3000.0


def mass_attenuation(substance: str, energy_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mass attenuation coefficient in cm2/g, interpolated log-log between NIST's energies.

    Parameters
    ----------
    substance
        A substance of ``mass_attenuation.csv``.
    energy_kev
        Photon energies of any shape, 8 to 150 keV.

    Examples
    --------
    >>> float(mass_attenuation("water", np.array(60.0)).round(4))
    0.2059
    """
    grid, values = _grid(substance)
    logarithm = np.log(energy_kev)
    if np.any(logarithm < grid[0] - 1e-9) or np.any(logarithm > grid[-1] + 1e-9):
        raise SettingsError(f"got an energy outside the table of {substance}: wanted 8 to 150 keV")
    return np.asarray(np.exp(np.interp(logarithm, grid, values)))


def attenuation_per_mm(
    hu: NDArray[np.floating | np.integer],
    *,
    energy_kev: float = 60.0,
    scanned_at_kev: float = 70.0,
    bone_scale: float = 1.0,
) -> NDArray[np.float32]:
    """Attenuation of a CT's voxels at the energy of a radiograph.

    The sum of :func:`basis_densities_g_cm3`, each times its coefficient at this energy: bone and
    metal stand out more at the lower energy of a radiograph than in the CT.

    Parameters
    ----------
    hu
        Hounsfield units, any shape; what lies below -1000, as padding outside the reconstruction
        does, is nothing.
    energy_kev
        Energy of the radiograph, e.g. the mean of its spectrum.
    scanned_at_kev
        Effective energy of the CT; about 70 keV for 120 kV.
    bone_scale
        Factor on the bone's part, to show bone more or less than a film would.

    Returns
    -------
    ndarray
        float32 of the shape of ``hu``, per mm, never negative.

    Examples
    --------
    >>> attenuation_per_mm(np.array([-1000.0, 0.0])).round(4).tolist()
    [0.0, 0.020600000396370888]
    """
    densities = basis_densities_g_cm3(hu, scanned_at_kev=scanned_at_kev, bone_scale=bone_scale)
    per_mm = [np.float32(0.1 * _at(name, energy_kev)) for name in BASIS]  # cm2/g to mm
    result = sum(factor * part for factor, part in zip(per_mm, densities, strict=True))
    return np.asarray(result, dtype=np.float32)


def basis_densities_g_cm3(
    hu: NDArray[np.floating | np.integer],
    *,
    scanned_at_kev: float = 70.0,
    bone_scale: float = 1.0,
) -> tuple[NDArray[np.float32], ...]:
    """How much water, cortical bone and titanium a voxel of a CT holds, in g/cm3.

    Up to 150 HU a voxel is water of some density. What exceeds 150 HU is cortical bone, and what
    exceeds 3000 HU, which no bone does, is titanium, the metal of most implants. HU tell their
    attenuation at the scanner's effective energy; NIST's coefficients there make densities of it.
    A scanner that stops at 3071 HU hides how dense metal is: it then comes out too thin.

    Returns
    -------
    tuple
        float32 of the shape of ``hu``, in the order of :data:`BASIS`, never negative.
    """
    values = np.asarray(hu, dtype=np.float32)
    soft = np.clip(values, np.float32(-1000.0), np.float32(_BONE_HU))
    bone = np.clip(values - np.float32(_BONE_HU), np.float32(0.0), np.float32(_METAL_HU - _BONE_HU))
    metal = np.maximum(values - np.float32(_METAL_HU), np.float32(0.0))
    water, *others = (_at(name, scanned_at_kev) for name in BASIS)
    per_hu = [np.float32(water / other / 1000.0) for other in others]
    return (
        np.float32(1.0) + soft / np.float32(1000.0),
        bone * np.float32(per_hu[0] * bone_scale),
        metal * per_hu[1],
    )


def _at(substance: str, energy_kev: float) -> float:
    return float(mass_attenuation(substance, np.array(energy_kev)))


@cache
def _table() -> pd.DataFrame:
    return packaged_table("osteon.drr", "mass_attenuation.csv")


@cache
def _grid(substance: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = _table()
    rows = table[table["substance"] == substance]
    if rows.empty:
        known = ", ".join(table["substance"].unique())
        raise SettingsError(f"got substance {substance}, wanted one of {known}")
    energy = rows["energy_kev"].to_numpy(np.float64).copy()
    energy[1:][np.diff(energy) == 0] *= 1 + 1e-9  # the upper side of an edge
    return np.log(energy), np.log(rows["mu_rho_cm2_g"].to_numpy(np.float64))
