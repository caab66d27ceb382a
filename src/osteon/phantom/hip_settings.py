"""Settings of a synthetic hip study."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, model_validator

from osteon.core.labels import HIP_CLASSES
from osteon.core.settings import Settings
from osteon.drr.pose import VIEWS
from osteon.phantom.implant import ARTHROPLASTIES, FIXATIONS, ImplantKind
from osteon.phantom.processing import VENDORS

__all__ = ["HipsSettings", "SiteSettings"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Weight = Annotated[float, Field(ge=0.0)]

ENRICHED_MIX: Mapping[str, float] = MappingProxyType(
    {
        "no_fracture": 0.12,
        "displaced_femoral_neck": 0.20,
        "nondisplaced_femoral_neck": 0.20,
        "intertrochanteric": 0.20,
        "internal_fixation": 0.14,
        "arthroplasty": 0.14,
    }
)
EXTERNAL_MIX: Mapping[str, float] = MappingProxyType(
    {
        "no_fracture": 0.40,
        "displaced_femoral_neck": 0.14,
        "nondisplaced_femoral_neck": 0.08,
        "intertrochanteric": 0.18,
        "internal_fixation": 0.08,
        "arthroplasty": 0.12,
    }
)


def _check(name: str, weights: dict[str, float], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(weights) - set(known)):
        raise ValueError(f"{name} has {unknown[0]!r}, wanted some of {', '.join(known)}")
    if sum(weights.values()) <= 0:
        raise ValueError(f"{name}: at least one weight must be above 0")


class SiteSettings(Settings):
    """One hospital: its machines, exposures and patients.

    Parameters
    ----------
    vendors
        Weight of each vendor of :data:`osteon.phantom.processing.VENDORS`.
    kerma_factor
        Detector dose relative to the usual; below 1 films are noisier.
    scatter_factor
        Scatter relative to the usual.
    class_mix
        Weight of each class among the index hips.
    age_mean_years, age_sd_years, female_share
        Who comes.
    """

    vendors: dict[str, Weight]
    kerma_factor: Annotated[float, Field(gt=0.0)] = 1.0
    scatter_factor: Annotated[float, Field(ge=0.0)] = 1.0
    class_mix: dict[str, Weight] = Field(default_factory=lambda: dict(ENRICHED_MIX))
    age_mean_years: float = 76.0
    age_sd_years: float = 12.0
    female_share: Share = 0.65

    @model_validator(mode="after")
    def _known(self) -> Self:
        _check("vendors", self.vendors, tuple(VENDORS))
        _check("class_mix", self.class_mix, HIP_CLASSES.classes)
        return self


def _sites() -> dict[str, SiteSettings]:
    return {
        "internal": SiteSettings(vendors={"alder": 0.4, "birch": 0.35, "cedar": 0.25}),
        "external": SiteSettings(
            vendors={"elm": 0.6, "maple": 0.4},
            kerma_factor=0.6,
            scatter_factor=1.3,
            class_mix=dict(EXTERNAL_MIX),
            age_mean_years=80.0,
            age_sd_years=10.0,
            female_share=0.7,
        ),
    }


def _views() -> dict[str, float]:
    return {"ap_pelvis": 0.55, "ap_hip": 0.25, "frog_leg": 0.15, "cross_table_lateral": 0.05}


class HipsSettings(Settings):
    """What ``osteon phantom hips`` makes.

    Parameters
    ----------
    n
        Number of patients.
    site
        Name in ``sites``; ``external`` gives another vendor, exposure and prevalence.
    sites
        The hospitals.
    views
        Weight of each view among the films.
    films_per_study
        Smallest and largest number of films of one visit; one is always a pelvis film where
        ``views`` allows it.
    follow_up_share
        Share of patients with a second visit; what was broken has then been operated on.
    contralateral_hardware_share, contralateral_fracture_share
        What the other hip has besides the index hip's finding.
    garden_stage_one_share, garden_stage_three_share
        Stage I among the nondisplaced, stage III among the displaced neck fractures.
    fixation_kinds, arthroplasty_kinds
        Weight of each implant.
    pixel_size_mm
        Film's pixel at the detector; the field is about 410 x 344 mm for a pelvis.
    spacing_mm
        Voxel of the bodies.
    masks
        Whether the hips' shadows are kept as PNG beside each film.
    ct
        Whether each visit's volume is also written as a CT series with its masks.
    patient_prefix
        Start of every patient id.
    first_study_date
        Earliest study, YYYYMMDD; the others follow within five years.
    """

    n: Annotated[int, Field(ge=1)] = 100
    site: str = "internal"
    sites: dict[str, SiteSettings] = Field(default_factory=_sites)
    views: dict[str, Weight] = Field(default_factory=_views)
    films_per_study: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 3)
    follow_up_share: Share = 0.15
    contralateral_hardware_share: Share = 0.15
    contralateral_fracture_share: Share = 0.03
    garden_stage_one_share: Share = 0.6
    garden_stage_three_share: Share = 0.5
    fixation_kinds: dict[ImplantKind, Weight] = Field(
        default_factory=lambda: dict(zip(FIXATIONS, (1.0, 0.7, 1.3), strict=True))
    )
    arthroplasty_kinds: dict[ImplantKind, Weight] = Field(
        default_factory=lambda: dict(zip(ARTHROPLASTIES, (1.0, 1.0), strict=True))
    )
    pixel_size_mm: Annotated[float, Field(ge=0.1, le=4.0)] = 0.4
    spacing_mm: Annotated[float, Field(ge=0.5, le=4.0)] = 1.0
    masks: bool = True
    ct: bool = False
    patient_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")] = "SYN"
    first_study_date: Annotated[str, Field(pattern=r"^\d{8}$")] = "20180101"

    @model_validator(mode="after")
    def _known(self) -> Self:
        _check("views", self.views, tuple(VIEWS))
        _check("site", {self.site: 1.0}, tuple(self.sites))
        _check("fixation_kinds", {str(k): v for k, v in self.fixation_kinds.items()}, FIXATIONS)
        kinds = {str(k): v for k, v in self.arthroplasty_kinds.items()}
        _check("arthroplasty_kinds", kinds, ARTHROPLASTIES)
        if self.films_per_study[0] > self.films_per_study[1]:
            raise ValueError(f"films_per_study is {self.films_per_study}: smallest above largest")
        return self

    @property
    def site_settings(self) -> SiteSettings:
        """The hospital in use."""
        return self.sites[self.site]
