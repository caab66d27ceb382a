"""COCO: images, annotations and categories, with boxes, polygons and run lengths.

``bbox`` is x, y, width, height in continuous coordinates from 0 at the upper left corner of the
picture. Masks are runs down the columns, as numbers or compressed. Source:
https://cocodataset.org/#format-data and pycocotools (``maskApi.c``).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from osteon.core.files import write_json
from osteon.errors import AnnotationError
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.formats.via2 import corner_and_size
from osteon.sources.annotations.record import (
    AnnotationFormat,
    Drawn,
    RawBox,
    attributes_of,
    chosen,
    raw_box,
)
from osteon.sources.annotations.shapes import (
    RunLengths,
    Shape,
    box_with_size,
    faulty,
    mask,
    outlines,
)

__all__ = ["FORMAT"]

_KEYS = frozenset({"images", "annotations", "categories"})
_NOT_ATTRIBUTES = frozenset({
    "id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "attributes",
    "keypoints", "num_keypoints",
})  # fmt: skip


def _recognises(document: Document) -> bool:
    content = document.json
    return isinstance(content, dict) and set(content) >= _KEYS


def _read(document: Document) -> Iterator[RawBox]:
    content = document.json
    try:
        images = {item["id"]: item for item in content["images"]}
        names = {item["id"]: str(item["name"]) for item in content["categories"]}
    except (KeyError, TypeError) as error:
        raise AnnotationError(f"annotations {document.name}: COCO without {error}") from error
    for number, item in enumerate(content["annotations"]):
        place = f"{document.name}#annotation {item.get('id', number)}"
        image = images.get(item.get("image_id"), {})
        attributes = {k: chosen(v) for k, v in (item.get("attributes") or {}).items()}
        attributes |= {k: chosen(v) for k, v in item.items() if k not in _NOT_ATTRIBUTES}
        attributes["label"] = names.get(item.get("category_id"), "")
        size = None
        if "width" in image and "height" in image:
            size = (float(image["width"]), float(image["height"]))
        yield raw_box(place, str(image.get("file_name", "")), _shape(item), attributes, size)


def _shape(item: Mapping[str, Any]) -> Shape:
    """Shape of an annotation: its box, and the outlines or mask that come with it."""
    segmentation = item.get("segmentation")
    box = box_with_size(item.get("bbox") or [])
    if not segmentation:
        return box
    try:
        drawn = (
            mask(RunLengths.from_coco(segmentation))
            if isinstance(segmentation, dict)
            else outlines(segmentation)
        )
    except (KeyError, TypeError, ValueError) as error:
        return faulty("mask_unreadable", f"the segmentation cannot be read: {error}")
    if drawn.fault is not None or "bbox" not in item:
        return drawn
    return Shape(box.corners, outlines=drawn.outlines, mask=drawn.mask, fault=box.fault)


def _write(drawn: Drawn, path: Path) -> None:
    sizes = drawn.sizes()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (uid, rows) in enumerate(drawn.films(), start=1):
        width, height = sizes[uid]
        name = drawn.picture(uid)
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for row in rows:
            key = len(annotations) + 1
            annotations.append({"id": key, "image_id": number} | _annotation(row, drawn))
    classes = enumerate(drawn.label_set.classes, start=1)
    categories = [{"id": number, "name": name} for number, name in classes]
    content = {"images": images, "annotations": annotations, "categories": categories}
    write_json(path, content)


def _annotation(row: Mapping[Any, Any], drawn: Drawn) -> dict[str, Any]:
    x, y, width, height = corner_and_size(row)
    attributes = attributes_of(row, without=("segmentation",))
    item = {
        "category_id": drawn.label_set.index(attributes.pop("label")) + 1,
        "bbox": [x, y, width, height],
        "area": width * height,
        "iscrowd": 0,
        "attributes": attributes,
    }
    segmentation = row.get("segmentation")
    if isinstance(segmentation, str) and segmentation:
        item["segmentation"] = json.loads(segmentation)
        item["iscrowd"] = int(isinstance(item["segmentation"], dict))
    return item


FORMAT = AnnotationFormat(
    name="coco",
    title="COCO (JSON): boxes, polygons and masks",
    loss="a far corner is corner + size, which in rare ties moves it by the last bit; side, source,"
    " annotator and further columns become attributes",
    recognises=_recognises,
    read=_read,
    write=_write,
    suffix=".json",
)
