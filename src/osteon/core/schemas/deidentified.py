"""What became of each file that was to be de-identified; no column names a person or a path."""

from osteon.core.tables import Column, Schema

__all__ = ["DEIDENTIFIED"]

DEIDENTIFIED = Schema(
    name="deidentified",
    key=("key",),
    columns=(
        Column("key", "text", "Keyed hash of the file's path; the key table tells it", True),
        Column("status", "text", "What became of it", True, ("delivered", "duplicate", "refused")),
        Column("reason", "text", "Why it was not delivered: stable code, snake_case"),
        Column("detail", "text", "One sentence for a person, without any value of the original"),
        Column("patient", "text", "Pseudonym"),
        Column("study_instance_uid", "text", "New study"),
        Column("series_instance_uid", "text", "New series"),
        Column("sop_instance_uid", "text", "New instance; the name of the file"),
        Column("sop_class_uid", "text", "What kind of object it is"),
        Column("painted", "integer", "Pieces of print that were painted over"),
        Column("painted_boxes", "text", "frame:row,column,row,column of each, and why"),
        Column("kept", "integer", "Pieces of print that stay"),
        Column("kept_words", "text", "Words of the list that stay"),
    ),
)
