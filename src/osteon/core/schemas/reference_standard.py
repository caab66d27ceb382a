"""Why each hip has its class: evidence, what adjudicators said, the result and its history."""

from osteon.core.tables import Column, Schema

__all__ = ["ADJUDICATIONS", "EVIDENCE", "REFERENCE_HISTORY", "REFERENCE_STANDARD"]

EVIDENCE = Schema(
    name="evidence",
    key=("case_id", "evidence_id"),
    columns=(
        Column("case_id", "text", "Hip on a film, as in the table of cases", required=True),
        Column("evidence_id", "text", "'<file>#<row>', or 'film#<annotator>'", required=True),
        Column("patient_id", "text", "Patient"),
        Column("source", "text", "film, ct, mri, operation, follow_up, ...", required=True),
        Column("finding", "text", "As the source gives it: a class, or an implant", required=True),
        Column("label", "text", "Class it stands for; empty where no rule gives one"),
        Column("evidence_date", "text", "YYYYMMDD"),
        Column("days_after_film", "integer", "Days from the film to the evidence"),
        Column("who", "text", "Annotator, reader or surgeon"),
        Column("rule", "text", "Rule of the recipe that takes this source"),
        Column("is_used", "boolean", "Whether it could decide the case", required=True),
        Column("not_used_because", "text", "Code in snake_case; empty when used"),
        Column("comment", "text", "As the file gives it"),
    ),
)

ADJUDICATIONS = Schema(
    name="adjudications",
    key=("case_id", "number"),
    columns=(
        Column("case_id", "text", "Hip on a film", required=True),
        Column("number", "integer", "Which import it came with, from 1", required=True),
        Column("label", "text", "The adjudicator's class", required=True),
        Column("adjudicator", "text", "Who", required=True),
        Column("adjudicated_on", "text", "YYYYMMDD", required=True),
        Column("original_answers", "text", "What the adjudicator saw", required=True),
        Column("comment", "text", "Why"),
        Column("origin", "text", "File and row", required=True),
    ),
)

_STATUSES = ("decided", "undecided", "withdrawn")
_RESULT = (
    Column("patient_id", "text", "Patient"),
    Column("sop_instance_uid", "text", "Film", required=True),
    Column("laterality", "text", "Side of the patient", True, ("L", "R")),
    Column("status", "text", "Whether there is a class", True, _STATUSES),
    Column("label", "text", "Reference-standard class; empty when undecided"),
    Column("label_source", "text", "What it rests on: film, ct, mri, operation, ..."),
    Column("rule", "text", "The rule that decided, or why none did", required=True),
    Column("decided_by", "text", "Annotators, adjudicator, reader or surgeon"),
    Column("decided_on", "text", "YYYYMMDD of the evidence or the adjudication"),
    Column("is_adjudicated", "boolean", "Whether an adjudicator decided", required=True),
    Column("annotators", "integer", "Annotators of the film", required=True),
    Column("answers", "text", "Every answer and usable piece of evidence", required=True),
    Column("warnings", "text", "What to bear in mind, joined by ' | '"),
)

REFERENCE_STANDARD = Schema(
    name="reference_standard",
    key=("case_id",),
    columns=(Column("case_id", "text", "Hip on a film", required=True), *_RESULT),
)

REFERENCE_HISTORY = Schema(
    name="reference_standard_history",
    key=("number", "case_id"),
    columns=(
        Column("number", "integer", "Which build changed it, from 1", required=True),
        Column("built_at", "text", "UTC, ISO 8601", required=True),
        Column("case_id", "text", "Hip on a film", required=True),
        *_RESULT,
    ),
)
