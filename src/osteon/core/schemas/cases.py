"""Who is in and where: cases, and the subset of each patient."""

from osteon.core.tables import Column, Schema

__all__ = ["CASES", "PATIENT_CASES", "SPLITS", "SUBSETS"]

SUBSETS = ("training", "tuning", "internal_test", "external_test")

CASES = Schema(
    name="cases",
    key=("case_id",),
    is_open=True,
    columns=(
        Column("case_id", "text", "'<sop_instance_uid>:<laterality>', one hip on one film", True),
        Column("patient_id", "text", "Patient", required=True),
        Column("study_instance_uid", "text", "Imaging study"),
        Column("accession_number", "text", "Accession"),
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient", True, ("L", "R")),
        Column("view_position", "text", "View"),
        Column("x_min_px", "number", "Left edge of the reference box", required=True),
        Column("y_min_px", "number", "Upper edge of the reference box", required=True),
        Column("x_max_px", "number", "Right edge of the reference box", required=True),
        Column("y_max_px", "number", "Lower edge of the reference box", required=True),
        Column("label", "text", "Reference-standard class", required=True),
        Column("label_source", "text", "What the label rests on", required=True),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_age_years", "number", "Age at imaging"),
        Column("manufacturer", "text", "Manufacturer"),
        Column("manufacturer_model_name", "text", "Model"),
        Column("institution_name", "text", "Site"),
        Column("study_date", "text", "YYYYMMDD"),
        Column("content_hash", "text", "SHA-256 of the film's file", required=True),
        Column("path", "text", "Path of the file or archive", required=True),
        Column("archive_member", "text", "Name inside the archive"),
    ),
)

PATIENT_CASES = Schema(
    name="patient_cases",
    key=("case_id",),
    is_open=True,
    columns=(
        Column("case_id", "text", "series_instance_uid of the patient's volume", required=True),
        Column("patient_id", "text", "Patient, one case each", required=True),
        Column("label", "text", "What ended the follow-up, as a name", required=True),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_age_years", "number", "Age at imaging"),
        Column("manufacturer", "text", "Manufacturer"),
        Column("institution_name", "text", "Site"),
        Column("study_date", "text", "YYYYMMDD"),
        Column("content_hash", "text", "SHA-256 of the volume", required=True),
        Column("path", "text", "Folder or archive of the series", required=True),
    ),
)

SPLITS = Schema(
    name="splits",
    key=("patient_id", "fold"),
    columns=(
        Column("patient_id", "text", "Patient: all films and hips go together", required=True),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
    ),
)
