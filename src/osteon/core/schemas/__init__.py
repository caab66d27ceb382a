"""The tables of a study folder, one file for each part of a study; ``SCHEMAS`` has them by name."""

from osteon.core.schemas.cases import CASES, SPLITS, SUBSETS
from osteon.core.schemas.exclusions import EXCLUSIONS, exclusion_rows
from osteon.core.schemas.instances import INSTANCES
from osteon.core.schemas.labels import BOX_COLUMNS, LABELS
from osteon.core.schemas.predictions import DETECTIONS, PREDICTIONS
from osteon.core.schemas.reference_standard import (
    ADJUDICATIONS,
    EVIDENCE,
    REFERENCE_HISTORY,
    REFERENCE_STANDARD,
)

__all__ = [
    "ADJUDICATIONS",
    "BOX_COLUMNS",
    "CASES",
    "DETECTIONS",
    "EVIDENCE",
    "EXCLUSIONS",
    "INSTANCES",
    "LABELS",
    "PREDICTIONS",
    "REFERENCE_HISTORY",
    "REFERENCE_STANDARD",
    "SCHEMAS",
    "SPLITS",
    "SUBSETS",
    "exclusion_rows",
]

SCHEMAS = {
    schema.name: schema
    for schema in (
        INSTANCES,
        EXCLUSIONS,
        LABELS,
        CASES,
        SPLITS,
        PREDICTIONS,
        DETECTIONS,
        EVIDENCE,
        ADJUDICATIONS,
        REFERENCE_STANDARD,
        REFERENCE_HISTORY,
    )
}
