"""How long an examination waited for its reports."""

from osteon.core.tables import Column, Schema

__all__ = ["REPORT_TIMES"]

REPORT_TIMES = Schema(
    name="report_times",
    key=("accession_number",),
    columns=(
        Column("accession_number", "text", "Accession of the examination", required=True),
        Column("patient_id", "text", "Patient"),
        Column("acquired_at", "text", "First image: moment in ISO 8601"),
        Column("preliminary_at", "text", "First preliminary report: moment in ISO 8601"),
        Column("final_at", "text", "First final report: moment in ISO 8601"),
        Column("minutes_to_preliminary", "number", "From the images to the preliminary report"),
        Column("minutes_to_final", "number", "From the images to the final report"),
        Column("minutes_between", "number", "From the preliminary to the final report"),
    ),
)
