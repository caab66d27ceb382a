"""DICOM RT Structure Set: closed planar contours in the patient's millimetres.

All contours of one structure on one image are one region; the structure's name is the class.
Source: PS3.3 C.8.8.5 (structures) and C.8.8.6 (contours).
"""

from collections.abc import Iterator
from typing import Any

from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.record import AnnotationFormat, RawBox, raw_box
from osteon.sources.annotations.shapes import faulty, outlines

__all__ = ["FORMAT"]

_STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def _recognises(document: Document) -> bool:
    dataset = document.dicom
    return dataset is not None and str(dataset.get("SOPClassUID", "")) == _STRUCTURES


def _read(document: Document) -> Iterator[RawBox]:
    dataset = document.dicom
    if dataset is None:
        return
    names = {
        int(item.ROINumber): str(item.get("ROIName", ""))
        for item in dataset.get("StructureSetROISequence", [])
    }
    annotator = str(dataset.get("OperatorsName") or dataset.get("ReviewerName") or "")
    for roi in dataset.get("ROIContourSequence", []):
        number = int(roi.ReferencedROINumber)
        texts = {"label": names.get(number, ""), "annotator": annotator}
        for image, contours in _by_image(roi).items():
            place = f"{document.name}#structure {number} on {image or 'no image'}"
            drawn = [contour.get("ContourData", []) for contour in contours]
            kinds = {str(contour.get("ContourGeometricType", "")) for contour in contours}
            shape = outlines(drawn, "mm")
            if not kinds <= set(_CLOSED):
                named = ", ".join(sorted(kinds))
                shape = faulty("shape_not_box", f"{named} encloses no area, wanted CLOSED_PLANAR")
            yield raw_box(place, image, shape, texts)


def _by_image(roi: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for contour in roi.get("ContourSequence", []):
        images = contour.get("ContourImageSequence", [])
        uid = str(images[0].ReferencedSOPInstanceUID) if len(images) == 1 else ""
        found.setdefault(uid, []).append(contour)
    return found


FORMAT = AnnotationFormat(
    name="dicom_rtstruct",
    title="DICOM RT Structure Set (RTSTRUCT)",
    loss="the side only in the structure's name; contours are decimal texts of millimetres",
    recognises=_recognises,
    read=_read,
)
