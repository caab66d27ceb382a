"""What follow-up is made of: imaging dates, vital status, index dates, fractures, checks, rates."""

from osteon.core.tables import Column, Schema

__all__ = [
    "FOLLOW_UP_CHECKS",
    "FRACTURE_EVENTS",
    "FRACTURE_VERDICTS",
    "IMAGING",
    "INDEX_DATES",
    "PERSON_YEARS",
    "VITAL_STATUS",
]

FRACTURE_VERDICTS = (
    "counts", "before_index", "blanking", "same_fracture", "high_energy", "side_excluded",
)  # fmt: skip

IMAGING = Schema(
    name="imaging",
    key=("patient_id", "study_date"),
    is_open=True,
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("study_date", "text", "YYYYMMDD or YYYY-MM-DD", required=True),
    ),
)

VITAL_STATUS = Schema(
    name="vital_status",
    key=("patient_id",),
    is_open=True,
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("last_contact_date", "text", "Last day known to be alive, YYYY-MM-DD"),
        Column("death_date", "text", "YYYY-MM-DD; empty when not known to be dead"),
    ),
)

INDEX_DATES = Schema(
    name="index_dates",
    key=("patient_id",),
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("index_date", "text", "Day from which is counted, YYYY-MM-DD", required=True),
        Column("imaging_date", "text", "Day of the imaging, YYYY-MM-DD", required=True),
        Column("fracture_date", "text", "Day the index fracture is coded", required=True),
        Column("laterality", "text", "Side of the index fracture where it is told", False,
               ("L", "R")),
        Column("code", "text", "Code of the index fracture", required=True),
    ),
)  # fmt: skip

FRACTURE_EVENTS = Schema(
    name="fracture_events",
    key=("patient_id", "event_date", "system", "code"),
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("event_date", "text", "Day, YYYY-MM-DD", required=True),
        Column("days", "integer", "From the index date; negative: before", required=True),
        Column("site", "text", "Bone, as the definition names it", required=True),
        Column("laterality", "text", "Side where it is told", False, ("L", "R")),
        Column("system", "text", "Coding system", required=True),
        Column("code", "text", "Code", required=True),
        Column("verdict", "text", "Whether it counts, or why not", True, FRACTURE_VERDICTS),
    ),
)

FOLLOW_UP_CHECKS = Schema(
    name="follow_up_checks",
    key=("check",),
    columns=(
        Column("check", "text", "Stable code, snake_case", required=True),
        Column("verdict", "text", "Whether it is as it should be", True, ("ok", "note", "fail")),
        Column("count", "integer", "Rows or patients it was found in", required=True),
        Column("of", "integer", "Rows or patients looked at", required=True),
        Column("detail", "text", "One sentence for a person", required=True),
    ),
)

PERSON_YEARS = Schema(
    name="person_years",
    key=("variable", "group", "cause"),
    columns=(
        Column("variable", "text", "What the groups are of: all, subset, sex, age", required=True),
        Column("group", "text", "Group", required=True),
        Column("cause", "text", "Event", True, ("subsequent_fracture", "death")),
        Column("patients", "integer", "Patients", required=True),
        Column("events", "integer", "Events", required=True),
        Column("person_years", "number", "Time at risk", required=True),
        Column("rate_per_1000", "number", "Events in 1,000 person-years"),
        Column("rate_low", "number", "Lower limit, exact Poisson, 95 %"),
        Column("rate_high", "number", "Upper limit, exact Poisson, 95 %"),
    ),
)
