"""Who the synthetic patients are: age, sex, body mass, bone density, and what follows for shapes.

Nothing here looks at the class of a hip, so none of it can give the class away: age, density and
body are the same in every class. What is drawn from where stands in ``data/hip_reference.csv``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.core.spreadsheets import packaged_table
from osteon.phantom.femur import FemurShape
from osteon.phantom.pelvis import PelvisShape
from osteon.phantom.soft_tissue import SoftTissueShape

__all__ = ["Person", "draw_person", "femur_shape", "pelvis_shape", "reference", "soft_tissue_shape",
           "with_muscle"]  # fmt: skip

Sex = Literal["F", "M"]
_YOUNG_YEARS = 25.0
_SIDES = (Laterality.LEFT, Laterality.RIGHT)


@cache
def _table() -> pd.DataFrame:
    return packaged_table("osteon.phantom", "hip_reference.csv")


@cache
def _knots(quantity: str, sex: Sex) -> NDArray[np.float64]:
    """Age, mean and standard deviation of a quantity, float64 (3, knots)."""
    table = _table()
    rows = table[(table["quantity"] == quantity) & (table["sex"] == sex)]
    return rows[["age_years", "mean", "sd"]].to_numpy(np.float64).T


def reference(quantity: str, sex: Sex, age_years: float) -> tuple[float, float]:
    """Mean and standard deviation of a quantity, interpolated in age.

    Examples
    --------
    >>> reference("femoral_neck_bmd_g_cm2", "F", 25)
    (0.858, 0.12)
    """
    ages, means, spreads = _knots(quantity, sex)
    return float(np.interp(age_years, ages, means)), float(np.interp(age_years, ages, spreads))


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic patient, before anything happened to a hip.

    ``bmd_g_cm2`` and ``joint_space_mm`` are of the left and right hip; ``t_score`` is against young
    women of NHANES III whatever the sex (WHO's recommendation); ``osteoarthritis`` 0 (none) to 1;
    ``muscle_fat_share`` as in :class:`SoftTissueShape`.
    """

    sex: Sex
    age_years: int
    height_cm: float
    bmi_kg_m2: float
    bmd_g_cm2: tuple[float, float]
    osteoarthritis: tuple[float, float]
    calcification: float
    muscle_fat_share: float = 0.0

    @property
    def weight_kg(self) -> float:
        """Body mass."""
        return self.bmi_kg_m2 * (self.height_cm / 100.0) ** 2

    @property
    def t_score(self) -> float:
        """Lower of the two hips' T-scores."""
        mean, spread = reference("femoral_neck_bmd_g_cm2", "F", _YOUNG_YEARS)
        return (min(self.bmd_g_cm2) - mean) / spread

    def as_row(self) -> Mapping[str, float | str]:
        """Columns of the clinical table."""
        left, right = self.bmd_g_cm2
        return {
            "patient_sex": self.sex,
            "patient_age_years": self.age_years,
            "height_cm": round(self.height_cm, 1),
            "weight_kg": round(self.weight_kg, 1),
            "bmi_kg_m2": round(self.bmi_kg_m2, 1),
            "bmd_left_g_cm2": round(left, 3),
            "bmd_right_g_cm2": round(right, 3),
            "t_score": round(self.t_score, 2),
            "osteoarthritis_left": round(self.osteoarthritis[0], 2),
            "osteoarthritis_right": round(self.osteoarthritis[1], 2),
            "vascular_calcification": round(self.calcification, 2),
        }


def _drawn(quantity: str, person: Person, rng: np.random.Generator, width: float = 2.5) -> float:
    mean, spread = reference(quantity, person.sex, person.age_years)
    return mean + spread * float(np.clip(rng.standard_normal(), -width, width))


def draw_person(
    rng: np.random.Generator, *, age_mean_years: float, age_sd_years: float, female_share: float
) -> Person:
    """Draw a patient: age normal and cut to 40-99, the rest given age and sex."""
    sex: Sex = "F" if rng.random() < female_share else "M"
    age = int(np.clip(rng.normal(age_mean_years, age_sd_years), 40, 99))
    mean, spread = reference("femoral_neck_bmd_g_cm2", sex, age)
    density = mean + spread * float(np.clip(rng.standard_normal(), -2.2, 2.5))
    sides = density * (1 + np.clip(rng.normal(0, 0.025, 2), -0.06, 0.06))
    height = reference("height_cm", sex, age)
    weight = reference("bmi_kg_m2", sex, age)
    worn = rng.random(2) < np.clip((age - 45) / 120.0, 0, 0.4)
    arthritis = np.where(worn, rng.uniform(0.2, 1.0, 2), rng.uniform(0.0, 0.2, 2))
    calcified = rng.random() < np.clip((age - 55) / 80.0, 0, 0.5)
    return Person(
        sex=sex,
        age_years=age,
        height_cm=float(rng.normal(*height)),
        bmi_kg_m2=float(np.clip(rng.normal(*weight), 16.0, 42.0)),
        bmd_g_cm2=(max(float(sides[0]), 0.35), max(float(sides[1]), 0.35)),
        osteoarthritis=(float(arthritis[0]), float(arthritis[1])),
        calcification=float(rng.uniform(0.2, 1.0)) if calcified else 0.0,
    )


def with_muscle(person: Person, rng: np.random.Generator) -> Person:
    """Draw how far fat has taken the place of muscle, given age, sex and body mass."""
    share = _drawn("muscle_fat_share", person, rng) + 0.004 * (person.bmi_kg_m2 - 27.0)
    return replace(person, muscle_fat_share=float(np.clip(share, 0.0, 0.6)))


def femur_shape(person: Person, rng: np.random.Generator) -> dict[Laterality, FemurShape]:
    """Draw the two femurs: one body's size, a little different from side to side."""
    stature = (person.height_cm - (162.0 if person.sex == "F" else 175.0)) / 170.0
    head = _drawn("head_radius_mm", person, rng) * (1 + 0.4 * stature)
    offset = _drawn("offset_mm", person, rng)
    angle, version = (
        _drawn("neck_shaft_angle_deg", person, rng),
        _drawn("anteversion_deg", person, rng),
    )
    shaft = _drawn("shaft_radius_mm", person, rng) * (1 + 0.4 * stature)
    neck, trochanter = float(rng.normal(0.66, 0.025)), float(rng.normal(1.0, 0.06))
    young, spread = reference("femoral_neck_bmd_g_cm2", "F", _YOUNG_YEARS)
    shapes = {}
    for side, density in zip(_SIDES, person.bmd_g_cm2, strict=True):
        score = (density - young) / spread
        jitter = rng.normal(0, 1, 4)
        shapes[side] = FemurShape(
            head_radius_mm=float(head + 0.2 * jitter[0]),
            neck_radius_mm=neck * head,
            offset_mm=float(offset + 1.2 * jitter[1]),
            neck_shaft_angle_deg=float(angle + 1.5 * jitter[2]),
            anteversion_deg=float(version + 2.5 * jitter[3]),
            shaft_radius_mm=shaft,
            cortex_mm=float(np.clip(shaft * (0.40 + 0.050 * score), 2.2, 0.55 * shaft)),
            trochanter_scale=trochanter,
            trabecular_scale=float(np.clip(0.95 + 0.17 * score, 0.28, 1.3)),
        )
    return shapes


def pelvis_shape(
    person: Person, femurs: Mapping[Laterality, FemurShape], rng: np.random.Generator
) -> PelvisShape:
    """Draw a pelvis that fits the two heads; worn joints are narrow."""
    space = rng.normal(4.2, 0.4, 2) - 2.4 * np.asarray(person.osteoarthritis)
    heads = tuple(femurs[side].head_radius_mm for side in _SIDES)
    return PelvisShape(
        half_width_mm=_drawn("half_width_mm", person, rng),
        width_scale=_drawn("pelvis_width_scale", person, rng),
        depth_scale=float(rng.normal(1.0, 0.03)),
        height_scale=_drawn("pelvis_height_scale", person, rng),
        subpubic_scale=_drawn("subpubic_scale", person, rng),
        flare_deg=_drawn("flare_deg", person, rng),
        head_radius_mm=(heads[0], heads[1]),
        joint_space_mm=(max(float(space[0]), 1.6), max(float(space[1]), 1.6)),
        osteophyte_mm=(
            _osteophyte(person.osteoarthritis[0]),
            _osteophyte(person.osteoarthritis[1]),
        ),
        symphysis_mm=float(np.clip(rng.normal(4.2, 0.8), 2.5, 7.0)),
    )


def _osteophyte(arthritis: float) -> float:
    """Size of the rim's lip in mm: none below a grade of 0.25."""
    return max(0.0, 6.0 * (arthritis - 0.25))


def soft_tissue_shape(person: Person, rng: np.random.Generator) -> SoftTissueShape:
    """Draw the trunk and thighs from body mass index and sex."""
    extra = person.bmi_kg_m2 - 24.0
    female = person.sex == "F"
    fat = (15.0 if female else 9.0) + (1.9 if female else 1.3) * extra + rng.normal(0, 3.0)
    return SoftTissueShape(
        half_width_mm=float(168.0 + 3.2 * extra + (4.0 if female else 0.0) + rng.normal(0, 6.0)),
        half_depth_mm=float(np.clip(98.0 + 3.3 * extra + rng.normal(0, 5.0), 78.0, 150.0)),
        fat_mm=float(np.clip(fat, 4.0, 60.0)),
        thigh_radius_mm=float(78.0 + 1.7 * extra + (3.0 if female else 0.0) + rng.normal(0, 3.0)),
        back_mm=float(rng.normal(14.0, 3.0)),
        muscle_fat_share=person.muscle_fat_share,
    )
