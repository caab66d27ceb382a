"""What models said of the cases."""

from osteon.core.schemas.cases import SUBSETS
from osteon.core.tables import Column, Schema

__all__ = ["DETECTIONS", "PREDICTIONS"]

PREDICTIONS = Schema(
    name="predictions",
    key=("case_id", "fold", "box_source"),
    is_open=True,  # one column probability_<class> for every class of the label set
    columns=(
        Column("case_id", "text", "Case, as in the table of cases", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient", True, ("L", "R")),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("box_source", "text", "Whose box was classified", True, ("manual", "automatic")),
        Column("x_min_px", "number", "Left edge of the box used; empty when the hip was missed"),
        Column("y_min_px", "number", "Upper edge"),
        Column("x_max_px", "number", "Right edge"),
        Column("y_max_px", "number", "Lower edge"),
        Column("detection_score", "number", "Detector's score in [0, 1]; empty for manual boxes"),
        Column("iou", "number", "IoU with the reference box in [0, 1]; empty when missed"),
        Column("label", "text", "Reference-standard class", required=True),
        Column("predicted_label", "text", "Class with the highest probability; empty when missed"),
        Column("probability_fracture", "number", "Sum over the fracture classes, calibrated"),
    ),
)

DETECTIONS = Schema(
    name="detections",
    key=("sop_instance_uid", "laterality", "fold"),
    columns=(
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient", True, ("L", "R")),
        Column("patient_id", "text", "Patient", required=True),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("x_min_px", "number", "Left edge of the automatic box", required=True),
        Column("y_min_px", "number", "Upper edge", required=True),
        Column("x_max_px", "number", "Right edge", required=True),
        Column("y_max_px", "number", "Lower edge", required=True),
        Column("detection_score", "number", "Detector's score in [0, 1]", required=True),
        Column("case_id", "text", "The labelled hip of this side; empty for an extra box"),
    ),
)
