"""The tables of a study folder, one file for each part of a study; ``SCHEMAS`` has them by name."""

from osteon.core.schemas.cases import CASES, SPLITS, SUBSETS
from osteon.core.schemas.deidentified import DEIDENTIFIED
from osteon.core.schemas.exclusions import EXCLUSIONS, exclusion_rows
from osteon.core.schemas.instances import INSTANCES
from osteon.core.schemas.labels import BOX_COLUMNS, LABELS
from osteon.core.schemas.predictions import PREDICTIONS

__all__ = [
    "BOX_COLUMNS",
    "CASES",
    "DEIDENTIFIED",
    "EXCLUSIONS",
    "INSTANCES",
    "LABELS",
    "PREDICTIONS",
    "SCHEMAS",
    "SPLITS",
    "SUBSETS",
    "exclusion_rows",
]

SCHEMAS = {
    schema.name: schema
    for schema in (INSTANCES, EXCLUSIONS, LABELS, CASES, SPLITS, PREDICTIONS, DEIDENTIFIED)
}
