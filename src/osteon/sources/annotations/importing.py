"""From annotation files to the table of labels: every row comes in or is listed with its reason."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.schemas import BOX_COLUMNS, LABELS
from osteon.core.spelling import one_spelling
from osteon.errors import AnnotationError
from osteon.sources.annotations.documents import Document, documents
from osteon.sources.annotations.formats import all_formats, find_format
from osteon.sources.annotations.images import Films
from osteon.sources.annotations.judging import checked
from osteon.sources.annotations.record import AnnotationFormat, RawBox

__all__ = ["read_annotations", "read_raw"]

_DAMAGE = (
    ArithmeticError, AttributeError, TypeError, LookupError, ValueError, RecursionError,
)  # fmt: skip


def read_raw(path: Path, format_name: str | None = None) -> tuple[list[RawBox], list[Exclusion]]:
    """Read every region of an export: a file, a folder, or a zip archive.

    Parameters
    ----------
    path
        The export.
    format_name
        Name of its format; found from the content when ``None``.

    Returns
    -------
    The regions, and the files of a folder or archive that are in no known format.

    Raises
    ------
    AnnotationError
        If the export is absent, unreadable or damaged, or nothing in it is in a known format.
    """
    wanted = None if format_name is None else find_format(format_name)
    boxes: list[RawBox] = []
    strange: list[Exclusion] = []
    known = 0
    for document in documents(path):
        found = wanted if wanted is not None else _format_of(document)
        if found is None:
            detail = f"none of {', '.join(item.name for item in all_formats())}"
            strange.append(
                Exclusion("file", document.name, "annotations", "format_unknown", detail)
            )
            continue
        known += 1
        boxes += _regions(found, document)
    if not known:
        raise AnnotationError(
            f"annotations {path} are in none of the known formats",
            remedy=f"wanted one of {', '.join(item.name for item in all_formats())}",
        )
    return boxes, strange


def _format_of(document: Document) -> AnnotationFormat | None:
    return next((item for item in all_formats() if item.recognises(document)), None)


def _regions(found: AnnotationFormat, document: Document) -> list[RawBox]:
    try:
        return list(found.read(document))
    except _DAMAGE as error:
        raise AnnotationError(
            f"annotations {document.name} ({found.name}) are damaged: {type(error).__name__}:"
            f" {error}",
            remedy="export them again",
        ) from error


def read_annotations(
    path: Path | Sequence[Path],
    instances: pd.DataFrame,
    label_set: LabelSet | None,
    *,
    label_source: str = "film",
    annotator: str | None = None,
    format_name: str | None = None,
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Read boxes and classes and match them with the instances.

    The format of each file is found from its content. An image is named by its SOP Instance UID,
    its path, or its file name with or without ending, where that is unambiguous. The side comes
    from the region's attribute ``laterality`` (or ``side``), from the class's name
    (``arthroplasty_L``), else from the film's header. Outlines and masks become boxes and are
    kept in the column ``segmentation`` as the JSON of COCO's field of that name. Spellings of an
    annotator that differ in case are one annotator, written as in the first row.

    A box may stand out of the image by at most one pixel, which is cut off (tools round). Every
    other row that is not right is left out, and ``rows in the files = labels + exclusions`` of
    level ``hip``.

    Parameters
    ----------
    path
        The annotation file, folder or zip archive, or several; rows that repeat or contradict one
        another are found across files too.
    instances
        Table of instances.
    label_set
        The classes allowed; ``None`` takes any class.
    label_source
        What the labels rest on where the file does not say.
    annotator
        Who drew the boxes where the file does not say; the file's stem when ``None``.
    format_name
        Name of the format of all files; found from their content when ``None``.

    Returns
    -------
    The labels (with the files' further attributes as columns), and what was not taken: rows, and
    files of a folder that are in no known format.

    Raises
    ------
    AnnotationError
        If a file cannot be read, is damaged, or is in none of the formats; nothing of the others
        comes in then.
    """
    films = Films(instances)
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    exclusions: list[Exclusion] = []
    files = [path] if isinstance(path, Path) else list(path)
    for file, named in zip(files, _told_apart(files), strict=True):
        boxes, strange = read_raw(file, format_name)
        exclusions += [replace(item, key=named(item.key)) for item in strange]
        for box in boxes:
            answer = checked(box, named(box.place), films, label_set)
            if isinstance(answer, Exclusion):
                exclusions.append(answer)
                continue
            answer["label_source"] = box.label_source or label_source
            answer["annotator"] = box.annotator or annotator or file.stem
            rows.append(dict(box.extra) | answer)
            places.append(named(box.place))
    spelling = one_spelling(row["annotator"] for row in rows)
    rows = [row | {"annotator": spelling[row["annotator"]]} for row in rows]
    rows, repeated = _without_repeats(rows, places)
    frame = pd.DataFrame(rows, columns=_columns(rows))
    return LABELS.checked(frame), _numbered(exclusions + repeated)


def _told_apart(files: Sequence[Path]) -> list[Callable[[str], str]]:
    """Name places so that rows of two exports are told apart: two folders may hold one name."""
    counts = Counter(file.name for file in files)
    folders = sum(file.is_dir() or file.suffix.lower() == ".zip" for file in files)
    must_name = [counts[file.name] > 1 or (folders and len(files) > 1) for file in files]
    prefixes = [f"{file}: " if named else "" for file, named in zip(files, must_name, strict=True)]
    return [prefix.__add__ for prefix in prefixes]


def _numbered(exclusions: Iterable[Exclusion]) -> list[Exclusion]:
    """Tell apart places that a file gives twice (one id for two rows), so that all are listed."""
    seen: Counter[tuple[str, str]] = Counter()
    numbered = []
    for item in exclusions:
        seen[item.key, item.reason] += 1
        count = seen[item.key, item.reason]
        numbered.append(item if count == 1 else replace(item, key=f"{item.key} ({count})"))
    return numbered


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    extra = {name for row in rows for name in row} - set(LABELS.names)
    return [*LABELS.names, *sorted(extra)]


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
