"""Clinical tables: risk factors, what is wrong with cells, which rows belong to which films."""

from osteon.core.tables import Column, Schema

__all__ = ["CELL_FAULTS", "CLINICAL", "LINKS"]

CELL_FAULTS = Schema(
    name="cell_faults",
    key=("source", "row", "column", "reason"),
    columns=(
        Column("source", "text", "File", required=True),
        Column("row", "integer", "Row in the file, the header counted", required=True),
        Column("column", "text", "Column of the file; empty for the row as a whole"),
        Column("value", "text", "What stands there"),
        Column("reason", "text", "Stable code, snake_case", required=True),
        Column("detail", "text", "One sentence for a person", required=True),
        Column("is_row_refused", "boolean", "Whether the row was left out for it", required=True),
    ),
)

LINKS = Schema(
    name="links",
    key=("anchor", "row"),
    columns=(
        Column("anchor", "text", "What was linked to, e.g. a study instance UID", required=True),
        Column("row", "integer", "Number of the row in the linked table, from 0", required=True),
        Column("patient_id", "text", "Patient, as the linkage writes ids", required=True),
        Column("anchor_date", "text", "Day of the anchor, YYYY-MM-DD", required=True),
        Column("row_date", "text", "Day of the row, YYYY-MM-DD; empty where rows have no day"),
        Column("days", "integer", "Day of the row less day of the anchor; negative: before"),
    ),
)

CLINICAL = Schema(
    name="clinical",
    key=("patient_id",),
    is_open=True,
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_age_years", "number", "Age at the index date"),
        Column("bmi_kg_m2", "number", "Body mass index"),
        Column("prior_fracture", "boolean", "A fracture before the index fracture"),
        Column("glucocorticoids", "boolean", "Long-term glucocorticoids"),
        Column("secondary_osteoporosis", "boolean", "A disease that goes with osteoporosis"),
        Column("t_score", "number", "Femoral neck, against young women of NHANES III"),
    ),
)
