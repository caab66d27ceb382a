"""Read a CT volume from a folder with one DICOM series; what does not make a volume is refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.dicom.decode import decode_frame
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.dicom.open import looks_like_dicom, open_instance
from osteon.errors import DataError, DicomError, GeometryError
from osteon.pixels.modality import padding_mask
from osteon.pixels.nifti import AIR_HU, as_hounsfield
from osteon.pixels.orient import LARGEST_SHEAR, Volume, canonical

__all__ = ["read_series"]

_LARGEST_FILE_BYTES = 4 * 2**30  # enhanced CT keeps a volume in one file
_SAME_MM = 0.01
_SAME_COSINE = 1e-3
_SPACING_TOLERANCE = 0.02  # of the median step, and at least 0.02 mm


@dataclass(frozen=True, slots=True, eq=False)
class _Slice:
    """One slice: where it is kept and where it lies."""

    path: Path
    frame: int
    series_instance_uid: str
    shape: tuple[int, int]
    position_mm: NDArray[np.float64]
    row: NDArray[np.float64]  # direction in which the column index grows
    column: NDArray[np.float64]
    spacing_row_column_mm: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.path.name}" + (f" frame {self.frame}" if self.frame else "")


def read_series(folder: Path, *, series_instance_uid: str | None, max_mib: float) -> Volume:
    """Read all slices of a series and stack them by their position in the patient.

    Classic CT (a file for each slice) and enhanced CT (frames with functional groups) alike.
    File names, instance numbers and the order in the folder do not matter.

    Parameters
    ----------
    folder
        Folder with the series, searched with its subfolders; or one multi-frame file.
    series_instance_uid
        Which series, where the folder holds several.
    max_mib
        Largest volume as int16 in MiB.

    Raises
    ------
    GeometryError
        If there are several series, or slices are missing, doubled, unevenly spaced, of
        different size, spacing or orientation, or the gantry was tilted.
    DicomError
        If a slice lacks a tag that is needed, or the values are not Hounsfield units.
    DecodeError
        If a slice cannot be decoded.
    """
    steps: list[str] = []
    slices = _one_series(_find_slices(folder, steps), folder, series_instance_uid)
    _check_alike(slices)
    slices, step_mm = _sorted_by_position(slices)
    rows, columns = slices[0].shape
    size_mib = len(slices) * rows * columns * 2 / 2**20
    if size_mib > max_mib:
        raise DataError(
            f"{folder}: {len(slices)} slices take {size_mib:.0f} MiB, wanted at most {max_mib:g}",
            remedy="raise VolumeSettings.max_mib if the volume is meant to be this large",
        )
    hu = np.empty((len(slices), rows, columns), np.int16)
    opened: tuple[Path, Dataset] | None = None
    for index, item in enumerate(slices):
        if opened is None or opened[0] != item.path:
            opened = item.path, open_instance(item.path, max_bytes=_LARGEST_FILE_BYTES)
        hu[index] = _hounsfield(opened[1], item, steps)
    steps.append(f"series: {len(slices)} slices, {step_mm:g} mm apart")
    values, affine = canonical(hu, _matrix(slices, step_mm))
    return Volume(values, affine, tuple(dict.fromkeys(steps)))


def _find_slices(folder: Path, steps: list[str]) -> list[_Slice]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    slices: list[_Slice] = []
    others = 0
    seen: dict[str, Path] = {}
    for path in files if folder.is_dir() else [folder]:
        with path.open("rb") as stream:
            head = stream.read(1024)
        if not looks_like_dicom(head):
            others += 1
            continue
        ds = open_instance(path, header_only=True, max_bytes=_LARGEST_FILE_BYTES)
        attributes = FrameAttributes(ds)
        if attributes.text("Modality") != "CT" or "Rows" not in ds:
            others += 1
            continue
        if "LOCALIZER" in attributes.texts("ImageType"):
            steps.append("series: localiser left out")
            continue
        uid = str(ds.get("SOPInstanceUID") or path)  # a de-identifier may have emptied it
        if uid in seen:
            raise GeometryError(
                f"{path.name} and {seen[uid].name} are the same object, SOP Instance UID {uid}",
                remedy="remove one of the two",
            )
        seen[uid] = path
        frames = frame_count(ds)
        groups = len(attributes.items("PerFrameFunctionalGroupsSequence"))
        if frames > 1 and groups != frames:
            raise GeometryError(
                f"{path.name} has {frames} frames and {groups} per-frame functional groups:"
                " wanted a position for each frame"
            )
        slices.extend(_slice(ds, path, frame) for frame in range(frames))
    if others:
        steps.append(f"series: {others} files that are no CT slices left out")
    if not slices:
        raise DataError(f"{folder} holds no CT slices", remedy="give the folder of one CT series")
    return slices


def _slice(ds: Dataset, path: Path, frame: int) -> _Slice:
    attributes = FrameAttributes(ds, frame)
    found = {}
    for keyword, count in (
        ("ImagePositionPatient", 3),
        ("ImageOrientationPatient", 6),
        ("PixelSpacing", 2),
    ):
        numbers = attributes.numbers(keyword)
        if len(numbers) != count:
            got = attributes.value(keyword)
            raise DicomError(f"{path}: {keyword} is {got!r}, wanted {count} numbers")
        found[keyword] = np.asarray(numbers)
    row, column = np.split(found["ImageOrientationPatient"], 2)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 0.01 or abs(lengths[1] - 1) > 0.01 or abs(row @ column) > 0.01:
        raise GeometryError(
            f"{path}: ImageOrientationPatient {[*row, *column]} is not two perpendicular directions"
        )
    spacing = found["PixelSpacing"]
    if (spacing <= 0).any():
        raise GeometryError(f"{path}: PixelSpacing is {spacing.tolist()}, wanted above 0 mm")
    return _Slice(
        path,
        frame,
        str(ds.get("SeriesInstanceUID", "")),
        (attributes.required_integer("Rows"), attributes.required_integer("Columns")),
        found["ImagePositionPatient"],
        row / lengths[0],
        column / lengths[1],
        (float(spacing[0]), float(spacing[1])),
    )


def _one_series(slices: list[_Slice], folder: Path, uid: str | None) -> list[_Slice]:
    found = sorted({item.series_instance_uid for item in slices})
    if uid is not None:
        if uid not in found:
            raise GeometryError(f"{folder} holds series {', '.join(found)}, wanted {uid}")
        return [item for item in slices if item.series_instance_uid == uid]
    if len(found) > 1:
        raise GeometryError(
            f"{folder} holds {len(found)} series: {', '.join(found)}",
            remedy="name one with series_instance_uid",
        )
    return slices


def _check_alike(slices: list[_Slice]) -> None:
    first = slices[0]
    for item in slices[1:]:
        if item.shape != first.shape:
            raise GeometryError(
                f"{item} has {item.shape[0]} x {item.shape[1]} pixels, {first} has"
                f" {first.shape[0]} x {first.shape[1]}: wanted slices of one size"
            )
        gap_mm = np.abs(np.subtract(item.spacing_row_column_mm, first.spacing_row_column_mm)).max()
        if gap_mm > 1e-3:
            raise GeometryError(
                f"{item} has pixels of {item.spacing_row_column_mm} mm, {first} of"
                f" {first.spacing_row_column_mm} mm: wanted one pixel spacing"
            )
        turn = max(np.abs(item.row - first.row).max(), np.abs(item.column - first.column).max())
        if turn > _SAME_COSINE:
            raise GeometryError(
                f"{item} and {first} have different orientations: wanted parallel slices"
            )


def _sorted_by_position(slices: list[_Slice]) -> tuple[list[_Slice], float]:
    """Sort along the normal and check that the steps are even; give the step in mm."""
    if len(slices) < 2:
        raise GeometryError(f"{slices[0]} is a single slice: wanted a volume of two or more")
    normal = np.cross(slices[0].row, slices[0].column)
    slices = sorted(slices, key=lambda item: float(item.position_mm @ normal))
    heights = np.array([item.position_mm @ normal for item in slices])
    gaps = np.diff(heights)
    doubled = np.flatnonzero(gaps < _SAME_MM)
    if len(doubled):
        at = int(doubled[0])
        raise GeometryError(
            f"{slices[at]} and {slices[at + 1]} lie at the same place ({heights[at]:.2f} mm)",
            remedy="the folder holds a slice twice, or two reconstructions: keep one of each",
        )
    usual = float(np.median(gaps))
    tolerance = max(_SPACING_TOLERANCE * usual, 0.02)
    wrong = np.flatnonzero(np.abs(gaps - usual) > tolerance)
    if len(wrong):
        raise _uneven(slices, heights, int(wrong[0]), usual, tolerance)
    _check_tilt(slices, normal, float(heights[-1] - heights[0]))
    return slices, float((heights[-1] - heights[0]) / (len(slices) - 1))


def _uneven(
    slices: list[_Slice], heights: NDArray[np.float64], at: int, usual: float, tolerance: float
) -> GeometryError:
    gap = float(heights[at + 1] - heights[at])
    count = round(gap / usual)
    where = (
        f"between {slices[at]} ({heights[at]:.2f} mm) and {slices[at + 1]}"
        f" ({heights[at + 1]:.2f} mm)"
    )
    if count > 1 and abs(gap - count * usual) <= count * tolerance:
        return GeometryError(
            f"{count - 1} missing slices {where}: {gap:.2f} mm apart, the others {usual:.2f} mm",
            remedy="fetch the series again, whole",
        )
    return GeometryError(
        f"uneven spacing {where}: {gap:.2f} mm apart, the others {usual:.2f} mm",
        remedy="give a series with one spacing, or resample it first",
    )


def _check_tilt(slices: list[_Slice], normal: NDArray[np.float64], extent_mm: float) -> None:
    way = slices[-1].position_mm - slices[0].position_mm
    sideways_mm = float(np.linalg.norm(way - (way @ normal) * normal))
    if sideways_mm > max(LARGEST_SHEAR * extent_mm, 0.1):
        degrees = float(np.degrees(np.arctan2(sideways_mm, extent_mm)))
        raise GeometryError(
            f"gantry tilt: slices are shifted by {sideways_mm:.1f} mm over {extent_mm:.1f} mm"
            f" ({degrees:.1f} degrees), from {slices[0]} to {slices[-1]}",
            remedy="resample the series to a straight grid first",
        )


def _hounsfield(ds: Dataset, item: _Slice, steps: list[str]) -> NDArray[np.int16]:
    attributes = FrameAttributes(ds, item.frame)
    slope, intercept = attributes.number("RescaleSlope"), attributes.number("RescaleIntercept")
    kind = attributes.text("RescaleType") or "HU"
    if slope is None or intercept is None or slope == 0 or kind not in ("HU", "HU_MOD", "US"):
        raise DicomError(
            f"{item.path}: rescale slope {slope}, intercept {intercept}, type {kind}:"
            " wanted those of Hounsfield units"
        )
    if kind != "HU":
        steps.append(f"series: rescale type {kind} taken as HU")
    stored = decode_frame(ds, item.frame)
    if stored.ndim != 2:
        raise DicomError(f"{item.path} is in colour, wanted a CT slice")
    found: list[str] = []
    padding = padding_mask(stored, attributes, found)
    values = as_hounsfield(stored.astype(np.float32) * slope + intercept, steps)
    if padding is not None:
        steps.append(f"series: padding set to {AIR_HU} HU")
        values[padding] = AIR_HU
    return values


def _matrix(slices: list[_Slice], step_mm: float) -> NDArray[np.float64]:
    first = slices[0]
    matrix = np.eye(4)
    matrix[:3, 0] = np.cross(first.row, first.column) * step_mm
    matrix[:3, 1] = first.column * first.spacing_row_column_mm[0]
    matrix[:3, 2] = first.row * first.spacing_row_column_mm[1]
    matrix[:3, 3] = first.position_mm
    return matrix
