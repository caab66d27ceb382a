"""Tables of a few columns, filled up."""

import pandas as pd

from osteon.core.schemas import CASES, INSTANCES, LABELS


def instances_of(rows):
    """Table of instances from a few columns; the others are empty."""
    frame = pd.DataFrame(rows)
    required = {"sop_class_uid": "1.2.3", "size_bytes": 1}
    for column in INSTANCES.columns:
        if column.name not in frame:
            frame[column.name] = required.get(column.name)
    for name in ("path", "content_hash"):
        frame[name] = frame[name].fillna(frame["sop_instance_uid"])
    return INSTANCES.checked(frame)


def labels_of(rows):
    frame = pd.DataFrame(rows)
    filled = {
        "x_min_px": 10.0, "y_min_px": 10.0, "x_max_px": 50.0, "y_max_px": 60.0,
        "label": "no_fracture", "label_source": "film", "annotator": "a",
    }  # fmt: skip
    for name, value in filled.items():
        frame[name] = value if name not in frame else frame[name].fillna(value)
    return LABELS.checked(frame)


def cases_of(rows):
    """Table of cases from (patient, film, laterality, label) and further columns."""
    frame = pd.DataFrame(rows)
    frame["case_id"] = frame["sop_instance_uid"] + ":" + frame["laterality"]
    filled = {
        "x_min_px": 0.0, "y_min_px": 0.0, "x_max_px": 9.0, "y_max_px": 9.0,
        "label_source": "film", "content_hash": "h", "path": "p",
    }  # fmt: skip
    for column in CASES.columns:
        if column.name not in frame:
            frame[column.name] = filled.get(column.name)
    return CASES.checked(frame)
