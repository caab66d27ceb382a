"""Find the slices of CT files: where each lies, how its values are scaled, how it was made."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset

from osteon.core.files import hash_bytes
from osteon.core.tables import rows_of
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.dicom.open import looks_like_dicom, parse_instance, read_bytes, source_name
from osteon.errors import DataError, DicomError, GeometryError

__all__ = ["LeftOut", "Slice", "SliceFile", "SliceTraits", "files_below", "files_of",
           "find_slices"]  # fmt: skip

_LARGEST_FILE_BYTES = 4 * 2**30  # enhanced CT keeps a volume in one file
_PLACE = ("ImagePositionPatient", "ImageOrientationPatient")
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_PICTURES = ("SCREEN SAVE", "SCREENSAVE", "SCREEN", "DOSE", "DOSE_INFO", "DOSE REPORT", "REPORT")


@dataclass(frozen=True, slots=True, order=True)
class SliceFile:
    """A DICOM file or a member of an archive; its hash where it is known from an ingest."""

    path: Path
    archive_member: str | None = None
    content_hash: str = ""

    @property
    def name(self) -> str:
        """Short name for messages."""
        return Path(self.archive_member or self.path).name

    def __str__(self) -> str:
        return source_name(self.path, self.archive_member)

    def opened(self, *, header_only: bool = False) -> FileDataset:
        """Parse the file.

        Raises
        ------
        DicomError
            If it cannot be read, or is no longer the file whose hash is known.
        """
        data = read_bytes(self.path, self.archive_member, max_bytes=_LARGEST_FILE_BYTES)
        if self.content_hash and hash_bytes(data) != self.content_hash:
            raise DicomError(
                f"{self} is no longer the file that was ingested", remedy="ingest again"
            )
        return parse_instance(
            data, str(self), max_bytes=_LARGEST_FILE_BYTES, header_only=header_only
        )


@dataclass(frozen=True, slots=True)
class SliceTraits:
    """How a slice was made: what tells reconstructions of one series apart.

    Texts are empty and numbers ``None`` where the header is silent.
    """

    convolution_kernel: str = ""
    frame_of_reference_uid: str = ""
    stack_id: str = ""
    slice_thickness_mm: float | None = None
    acquisition_number: int | None = None
    image_type: str = ""
    kvp: float | None = None
    temporal_position: int | None = None
    contrast_bolus_agent: str = ""
    patient_position: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One slice: where it is kept, where it lies, and its scale."""

    file: SliceFile
    frame: int
    series_instance_uid: str
    shape: tuple[int, int]
    position_mm: NDArray[np.float64]
    row: NDArray[np.float64]  # direction in which the column index grows
    column: NDArray[np.float64]
    spacing_row_column_mm: tuple[float, float]
    rescale: tuple[float | None, float | None, str]  # slope, intercept, type
    traits: SliceTraits

    @property
    def normal(self) -> NDArray[np.float64]:
        """Direction across the slice."""
        return np.cross(self.row, self.column)

    def __str__(self) -> str:
        return self.file.name + (f" frame {self.frame}" if self.frame else "")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is no slice, with a stable reason.

    Reasons: ``not_dicom``, ``not_ct``, ``localiser``, ``screen_capture``.
    """

    file: SliceFile
    reason: str


def files_below(folder: Path) -> list[SliceFile]:
    """List the files of a folder and its subfolders; a file stands for itself."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [SliceFile(path) for path in (paths if folder.is_dir() else [folder])]


def files_of(instances: pd.DataFrame) -> list[SliceFile]:
    """List the files of rows of the table of instances."""
    columns = instances[["path", "archive_member", "content_hash"]]
    return [
        SliceFile(Path(row["path"]), row["archive_member"] or None, row["content_hash"])
        for row in rows_of(columns)
    ]


def find_slices(files: Iterable[SliceFile]) -> tuple[list[Slice], list[LeftOut]]:
    """Read the headers of files and list their slices, those of multi-frame objects too.

    Raises
    ------
    DicomError
        If a CT slice lacks a tag that places it, or a file is truncated.
    GeometryError
        If a slice's orientation or spacing is impossible, or frames have no positions.
    """
    slices: list[Slice] = []
    left_out: list[LeftOut] = []
    for file in files:
        if file.archive_member is None and not _may_be_dicom(file.path):
            left_out.append(LeftOut(file, "not_dicom"))
            continue
        ds = file.opened(header_only=True)
        reason = _no_slice(FrameAttributes(ds))
        if reason is None:
            slices += _slices_of(ds, file)
        else:
            left_out.append(LeftOut(file, reason))
    return slices, left_out


def _may_be_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    return looks_like_dicom(head)


def _no_slice(attributes: FrameAttributes) -> str | None:
    """Why an object is no slice of a volume; ``None`` when it is one."""
    ds = attributes.dataset
    if attributes.text("Modality") != "CT" or "Rows" not in ds:
        return "not_ct"
    kinds = [kind.upper() for kind in attributes.texts("ImageType")]
    if "LOCALIZER" in kinds:
        return "localiser"
    has_place = any(attributes.numbers(keyword) for keyword in _PLACE)
    is_colour = (attributes.integer("SamplesPerPixel") or 1) > 1
    is_picture = any(kind in _PICTURES for kind in kinds)
    is_capture = attributes.text("SOPClassUID").startswith(_SECONDARY_CAPTURE)
    if is_colour or is_picture or is_capture or (not has_place and "SECONDARY" in kinds):
        return "screen_capture"
    return None


def _slices_of(ds: Dataset, file: SliceFile) -> list[Slice]:
    frames = frame_count(ds)
    groups = len(FrameAttributes(ds).items("PerFrameFunctionalGroupsSequence"))
    if frames > 1 and groups != frames:
        raise GeometryError(
            f"{file.name} has {frames} frames and {groups} per-frame functional groups:"
            " wanted a position for each frame"
        )
    return [_slice(ds, file, frame) for frame in range(frames)]


def _slice(ds: Dataset, file: SliceFile, frame: int) -> Slice:
    attributes = FrameAttributes(ds, frame)
    position = _required(attributes, "ImagePositionPatient", 3, file)
    row, column = np.split(_required(attributes, "ImageOrientationPatient", 6, file), 2)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 0.01 or abs(lengths[1] - 1) > 0.01 or abs(row @ column) > 0.01:
        raise GeometryError(
            f"{file}: ImageOrientationPatient {[*row, *column]} is not two perpendicular directions"
        )
    spacing = _required(attributes, "PixelSpacing", 2, file)
    if (spacing <= 0).any():
        raise GeometryError(f"{file}: PixelSpacing is {spacing.tolist()}, wanted above 0 mm")
    return Slice(
        file,
        frame,
        "\\".join(attributes.texts("SeriesInstanceUID")),
        (attributes.required_integer("Rows"), attributes.required_integer("Columns")),
        position,
        row / lengths[0],
        column / lengths[1],
        (float(spacing[0]), float(spacing[1])),
        (
            attributes.number("RescaleSlope"),
            attributes.number("RescaleIntercept"),
            attributes.text("RescaleType") or "HU",
        ),
        _traits(attributes),
    )


def _required(
    attributes: FrameAttributes, keyword: str, count: int, file: SliceFile
) -> NDArray[np.float64]:
    numbers = attributes.numbers(keyword)
    if len(numbers) != count:
        got = attributes.value(keyword)
        raise DicomError(f"{file}: {keyword} is {got!r}, wanted {count} numbers")
    return np.asarray(numbers, np.float64)


def _traits(attributes: FrameAttributes) -> SliceTraits:
    def joined(keyword: str) -> str:
        return "\\".join(attributes.texts(keyword))

    thickness = attributes.number("SliceThickness")
    return SliceTraits(
        joined("ConvolutionKernel"),
        joined("FrameOfReferenceUID"),
        joined("StackID"),
        None if thickness is None else round(thickness, 3),
        attributes.integer("AcquisitionNumber"),
        joined("ImageType"),
        attributes.number("KVP"),
        attributes.integer("TemporalPositionIndex")
        or attributes.integer("TemporalPositionIdentifier"),
        joined("ContrastBolusAgent"),
        joined("PatientPosition"),
    )
