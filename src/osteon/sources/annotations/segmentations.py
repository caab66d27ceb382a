"""Labels written as DICOM Segmentations, one object for each film and annotator."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from osteon._version import __version__
from osteon.core.optional import require
from osteon.core.schemas import BOX_COLUMNS
from osteon.dicom.codes import ANATOMICAL_STRUCTURE, HIP_JOINT, LEFT, RIGHT
from osteon.dicom.open import open_instance
from osteon.dicom.uids import uid_for
from osteon.errors import AnnotationError, UsageError
from osteon.sources.annotations.record import Drawn
from osteon.sources.annotations.shapes import label_pixels

__all__ = ["segmentation", "write_segmentations"]

_SERIES_NUMBER = 900


def write_segmentations(drawn: Drawn, folder: Path) -> None:
    """Write one SEG file for each film and annotator into a new folder, all of them or none.

    Raises
    ------
    UsageError
        If the folder holds something.
    AnnotationError
        If a label has no pixel.
    DicomError
        If a film cannot be opened.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", remedy="choose a new folder")
    films = drawn.instances.set_index("sop_instance_uid")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        for uid, rows in drawn.films():
            place = films.loc[uid]
            member = place["archive_member"]
            film = open_instance(Path(place["path"]), None if pd.isna(member) else str(member))
            ordered = sorted(rows, key=lambda row: (row["annotator"], row["laterality"]))
            for annotator, own in groupby(ordered, key=lambda row: str(row["annotator"])):
                written = segmentation(film, list(own), annotator)
                name = uid_for("segmentation", uid, annotator)
                written.save_as(temporary / f"{name}.dcm", enforce_file_format=True)
        temporary.chmod(0o755)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def segmentation(film: Dataset, rows: Sequence[Mapping[Any, Any]], annotator: str) -> Dataset:
    """Make the Segmentation of one annotator's labels on a film, a segment for each label.

    Parameters
    ----------
    film
        The film, with its pixels.
    rows
        Rows of the table of labels on this film.
    annotator
        Who drew them: the content creator.

    Raises
    ------
    AnnotationError
        If a label has no pixel.
    MissingExtraError
        If highdicom is not installed.
    """
    highdicom = require("highdicom", purpose="writing DICOM Segmentations")
    shape = (int(film.Rows), int(film.Columns))
    masks = [_pixels(row, shape) for row in rows]
    uid = str(film.SOPInstanceUID)
    made: Dataset = highdicom.seg.Segmentation(
        source_images=[film],
        pixel_array=np.stack(masks, axis=-1)[None].astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[_description(highdicom, n, row) for n, row in enumerate(rows, 1)],
        series_instance_uid=uid_for("segmentations", uid, annotator),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=uid_for("segmentation", uid, annotator),
        instance_number=1,
        manufacturer="Osteon",
        manufacturer_model_name="osteon",
        software_versions=__version__,
        device_serial_number="0",
        content_label="ANNOTATION",
        content_description="Regions that a person drew",
    )
    _close_index(made)
    made.ContentCreatorName = annotator
    made.PatientOrientation = film.get("PatientOrientation") or ""
    return made


def _close_index(made: Dataset) -> None:
    """Close the database in memory by which highdicom finds frames; nothing is looked up here.

    highdicom has no method for it, and left to the garbage collector it is a ``ResourceWarning``.
    """
    index = getattr(made, "_db_con", None)
    if index is not None:
        index.close()


def _pixels(row: Mapping[Any, Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    segmentation = row.get("segmentation")
    text = segmentation if isinstance(segmentation, str) else ""
    x_min, y_min, x_max, y_max = (float(row[name]) for name in BOX_COLUMNS)
    pixels = label_pixels((x_min, y_min, x_max, y_max), text, shape)
    if not pixels.any():
        raise AnnotationError(
            f"label {row['sop_instance_uid']}:{row['laterality']} of {row['annotator']} covers no"
            " pixel's middle",
            remedy="export VIA, COCO or CSV, which keep boxes as they are",
        )
    return pixels


def _description(highdicom: Any, number: int, row: Mapping[Any, Any]) -> Dataset:
    side = LEFT if row["laterality"] == "L" else RIGHT
    coded = highdicom.sr.CodedConcept
    described: Dataset = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=str(row["label"])[:64],
        segmented_property_category=coded(
            ANATOMICAL_STRUCTURE.value, ANATOMICAL_STRUCTURE.scheme, ANATOMICAL_STRUCTURE.meaning
        ),
        segmented_property_type=coded(HIP_JOINT.value, HIP_JOINT.scheme, HIP_JOINT.meaning),
        algorithm_type="MANUAL",
        tracking_id=f"{row['sop_instance_uid']}:{row['laterality']}"[:64],
        tracking_uid=uid_for("label", str(row["sop_instance_uid"]), str(row["laterality"])),
    )
    kind = described.SegmentedPropertyTypeCodeSequence[0]
    kind.SegmentedPropertyTypeModifierCodeSequence = Items([side.item()])
    described.SegmentDescription = str(row["label_source"])
    return described
