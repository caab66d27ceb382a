"""DICOM Structured Report: planar and volumetric regions of imaging measurement reports.

Regions are the ``Image Region`` items of measurement groups (TID 1500, 1410 and 1411). Image
coordinates count from 0 at the upper left corner of the first pixel, so that they are the
project's (PS3.3 C.18.6); coordinates in millimetres are in the patient's axes (C.18.9). The class
is the finding, the side a laterality of its site, the annotator the person observer.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from osteon.dicom.codes import side_of_code
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, raw_box
from osteon.sources.annotations.shapes import (
    Points,
    Shape,
    circle,
    ellipse,
    faulty,
    outlines,
)

__all__ = ["FORMAT"]

_GROUP, _REGION, _SURFACE = "125007", "111030", "121231"
_FINDING, _TRACKING, _OBSERVER = "121071", "112039", "121008"
_SITES = ("363698007", "G-C0E3")  # Finding Site, in SNOMED CT and the retired SRT
_SEGMENTS = ("121191", "121214")  # Referenced Segment, Referenced Segmentation Frame


def _recognises(document: Document) -> bool:
    dataset = document.dicom
    return dataset is not None and ".5.1.4.1.1.88." in str(dataset.get("SOPClassUID", ""))


def _read(document: Document) -> Iterator[RawBox]:
    dataset = document.dicom
    if dataset is None:
        return
    observer = _observer(dataset)
    for number, group in enumerate(_groups(dataset), start=1):
        own = list(group.get("ContentSequence", []))
        texts = _texts(own) | {"annotator": observer}
        for item in own:
            if _is_region(item):
                place = f"{document.name}#group {number} {_name(item)}"
                image, shape = _region(item, own)
                yield raw_box(place, image, shape, texts)


def _code(item: Any) -> str:
    names = item.get("ConceptNameCodeSequence", [])
    return str(names[0].get("CodeValue", "")) if names else ""


def _name(item: Any) -> str:
    names = item.get("ConceptNameCodeSequence", [])
    return str(names[0].get("CodeMeaning", "")).lower() if names else "region"


def _groups(item: Dataset) -> Iterator[Dataset]:
    """Measurement groups, wherever they stand in the tree."""
    for child in item.get("ContentSequence", []):
        if child.get("ValueType") == "CONTAINER":
            if _code(child) == _GROUP:
                yield child
            else:
                yield from _groups(child)


def _observer(dataset: Dataset) -> str:
    for item in dataset.get("ContentSequence", []):
        if _code(item) == _OBSERVER:
            return str(item.get("PersonName") or item.get("TextValue") or "")
    return ""


def _texts(items: Sequence[Dataset]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for item in items:
        code, meant = _code(item), item.get("ConceptCodeSequence", [])
        if code == _FINDING and meant:
            texts["label"] = str(meant[0].get("CodeMeaning", ""))
        elif code == _FINDING:
            texts["label"] = str(item.get("TextValue", ""))
        elif code == _TRACKING:
            texts["tracking_identifier"] = str(item.get("TextValue", ""))
        elif code in _SITES:
            modifiers = (
                value
                for child in item.get("ContentSequence", [])
                for value in child.get("ConceptCodeSequence", [])
            )
            for side in filter(None, map(side_of_code, modifiers)):
                texts["laterality"] = side
    return texts


def _is_region(item: Dataset) -> bool:
    kinds = ("SCOORD", "SCOORD3D")
    is_drawn = item.get("ValueType") in kinds and _code(item) in (_REGION, _SURFACE)
    return is_drawn or _code(item) in _SEGMENTS


def _region(item: Dataset, own: Sequence[Dataset]) -> tuple[str, Shape]:
    """Image and shape of a region item."""
    if _code(item) in _SEGMENTS:
        uids = _images([item])
        return "", faulty(
            "region_elsewhere", f"the region is a segment of {', '.join(uids)}: import that file"
        )
    kind, data = str(item.get("GraphicType", "")), [float(v) for v in item.get("GraphicData", [])]
    images = _images(item.get("ContentSequence", [])) or _images(own)
    image = images[0] if len(images) == 1 else ""
    if item.ValueType == "SCOORD3D":
        if kind != "POLYGON":
            return image, faulty("shape_not_box", f"{kind} in space encloses no area on an image")
        return image, outlines([data], "mm")
    return image, _planar(kind, np.reshape(data, (-1, 2)))


def _images(items: Sequence[Dataset]) -> list[str]:
    return sorted(
        {
            str(reference.ReferencedSOPInstanceUID)
            for item in items
            for reference in item.get("ReferencedSOPSequence", [])
        }
    )


def _planar(kind: str, points: Points) -> Shape:
    """Shape of a spatial coordinates item (PS3.3 C.18.6.1.2)."""
    if kind == "CIRCLE" and len(points) == 2:  # the middle and a point on the line
        (x, y), (x_2, y_2) = points.tolist()
        return circle(x, y, math.hypot(x_2 - x, y_2 - y))
    if kind == "ELLIPSE" and len(points) == 4:  # ends of the long axis, ends of the short one
        (x, y), along = (points[0] + points[1]) / 2, (points[1] - points[0]) / 2
        across = math.dist(points[2], points[3]) / 2
        return ellipse(x, y, math.hypot(*along), across, math.atan2(along[1], along[0]))
    if kind == "POLYLINE":
        closed = points[:-1] if len(points) > 3 and (points[0] == points[-1]).all() else points
        return outlines([closed.ravel().tolist()])
    return faulty("shape_not_box", f"{kind or 'nothing'} encloses no area, wanted POLYLINE")


FORMAT = AnnotationFormat(
    name="dicom_sr",
    title="DICOM Structured Report (TID 1500 measurement reports)",
    loss="coordinates are 32-bit floats; measurements of a region do not come along",
    recognises=_recognises,
    read=_read,
)
