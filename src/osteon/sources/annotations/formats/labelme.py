"""LabelMe: one JSON file for each picture, with outlines, rectangles and masks.

Points are continuous coordinates from 0 at the upper left corner; the two points of a rectangle
come in any order; the two of a mask are its first and last pixel. Source:
https://github.com/wkentaro/labelme (``labelme/utils/shape.py``).
"""

import base64
import binascii
import io
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, chosen, raw_box
from osteon.sources.annotations.shapes import (
    RunLengths,
    Shape,
    box_with_corners,
    circle,
    faulty,
    mask,
    outlines,
)

__all__ = ["FORMAT"]


def _recognises(document: Document) -> bool:
    content = document.json
    return isinstance(content, dict) and {"shapes", "imagePath"} <= set(content)


def _read(document: Document) -> Iterator[RawBox]:
    content = document.json
    width, height = content.get("imageWidth"), content.get("imageHeight")
    size = (float(width), float(height)) if width and height else None
    for number, item in enumerate(content["shapes"]):
        place = f"{document.name}#shape {number}"
        texts = {"label": str(item.get("label") or ""), "flags": chosen(item.get("flags") or {})}
        for name in ("group_id", "description"):
            texts[name] = chosen(item.get(name))
        kept = {name: text for name, text in texts.items() if text}
        shape = _shape(item, size)
        yield raw_box(place, str(content["imagePath"] or document.path.stem), shape, kept, size)


def _shape(item: Mapping[str, Any], size: tuple[float, float] | None) -> Shape:
    points = item.get("points") or []
    flat = [value for point in points for value in point]
    match item.get("shape_type") or "polygon":
        case "polygon":
            return outlines([flat])
        case "rectangle" if len(flat) == 4:
            shape = box_with_corners(flat)
            if shape.corners is None:
                return shape
            x_1, y_1, x_2, y_2 = shape.corners
            return Shape((min(x_1, x_2), min(y_1, y_2), max(x_1, x_2), max(y_1, y_2)))
        case "circle" if len(flat) == 4:
            shape = box_with_corners(flat)  # the middle and a point on the line
            if shape.corners is None:
                return shape
            x, y, x_2, y_2 = shape.corners
            return circle(x, y, math.hypot(x_2 - x, y_2 - y))
        case "mask" if len(flat) == 4 and size is not None:
            return _mask(str(item.get("mask") or ""), flat, size)
        case other:
            return faulty("shape_not_box", f"a {other!r} shape has no area, wanted a rectangle")


def _mask(encoded: str, flat: list[Any], size: tuple[float, float]) -> Shape:
    """Put the cut-out picture of a mask back to its place in the image."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))) as picture:
            cut = np.asarray(picture.convert("L")) > 0
        x, y = round(float(flat[0])), round(float(flat[1]))
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, TypeError) as error:
        return faulty("mask_unreadable", f"the mask's picture cannot be read: {error}")
    columns, rows = (int(side) for side in size)
    if x < 0 or y < 0 or x + cut.shape[1] > columns or y + cut.shape[0] > rows:
        return faulty(
            "mask_outside_image", f"a mask of {cut.shape[1]} x {cut.shape[0]} at {x}, {y}"
        )
    whole = np.zeros((rows, columns), dtype=np.bool_)
    whole[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    return mask(RunLengths.from_array(whole))


FORMAT = AnnotationFormat(
    name="labelme",
    title="LabelMe (JSON, one file a picture)",
    loss="no annotator, and the side only in the label; flags and the description go along",
    recognises=_recognises,
    read=_read,
)
