"""From annotation files to the table of labels: every row comes in or is listed with its reason."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.schemas import BOX_COLUMNS, LABELS
from osteon.sources.annotation_formats import RawBox, read_raw

__all__ = ["read_annotations"]

EDGE_TOLERANCE_PX = 1.0
_ENDING = re.compile(r"(.+)\.[A-Za-z][A-Za-z0-9]{0,4}")
_SIDES = {"l": "L", "left": "L", "left hip": "L", "r": "R", "right": "R", "right hip": "R"}
_IMAGE_COLUMNS = ["sop_instance_uid", "path", "archive_member", "rows", "columns", "laterality"]


@dataclass(frozen=True, slots=True)
class _Image:
    sop_instance_uid: str
    rows: float
    columns: float
    laterality: str


def read_annotations(
    path: Path | Sequence[Path],
    instances: pd.DataFrame,
    label_set: LabelSet | None,
    *,
    label_source: str = "film",
    annotator: str | None = None,
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Read boxes and classes and match them with the instances.

    A file is VGG Image Annotator 2 JSON (project or annotations) or CSV, COCO JSON, or a plain
    CSV of boxes; which one is found from its content. An image is named by its SOP Instance UID,
    its path, or its file name with or without ending, where that is unambiguous. The side comes
    from the box's attribute ``laterality`` (or ``side``), else from the film's header.

    A box may stand out of the image by at most one pixel, which is cut off (tools round). Every
    other row that is not right is left out, and ``rows in the files = labels + exclusions``.

    Parameters
    ----------
    path
        The annotation file, or several; rows that repeat or contradict one another are found
        across files too.
    instances
        Table of instances.
    label_set
        The classes allowed; ``None`` takes any class.
    label_source
        What the labels rest on where the file does not say.
    annotator
        Who drew the boxes where the file does not say; the file's stem when ``None``.

    Returns
    -------
    The labels (with the files' further attributes as columns) and the rows not taken.

    Raises
    ------
    AnnotationError
        If a file cannot be read or is in none of the formats.
    """
    images = _Images(instances)
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    exclusions: list[Exclusion] = []
    for file in [path] if isinstance(path, Path) else path:
        for box in read_raw(file):
            answer = _checked(box, images, label_set)
            if isinstance(answer, Exclusion):
                exclusions.append(answer)
                continue
            answer["label_source"] = box.label_source or label_source
            answer["annotator"] = box.annotator or annotator or file.stem
            rows.append(dict(box.extra) | answer)
            places.append(box.place)
    rows, repeated = _without_repeats(rows, places)
    frame = pd.DataFrame(rows, columns=_columns(rows))
    return LABELS.checked(frame), exclusions + repeated


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    extra = {name for row in rows for name in row} - set(LABELS.names)
    return [*LABELS.names, *sorted(extra)]


def _checked(
    box: RawBox, images: "_Images", label_set: LabelSet | None
) -> dict[str, Any] | Exclusion:
    def refused(reason: str, detail: str) -> Exclusion:
        return Exclusion("hip", box.place, "annotations", reason, detail)

    if box.fault is not None:
        return refused(*box.fault)
    image = images.find(box.image)
    if not isinstance(image, _Image):
        return refused(*image)
    size_fault = _size_fault(box, image)
    if size_fault is not None:
        return refused("image_size_differs", size_fault)
    corners = _corners(box, image)
    if isinstance(corners[0], str):
        return refused(*corners)
    label = _label(box.label, label_set)
    if isinstance(label, tuple):
        return refused(*label)
    side = _SIDES.get((box.laterality or image.laterality).lower())
    if side is None:
        got = box.laterality or image.laterality or "nothing"
        return refused("laterality_missing", f"got {got!r} for the side, wanted L or R")
    return {
        "sop_instance_uid": image.sop_instance_uid,
        "laterality": side,
        **dict(zip(BOX_COLUMNS, corners, strict=True)),
        "label": label,
    }


def _size_fault(box: RawBox, image: _Image) -> str | None:
    if box.image_size is None or pd.isna(image.rows) or pd.isna(image.columns):
        return None
    if box.image_size == (image.columns, image.rows):
        return None
    width, height = box.image_size
    return (
        f"drawn on {width:.0f} x {height:.0f} pixels, the stored image has {image.columns:.0f} x "
        f"{image.rows:.0f}: scale the boxes to the stored image"
    )


def _corners(box: RawBox, image: _Image) -> tuple[str, str] | tuple[float, float, float, float]:
    x_min, y_min, x_max, y_max = box.corners or (0.0, 0.0, 0.0, 0.0)
    if x_max <= x_min or y_max <= y_min:
        return "box_without_area", f"the box is {x_max - x_min:g} x {y_max - y_min:g} pixels"
    if pd.isna(image.rows) or pd.isna(image.columns):
        return "not_an_image", "the object it is drawn on has no pixels"
    over = max(-x_min, -y_min, x_max - image.columns, y_max - image.rows)
    if over > EDGE_TOLERANCE_PX:
        return (
            "box_outside_image",
            f"the box ({x_min:g}, {y_min:g}, {x_max:g}, {y_max:g}) leaves the image of "
            f"{image.columns:.0f} x {image.rows:.0f} by {over:g} pixels",
        )
    return max(x_min, 0.0), max(y_min, 0.0), min(x_max, image.columns), min(y_max, image.rows)


def _label(text: str, label_set: LabelSet | None) -> str | tuple[str, str]:
    if not text:
        return "label_missing", "the box has no class"
    if label_set is None or text in label_set.classes:
        return text
    spellings = {_plain(name): name for name in label_set.classes}
    spellings |= {_plain(label_set.title(name)): name for name in label_set.classes}
    if _plain(text) in spellings:
        return spellings[_plain(text)]
    near = difflib.get_close_matches(_plain(text), spellings, n=1, cutoff=0.0)
    return "label_unknown", f"class {text!r} is unknown: did you mean {spellings[near[0]]}?"


def _plain(text: str) -> str:
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())


class _Images:
    """Instances by every name that an annotation tool may give them."""

    def __init__(self, instances: pd.DataFrame) -> None:
        self._by_name: dict[str, set[str]] = {}
        self._images: dict[str, _Image] = {}
        for uid, path, member, rows, columns, side in instances[_IMAGE_COLUMNS].itertuples(
            index=False
        ):
            laterality = "" if pd.isna(side) else str(side)
            self._images[uid] = _Image(uid, rows, columns, laterality)
            parts = PurePosixPath(str(path if pd.isna(member) else member).replace("\\", "/"))
            for name in _names(parts) | ({f"{path}!{member}"} if pd.notna(member) else set()):
                self._by_name.setdefault(name, set()).add(uid)

    def find(self, name: str) -> _Image | tuple[str, str]:
        """Find the image of this name, or the reason and detail why there is none."""
        path = PurePosixPath(name.replace("\\", "/"))
        for key in (name, str(path), path.name, *_stems(path.name)):
            if key in self._images:
                return self._images[key]
            uids = self._by_name.get(key, set())
            if len(uids) == 1:
                return self._images[next(iter(uids))]
            if len(uids) > 1:
                return "image_ambiguous", f"{len(uids)} instances are called {key!r}: use the UID"
        if not name:
            return "image_unknown", "the box names no image"
        return "image_unknown", f"no instance is called {name!r}"


def _stems(name: str) -> list[str]:
    """Cut ``.png`` and ``.dcm`` off; the last number of a UID is no ending."""
    stems = []
    while match := _ENDING.fullmatch(name):
        name = match[1]
        stems.append(name)
    return stems


def _names(path: PurePosixPath) -> set[str]:
    """Every way to write a file: ``c.dcm``, ``c``, ``b/c.dcm`` and so on of ``/a/b/c.dcm``."""
    parts = path.parts
    tails = {str(PurePosixPath(*parts[-count:])) for count in range(2, min(len(parts), 5) + 1)}
    return tails | {str(path), path.name, *_stems(path.name)}


def _without_repeats(
    rows: Sequence[dict[str, Any]], places: Sequence[str]
) -> tuple[list[dict[str, Any]], list[Exclusion]]:
    """Keep one of equal rows; of rows that differ for one hip and annotator keep none."""
    keys = [tuple(row[name] for name in LABELS.key) for row in rows]
    contents: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    for key, row in zip(keys, rows, strict=True):
        content = tuple(row[name] for name in (*BOX_COLUMNS, "label"))
        contents.setdefault(key, set()).add(content)
    kept: list[dict[str, Any]] = []
    exclusions: list[Exclusion] = []
    taken: Counter[tuple[Any, ...]] = Counter()
    for key, row, place in zip(keys, rows, places, strict=True):
        if len(contents[key]) > 1:
            detail = f"{len(contents[key])} different boxes or classes for one hip of one annotator"
            exclusions.append(Exclusion("hip", place, "annotations", "rows_conflict", detail))
        elif taken[key]:
            detail = "the same box and class stand in the file before"
            exclusions.append(Exclusion("hip", place, "annotations", "row_repeated", detail))
        else:
            kept.append(row)
        taken[key] += 1
    return kept, exclusions
