"""Coefficients against values printed elsewhere, and the CT mapping against what it must obey."""

import numpy as np
import pytest

from osteon.drr.attenuation import attenuation_per_mm, mass_attenuation
from osteon.errors import SettingsError

# cm2/g as computed by xraylib 4.3 (Schoonjans et al. 2011, CS_Total) from its own tables
XRAYLIB = {
    ("water", 30.0): 0.3756,
    ("water", 60.0): 0.2059,
    ("cortical_bone", 40.0): 0.6654,
    ("cortical_bone", 60.0): 0.3148,
    ("titanium", 50.0): 1.2133,
    ("iron", 60.0): 1.2046,
    ("cobalt", 80.0): 0.6411,
    ("polyethylene", 60.0): 0.1970,
    ("lead", 60.0): 5.0209,
}


@pytest.mark.parametrize(("case", "value"), XRAYLIB.items())
def test_coefficients_agree_with_a_second_compilation(case, value):
    substance, energy = case
    assert mass_attenuation(substance, np.array(energy)) == pytest.approx(value, rel=3e-3)


def test_the_edge_of_iodine_is_a_jump():
    below, above = mass_attenuation("cesium_iodide", np.array([33.1, 33.3]))
    assert above > 2.5 * below


def test_unknown_substances_and_energies_are_refused():
    with pytest.raises(SettingsError, match="water"):
        mass_attenuation("unobtainium", np.array(60.0))
    with pytest.raises(SettingsError, match="8 to 150"):
        mass_attenuation("water", np.array(400.0))


def test_air_water_and_bone_of_a_ct():
    air, water, bone = attenuation_per_mm(np.array([-1000, 0, 1500]), energy_kev=60.0)
    assert air == 0
    assert water == pytest.approx(0.02059, rel=1e-3)
    assert bone > 2.4 * water


def test_bone_stands_out_more_at_low_energy_and_by_its_scale():
    def ratio(energy, scale=1.0):
        water, bone = attenuation_per_mm(
            np.array([0.0, 1000.0]), energy_kev=energy, bone_scale=scale
        )
        return bone / water

    assert ratio(40.0) > ratio(60.0) > ratio(100.0)
    assert ratio(60.0, 1.5) > ratio(60.0)
    assert ratio(70.0) == pytest.approx(2.0, rel=1e-5)  # the CT's own energy gives HU back


def test_attenuation_rises_with_hu_and_is_continuous():
    values = attenuation_per_mm(np.arange(-1100, 3000, dtype=np.int16))
    steps = np.diff(values)
    assert (steps >= 0).all()
    assert steps.max() < 1e-4
