"""Pascal VOC: one XML file for each picture.

Corners are 1-based and inclusive: ``xmin`` is the first pixel column and ``xmax`` the last, so
that columns 1 to w of a picture become [0, w). Source: the VOC2012 development kit, "Annotation
guidelines" and ``VOCevaldet.m`` (areas with + 1).
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, raw_box
from osteon.sources.annotations.shapes import Shape, box_with_corners, faulty

__all__ = ["FORMAT"]

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _recognises(document: Document) -> bool:
    return document.xml is not None and document.xml.tag == "annotation"


def _read(document: Document) -> Iterator[RawBox]:
    root = document.xml
    if root is None:
        return
    image = _text(root, "filename") or document.path.stem
    size = _size(root)
    for number, item in enumerate(root.findall("object")):
        place = f"{document.name}#object {number}"
        texts = {
            child.tag: (child.text or "").strip()
            for child in item
            if len(child) == 0 and child.tag != "name"
        }
        for attribute in item.iterfind("attributes/attribute"):  # as CVAT writes them
            texts[_text(attribute, "name")] = _text(attribute, "value")
        texts["label"] = _text(item, "name")
        yield raw_box(place, image, _shape(item), texts, size)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _size(root: Element) -> tuple[float, float] | None:
    try:
        width, height = float(_text(root, "size/width")), float(_text(root, "size/height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _shape(item: Element) -> Shape:
    box = item.find("bndbox")
    if box is None:
        return faulty("box_unreadable", "the object has no bndbox")
    shape = box_with_corners([_text(box, name) for name in _CORNERS])
    if shape.corners is None:
        return shape
    x_min, y_min, x_max, y_max = shape.corners
    return Shape((x_min - 1, y_min - 1, x_max, y_max))


FORMAT = AnnotationFormat(
    name="pascal_voc",
    title="Pascal VOC (XML, one file a picture)",
    loss="boxes are whole pixels, counted from 1 with the last one included; no annotator, and the"
    " side only as an element <laterality> or in the name",
    recognises=_recognises,
    read=_read,
)
