"""A study small enough to count by hand: eight hips of four patients."""

import numpy as np
import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.schemas import BOX_COLUMNS, CASES, PREDICTIONS

LABELS = LabelSet("sound or not", ("sound", "neck"), frozenset({"neck"}), ("Sound", "Neck"))

# patient, side, reference, probability of neck with manual and with automatic boxes
ROWS = (
    ("A", "L", "neck", 0.9, 0.8),
    ("A", "R", "sound", 0.1, 0.2),
    ("B", "L", "neck", 0.7, 0.3),
    ("B", "R", "sound", 0.6, 0.1),
    ("C", "L", "neck", 0.4, None),  # the detector missed this hip
    ("C", "R", "sound", 0.3, 0.3),
    ("D", "L", "sound", 0.2, 0.2),
    ("D", "R", "sound", 0.45, 0.4),
)


def tables(subset="internal_test", source="film"):
    cases, predictions = [], []
    for patient, side, label, manual, automatic in ROWS:
        uid = f"1.2.{ord(patient)}"
        box = dict(zip(BOX_COLUMNS, (0.0, 0.0, 10.0, 10.0), strict=True))
        key = {"case_id": f"{uid}:{side}", "patient_id": patient, "sop_instance_uid": uid}
        case = dict.fromkeys(CASES.names) | key | box
        case |= {"laterality": side, "label": label, "label_source": source}
        cases.append(case | {"content_hash": uid, "path": "x"})
        for box_source, probability in (("manual", manual), ("automatic", automatic)):
            row = dict.fromkeys(PREDICTIONS.names) | key | {"label": label}
            row |= {"laterality": side, "subset": subset, "fold": 0, "box_source": box_source}
            if probability is not None:
                row |= {**box, "iou": 0.8 if side == "L" else 0.4}
                row["predicted_label"] = "neck" if probability > 0.5 else "sound"
                row["probability_fracture"] = probability
            values = (np.nan, np.nan) if probability is None else (1 - probability, probability)
            predictions.append(
                row | {"probability_sound": values[0], "probability_neck": values[1]}
            )
    return CASES.checked(pd.DataFrame(cases)), PREDICTIONS.checked(pd.DataFrame(predictions))
