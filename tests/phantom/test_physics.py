"""Spectrum and transmission against an independent program and against the full sum."""

from importlib import resources
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from osteon.drr.attenuation import mass_attenuation
from osteon.drr.projector import PathIntegrals
from osteon.drr.spectrum import tube_spectrum
from osteon.errors import SettingsError
from osteon.phantom.materials import Material
from osteon.phantom.physics import (
    BASIS,
    basis_areal_density,
    beam,
    material_attenuation,
    reference_density_g_cm3,
    transmission,
)

# SpekPy 2.5.4 (Poludniowski et al. 2021), 12 degrees, 3.2 mm Al: mean energy, first HVL in mm Al
SPEKPY = {60: (37.05, 2.389), 70: (40.59, 2.753), 80: (44.17, 3.139), 90: (47.48, 3.543)}


def _energy_absorption_of_air(energy):
    path = resources.files("osteon.drr").joinpath("data", "mass_attenuation.csv")
    table = pd.read_csv(StringIO(path.read_text("utf-8")), comment="#").query("substance == 'air'")
    grid, values = np.log(table["energy_kev"]), np.log(table["mu_en_rho_cm2_g"])
    return np.exp(np.interp(np.log(energy), grid, values))


@pytest.mark.parametrize("kvp", SPEKPY)
def test_spectrum_has_the_hardness_of_an_independent_model(kvp):
    energy, photons = tube_spectrum(kvp, aluminium_mm=1.6)
    mean, layer = SPEKPY[kvp]
    assert np.average(energy, weights=photons) == pytest.approx(mean, rel=0.03)
    per_mm = 0.2699 * mass_attenuation("aluminium", energy)
    kerma = photons * energy * _energy_absorption_of_air(energy)

    def left(thickness_mm):
        return (kerma * np.exp(-per_mm * thickness_mm)).sum() / kerma.sum() - 0.5

    assert brentq(left, 0.1, 10.0) == pytest.approx(layer, rel=0.06)


def test_voltage_and_filters_do_what_they_do():
    def mean(*arguments):
        energy, photons = tube_spectrum(*arguments)
        return np.average(energy, weights=photons)

    assert mean(60) < mean(80) < mean(100)
    assert mean(80, 1.0) < mean(80, 4.0) < mean(80, 4.0, 0.2)
    assert tube_spectrum(80, 4.0)[1].sum() < tube_spectrum(80, 1.0)[1].sum()
    assert tube_spectrum(75.0)[0].max() == 75
    with pytest.raises(SettingsError, match="40 to 140"):
        tube_spectrum(20)


@pytest.mark.parametrize("bone_g_cm2", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("tissue_g_cm2", [5.0, 15.0, 25.0])
def test_few_energies_do_for_all(bone_g_cm2, tissue_g_cm2):
    planes = np.zeros((len(BASIS), 1, 1), dtype=np.float32)
    planes[BASIS.index("SOFT_TISSUE")] = tissue_g_cm2
    planes[BASIS.index("CORTICAL_BONE")] = bone_g_cm2
    found = transmission(planes, beam(75.0))[0, 0]
    energy, photons = tube_spectrum(75.0)
    weight = photons * energy * (1 - np.exp(-0.18 * mass_attenuation("cesium_iodide", energy)))
    depth = tissue_g_cm2 * material_attenuation("SOFT_TISSUE", energy)
    depth += bone_g_cm2 * material_attenuation("CORTICAL_BONE", energy)
    full = (weight * np.exp(-depth)).sum() / weight.sum()
    assert found == pytest.approx(full, rel=0.02)


def test_a_step_wedge_hardens_the_beam():
    planes = np.zeros((len(BASIS), 1, 12), dtype=np.float32)
    planes[BASIS.index("CORTICAL_BONE"), 0] = np.arange(12)
    depth = -np.log(transmission(planes, beam(75.0))[0])
    steps = np.diff(depth)
    assert depth[0] == pytest.approx(0, abs=1e-6)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()  # each further gram takes out less


def test_bone_is_split_into_cortex_and_marrow_by_its_density():
    marrow, cortical = (reference_density_g_cm3(name) for name in ("MARROW", "CORTICAL_BONE"))
    length = np.full((1, 1, 3), 10.0, dtype=np.float32)
    density = np.array([marrow, (marrow + cortical) / 2, cortical], dtype=np.float32)
    paths = PathIntegrals((int(Material.BONE),), density[None, None, :] * 1.0, length)
    planes = basis_areal_density(paths)
    mineral = planes[BASIS.index("CORTICAL_BONE"), 0]
    np.testing.assert_allclose(mineral, [0.0, cortical / 2, cortical], atol=1e-5)
    np.testing.assert_allclose(planes.sum(axis=0)[0], density, atol=1e-5)


def test_every_material_of_a_body_has_coefficients():
    for material in Material:
        if material not in (Material.AIR, Material.BONE):
            assert material.name in BASIS
    for name in BASIS:
        assert (material_attenuation(name, np.array([20.0, 60.0, 100.0])) > 0.1).all()
    with pytest.raises(SettingsError, match="TITANIUM"):
        material_attenuation("GOLD", np.array([60.0]))
