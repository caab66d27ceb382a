"""Which rules each labelled hip fails: the first, and all."""

from osteon.core.tables import Column, Schema

__all__ = ["ELIGIBILITY"]

ELIGIBILITY = Schema(
    name="eligibility",
    key=("case_id",),
    columns=(
        Column("case_id", "text", "'<sop_instance_uid>:<laterality>'", required=True),
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("is_in", "boolean", "Whether it passes every rule", required=True),
        Column("first_failing", "text", "Reason of the first rule it fails, in the rules' order"),
        Column("failing", "text", "Reasons of all rules it fails, joined by ';'"),
    ),
)
