"""Gather the patients' records into the tables of a synthetic hip study."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.files import write_json, write_text
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS, LABELS

__all__ = ["SYNTHETIC_LINE", "write_synthetic_csv", "write_tables"]

SYNTHETIC_LINE = "Synthetic patients made by Osteon: no real person, no evidence of clinical value"
_FILM_COLUMNS = ("study_instance_uid", "visit", "view", "vendor", "path", "mask")

Record = dict[str, Any]


def write_tables(records: Sequence[Record], folder: Path) -> dict[str, int]:
    """Write ``labels.csv``, ``clinical.csv`` and ``via.json``; give back the counts.

    The CSV files' first line is a comment (``#``) that says the patients are synthetic.
    """
    labels = _labels(records)
    write_synthetic_csv(labels, folder / "labels.csv")
    write_synthetic_csv(_clinical(records), folder / "clinical.csv")
    write_json(folder / "via.json", _via(records))
    films = [film for record in records for film in record["films"]]
    by_class = Counter(labels["label"]) if len(labels) else Counter()
    return {
        "patients": len(records),
        "visits": len({film["study_instance_uid"] for film in films}),
        "films": len(films),
        "hips": len(labels),
        **{f"class_{name}": int(by_class[name]) for name in HIP_CLASSES.classes},
    }


def write_synthetic_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table whose first line is a comment (``#``) that says it is synthetic."""
    text = StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    write_text(path, f"# {SYNTHETIC_LINE}\n{text.getvalue()}")


def _labels(records: Sequence[Record]) -> pd.DataFrame:
    rows = []
    for record in records:
        for film in record["films"]:
            for hip in film["hips"]:
                row = {
                    "sop_instance_uid": film["sop_instance_uid"],
                    "laterality": hip["laterality"],
                    **dict(zip(BOX_COLUMNS, hip["box_px"], strict=True)),
                    "label": hip["label"],
                    "label_source": "phantom",
                    "annotator": "phantom",
                    "patient_id": record["patient_id"],
                    **{name: film[name] for name in _FILM_COLUMNS},
                    "implant": hip["implant"],
                    "visible_share": hip["visible_share"],
                    **hip["details"],
                }
                rows.append(row)
    if not rows:
        return LABELS.empty()
    return LABELS.checked(pd.DataFrame(rows))


def _clinical(records: Sequence[Record]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"patient_id": record["patient_id"], **record["clinical"]} for record in records]
    )


def _via(records: Sequence[Record]) -> Record:
    """Make a project of the VGG Image Annotator 2: one rectangle for each hip."""
    images: Record = {}
    for record in records:
        for film in record["films"]:
            regions = [_via_region(hip) for hip in film["hips"]]
            images[f"{film['path']}{film['size_bytes']}"] = {
                "filename": film["path"],
                "size": film["size_bytes"],
                "regions": regions,
                "file_attributes": {
                    "sop_instance_uid": film["sop_instance_uid"],
                    "synthetic": "yes",
                },
            }
    return {
        "_osteon_synthetic": SYNTHETIC_LINE,
        "_via_settings": {},
        "_via_img_metadata": images,
        "_via_attributes": {"region": {}, "file": {}},
        "_via_data_format_version": "2.0.10",
    }


def _via_region(hip: Record) -> Record:
    x_min, y_min, x_max, y_max = hip["box_px"]
    return {
        "shape_attributes": {
            "name": "rect",
            "x": x_min,
            "y": y_min,
            "width": round(x_max - x_min, 3),
            "height": round(y_max - y_min, 3),
        },
        "region_attributes": {
            "laterality": hip["laterality"],
            "label": hip["label"],
            "label_source": "phantom",
            "annotator": "phantom",
        },
    }
