"""DICOM Segmentation: binary, fractional and label-map segments of the images they refer to.

A segment is one region of each source image it has pixels on; its label is the class, its
laterality a modifier of the property or of the anatomic region. Fractional segments count from
half of their maximum. Source: PS3.3 A.51, C.8.20; side codes PS3.16 CID 244.
"""

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from osteon.dicom.codes import side_of_code
from osteon.dicom.decode import decode_frame
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.errors import DecodeError, DicomError
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, raw_box
from osteon.sources.annotations.segmentations import write_segmentations
from osteon.sources.annotations.shapes import RunLengths, Shape, faulty, mask

__all__ = ["FORMAT"]

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
_SIDE_SEQUENCES = (
    ("SegmentedPropertyTypeCodeSequence", "SegmentedPropertyTypeModifierCodeSequence"),
    ("AnatomicRegionSequence", "AnatomicRegionModifierSequence"),
)


def _recognises(document: Document) -> bool:
    dataset = document.dicom
    classes = (_SEGMENTATION, _LABEL_MAP)
    return dataset is not None and str(dataset.get("SOPClassUID", "")) in classes


def _read(document: Document) -> Iterator[RawBox]:
    dataset = document.dicom
    if dataset is None:
        return
    segments = {int(item.SegmentNumber): item for item in dataset.SegmentSequence}
    annotator = str(dataset.get("ContentCreatorName") or "")
    size = (float(dataset.Columns), float(dataset.Rows))
    for frame in range(frame_count(dataset)):
        image, fault = _source_image(dataset, frame)
        for number, shape in _segments_of_frame(dataset, frame):
            place = f"{document.name}#frame {frame + 1} segment {number}"
            texts = _texts(segments.get(number)) | {"annotator": annotator}
            yield raw_box(
                place, image, faulty("image_unknown", fault) if fault else shape, texts, size
            )


def _source_image(dataset: FileDataset, frame: int) -> tuple[str, str]:
    """UID of the one image a frame was drawn on, or why there is none."""
    attributes = FrameAttributes(dataset, frame)
    is_tiled = attributes.text("DimensionOrganizationType").startswith("TILED")
    if is_tiled or attributes.value("ColumnPositionInTotalImagePixelMatrix") is not None:
        return "", "the frame is a tile of a slide"
    sources = list(attributes.items("SourceImageSequence"))
    if not sources:
        series = dataset.get("ReferencedSeriesSequence", [])
        sources = [item for group in series for item in group.get("ReferencedInstanceSequence", [])]
    uids = {str(item.ReferencedSOPInstanceUID) for item in sources}
    if len(uids) != 1:
        return "", f"the frame names {len(uids)} source images, wanted one"
    return uids.pop(), ""


def _segments_of_frame(dataset: FileDataset, frame: int) -> Iterator[tuple[int, Shape]]:
    """Give the segments that have pixels on a frame; 0 of a label map is the background."""
    number = FrameAttributes(dataset, frame).integer("ReferencedSegmentNumber") or 0
    try:
        pixels = decode_frame(dataset, frame)
    except (DecodeError, DicomError) as error:
        yield number, faulty("mask_unreadable", error.message)
        return
    if str(dataset.SOPClassUID) == _LABEL_MAP:
        for value in np.unique(pixels[pixels > 0]).tolist():
            yield int(value), mask(RunLengths.from_array(pixels == value))
        return
    is_fractional = str(dataset.get("SegmentationType", "")) == "FRACTIONAL"
    half = int(dataset.get("MaximumFractionalValue", 1)) / 2 if is_fractional else 0.5
    if (pixels >= half).any():
        yield number, mask(RunLengths.from_array(pixels >= half))


def _texts(segment: Dataset | None) -> dict[str, str]:
    """Class, source and side of a segment."""
    if segment is None:
        return {}
    texts = {
        "label": str(segment.get("SegmentLabel", "")),
        "label_source": str(segment.get("SegmentDescription") or ""),
    }
    for place, modifiers in _SIDE_SEQUENCES:
        codes = (code for item in segment.get(place, []) for code in item.get(modifiers, []))
        for side in filter(None, map(side_of_code, codes)):
            texts["laterality"] = side
    return texts


FORMAT = AnnotationFormat(
    name="dicom_seg",
    title="DICOM Segmentation (SEG), one object for each film and annotator",
    loss="a box is written as the pixels whose middle lies in it; further columns are lost",
    recognises=_recognises,
    read=_read,
    write=write_segmentations,
)
