"""The card of survival networks: time and causes, the way from CT to projection, the reference."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from osteon.cohort.volume_choice import VolumeRules
from osteon.core.schemas import PROJECTED_VIEWS
from osteon.core.settings import Settings
from osteon.drr.prepare import PROJECTION_VERSION
from osteon.drr.settings import ProjectionSettings
from osteon.errors import SettingsError
from osteon.models.card import Card, preprocessing_hash
from osteon.models.spec import SurvivalHead, SurvivalSpec, load_spec
from osteon.pixels.volume_settings import VolumeSettings

__all__ = [
    "ClinicalInput",
    "CtPreprocessing",
    "HazardRecalibration",
    "HorizonRisks",
    "ReferenceCohort",
    "SurvivalCard",
]

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class CtPreprocessing(Settings):
    """What happens between a CT and the networks' projections.

    Parameters
    ----------
    projection_version
        :data:`osteon.drr.prepare.PROJECTION_VERSION`: the way from a volume to a projection.
    projection
        Detector, geometry, energy, table.
    reading
        How volumes are read, and what may be interpolated.
    volumes
        Which volume stands for a patient; the rules on index dates are for studies.
    """

    projection_version: str = str(PROJECTION_VERSION)
    projection: ProjectionSettings
    reading: VolumeSettings
    volumes: VolumeRules


class ClinicalInput(Settings):
    """A clinical variable beside the picture: training patients' mean and standard deviation.

    A missing value takes the mean, and an indicator beside it says so.
    """

    name: str
    mean: Number
    deviation: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class HorizonRisks(Settings):
    """Risks of the reference patients by a horizon.

    Parameters
    ----------
    days
        The horizon.
    mean_risk
        Mean over all of them.
    risks
        Ascending values that stand for an equal share of the patients each: every patient's
        where they are few, quantiles of them where they are many.
    """

    days: Days
    mean_risk: Share
    risks: Annotated[tuple[Share, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if list(self.risks) != sorted(self.risks):
            raise ValueError("risks of the reference patients have to ascend")
        return self


class ReferenceCohort(Settings):
    """The patients a percentile is a rank among, as numbers that name nobody.

    Parameters
    ----------
    subset
        ``training`` or ``tuning``: whose risks these are.
    n_patients
        How many.
    followed_days
        Longest follow-up among the patients the networks learned from: beyond it no risk is told.
    times_days, mean_event_free
        Their mean curve: cause-specific probability of no event by then; times rise from 0.
    death_competes
        Whether risks are cumulative incidences with death competing, or 1 - event-free.
    horizons
        Their risks by each horizon, ascending.
    """

    subset: Literal["training", "tuning"]
    n_patients: Annotated[int, Field(ge=1)]
    followed_days: Days
    times_days: tuple[Days, ...]
    mean_event_free: tuple[Share, ...]
    death_competes: bool
    horizons: Annotated[tuple[HorizonRisks, ...], Field(min_length=1)]

    @property
    def title(self) -> str:
        """Who they are, e.g. ``"training patients"``."""
        return f"{self.subset} patients"

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """The horizons."""
        return tuple(horizon.days for horizon in self.horizons)

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        if len(self.times_days) != len(self.mean_event_free) or len(self.times_days) < 2:
            raise ValueError("times_days and mean_event_free have to be as long, two at least")
        if self.times_days[0] != 0 or any(b <= a for a, b in pairwise(self.times_days)):
            raise ValueError("times_days have to rise from 0")
        if any(b > a for a, b in pairwise(self.mean_event_free)):
            raise ValueError("mean_event_free may not rise")
        if any(b <= a for a, b in pairwise(self.horizons_days)):
            raise ValueError("horizons have to ascend")
        return self


class HazardRecalibration(Settings):
    """How the cause-specific hazard is changed; see :mod:`osteon.statistics.hazard_update`.

    Parameters
    ----------
    kind
        ``level``, or ``level_and_spread``.
    intercept, slope, centre
        The hazard is multiplied by ``exp(intercept + (slope - 1) * (log_hazard - centre))``.
    at_days
        Time up to which the log hazard is that of.
    subset, n_patients, n_events
        What it was fitted on.
    """

    kind: Literal["level", "level_and_spread"]
    intercept: Number
    slope: Number
    centre: Number
    at_days: Days
    subset: Literal["tuning"] = "tuning"
    n_patients: Annotated[int, Field(ge=1)]
    n_events: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _level_keeps_the_spread(self) -> Self:
        if self.kind == "level" and self.slope != 1:
            raise ValueError(f"slope is {self.slope} and only the level was fitted: wanted 1")
        return self


class SurvivalCard(Card):
    """The card of a package that tells when an event comes, from projections of a CT.

    Parameters
    ----------
    causes
        The event that is waited for, and what competes with it where networks know of it.
    head, cuts_days, image_size_px
        As of every network (:class:`osteon.models.spec.SurvivalSpec`).
    time_unit
        Of every time on the card, from the day of the CT.
    views
        Projections, each with networks of its own.
    seeds
        Seed of each part's training.
    preprocessing, preprocessing_hash
        From CT to projection.
    clinical
        Clinical variables the networks take; none uses the pictures alone.
    reference
        Whom a patient is compared with.
    recalibration
        A change of the hazard that was fitted on tuning patients; ``None`` without one.

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown or missing, a hash is wrong, or parts and card contradict each other.
    """

    inputs_file: ClassVar[str] = "training_volumes.json"

    kind: Literal["survival"] = "survival"
    causes: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    head: SurvivalHead
    time_unit: Literal["days"] = "days"
    cuts_days: tuple[Days, ...]
    image_size_px: Annotated[int, Field(gt=0)]
    views: Annotated[tuple[str, ...], Field(min_length=1)]
    seeds: dict[str, int]
    preprocessing: CtPreprocessing
    preprocessing_hash: str
    clinical: tuple[ClinicalInput, ...] = ()
    reference: ReferenceCohort
    recalibration: HazardRecalibration | None = None

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """Days at which risks are told."""
        return self.reference.horizons_days

    def versions(self) -> Mapping[str, tuple[str, str]]:
        """Give the version of the way from a volume to a projection."""
        return {"projection": (self.preprocessing.projection_version, str(PROJECTION_VERSION))}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wanted = preprocessing_hash(self.preprocessing)
        if self.preprocessing_hash != wanted:
            raise ValueError(f"preprocessing_hash is not that of preprocessing ({wanted[:12]}…)")
        if set(self.seeds) != set(self.parts):
            raise ValueError("seeds are not one for every part")
        specs = {name: _spec(name, part.spec) for name, part in self.parts.items()}
        seen = {spec.view for spec in specs.values()}
        if self.views != tuple(view for view in PROJECTED_VIEWS if view in seen):
            raise ValueError(f"views are {self.views}, the parts are of {sorted(seen)}")
        for name, spec in specs.items():
            self._check_part(name, spec)
        if max(self.horizons_days) > self.cuts_days[-1]:
            raise ValueError(f"a horizon lies beyond the last cut point {self.cuts_days[-1]:g}")
        if self.reference.death_competes != (len(self.causes) == 2):
            raise ValueError("death competes in the networks or in the reference, not in both")
        return self

    def _check_part(self, name: str, spec: SurvivalSpec) -> None:
        own = {
            "head": (spec.head, self.head),
            "cut points": (spec.cuts_days, self.cuts_days),
            "causes": (spec.causes, len(self.causes)),
            "image_size_px": (spec.image_size_px, self.image_size_px),
        }
        for what, (got, said) in own.items():
            if got != said:
                raise ValueError(f"part {name} has {what} {got}, the card says {said}")
        known = {item.name for item in self.clinical}
        if unknown := [item for item in spec.clinical if item not in known]:
            raise ValueError(f"part {name} takes {unknown[0]}, which the card does not name")


def _spec(name: str, values: Mapping[str, object]) -> SurvivalSpec:
    try:
        spec = load_spec(values)
    except SettingsError as error:
        raise ValueError(f"part {name}: {error.message}") from error
    if not isinstance(spec, SurvivalSpec):
        raise ValueError(f"part {name} is a {spec.kind}, wanted survival networks only")
    return spec
