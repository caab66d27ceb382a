"""Labels written for annotation tools: VGG Image Annotator 2 projects and COCO.

Reading back what is written gives the same labels, bit for bit.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.schemas import LABELS

__all__ = ["to_coco", "to_via"]

_ATTRIBUTES = ("label", "laterality", "label_source", "annotator")
_BOX = ["x_min_px", "y_min_px", "x_max_px", "y_max_px"]


def to_via(
    labels: pd.DataFrame, label_set: LabelSet, file_names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make a VGG Image Annotator 2 project.

    Parameters
    ----------
    labels
        Table of labels.
    label_set
        The classes, offered in the tool as a list to choose from.
    file_names
        Name of the picture of each SOP Instance UID; the UID with ``.png`` where it is not given.

    Returns
    -------
    The project, to be written as JSON.
    """
    names = file_names or {}
    images: dict[str, Any] = {}
    for uid, rows in labels.groupby("sop_instance_uid", sort=True):
        name = names.get(str(uid), f"{uid}.png")
        images[f"{name}-1"] = {
            "filename": name,
            "size": -1,
            "regions": [_region(row) for row in rows.to_dict("records")],
            "file_attributes": {"sop_instance_uid": uid},
        }
    return {
        "_via_settings": {"core": {}, "project": {"name": "osteon"}},
        "_via_img_metadata": images,
        "_via_attributes": {
            "region": {
                "label": {
                    "type": "dropdown",
                    "description": "",
                    "options": {label: label_set.title(label) for label in label_set.classes},
                    "default_options": {},
                },
                "laterality": {
                    "type": "radio",
                    "description": "side of the patient",
                    "options": {"L": "left", "R": "right"},
                    "default_options": {},
                },
                "label_source": {"type": "text", "description": "", "default_value": "film"},
                "annotator": {"type": "text", "description": "", "default_value": ""},
            },
            "file": {},
        },
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(images),
    }


def _region(row: Mapping[Any, Any]) -> dict[str, Any]:
    x, y, width, height = _size_of(row)
    return {
        "shape_attributes": {"name": "rect", "x": x, "y": y, "width": width, "height": height},
        "region_attributes": _attributes(row),
    }


def _attributes(row: Mapping[Any, Any]) -> dict[str, str]:
    extra = [name for name in row if name not in LABELS.names and not pd.isna(row[name])]
    return {str(name): str(row[name]) for name in (*_ATTRIBUTES, *extra)}


def _size_of(row: Mapping[Any, Any]) -> tuple[float, float, float, float]:
    """Corner and size such that corner + size gives the far corner exactly."""
    x_min, y_min, x_max, y_max = (float(row[name]) for name in _BOX)
    return x_min, y_min, _exact_extent(x_min, x_max), _exact_extent(y_min, y_max)


def _exact_extent(low: float, high: float) -> float:
    extent = high - low
    for candidate in (extent, math.nextafter(extent, 0.0), math.nextafter(extent, math.inf)):
        if low + candidate == high:
            return candidate
    return extent


def to_coco(
    labels: pd.DataFrame,
    instances: pd.DataFrame,
    label_set: LabelSet,
    file_names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make a COCO data set: boxes as corner and size, side and source as attributes.

    Parameters
    ----------
    labels
        Table of labels.
    instances
        Table of instances, for the size of each image.
    label_set
        The classes; category ids are their positions, from 1.
    file_names
        As in :func:`to_via`.
    """
    names = file_names or {}
    columns = (instances[name] for name in ("sop_instance_uid", "columns", "rows"))
    sizes = {uid: (int(width), int(height)) for uid, width, height in zip(*columns, strict=True)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (uid, rows) in enumerate(labels.groupby("sop_instance_uid", sort=True), start=1):
        name = names.get(str(uid), f"{uid}.png")
        width, height = sizes[uid]
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for row in rows.to_dict("records"):
            x, y, box_width, box_height = _size_of(row)
            attributes = _attributes(row)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": label_set.index(attributes.pop("label")) + 1,
                    "bbox": [x, y, box_width, box_height],
                    "area": box_width * box_height,
                    "iscrowd": 0,
                    "attributes": attributes,
                }
            )
    categories = [{"id": i, "name": name} for i, name in enumerate(label_set.classes, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}
