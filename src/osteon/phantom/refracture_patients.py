"""Plan a synthetic patient of a follow-up cohort: body, scan, outcome, risk factors, records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from osteon.core.geometry import Laterality
from osteon.core.rng import generator, seed_for
from osteon.phantom.claims import Claims, draw_claims
from osteon.phantom.clinical import Person
from osteon.phantom.garden import draw_intertrochanteric, draw_neck_fracture
from osteon.phantom.hazards import body_quantities, hazard_model
from osteon.phantom.outcomes import Outcome, SiteHazards, draw_outcome, draw_site_person
from osteon.phantom.patients import Finding, PatientPlan, Visit, base_body, pick
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.phantom.risk_factors import draw_risk_factors
from osteon.phantom.scan import ScanPlan

__all__ = ["CohortPatient", "plan_cohort_patient"]


@dataclass(frozen=True, slots=True)
class CohortPatient:
    """All that is true of one patient, and what a hospital has of it.

    Parameters
    ----------
    site
        Name of the hospital.
    plan
        Body and visit, as :func:`osteon.phantom.patients.body_for` takes them.
    scan
        How the CT is made.
    body
        What drives the hazards.
    outcome
        What happens.
    factors
        Risk factors, none missing.
    clinical
        Row of the clinical table.
    claims
        Diagnoses, vital status, imaging dates.
    """

    site: str
    plan: PatientPlan
    scan: ScanPlan
    body: Mapping[str, float]
    outcome: Outcome
    factors: Mapping[str, float]
    clinical: Mapping[str, Any]
    claims: Claims

    @property
    def person(self) -> Person:
        """Who."""
        return self.plan.person


def plan_cohort_patient(
    settings: RefractureSettings,
    hazards: Mapping[str, SiteHazards],
    seed: int,
    index: int,
) -> CohortPatient:
    """Plan a patient: the same settings, seed and index give the same plan.

    Parameters
    ----------
    settings
        Of the cohort.
    hazards
        By site, as :func:`osteon.phantom.outcomes.site_hazards` finds them.
    seed, index
        Which patient.
    """
    own = seed_for(seed, "refracture", index)
    weights = {name: site.weight for name, site in settings.sites.items()}
    name = pick(weights, generator(own, "site"))
    site = settings.sites[name]
    person = draw_site_person(site, own)
    base = base_body(person, own)
    femurs = {side: base.hip(side).femur for side in Laterality}
    body, model = body_quantities(person, femurs), hazard_model()
    log_hazard = model.log_hazard_fracture(body)
    outcome = draw_outcome(
        site, hazards[name], log_hazard, model.log_hazard_death(body), generator(own, "outcome")
    )
    factors, clinical = draw_risk_factors(
        person, log_hazard, outcome.index_date, site, settings, generator(own, "risk factors")
    )
    claims = draw_claims(
        outcome, bool(factors["prior_fracture"]), site, settings, generator(own, "claims")
    )
    rng = generator(own, "scan")
    finding = _index_fracture(rng) if rng.random() < settings.index_fracture_share else (None, None)
    visit = Visit(
        number=1,
        study_date=outcome.index_date.strftime("%Y%m%d"),
        study_time=f"{int(rng.integers(0, 24)):02d}{int(rng.integers(0, 60)):02d}00",
        age_years=person.age_years,
        vendor="",
        findings={outcome.index_side: finding, outcome.index_side.other: (None, None)},
        films=(),
    )
    plan = PatientPlan(index, f"{settings.patient_prefix}-{index:05d}", own, person, base, (visit,))
    how = _scan_plan(settings, site.institution, rng)
    return CohortPatient(name, plan, how, body, outcome, factors, clinical, claims)


def _index_fracture(rng: np.random.Generator) -> Finding:
    """Draw the fracture that led to the CT: of the neck or intertrochanteric, as often."""
    if rng.random() < 0.5:
        return draw_intertrochanteric(rng), None
    return draw_neck_fracture(int(rng.integers(1, 5)), rng), None


def _scan_plan(
    settings: RefractureSettings, institution: str, rng: np.random.Generator
) -> ScanPlan:
    feet, prone, contrast = rng.random(3)
    end = "FF" if feet < settings.feet_first_share else "HF"
    lying = "P" if prone < settings.prone_share else "S"
    has_contrast = bool(contrast < settings.contrast_share)
    return ScanPlan(end + lying, has_contrast, institution, settings.voxels_per_slice)
