"""What attenuates how much: tabulated substances, and the voxels of a CT.

The coefficients are NIST's (``drr/data/mass_attenuation.csv`` names the pages).
"""

from functools import cache
from importlib import resources
from io import StringIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.errors import SettingsError

__all__ = ["attenuation_per_mm", "mass_attenuation"]

_BONE_HU = 150.0


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

    Up to 150 HU a voxel is water of some density. Above, what exceeds 150 HU is cortical bone: HU
    tell its attenuation at the scanner's effective energy, and NIST's coefficients carry it to the
    radiograph's, where bone stands out more.

    Parameters
    ----------
    hu
        Hounsfield units, any shape.
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
    water, water_scanned = (_at("water", kev) for kev in (energy_kev, scanned_at_kev))
    bone, bone_scanned = (_at("cortical_bone", kev) for kev in (energy_kev, scanned_at_kev))
    values = np.asarray(hu, dtype=np.float32)
    soft = np.minimum(values, np.float32(_BONE_HU))
    excess = np.maximum(values - np.float32(_BONE_HU), np.float32(0.0))
    per_hu = water_scanned / 1000.0 * (bone / bone_scanned) * bone_scale
    result = (1.0 + soft / np.float32(1000.0)) * np.float32(water) + excess * np.float32(per_hu)
    return np.asarray(np.maximum(result * np.float32(0.1), 0.0), dtype=np.float32)


def _at(substance: str, energy_kev: float) -> float:
    return float(mass_attenuation(substance, np.array(energy_kev)))


@cache
def _table() -> pd.DataFrame:
    path = resources.files("osteon.drr").joinpath("data", "mass_attenuation.csv")
    return pd.read_csv(StringIO(path.read_text("utf-8")), comment="#")


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
