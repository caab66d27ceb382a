"""Boxes and classes that people drew, one row per hip, film and annotator."""

from osteon.core.tables import Column, Schema

__all__ = ["BOX_COLUMNS", "LABELS"]

BOX_COLUMNS = ("x_min_px", "y_min_px", "x_max_px", "y_max_px")

LABELS = Schema(
    name="labels",
    key=("sop_instance_uid", "laterality", "annotator"),
    is_open=True,
    columns=(
        Column("sop_instance_uid", "text", "Film the box is on", required=True),
        Column("laterality", "text", "Side of the patient's hip", True, ("L", "R")),
        Column("x_min_px", "number", "Left edge in the stored image", required=True),
        Column("y_min_px", "number", "Upper edge in the stored image", required=True),
        Column("x_max_px", "number", "Right edge in the stored image", required=True),
        Column("y_max_px", "number", "Lower edge in the stored image", required=True),
        Column("label", "text", "Class, from the recipe's label set", required=True),
        Column(
            "label_source",
            "text",
            "What the label rests on: film, ct, mri, operation, phantom",
            True,
        ),
        Column("annotator", "text", "Who drew it; 'phantom' for synthetic truth", required=True),
    ),
)
