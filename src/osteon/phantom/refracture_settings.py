"""Settings of a synthetic cohort with hip CTs and follow-up."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from osteon.core.settings import Settings

__all__ = ["RISK_YEARS", "CohortSite", "RefractureSettings", "demo_cohort"]

RISK_YEARS = (2, 5, 10)

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Risk = Annotated[float, Field(gt=0.0, lt=1.0)]
Risks = tuple[Risk, Risk, Risk]


class CohortSite(Settings):
    """One hospital: who comes, what happens to them, how it is recorded.

    Parameters
    ----------
    weight
        Its part of all patients.
    institution
        Institution Name of its CTs.
    age_mean_years, age_sd_years, female_share
        Who comes.
    fracture_risk, death_risk
        Mean risk of the site's patients within 2, 5 and 10 years if nothing else happened.
    first_index_date, last_index_date
        Index dates are even between them.
    end_of_study
        When observation ends.
    loss_per_year
        Rate at which patients are lost.
    dxa_share
        Patients with bone densitometry; more often after an earlier fracture and in women.
    coding
        Coding system of diagnoses: ``icd10cm`` tells the side in the code, ``icd10`` beside it.
    """

    weight: Annotated[float, Field(ge=0.0)]
    institution: str
    age_mean_years: float
    age_sd_years: float
    female_share: Share
    fracture_risk: Risks
    death_risk: Risks = (0.22, 0.42, 0.68)
    first_index_date: date = date(2004, 1, 1)
    last_index_date: date = date(2020, 12, 31)
    end_of_study: date = date(2021, 12, 31)
    loss_per_year: Annotated[float, Field(ge=0.0)] = 0.08
    dxa_share: Share = 0.35
    coding: Literal["icd10cm", "icd10"] = "icd10cm"

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for name in ("fracture_risk", "death_risk"):
            risks = getattr(self, name)
            if list(risks) != sorted(set(risks)):
                raise ValueError(f"{name} is {risks}: risks at 2, 5 and 10 years have to ascend")
        if not self.first_index_date <= self.last_index_date < self.end_of_study:
            raise ValueError("first_index_date, last_index_date and end_of_study have to ascend")
        return self


def _sites() -> dict[str, CohortSite]:
    """Two sites like those of Kim et al. 2024: 1,012 and 468 patients, 11.2 and 4.7 % fractures."""
    return {
        "development": CohortSite(
            weight=1012, institution="Development Hospital (synthetic)",
            age_mean_years=74.5, age_sd_years=13.3, female_share=0.70,
            fracture_risk=(0.073, 0.155, 0.28),
        ),
        "outside": CohortSite(
            weight=468, institution="Outside Hospital (synthetic)",
            age_mean_years=75.9, age_sd_years=14.0, female_share=0.72,
            fracture_risk=(0.029, 0.064, 0.125), coding="icd10",
        ),
    }  # fmt: skip


class RefractureSettings(Settings):
    """What ``osteon phantom refracture`` makes.

    Parameters
    ----------
    n
        Number of patients of all sites.
    sites
        The hospitals.
    ct
        Whether CTs are made; the tables alone take a few seconds.
    spacing_mm
        Voxel of the CTs.
    voxels_per_slice
        Voxels averaged into one slice: 2 gives half the files, twice as thick.
    below_mm, above_mm
        Extent of the scan below and above the femoral heads.
    index_fracture_share
        Share of CTs that show the index fracture; on the others the hip looks intact.
    feet_first_share, prone_share, contrast_share
        How some patients are scanned.
    quiet_days
        No subsequent fracture happens before: what is coded then is the index fracture's.
    trauma_per_year
        Rate of fractures from high energy, which do not count.
    repeat_share
        Patients whose index fracture is coded as new again later.
    late_dxa_share
        Among densitometries, those made after the index date: they are not known at it.
    missing_share
        About the share of missing body mass indices and medications; more with age.
    faulty_share
        Patients with dates that cannot be: dead before the index date, two index dates ...
    patient_prefix
        Start of every patient id.
    """

    n: Annotated[int, Field(ge=1)] = 100
    sites: dict[str, CohortSite] = Field(default_factory=_sites)
    ct: bool = True
    spacing_mm: Annotated[float, Field(ge=0.5, le=4.0)] = 2.0
    voxels_per_slice: Annotated[int, Field(ge=1, le=4)] = 1
    below_mm: Annotated[float, Field(ge=90.0, le=208.0)] = 140.0
    above_mm: Annotated[float, Field(ge=60.0, le=168.0)] = 110.0
    index_fracture_share: Share = 1.0
    feet_first_share: Share = 0.05
    prone_share: Share = 0.02
    contrast_share: Share = 0.05
    quiet_days: Annotated[int, Field(ge=0, le=365)] = 30
    trauma_per_year: Annotated[float, Field(ge=0.0)] = 0.006
    repeat_share: Share = 0.15
    late_dxa_share: Share = 0.05
    missing_share: Share = 0.10
    faulty_share: Share = 0.02
    patient_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")] = "REF"

    @model_validator(mode="after")
    def _some_patients(self) -> Self:
        if sum(site.weight for site in self.sites.values()) <= 0:
            raise ValueError("sites: at least one weight must be above 0")
        return self


def demo_cohort(n: int = 840) -> RefractureSettings:
    """Two hospitals for a demonstration: coarse CTs, and fractures far more often than in life.

    With the rates of life some hundreds of patients would have a few dozen fractures, and every
    interval would be as wide as the paper's.
    """
    life = _sites()
    often = {"development": (0.30, 0.52, 0.74), "outside": (0.18, 0.34, 0.54)}
    sites = {
        name: site.model_copy(
            update={
                "weight": 0.8 if name == "development" else 0.2,
                "fracture_risk": often[name],
                "death_risk": (0.10, 0.22, 0.42),
                "loss_per_year": 0.04,
            }
        )
        for name, site in life.items()
    }
    return RefractureSettings(
        n=n, sites=sites, spacing_mm=4.0, voxels_per_slice=2, below_mm=110.0, above_mm=80.0
    )
