"""The photons of an X-ray tube, and what a detector makes of them.

The spectra are TASMIP's (``drr/data/tungsten_spectrum.csv`` names the source).
"""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.spreadsheets import packaged_table
from osteon.drr.attenuation import mass_attenuation
from osteon.errors import SettingsError

__all__ = ["absorbed_share", "signal_spectrum", "tube_spectrum"]

_CESIUM_IODIDE_G_CM2 = 0.18  # 500 um at 80 % packing (4.51 g/cm3), a usual layer
_LOWEST_KEV = 12


def tube_spectrum(
    kvp: float, aluminium_mm: float = 1.6, copper_mm: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Photons that leave a tungsten tube: TASMIP (Boone and Seibert 1997) behind filters.

    Parameters
    ----------
    kvp
        Peak tube voltage, 40 to 140 kV.
    aluminium_mm, copper_mm
        Added filtration; TASMIP's inherent one is worth about 1.6 mm of aluminium against SpekPy,
        so that another 1.6 mm make a usual total of 3.2 mm.

    Returns
    -------
    tuple
        Energies in keV (1 keV bins) and photons per mm2, mAs and bin at 1 m.
    """
    if not 40.0 <= kvp <= 140.0:
        raise SettingsError(f"got a tube voltage of {kvp} kV, wanted 40 to 140")
    table = _table()
    energy = table["energy_kev"].to_numpy(np.float64)
    powers = kvp ** np.arange(4.0)
    photons = np.maximum(table[["a0", "a1", "a2", "a3"]].to_numpy(np.float64) @ powers, 0.0)
    used = (energy >= _LOWEST_KEV) & (energy <= kvp)
    energy, photons = energy[used], photons[used]
    filters = aluminium_mm * 0.2699 * mass_attenuation("aluminium", energy)  # 2.699 g/cm3
    filters += copper_mm * 0.896 * mass_attenuation("copper", energy)  # 8.96 g/cm3
    return energy, photons * np.exp(-filters)


def absorbed_share(energy_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the photons of each energy that a usual caesium iodide layer absorbs."""
    layer = _CESIUM_IODIDE_G_CM2 * mass_attenuation("cesium_iodide", energy_kev)
    return np.asarray(1.0 - np.exp(-layer))


def signal_spectrum(
    kvp: float, aluminium_mm: float = 1.6, copper_mm: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies in keV and their shares of an energy-integrating detector's signal; they sum to 1.

    Examples
    --------
    >>> energy, share = signal_spectrum(75.0)
    >>> float(share.sum().round(6)), bool(40 < energy @ share < 60)
    (1.0, True)
    """
    energy, photons = tube_spectrum(kvp, aluminium_mm, copper_mm)
    signal = photons * energy * absorbed_share(energy)
    return energy, signal / signal.sum()


@cache
def _table() -> pd.DataFrame:
    return packaged_table("osteon.drr", "tungsten_spectrum.csv")
