"""From a patient's part to its subset in every fold."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from osteon.cohort.split_settings import EXTERNAL, SplitSettings
from osteon.core.schemas import SPLITS

__all__ = ["SITE_ROLE", "site_of", "sites_of", "splits_frame"]

SITE_ROLE: Final = " / "  # between the site and what its patients do while others are tested


def splits_frame(parts: Mapping[str, str], settings: SplitSettings) -> pd.DataFrame:
    """Make the table of splits from each patient's part, ordered by patient and fold."""
    sites = sites_of(parts)
    rows = [
        (patient, fold, subset)
        for patient in sorted(parts)
        for fold, subset in enumerate(_subsets(parts[patient], settings, sites))
    ]
    return SPLITS.checked(pd.DataFrame(rows, columns=list(SPLITS.names)))


def site_of(part: str) -> str:
    """Site of a part of a split that leaves sites out."""
    return part.rpartition(SITE_ROLE)[0]


def sites_of(parts: Mapping[str, str]) -> list[str]:
    """Sites of a split that leaves sites out, in the order of its folds."""
    return sorted({site_of(part) for part in parts.values() if SITE_ROLE in part})


def _subsets(part: str, settings: SplitSettings, sites: list[str]) -> list[str]:
    """Subset of a part in each fold."""
    if settings.kind == "leave_site_out":
        if part == EXTERNAL:
            return [EXTERNAL] * len(sites)
        site, _, role = part.rpartition(SITE_ROLE)
        return ["internal_test" if other == site else role for other in sites]
    if settings.folds is None:
        return [part]
    if part == EXTERNAL:
        return [EXTERNAL] * settings.folds * settings.inner_folds
    own = settings.parts.index(part)
    result = []
    for outer in range(settings.folds):
        for inner in range(settings.inner_folds):
            tuning = (outer + 1 + inner) % settings.folds if settings.folds >= 3 else None
            role = "tuning" if own == tuning else "training"
            result.append("internal_test" if own == outer else role)
    return result
