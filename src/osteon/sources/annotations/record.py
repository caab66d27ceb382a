"""One region as a file has it, and what a format is: what each of them reads and writes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.shapes import Shape

__all__ = [
    "ATTRIBUTES",
    "IMAGE_NAMES",
    "LABEL_NAMES",
    "AnnotationFormat",
    "Drawn",
    "RawBox",
    "attributes_of",
    "chosen",
    "raw_box",
]

ATTRIBUTES = ("label", "laterality", "label_source", "annotator")
LABEL_NAMES = ("label", "class", "category", "class_name", "type", "diagnosis", "name")
IMAGE_NAMES = (
    "sop_instance_uid", "sopinstanceuid", "image", "filename", "file_name", "file", "path",
)  # fmt: skip
_SIDE_NAMES = ("laterality", "side", "hip", "image_laterality")
_SOURCE_NAMES = ("label_source", "source")
_ANNOTATOR_NAMES = ("annotator", "reader", "annotated_by")


@dataclass(frozen=True, slots=True)
class RawBox:
    """One region as a file has it: texts not yet judged.

    ``place`` names the row for a person, ``image_size`` is (columns, rows) of the annotated
    picture where the file tells it, and ``extra`` holds the attributes that have no place of
    their own.
    """

    place: str
    image: str
    shape: Shape
    label: str
    laterality: str
    label_source: str
    annotator: str
    image_size: tuple[float, float] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What is written: labels, their films, the classes, and the name of each film's picture."""

    labels: pd.DataFrame
    instances: pd.DataFrame
    label_set: LabelSet
    file_names: Mapping[str, str] = field(default_factory=dict)

    def picture(self, sop_instance_uid: str) -> str:
        """Name of a film's picture; the UID with ``.png`` where none is given."""
        return self.file_names.get(sop_instance_uid, f"{sop_instance_uid}.png")

    def films(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Give each film's UID with its rows, ordered by UID."""
        for uid, rows in self.labels.groupby("sop_instance_uid", sort=True):
            yield str(uid), rows.to_dict("records")  # type: ignore[misc]

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Columns and rows of every film."""
        names = ("sop_instance_uid", "columns", "rows")
        columns = (self.instances[name] for name in names)
        found = zip(*columns, strict=True)
        return {uid: (int(width), int(height)) for uid, width, height in found if pd.notna(width)}


@dataclass(frozen=True, slots=True)
class AnnotationFormat:
    """A format: how its files are known, read, and (some) written.

    Parameters
    ----------
    name, title
        As on the command line, and for a person.
    loss
        What of a label the format cannot hold, in one sentence.
    recognises
        Whether a document is of this format, by its content.
    read
        The regions of a document.
    write
        Writes labels to a file (a folder where ``suffix`` is empty); ``None`` when only read.
    suffix
        Ending of the file written.
    """

    name: str
    title: str
    loss: str
    recognises: Callable[[Document], bool]
    read: Callable[[Document], Iterator[RawBox]]
    write: Callable[[Drawn, Path], None] | None = None
    suffix: str = ""


def raw_box(
    place: str,
    image: str,
    shape: Shape,
    attributes: Mapping[str, str],
    image_size: tuple[float, float] | None = None,
) -> RawBox:
    """Sort attributes by the many names that tools give them."""
    rest = {name.strip().lower(): text.strip() for name, text in attributes.items()}

    def take(names: tuple[str, ...]) -> str:
        found = [rest.pop(name) for name in names if rest.get(name)]
        return found[0] if found else ""

    return RawBox(
        place=place,
        image=image or take(IMAGE_NAMES),
        shape=shape,
        label=take(LABEL_NAMES),
        laterality=take(_SIDE_NAMES),
        label_source=take(_SOURCE_NAMES),
        annotator=take(_ANNOTATOR_NAMES),
        image_size=image_size,
        extra=rest,
    )


def chosen(value: Any) -> str:
    """Text of an attribute; a checkbox is a map from options to whether they are ticked."""
    if isinstance(value, Mapping):
        return ", ".join(str(name) for name, ticked in value.items() if ticked)
    return "" if value is None else str(value)


def attributes_of(row: Mapping[Any, Any], *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Attributes of a label to be written: class, side, source, annotator and further columns."""
    fixed = ("sop_instance_uid", "x_min_px", "y_min_px", "x_max_px", "y_max_px", *without)
    names = [*ATTRIBUTES, *(name for name in row if name not in ATTRIBUTES)]
    kept = [name for name in names if name not in fixed and not pd.isna(row[name])]
    return {str(name): str(row[name]) for name in kept}
