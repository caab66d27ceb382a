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
    seed, split_hash
        The seed, and the hash of who is where.
    """

    parts: tuple[PartCounts, ...]
    multiclass: TestResult
    binary: TestResult
    empty: tuple[EmptyClass, ...]
    kept_patients: int
    new_patients: int
    remarks: tuple[str, ...]
    seed: int
    split_hash: str

    @property
    def is_good(self) -> bool:
        """Whether no class is absent where it must not be."""
        return all(item.is_allowed for item in self.empty)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; an undefined P is ``None``."""
        content = asdict(self)
        for name in ("multiclass", "binary"):
            for key, value in content[name].items():
                if isinstance(value, float) and math.isnan(value):
                    content[name][key] = None
        return content
