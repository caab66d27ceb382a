"""The tables of a study folder, one file for each part of a study; ``SCHEMAS`` has them by name."""

from osteon.core.schemas.cases import CASES, PATIENT_CASES, SPLITS, SUBSETS
from osteon.core.schemas.clinical import CELL_FAULTS, CLINICAL, LINKS
from osteon.core.schemas.deidentified import DEIDENTIFIED
from osteon.core.schemas.eligibility import ELIGIBILITY
from osteon.core.schemas.events import EVENTS, FIRST_EVENTS
from osteon.core.schemas.exclusions import EXCLUSIONS, exclusion_rows
from osteon.core.schemas.instances import INSTANCES
from osteon.core.schemas.labels import BOX_COLUMNS, LABELS
from osteon.core.schemas.leakage import ACQUISITION, LEAKAGE, LEAKAGE_CHECKS
from osteon.core.schemas.observation import (
    FOLLOW_UP_CHECKS,
    FRACTURE_EVENTS,
    FRACTURE_VERDICTS,
    IMAGING,
    INDEX_DATES,
    PERSON_YEARS,
    VITAL_STATUS,
)
from osteon.core.schemas.persons import IDENTITIES, PERSONS
from osteon.core.schemas.predictions import DETECTIONS, PREDICTIONS
from osteon.core.schemas.reference_standard import (
    ADJUDICATIONS,
    EVIDENCE,
    REFERENCE_HISTORY,
    REFERENCE_STANDARD,
)
from osteon.core.schemas.reports import (
    CERTAINTIES,
    REPORT_FINDINGS,
    REPORT_HITS,
    REPORT_STATUSES,
    REPORTS,
    WEAK_LABELS,
)
from osteon.core.schemas.survival import (
    CENSORED,
    DEATH,
    END_REASONS,
    FOLLOW_UP,
    RISK_SCORES,
    SUBSEQUENT_FRACTURE,
    SURVIVAL_CURVES,
)
from osteon.core.schemas.times import REPORT_TIMES
from osteon.core.schemas.volumes import PROJECTED_VIEWS, PROJECTIONS, VOLUMES

__all__ = [
    "ACQUISITION",
    "ADJUDICATIONS",
    "BOX_COLUMNS",
    "CASES",
    "CELL_FAULTS",
    "CENSORED",
    "CERTAINTIES",
    "CLINICAL",
    "DEATH",
    "DEIDENTIFIED",
    "DETECTIONS",
    "ELIGIBILITY",
    "END_REASONS",
    "EVENTS",
    "EVIDENCE",
    "EXCLUSIONS",
    "FIRST_EVENTS",
    "FOLLOW_UP",
    "FOLLOW_UP_CHECKS",
    "FRACTURE_EVENTS",
    "FRACTURE_VERDICTS",
    "IDENTITIES",
    "IMAGING",
    "INDEX_DATES",
    "INSTANCES",
    "LABELS",
    "LEAKAGE",
    "LEAKAGE_CHECKS",
    "LINKS",
    "PATIENT_CASES",
    "PERSONS",
    "PERSON_YEARS",
    "PREDICTIONS",
    "PROJECTED_VIEWS",
    "PROJECTIONS",
    "REFERENCE_HISTORY",
    "REFERENCE_STANDARD",
    "REPORTS",
    "REPORT_FINDINGS",
    "REPORT_HITS",
    "REPORT_STATUSES",
    "REPORT_TIMES",
    "RISK_SCORES",
    "SCHEMAS",
    "SPLITS",
    "SUBSEQUENT_FRACTURE",
    "SUBSETS",
    "SURVIVAL_CURVES",
    "VITAL_STATUS",
    "VOLUMES",
    "WEAK_LABELS",
    "exclusion_rows",
]

SCHEMAS = {
    schema.name: schema
    for schema in (
        INSTANCES,
        EXCLUSIONS,
        LABELS,
        CASES,
        PATIENT_CASES,
        SPLITS,
        PREDICTIONS,
        DETECTIONS,
        CELL_FAULTS,
        CLINICAL,
        LINKS,
        DEIDENTIFIED,
        ELIGIBILITY,
        EVENTS,
        FIRST_EVENTS,
        LEAKAGE,
        ACQUISITION,
        PERSONS,
        IDENTITIES,
        EVIDENCE,
        ADJUDICATIONS,
        REFERENCE_STANDARD,
        REFERENCE_HISTORY,
        REPORTS,
        REPORT_HITS,
        REPORT_FINDINGS,
        WEAK_LABELS,
        REPORT_TIMES,
        VOLUMES,
        PROJECTIONS,
        IMAGING,
        VITAL_STATUS,
        INDEX_DATES,
        FRACTURE_EVENTS,
        FOLLOW_UP,
        FOLLOW_UP_CHECKS,
        PERSON_YEARS,
        RISK_SCORES,
        SURVIVAL_CURVES,
    )
}
