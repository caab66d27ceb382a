"""YOLO: one text file for each picture, with the classes in ``data.yaml`` or ``classes.txt``.

A line is ``class x y width height``, the middle and size as fractions of the picture, or
``class x1 y1 x2 y2 x3 y3 ...``, an outline; a sixth number behind a box is its confidence. Classes
count from 0. Source: https://docs.ultralytics.com/datasets/detect/ and .../segment/.
"""

from collections.abc import Iterator

import yaml

from osteon.errors import AnnotationError
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, raw_box
from osteon.sources.annotations.shapes import Shape, box_with_corners, faulty, outlines

__all__ = ["FORMAT"]

_DATA = ("data.yaml", "dataset.yaml", "data.yml")
_LISTS = ("classes.txt", "obj.names", "_darknet.labels")


def _recognises(document: Document) -> bool:
    if document.path.name in (*_DATA, *_LISTS):  # read with every picture's file
        return True
    if document.path.suffix.lower() != ".txt" or document.is_dicom:
        return False
    lines = document.text.splitlines()
    return all(_are_numbers(line.split()) for line in lines) and (
        bool(document.text.strip()) or not document.data
    )


def _are_numbers(words: list[str]) -> bool:
    return not words or (len(words) > 1 and words[0].isdigit())


def _read(document: Document) -> Iterator[RawBox]:
    if document.path.name in (*_DATA, *_LISTS):
        return
    names = _classes(document)
    for number, line in enumerate(document.text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        place = f"{document.name}#line {number}"
        label, shape = names.get(int(words[0]), ""), _shape(words[1:])
        if not label and shape.fault is None:
            shape = faulty("label_unknown", f"class {words[0]} is not among the {len(names)} named")
        texts = {"label": label} | ({"confidence": words[5]} if len(words) == 6 else {})
        yield raw_box(place, document.path.stem, shape, texts)


def _shape(words: list[str]) -> Shape:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return faulty("box_unreadable", f"{' '.join(words)} are not numbers")
    if len(numbers) in (4, 5):
        x, y, width, height = numbers[:4]
        sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return box_with_corners(sides, "fraction")
    return outlines([numbers], "fraction")


def _classes(document: Document) -> dict[int, str]:
    for name in _DATA:
        found = document.beside(name)
        if found is not None:
            return _from_yaml(found)
    for name in _LISTS:
        found = document.beside(name)
        if found is not None:
            lines = enumerate(found.text.splitlines())
            return {number: line.strip() for number, line in lines if line.strip()}
    raise AnnotationError(
        f"annotations {document.name}: YOLO needs the names of its classes",
        remedy="put data.yaml or classes.txt beside the files or in a folder above",
    )


def _from_yaml(document: Document) -> dict[int, str]:
    try:
        content = yaml.safe_load(document.text)
        names = content["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(number): str(name) for number, name in pairs}
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise AnnotationError(
            f"annotations {document.name}: wanted names as a list or as numbers with names: {error}"
        ) from error


FORMAT = AnnotationFormat(
    name="yolo",
    title="YOLO (text, one file a picture, with data.yaml or classes.txt)",
    loss="corners are fractions of the picture, usually of six digits: exact to a millionth of its"
    " width; no annotator, and the side only in the class's name",
    recognises=_recognises,
    read=_read,
)
