"""What a split looks like: counts, tests, and classes that are absent."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from osteon.core.records import TestResult

__all__ = ["EmptyClass", "PartCounts", "SplitReport"]


@dataclass(frozen=True, slots=True)
class PartCounts:
    """What is in a part: patients, images, hips, and hips by class."""

    part: str
    patients: int
    images: int
    hips: int
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EmptyClass:
    """A class that is absent from a part, and why; ``is_allowed`` when the settings say so."""

    label: str
    part: str
    reason: str
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What a split looks like.

    Parameters
    ----------
    parts
        Counts of each part, the external test set last.
    multiclass, binary
        Chi-square tests of classes (and of positive against negative) over the parts, the
        external test set apart: a high P says that the parts are alike.
    empty
        Classes absent from a part.
    kept_patients, new_patients
        Patients whose place was given, and patients placed now.
    remarks
        What a person should know.
    problems
        Why the patients cannot be divided so; empty when they can.
    seed, split_hash
        The seed, and the hash of who is where.
    places
        Part of each patient: what a later split is given to leave them there.
    """

    parts: tuple[PartCounts, ...]
    multiclass: TestResult
    binary: TestResult
    empty: tuple[EmptyClass, ...]
    kept_patients: int
    new_patients: int
    remarks: tuple[str, ...]
    problems: tuple[str, ...]
    seed: int
    split_hash: str
    places: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether it could be done, and no class is absent where it must not be."""
        return not self.problems and all(item.is_allowed for item in self.empty)

    @property
    def obstacle(self) -> str | None:
        """The first reason why the split is not good, in one sentence."""
        if self.problems:
            return self.problems[0]
        absent = next((item for item in self.empty if not item.is_allowed), None)
        if absent is None:
            return None
        return f"{absent.label} is absent from {absent.part}: {absent.reason}"

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types without the places; an undefined P is ``None``."""
        content = asdict(self)
        del content["places"]
        for name in ("multiclass", "binary"):
            for key, value in content[name].items():
                if isinstance(value, float) and math.isnan(value):
                    content[name][key] = None
        return content
