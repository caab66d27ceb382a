"""A finding of the audit, and what was looked for."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

import pandas as pd

from osteon.core.schemas import LEAKAGE

__all__ = ["TITLES", "Finding", "finding_rows", "first_of_each"]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "shared_patient": "The same patient in two subsets",
        "shared_accession": "One examination in two subsets",
        "same_hip": "The same hip on films of two subsets",
        "near_duplicate_pixels": "Copies of one film in two subsets",
        "same_person_two_ids": "One person under two patient ids",
        "post_operative_film": "Post-operative films of a fracture in training",
        "words_in_pixels": "Words burned into the pixels",
        "acquisition_tells_class": "Acquisition that goes with the class",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table of leakage; see :data:`osteon.core.schemas.LEAKAGE`."""

    check: str
    severity: Literal["leakage", "warning"]
    first: str
    second: str
    detail: str
    first_subset: str | None = None
    second_subset: str | None = None
    strength: float = math.nan
    fold: int = 0


def first_of_each(findings: Iterable[Finding]) -> list[Finding]:
    """Keep each finding once, as leakage rather than a warning, in the first fold it was met in."""
    kept: dict[tuple[str, str, str], Finding] = {}
    for finding in sorted(findings, key=lambda item: (item.severity != "leakage", item.fold)):
        kept.setdefault((finding.check, finding.first, finding.second), finding)
    order = list(TITLES)
    return sorted(
        kept.values(), key=lambda item: (order.index(item.check), item.first, item.second)
    )


def finding_rows(findings: Iterable[Finding]) -> pd.DataFrame:
    """Turn findings into their table."""
    rows = [asdict(item) for item in findings]
    return LEAKAGE.checked(pd.DataFrame(rows, columns=list(LEAKAGE.names)))
