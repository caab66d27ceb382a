"""Which patient ids stand for one person, and which share an identity."""

from osteon.core.tables import Column, Schema

__all__ = ["IDENTITIES", "PERSONS"]

PERSONS = Schema(
    name="persons",
    key=("patient_id",),
    columns=(
        Column("patient_id", "text", "Patient ID as the films have it", required=True),
        Column("person_id", "text", "One for each person, whatever ids they have", required=True),
    ),
)

IDENTITIES = Schema(
    name="identities",
    key=("identity", "patient_id"),
    columns=(
        Column("identity", "text", "Hash of birth date, sex and name", required=True),
        Column("patient_id", "text", "Patient ID that has this identity", required=True),
    ),
)
