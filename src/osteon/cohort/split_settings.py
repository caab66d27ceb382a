"""How patients are divided: at random, by date, by site, into folds and folds of folds."""

from typing import Final, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from osteon.cohort.eligibility import parse_condition
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import SUBSETS
from osteon.core.settings import Settings

__all__ = ["EXTERNAL", "SplitSettings"]

EXTERNAL: Final = "external_test"


class SplitSettings(Settings):
    """How patients are divided.

    Parameters
    ----------
    kind
        ``random``: stratified, ties broken by the seed. ``temporal``: by the date of a patient's
        first film, the earliest train and the latest test. ``leave_site_out``: as many folds as
        sites, each tested by the models of the others.
    proportions
        Share of the patients in each subset, sum 1; with ``leave_site_out`` the ratio of tuning to
        training counts.
    folds
        Number of folds of a random split, at least 2. In fold i part i is the internal test set,
        part i + 1 tunes (with three folds or more) and the others train.
    inner_folds
        Nested folds, at most ``folds - 1``: each outer fold comes that often, tuned on another of
        its training parts. Fold ``inner_folds * i + j`` tests on part i and tunes on part
        i + 1 + j.
    external
        Conditions such as ``institution_name=Site B``; a patient with a film that fulfils one of
        them goes wholly into the external test set.
    stratify_by
        Columns of the cases. No part lacks a value of the first (the class) where that can be
        avoided; all values jointly are spread evenly, as far as patients allow.
    tuning_from, test_from
        First dates (YYYYMMDD) of the tuning and the internal test set of a temporal split; chosen
        by the proportions when empty.
    site_column
        Column of the cases that names the site.
    positive_classes
        Classes that count as positive in the binary chi-square test.
    allow_empty
        Classes that may be absent from a subset; ``all`` for every class.
    """

    kind: Literal["random", "temporal", "leave_site_out"] = "random"
    proportions: dict[str, float] = Field(
        default={"training": 0.60, "tuning": 0.25, "internal_test": 0.15}
    )
    folds: int | None = Field(default=None, ge=2)
    inner_folds: int = Field(default=1, ge=1)
    external: tuple[str, ...] = ()
    stratify_by: tuple[str, ...] = Field(
        default=("label", "institution_name", "patient_sex"), min_length=1
    )
    tuning_from: str = Field(default="", pattern=r"^(\d{8})?$")
    test_from: str = Field(default="", pattern=r"^(\d{8})?$")
    site_column: str = "institution_name"
    positive_classes: tuple[str, ...] = tuple(sorted(HIP_CLASSES.positive))
    allow_empty: tuple[str, ...] = ()

    @field_validator("proportions")
    @classmethod
    def _sum_is_one(cls, value: dict[str, float]) -> dict[str, float]:
        wanted = SUBSETS[:3]
        if unknown := set(value) - set(wanted):
            raise ValueError(f"{sorted(unknown)[0]} is no subset, wanted {', '.join(wanted)}")
        if any(not 0 <= share <= 1 for share in value.values()) or not np.isclose(
            sum(value.values()), 1.0
        ):
            raise ValueError(f"shares {value} must lie in [0, 1] and add up to 1")
        return {name: value[name] for name in wanted if value.get(name, 0) > 0}

    @model_validator(mode="after")
    def _they_fit(self) -> "SplitSettings":
        for condition in self.external:
            parse_condition(condition)
        if self.kind != "random" and self.folds is not None:
            raise ValueError(f"a {self.kind} split has no folds to choose")
        if self.inner_folds > 1 and self.inner_folds > (self.folds or 2) - 1:
            raise ValueError(
                f"{self.inner_folds} inner folds, at most {(self.folds or 2) - 1} with "
                f"{self.folds} folds"
            )
        dates = [date for date in (self.tuning_from, self.test_from) if date]
        if dates and (self.kind != "temporal" or dates != sorted(dates)):
            raise ValueError("dates belong to a temporal split, tuning before the test")
        if dates and ("tuning" in self.proportions) != bool(self.tuning_from):
            raise ValueError("tuning_from is wanted where there is a tuning subset, and only there")
        if self.tuning_from and not self.test_from:
            raise ValueError("test_from is wanted beside tuning_from")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts into which a random or temporal split divides patients."""
        if self.folds is not None:
            return tuple(f"fold {index}" for index in range(self.folds))
        return tuple(self.proportions)
