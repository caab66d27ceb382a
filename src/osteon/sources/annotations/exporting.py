"""The table of labels written in the formats of annotation tools."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.errors import AnnotationError, UsageError
from osteon.sources.annotations.formats import all_formats, find_format
from osteon.sources.annotations.record import Drawn

__all__ = ["write_annotations"]


def write_annotations(
    labels: pd.DataFrame,
    instances: pd.DataFrame,
    label_set: LabelSet,
    path: Path,
    format_name: str,
    *,
    file_names: Mapping[str, str] | None = None,
) -> None:
    """Write labels in a format that annotation tools read, whole or not at all.

    Parameters
    ----------
    labels
        Table of labels.
    instances
        Table of instances: sizes, and the films themselves for DICOM Segmentations.
    label_set
        The classes, offered in the tool to choose from.
    path
        The file; a new folder for ``dicom_seg``.
    format_name
        ``via2``, ``via3``, ``coco``, ``csv`` or ``dicom_seg``.
    file_names
        Name of the picture of each SOP Instance UID; the UID with ``.png`` where none is given.

    Raises
    ------
    UsageError
        If the format is only read.
    AnnotationError
        If a label's film is not among the instances.
    """
    found = find_format(format_name)
    if found.write is None:
        written = ", ".join(item.name for item in all_formats() if item.write is not None)
        raise UsageError(f"{found.title} is only read", remedy=f"write one of {written}")
    missing = set(labels["sop_instance_uid"]) - set(instances["sop_instance_uid"])
    if missing:
        raise AnnotationError(f"film {min(missing)} of a label is not among the instances")
    found.write(Drawn(labels, instances, label_set, file_names or {}), path)
