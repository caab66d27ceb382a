"""What happens to a synthetic patient after the index date: fracture, death, loss, the end.

Each patient draws unit exponentials once; the hazards turn them into days. The same draws under a
higher hazard give earlier days, and no draw depends on how many patients there are.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from osteon.core.geometry import Laterality
from osteon.core.rng import generator
from osteon.core.schemas import CENSORED, DEATH, SUBSEQUENT_FRACTURE
from osteon.phantom.clinical import Person, draw_person, femur_shape, with_muscle
from osteon.phantom.hazards import Baseline, baseline_for, body_quantities, hazard_model
from osteon.phantom.refracture_settings import RISK_YEARS, CohortSite

__all__ = ["DAYS_PER_YEAR", "Outcome", "SiteHazards", "draw_outcome", "draw_site_person",
           "site_hazards"]  # fmt: skip

DAYS_PER_YEAR = 365.25
_POPULATION = 2000  # persons a site's baseline is found with; the same whatever the cohort's size


@dataclass(frozen=True, slots=True)
class SiteHazards:
    """Baselines of the two causes at a site."""

    fracture: Baseline
    death: Baseline


@dataclass(frozen=True, slots=True)
class Outcome:
    """Dates and latent days of one patient.

    Parameters
    ----------
    index_date, end_of_study
        Start of follow-up and its administrative end.
    index_side
        The broken hip.
    log_hazard_fracture, log_hazard_death
        Truth.
    fracture_day, death_day, loss_day
        When each would happen if nothing else did, whole days after the index date.
    """

    index_date: date
    end_of_study: date
    index_side: Laterality
    log_hazard_fracture: float
    log_hazard_death: float
    fracture_day: int
    death_day: int
    loss_day: int

    @property
    def end_day(self) -> int:
        """Days to the administrative end."""
        return (self.end_of_study - self.index_date).days

    @property
    def last_seen_day(self) -> int:
        """Last day of observation, whether or not a fracture came before."""
        return min(self.death_day, self.loss_day, self.end_day)

    @property
    def cause(self) -> int:
        """What ends the follow-up: 0 censored, 1 subsequent fracture, 2 death."""
        if self.fracture_day <= self.last_seen_day:
            return SUBSEQUENT_FRACTURE
        return DEATH if self.death_day == self.last_seen_day else CENSORED

    @property
    def time_days(self) -> int:
        """Days to the end of follow-up."""
        return min(self.fracture_day, self.last_seen_day)

    def day(self, days: int) -> date:
        """Date so many days after the index date."""
        return self.index_date + timedelta(days=days)


def draw_site_person(site: CohortSite, seed: int) -> Person:
    """Draw a patient of a site."""
    person = draw_person(
        generator(seed, "person"),
        age_mean_years=site.age_mean_years,
        age_sd_years=site.age_sd_years,
        female_share=site.female_share,
    )
    return with_muscle(person, generator(seed, "muscle"))


def site_hazards(site: CohortSite, quiet_days: int) -> SiteHazards:
    """Find a site's baselines: its stated risks are the means over 2,000 of its patients."""
    model = hazard_model()
    fracture, death = np.empty(_POPULATION), np.empty(_POPULATION)
    for number in range(_POPULATION):
        person = draw_site_person(site, number)
        body = body_quantities(person, femur_shape(person, generator(number, "shape")))
        fracture[number] = model.log_hazard_fracture(body)
        death[number] = model.log_hazard_death(body)
    days = [DAYS_PER_YEAR * years for years in RISK_YEARS]
    return SiteHazards(
        baseline_for(
            list(zip(days, site.fracture_risk, strict=True)), fracture, quiet_days=quiet_days
        ),
        baseline_for(list(zip(days, site.death_risk, strict=True)), death),
    )


def draw_outcome(
    site: CohortSite,
    hazards: SiteHazards,
    log_hazard_fracture: float,
    log_hazard_death: float,
    rng: np.random.Generator,
) -> Outcome:
    """Draw what happens to a patient.

    Parameters
    ----------
    site, hazards
        Where, and its baselines.
    log_hazard_fracture, log_hazard_death
        Of this patient, against the baselines.
    rng
        Five draws are taken, whatever comes out.
    """
    span = (site.last_index_date - site.first_index_date).days
    index_date = site.first_index_date + timedelta(days=int(rng.integers(0, span + 1)))
    side = Laterality.LEFT if rng.random() < 0.5 else Laterality.RIGHT
    broken, dead, lost = rng.exponential(size=3)
    years_to_loss = lost / site.loss_per_year if site.loss_per_year > 0 else 1000.0
    return Outcome(
        index_date,
        site.end_of_study,
        side,
        log_hazard_fracture,
        log_hazard_death,
        _whole(hazards.fracture.event_day(log_hazard_fracture, broken)),
        _whole(hazards.death.event_day(log_hazard_death, dead)),
        _whole(DAYS_PER_YEAR * years_to_loss),
    )


def _whole(days: float) -> int:
    """Days counted up: at least the day after the index date, at most a thousand years."""
    return max(1, math.ceil(min(days, DAYS_PER_YEAR * 1000)))
