"""CT series as volumes, and the radiographs projected from them."""

from osteon.core.tables import Column, Schema

__all__ = ["PROJECTED_VIEWS", "PROJECTIONS", "VOLUMES"]

PROJECTED_VIEWS = ("frontal", "lateral", "axial")

VOLUMES = Schema(
    name="volumes",
    key=("series_instance_uid",),
    columns=(
        Column(
            "series_instance_uid", "text",
            "Series Instance UID; with # and a number where a series holds several volumes", True,
        ),
        Column("reconstruction", "integer", "Number of the volume in its series, from 1", True),
        Column("patient_id", "text", "Patient", required=True),
        Column("study_instance_uid", "text", "Imaging study"),
        Column("study_date", "text", "YYYYMMDD"),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_age_years", "number", "Age at imaging"),
        Column("institution_name", "text", "Site"),
        Column("manufacturer", "text", "Manufacturer"),
        Column("series_description", "text", "Series Description (0008,103E)"),
        Column("convolution_kernel", "text", "Reconstruction kernel"),
        Column("patient_position", "text", "HFS, FFS, HFP, FFP and so on"),
        Column("contrast_bolus_agent", "text", "Contrast agent; empty when none is named"),
        Column("n_slices", "integer", "Slices of the volume", required=True),
        Column("slice_thickness_mm", "number", "Slice Thickness (0018,0050); not used as spacing"),
        Column("slice_spacing_mm", "number", "Between slices", required=True),
        Column("row_spacing_mm", "number", "Between rows", required=True),
        Column("column_spacing_mm", "number", "Between columns", required=True),
        Column("z_extent_mm", "number", "Length scanned along the patient", required=True),
        Column("hips_in_view", "integer", "Femoral heads found, 0 to 2", required=True),
        Column("enhanced_cm3", "number", "Volume that looks like contrast agent", required=True),
        Column("metal_cm3", "number", "Volume above 2,500 HU", required=True),
        Column("steps", "text", "What reading did, joined by semicolons"),
        Column("is_chosen", "boolean", "Whether it is the patient's one volume", required=True),
        Column("reason", "text", "Why it was not chosen; empty when it was"),
        Column("content_hash", "text", "SHA-256 over the slices' hashes", required=True),
        Column("path", "text", "Folder or archive of the series", required=True),
    ),
)  # fmt: skip

PROJECTIONS = Schema(
    name="projections",
    key=("case_id", "view"),
    columns=(
        Column("case_id", "text", "Case: the series_instance_uid of the volume", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("view", "text", "Standard view", True, PROJECTED_VIEWS),
        Column("rows", "integer", "Height of the picture", required=True),
        Column("columns", "integer", "Width of the picture", required=True),
        Column("row_spacing_mm", "number", "At the detector", required=True),
        Column("column_spacing_mm", "number", "At the detector", required=True),
        Column("path", "text", "float32 .npy in the study's cache, from the study", required=True),
        Column("content_hash", "text", "SHA-256 of the volume it was made of", required=True),
    ),
)
