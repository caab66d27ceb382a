"""VGG Image Annotator 2: project and annotations as JSON, annotations as CSV.

Coordinates are those of the picture's canvas: a region at x of width w covers [x, x + w).
Source: https://www.robots.ox.ac.uk/~vgg/software/via/ (version 2.0.x).
"""

import json
import math
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from osteon.core.files import write_json
from osteon.core.labels import LabelSet
from osteon.core.schemas import BOX_COLUMNS
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import (
    AnnotationFormat,
    Drawn,
    RawBox,
    attributes_of,
    chosen,
    raw_box,
)
from osteon.sources.annotations.shapes import (
    Shape,
    box_with_size,
    circle,
    ellipse,
    faulty,
    outlines,
)

__all__ = ["FORMAT", "class_titles", "corner_and_size", "single_outline"]

_CSV_COLUMNS = frozenset({"region_shape_attributes", "region_attributes", "filename"})


def _recognises(document: Document) -> bool:
    content = document.json
    if isinstance(content, dict):
        return _images(content) is not None
    return document.sheet is not None and set(document.sheet.columns) >= _CSV_COLUMNS


def _images(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    project = content.get("_via_img_metadata")
    if isinstance(project, dict):
        return project
    are_images = content and all(
        isinstance(item, dict) and {"filename", "regions"} <= set(item) for item in content.values()
    )
    return content if are_images else None


def _read(document: Document) -> Iterator[RawBox]:
    if document.json is None:
        yield from _from_csv(document)
        return
    for image in (_images(document.json) or {}).values():
        regions = image.get("regions", [])
        items = regions.values() if isinstance(regions, dict) else regions  # version 1 used a map
        for number, region in enumerate(items):
            place = f"{document.name}#{image['filename']}#{number}"
            attributes = region.get("region_attributes") or {}
            shape = _shape(region.get("shape_attributes") or {})
            yield raw_box(place, _image_name(image), shape, _texts(attributes))


def _from_csv(document: Document) -> Iterator[RawBox]:
    for row in document.sheet.rows if document.sheet is not None else ():
        cells = row.cells
        try:
            region = json.loads(cells["region_shape_attributes"] or "{}")
            attributes = json.loads(cells["region_attributes"] or "{}")
            file_attributes = json.loads(cells.get("file_attributes") or "{}")
        except json.JSONDecodeError as error:
            fault = faulty("row_unreadable", f"attributes are not JSON: {error}")
            yield raw_box(row.place, cells["filename"], fault, {})
            continue
        if region:  # an image without regions has one row without a shape
            image = {"filename": cells["filename"], "file_attributes": file_attributes}
            yield raw_box(row.place, _image_name(image), _shape(region), _texts(attributes))


def _image_name(image: Mapping[str, Any]) -> str:
    """Name of an image: the UID among its attributes says more than its file name."""
    return str((image.get("file_attributes") or {}).get("sop_instance_uid") or image["filename"])


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {name: chosen(value) for name, value in attributes.items()}


def _shape(region: Mapping[str, Any]) -> Shape:
    match region.get("name"):
        case "rect":
            return box_with_size([region.get(name) for name in ("x", "y", "width", "height")])
        case "polygon":
            x, y = region.get("all_points_x") or [], region.get("all_points_y") or []
            if len(x) != len(y):
                return faulty("shape_unreadable", f"{len(x)} x and {len(y)} y of an outline")
            return outlines([list(chain.from_iterable(zip(x, y, strict=True)))])
        case "circle":
            return circle(region.get("cx"), region.get("cy"), region.get("r"))
        case "ellipse":
            names = ("cx", "cy", "rx", "ry", "theta")
            x, y, radius_x, radius_y, turn_rad = (region.get(name) for name in names)
            return ellipse(x, y, radius_x, radius_y, turn_rad or 0.0)
        case other:
            return faulty("shape_not_box", f"a {other!r} region has no area, wanted 'rect'")


def _write(drawn: Drawn, path: Path) -> None:
    images: dict[str, Any] = {}
    for uid, rows in drawn.films():
        name = drawn.picture(uid)
        images[f"{name}-1"] = {
            "filename": name,
            "size": -1,
            "regions": [_region(row) for row in rows],
            "file_attributes": {"sop_instance_uid": uid},
        }
    project = {
        "_via_settings": {"core": {}, "project": {"name": "osteon"}},
        "_via_img_metadata": images,
        "_via_attributes": {"region": _offered(drawn.label_set), "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(images),
    }
    write_json(path, project)


def _offered(label_set: LabelSet) -> dict[str, Any]:
    """Give what the tool offers to choose from."""
    text = {"type": "text", "description": ""}
    return {
        "label": {
            "type": "dropdown",
            "description": "",
            "options": class_titles(label_set),
            "default_options": {},
        },
        "laterality": {
            "type": "radio",
            "description": "side of the patient",
            "options": {"L": "left", "R": "right"},
            "default_options": {},
        },
        "label_source": text | {"default_value": "film"},
        "annotator": text | {"default_value": ""},
    }


def _region(row: Mapping[Any, Any]) -> dict[str, Any]:
    points = single_outline(row)
    shape: dict[str, Any]
    if points is not None:
        shape = {"name": "polygon", "all_points_x": points[0::2], "all_points_y": points[1::2]}
    else:
        x, y, width, height = corner_and_size(row)
        shape = {"name": "rect", "x": x, "y": y, "width": width, "height": height}
    without = () if points is None else ("segmentation",)
    return {"shape_attributes": shape, "region_attributes": attributes_of(row, without=without)}


def class_titles(label_set: LabelSet) -> dict[str, str]:
    """Each class with how it is written for a reader."""
    return {label: label_set.title(label) for label in label_set.classes}


def corner_and_size(row: Mapping[Any, Any]) -> tuple[float, float, float, float]:
    """Corner and size whose sum is the far corner, but for ties of its last bit."""
    x_min, y_min, x_max, y_max = (float(row[name]) for name in BOX_COLUMNS)
    return x_min, y_min, _exact_extent(x_min, x_max), _exact_extent(y_min, y_max)


def _exact_extent(low: float, high: float) -> float:
    extent = high - low
    for candidate in (extent, math.nextafter(extent, 0.0), math.nextafter(extent, math.inf)):
        if low + candidate == high:
            return candidate
    return extent


def single_outline(row: Mapping[Any, Any]) -> list[float] | None:
    """Points of a label drawn as one polygon whose extent is its box; ``None`` for all others."""
    segmentation = row.get("segmentation")
    if not isinstance(segmentation, str) or not segmentation.startswith("[["):
        return None
    polygons: list[list[float]] = json.loads(segmentation)
    corners = outlines(polygons).corners
    is_whole = len(polygons) == 1 and corners == tuple(float(row[name]) for name in BOX_COLUMNS)
    return polygons[0] if is_whole else None


FORMAT = AnnotationFormat(
    name="via2",
    title="VGG Image Annotator 2 (project or annotations as JSON, annotations as CSV)",
    loss="a far corner is corner + size, which in rare ties moves it by the last bit; further"
    " columns, masks and several outlines become attributes",
    recognises=_recognises,
    read=_read,
    write=_write,
    suffix=".json",
)
