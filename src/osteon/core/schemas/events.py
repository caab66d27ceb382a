"""Diagnoses and procedures as claims and hospital systems have them, and the first that counts."""

from osteon.core.tables import Column, Schema

__all__ = ["EVENTS", "FIRST_EVENTS"]

EVENTS = Schema(
    name="events",
    key=("patient_id", "event_date", "system", "code"),
    is_open=True,
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("event_date", "text", "Day, YYYY-MM-DD", required=True),
        Column("system", "text", "Coding system, e.g. icd10, icd10cm, cpt", required=True),
        Column("code", "text", "Code, with or without the dot", required=True),
    ),
)

FIRST_EVENTS = Schema(
    name="first_events",
    key=("patient_id",),
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("index_date", "text", "Day from which is counted, YYYY-MM-DD", required=True),
        Column("event", "boolean", "Whether there was one in the time looked at", required=True),
        Column("event_date", "text", "Day of the first, YYYY-MM-DD"),
        Column("time_days", "integer", "From the index date to the first event"),
        Column("system", "text", "Coding system of the first event"),
        Column("code", "text", "Code of the first event"),
    ),
)
