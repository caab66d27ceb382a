"""Boxes and classes as annotation tools write them, read into one form.

VGG Image Annotator 2 (project JSON, annotations JSON, CSV), COCO JSON and a plain CSV. Nothing is
judged here but the shape of the file; :mod:`osteon.sources.annotations` decides what is good.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.errors import AnnotationError

__all__ = ["LABEL_NAMES", "RawBox", "read_raw"]

LABEL_NAMES = ("label", "class", "category", "class_name", "type", "diagnosis", "name")
_SIDE_NAMES = ("laterality", "side", "hip", "image_laterality")
_IMAGE_NAMES = (
    "sop_instance_uid", "sopinstanceuid", "image", "filename", "file_name", "file", "path",
)  # fmt: skip
_SOURCE_NAMES = ("label_source", "source")
_ANNOTATOR_NAMES = ("annotator", "reader", "annotated_by")
_CORNERS = (
    ("x_min_px", "y_min_px", "x_max_px", "y_max_px"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
)
_SIZES = (("x", "y", "width", "height"), ("x_px", "y_px", "width_px", "height_px"))
_VIA_CSV = ("region_shape_attributes", "region_attributes", "filename")


@dataclass(frozen=True, slots=True)
class RawBox:
    """One box as a file has it: texts not yet judged, corners in pixels.

    ``place`` names the row for a person, ``corners`` is ``None`` with the ``fault`` that says
    why, ``image_size`` is (columns, rows) of the annotated picture where the file tells it, and
    ``extra`` holds the attributes that have no place of their own.
    """

    place: str
    image: str
    corners: tuple[float, float, float, float] | None
    label: str
    laterality: str
    label_source: str
    annotator: str
    image_size: tuple[float, float] | None = None
    fault: tuple[str, str] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


def read_raw(path: Path) -> list[RawBox]:
    """Read every box of an annotation file, whichever of the formats it is.

    Raises
    ------
    AnnotationError
        If the file is absent, unreadable, or in none of the formats.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(f"annotations {path} cannot be read: {error}") from error
    try:
        is_json = text.lstrip()[:1] in ("{", "[")
        return list(_from_json(path, text) if is_json else _from_csv(path, text))
    except (AttributeError, TypeError, KeyError, ValueError, RecursionError, csv.Error) as error:
        raise AnnotationError(
            f"annotations {path} are damaged: {type(error).__name__}: {error}",
            remedy="export them again",
        ) from error


def _from_json(path: Path, text: str) -> Iterator[RawBox]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"annotations {path} are not whole JSON: {error}") from error
    if isinstance(content, dict) and isinstance(content.get("_via_img_metadata"), dict):
        return _from_via(path.name, content["_via_img_metadata"])
    if isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content):
        return _from_coco(path, content)
    if isinstance(content, dict) and all(
        isinstance(item, dict) and "filename" in item and "regions" in item
        for item in content.values()
    ):
        return _from_via(path.name, content)
    raise AnnotationError(
        f"annotations {path}: wanted VGG Image Annotator or COCO JSON, got neither",
        remedy="export from VGG Image Annotator 2 as JSON or CSV, or give COCO or a plain CSV",
    )


def _from_via(file: str, images: Mapping[str, Any]) -> Iterator[RawBox]:
    for image in images.values():
        regions = image.get("regions", [])
        items = regions.values() if isinstance(regions, dict) else regions  # version 1 used a map
        for number, region in enumerate(items):
            place = f"{file}#{image['filename']}#{number}"
            shape = region.get("shape_attributes") or {}
            attributes = region.get("region_attributes") or {}
            yield _via_box(place, _via_image(image), shape, attributes)


def _via_image(image: Mapping[str, Any]) -> str:
    """Name of an image: the UID among its attributes says more than its file name."""
    return str((image.get("file_attributes") or {}).get("sop_instance_uid") or image["filename"])


def _via_box(
    place: str, image: str, shape: Mapping[str, Any], attributes: Mapping[str, Any]
) -> RawBox:
    corners, fault = None, None
    if shape.get("name") != "rect":
        fault = ("shape_not_box", f"a {shape.get('name')!r} region, wanted 'rect'")
    else:
        corners, fault = _with_size([shape.get(name) for name in _SIZES[0]])
    return _box(place, image, corners, fault, {k: _chosen(v) for k, v in attributes.items()})


def _chosen(value: Any) -> str:
    """Text of an attribute; a checkbox is a map from options to whether they are ticked."""
    if isinstance(value, Mapping):
        return ", ".join(str(name) for name, ticked in value.items() if ticked)
    return "" if value is None else str(value)


def _from_coco(path: Path, content: Mapping[str, Any]) -> Iterator[RawBox]:
    try:
        images = {item["id"]: item for item in content["images"]}
        names = {item["id"]: str(item["name"]) for item in content["categories"]}
    except (KeyError, TypeError) as error:
        raise AnnotationError(f"annotations {path}: COCO without {error}") from error
    for number, item in enumerate(content["annotations"]):
        place = f"{path.name}#annotation {item.get('id', number)}"
        image = images.get(item.get("image_id"), {})
        corners, fault = _with_size(item.get("bbox") or [])
        attributes = {k: _chosen(v) for k, v in (item.get("attributes") or {}).items()}
        for name in (*_SIDE_NAMES, *_SOURCE_NAMES, *_ANNOTATOR_NAMES):
            if name in item:
                attributes[name] = _chosen(item[name])
        attributes["label"] = names.get(item.get("category_id"), "")
        size = None
        if "width" in image and "height" in image:
            size = (float(image["width"]), float(image["height"]))
        yield _box(place, str(image.get("file_name", "")), corners, fault, attributes, size)


def _from_csv(path: Path, text: str) -> Iterator[RawBox]:
    lines = list(io.StringIO(text, newline=""))
    skipped = 0
    while skipped < len(lines) and lines[skipped].startswith("#"):  # what a file says of itself
        skipped += 1
    delimiter = max(",;\t", key="".join(lines[skipped : skipped + 1]).count)
    reader = csv.DictReader(lines[skipped:], delimiter=delimiter)
    names = {name.strip().lower(): name for name in reader.fieldnames or []}
    if set(_VIA_CSV) <= set(names):
        return _from_via_csv(path, reader, skipped)
    corners = next((c for c in _CORNERS if set(c) <= set(names)), None)
    sizes = next((c for c in _SIZES if set(c) <= set(names)), None)
    has_image = any(name in names for name in _IMAGE_NAMES)
    has_label = any(name in names for name in LABEL_NAMES)
    if (corners or sizes) and has_image and has_label:
        convert = _with_corners if corners else _with_size
        return _from_plain_csv(path, reader, skipped, corners or sizes or (), convert)
    raise AnnotationError(
        f"annotations {path}: got columns {', '.join(names) or 'none'}, wanted an image, a label "
        "and a box",
        remedy="name the columns sop_instance_uid (or filename), laterality, x_min_px, y_min_px, "
        "x_max_px, y_max_px, label",
    )


def _from_via_csv(path: Path, reader: "csv.DictReader[str]", skipped: int) -> Iterator[RawBox]:
    for row in reader:
        place = f"{path.name}#line {reader.line_num + skipped}"
        try:
            shape = json.loads(row["region_shape_attributes"] or "{}")
            attributes = json.loads(row["region_attributes"] or "{}")
            file_attributes = json.loads(row.get("file_attributes") or "{}")
        except (json.JSONDecodeError, TypeError) as error:
            fault = ("row_unreadable", f"attributes are not JSON: {error}")
            yield _box(place, row["filename"] or "", None, fault, {})
            continue
        if shape:  # an image without regions has one row without a shape
            image = _via_image({"filename": row["filename"], "file_attributes": file_attributes})
            yield _via_box(place, image, shape, attributes)


def _from_plain_csv(
    path: Path,
    reader: "csv.DictReader[str]",
    skipped: int,
    names: tuple[str, ...],
    convert: Callable[[list[Any]], "_Corners"],
) -> Iterator[RawBox]:
    for row in reader:
        cells = {
            name.strip().lower(): (value or "").strip()
            for name, value in row.items()
            if isinstance(name, str) and (value is None or isinstance(value, str))
        }
        sides = [cells.pop(name) for name in names]
        if reader.reader.dialect.delimiter != ",":  # then a comma is a decimal point
            sides = [text.replace(",", ".") for text in sides]
        corners, fault = convert(sides)
        yield _box(f"{path.name}#line {reader.line_num + skipped}", "", corners, fault, cells)


_Corners = tuple[tuple[float, float, float, float] | None, tuple[str, str] | None]


def _numbers(values: list[Any]) -> list[float] | None:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == 4 and all(map(math.isfinite, numbers)) else None


def _with_corners(values: list[Any]) -> _Corners:
    numbers = _numbers(values)
    if numbers is None:
        return None, ("box_unreadable", f"corners {values} are not four numbers")
    return (numbers[0], numbers[1], numbers[2], numbers[3]), None


def _with_size(values: list[Any]) -> _Corners:
    numbers = _numbers(values)
    if numbers is None:
        return None, ("box_unreadable", f"x, y, width, height {values} are not four numbers")
    x, y, width, height = numbers
    return (x, y, x + width, y + height), None


def _box(
    place: str,
    image: str,
    corners: tuple[float, float, float, float] | None,
    fault: tuple[str, str] | None,
    attributes: Mapping[str, str],
    image_size: tuple[float, float] | None = None,
) -> RawBox:
    rest = {name.strip().lower(): text.strip() for name, text in attributes.items()}

    def take(names: tuple[str, ...]) -> str:
        found = [rest.pop(name) for name in names if rest.get(name)]
        return found[0] if found else ""

    return RawBox(
        place=place,
        image=image or take(_IMAGE_NAMES),
        corners=corners,
        label=take(LABEL_NAMES),
        laterality=take(_SIDE_NAMES),
        label_source=take(_SOURCE_NAMES),
        annotator=take(_ANNOTATOR_NAMES),
        image_size=image_size,
        fault=fault,
        extra=rest,
    )
