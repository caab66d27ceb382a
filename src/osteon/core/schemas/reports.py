"""Radiology reports, and the classes that rules read out of them.

The classes of reports are a table of their own, with other names of columns than the labels of
people have (``weak_label`` for ``label``): neither table can be taken for the other.
"""

from osteon.core.tables import Column, Schema

__all__ = [
    "CERTAINTIES",
    "REPORTS",
    "REPORT_FINDINGS",
    "REPORT_HITS",
    "REPORT_STATUSES",
    "WEAK_LABELS",
]

REPORT_STATUSES = ("preliminary", "final", "corrected", "addendum")
CERTAINTIES = ("affirmed", "uncertain", "negated")

REPORTS = Schema(
    name="reports",
    key=("report_id",),
    columns=(
        Column("report_id", "text", "Which report, unique in the table", required=True),
        Column("accession_number", "text", "Accession of the examination"),
        Column("patient_id", "text", "Patient"),
        Column("patient_birth_date", "text", "YYYY-MM-DD"),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_class", "text", "Emergency, inpatient...: PV1-2 or as the file has it"),
        Column("examination", "text", "What was done: OBR-4 or as the file has it"),
        Column("status", "text", "How far the report was", True, REPORT_STATUSES),
        Column("acquired_at", "text", "When the images were made: moment in ISO 8601"),
        Column("reported_at", "text", "When this version was reported: moment in ISO 8601"),
        Column("text", "text", "The report", required=True),
        Column("source", "text", "File, and line or message in it", required=True),
    ),
)

REPORT_HITS = Schema(
    name="report_hits",
    key=("report_id", "position", "term"),
    columns=(
        Column("report_id", "text", "Which report", required=True),
        Column("accession_number", "text", "Accession of the examination"),
        Column("patient_id", "text", "Patient"),
        Column("position", "integer", "Character at which the term begins", required=True),
        Column("term", "text", "Term that was found", required=True),
        Column("certainty", "text", "As the report puts it", True, CERTAINTIES),
        Column("cue", "text", "Words that negate it or doubt it"),
        Column("laterality", "text", "Side named beside it, else by the examination", False,
               ("L", "R", "B")),
        Column("is_history", "boolean", "Whether it is told of the past", required=True),
        Column("snippet", "text", "The hit between « and », and what stands around", True),
    ),
)  # fmt: skip

REPORT_FINDINGS = Schema(
    name="report_findings",
    key=("accession_number", "laterality", "finding"),
    columns=(
        Column("accession_number", "text", "Accession of the examination", required=True),
        Column("patient_id", "text", "Patient"),
        Column("laterality", "text", "Side the report names; U when it names none", True,
               ("L", "R", "U")),
        Column("finding", "text", "Class, from the rules", required=True),
        Column("certainty", "text", "As the report puts it", True, CERTAINTIES),
        Column("is_absence", "boolean", "Whether it says that there is nothing", required=True),
        Column("rule", "text", "Rule that found it", required=True),
        Column("evidence", "text", "The words it rests on", required=True),
    ),
)  # fmt: skip

WEAK_LABELS = Schema(
    name="weak_labels",
    key=("sop_instance_uid", "laterality"),
    columns=(
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient's hip", True, ("L", "R")),
        Column("patient_id", "text", "Patient", required=True),
        Column("accession_number", "text", "Accession the film and the report share", True),
        Column("weak_label", "text", "Class the report gives this hip", required=True),
        Column("certainty", "text", "As the report puts it", True, CERTAINTIES),
        Column("weak_label_source", "text", "Always 'report'", True, ("report",)),
        Column("rule", "text", "Rule that found it", required=True),
        Column("evidence", "text", "The words it rests on", required=True),
    ),
)
