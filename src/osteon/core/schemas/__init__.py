"""The tables of a study folder, one file for each part of a study; ``SCHEMAS`` has them by name."""

from osteon.core.schemas.cases import CASES, SPLITS, SUBSETS
from osteon.core.schemas.eligibility import ELIGIBILITY
from osteon.core.schemas.exclusions import EXCLUSIONS, exclusion_rows
from osteon.core.schemas.instances import INSTANCES
from osteon.core.schemas.labels import BOX_COLUMNS, LABELS
from osteon.core.schemas.leakage import ACQUISITION, LEAKAGE, LEAKAGE_CHECKS
from osteon.core.schemas.persons import IDENTITIES, PERSONS
from osteon.core.schemas.predictions import PREDICTIONS

__all__ = [
    "ACQUISITION",
    "BOX_COLUMNS",
    "CASES",
    "ELIGIBILITY",
    "EXCLUSIONS",
    "IDENTITIES",
    "INSTANCES",
    "LABELS",
    "LEAKAGE",
    "LEAKAGE_CHECKS",
    "PERSONS",
    "PREDICTIONS",
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
        IDENTITIES,
        PERSONS,
        ELIGIBILITY,
        CASES,
        SPLITS,
        LEAKAGE,
        ACQUISITION,
        PREDICTIONS,
    )
}
