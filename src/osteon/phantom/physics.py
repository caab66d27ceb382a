"""X-rays: spectrum of the tube, attenuation of materials, response of the detector.

The numbers come from the tables in ``phantom/data``, from :mod:`osteon.drr.attenuation` and
:mod:`osteon.drr.spectrum`; each names its source.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.spreadsheets import packaged_table
from osteon.drr.attenuation import mass_attenuation
from osteon.drr.projector import PathIntegrals
from osteon.drr.spectrum import absorbed_share, tube_spectrum
from osteon.errors import SettingsError
from osteon.phantom.materials import Material

__all__ = [
    "BASIS",
    "PHOTONS_PER_MM2_UGY",
    "Beam",
    "basis_areal_density",
    "beam",
    "material_attenuation",
    "reference_density_g_cm3",
    "transmission",
]

BASIS = (
    "ADIPOSE",
    "SOFT_TISSUE",
    "MARROW",
    "CORTICAL_BONE",
    "TITANIUM_ALLOY",
    "STAINLESS_STEEL",
    "COBALT_CHROMIUM",
    "POLYETHYLENE",
    "BONE_CEMENT",
    "LEAD",
)
"""What attenuates: bone of any density is a mixture of cortical bone and marrow."""

PHOTONS_PER_MM2_UGY = 30174.0
"""Photons per mm2 and microgray of air kerma at beam quality RQA5 (IEC 62220-1, table 2)."""

_CHUNK = 2**13  # pixels at once, so that they stay in the cache
_HARDENING_WATER_G_CM2 = 15.0
_GROUPING_WATER_G_CM2 = (2.0, 8.0, 16.0)


def material_attenuation(material: str, energy_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mass attenuation coefficient in cm2/g of a material of ``materials.csv``."""
    shares = _table("materials").query("material == @material")
    if shares.empty:
        raise SettingsError(f"got material {material}, wanted one of {', '.join(BASIS)}")
    parts = [
        share * mass_attenuation(substance, energy_kev)
        for substance, share in zip(shares["substance"], shares["share"], strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))


def reference_density_g_cm3(material: str) -> float:
    """Density of a material of ``materials.csv`` where it is solid."""
    table = _table("materials")
    return float(table.loc[table["material"] == material, "density_g_cm3"].iloc[0])


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """A spectrum as the detector sees it, in a few groups of energies.

    Parameters
    ----------
    weights
        float32 (groups,): share of the open field's signal; sums to 1.
    attenuation_cm2_g
        float32 (groups, len(BASIS)).
    mean_energy_kev
        Mean energy of the detected photons behind 15 cm of water.
    noise_excess
        Second over squared first moment of the signal of one photon there (1 for one energy).
    """

    weights: NDArray[np.float32]
    attenuation_cm2_g: NDArray[np.float32]
    mean_energy_kev: float
    noise_excess: float


@cache
def beam(kvp: float, aluminium_mm: float = 1.6, copper_mm: float = 0.0, groups: int = 16) -> Beam:
    """Make the beam of a tube voltage and filtration for an energy-integrating CsI detector.

    The 1 keV bins are joined into groups of equal signal behind 2, 8 and 16 cm of water; in a group
    the attenuation is the mean with those weights.
    """
    energy, photons = tube_spectrum(kvp, aluminium_mm, copper_mm)
    counts = photons * absorbed_share(energy)
    water = mass_attenuation("water", energy)
    depths = [counts * energy * np.exp(-thick * water) for thick in _GROUPING_WATER_G_CM2]
    signal = np.sum([part / part.sum() for part in depths], axis=0)
    behind = counts * np.exp(-_HARDENING_WATER_G_CM2 * water)
    edges = np.cumsum(signal) / signal.sum()
    group = np.minimum((np.concatenate([[0.0], edges[:-1]]) * groups).astype(int), groups - 1)
    table = np.stack([material_attenuation(name, energy) for name in BASIS], axis=1)
    kept = [np.flatnonzero(group == index) for index in range(groups)]
    kept = [members for members in kept if len(members)]
    opened = np.array([(counts * energy)[members].sum() for members in kept])
    means = np.array([np.average(table[m], axis=0, weights=signal[m]) for m in kept])
    first = np.average(energy, weights=behind)
    second = np.average(energy**2, weights=behind)
    return Beam(
        (opened / opened.sum()).astype(np.float32),
        means.astype(np.float32),
        float(first),
        float(second / first**2),
    )


def basis_areal_density(paths: PathIntegrals) -> NDArray[np.float32]:
    """Areal densities in g/cm2 by :data:`BASIS`: (len(BASIS), rows, columns).

    Bone of density d between marrow (1.0) and cortical bone (1.92 g/cm3) is the mixture by volume
    of both that has this density, so its two shares follow from areal density and length.
    """
    planes = np.zeros((len(BASIS), *paths.areal_density_g_cm2.shape[1:]), dtype=np.float32)
    for index, code in enumerate(paths.codes):
        mass = paths.areal_density_g_cm2[index]
        if code != Material.BONE:
            planes[BASIS.index(Material(code).name)] = mass
            continue
        length_cm = paths.length_in_mm(code) * 0.1
        marrow = reference_density_g_cm3("MARROW")
        cortical = reference_density_g_cm3("CORTICAL_BONE")
        mineral = (mass - marrow * length_cm) * np.float32(cortical / (cortical - marrow))
        mineral = np.maximum(mineral, 0.0)
        planes[BASIS.index("CORTICAL_BONE")] = mineral
        planes[BASIS.index("MARROW")] = np.maximum(mass - mineral, 0.0)
    return planes


def transmission(areal_density: NDArray[np.float32], of: Beam) -> NDArray[np.float32]:
    """Primary signal as a share of the open field's: sum over energies of weight x transmission.

    Parameters
    ----------
    areal_density
        float32 (len(BASIS), rows, columns) in g/cm2.
    of
        The beam.
    """
    used = np.flatnonzero(areal_density.reshape(len(BASIS), -1).any(axis=1))
    planes = np.ascontiguousarray(areal_density[used]).reshape(len(used), -1)
    table = -of.attenuation_cm2_g[:, used]
    result = np.zeros(planes.shape[1], dtype=np.float32)
    for start in range(0, len(result), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        for weight, factors in zip(of.weights, table, strict=True):
            path = np.zeros_like(result[chunk])
            for factor, plane in zip(factors, planes, strict=True):
                path += factor * plane[chunk]
            result[chunk] += weight * np.exp(path, out=path)
    return result.reshape(areal_density.shape[1:])


@cache
def _table(name: str) -> pd.DataFrame:
    return packaged_table("osteon.phantom", f"{name}.csv")
