"""Read a CT volume from the files of a DICOM series; what does not make a volume is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.dicom.decode import decode_frame
from osteon.dicom.frames import FrameAttributes
from osteon.errors import DataError, DicomError, GeometryError
from osteon.pixels.modality import padding_mask
from osteon.pixels.nifti import AIR_HU, as_hounsfield
from osteon.pixels.orient import Volume, canonical
from osteon.pixels.regrid import fill_planes, straighten
from osteon.pixels.slices import (
    LeftOut,
    Slice,
    SliceFile,
    files_below,
    find_slices,
)
from osteon.pixels.stack import Problem, Stack
from osteon.pixels.stacks import stacks_of
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["SeriesFiles", "find_stacks", "read_series", "read_stack"]


@dataclass(frozen=True, slots=True)
class SeriesFiles:
    """The files of one series as stacks, and what was left out of them."""

    stacks: tuple[Stack, ...]
    left_out: tuple[LeftOut, ...]


def read_series(
    source: Path | Sequence[SliceFile],
    *,
    series_instance_uid: str | None = None,
    reconstruction: int | None = None,
    settings: VolumeSettings | None = None,
) -> Volume:
    """Read all slices of a series and stack them by their position in the patient.

    Classic CT (a file for each slice) and enhanced CT (frames with functional groups) alike.
    File names, instance numbers and the order in the folder do not matter. Localisers, screen
    captures and what is no CT are left out; exact copies of slices are dropped and counted.

    Parameters
    ----------
    source
        Folder with the series, searched with its subfolders; one multi-frame file; or a list.
    series_instance_uid
        Which series, where there are several.
    reconstruction
        Which stack of the series, from 1, where it holds several (:func:`find_stacks`).
    settings
        Limits, and what may be interpolated.

    Raises
    ------
    GeometryError
        If there are several series or reconstructions, or slices are missing, contradict each
        other, are unevenly spaced or out of line, or the gantry was tilted.
    DicomError
        If a slice lacks a tag that is needed, or the values are not Hounsfield units.
    DecodeError
        If a slice cannot be decoded.
    """
    settings = settings or VolumeSettings()
    files = files_below(source) if isinstance(source, Path) else source
    name = str(source) if isinstance(source, Path) else "the list of files"
    found = find_stacks(files, name, series_instance_uid, settings)
    if not found.stacks:
        raise DataError(f"{name} holds no CT slices", remedy="give the folder of one CT series")
    stack = _one_stack(found.stacks, name, reconstruction)
    if stack.problem is not None:
        raise _refusal(stack.problem, _strays(found.stacks, stack))
    steps = _left_out(found, stack)
    return read_stack(stack, settings, steps)


def find_stacks(
    files: Sequence[SliceFile],
    name: str,
    series_instance_uid: str | None = None,
    settings: VolumeSettings | None = None,
) -> SeriesFiles:
    """Sort the files of one series into stacks; ``name`` is for messages.

    Raises
    ------
    DicomError, GeometryError
        If a file is damaged, a slice is not placed, or there are several series and none is named.
    """
    slices, left_out = find_slices(files)
    chosen = _one_series(slices, name, series_instance_uid) if slices else []
    return SeriesFiles(
        stacks_of(chosen, _same_pixels, settings or VolumeSettings()), tuple(left_out)
    )


def read_stack(stack: Stack, settings: VolumeSettings, steps: Sequence[str] = ()) -> Volume:
    """Decode the slices of a stack that has no problem; ``steps`` come first in the record.

    Raises
    ------
    DataError
        If the volume is larger than the settings allow.
    DicomError, DecodeError
        If a slice cannot be read.
    """
    done = list(steps)
    rows, columns = stack.slices[0].shape
    size_mib = stack.planes * rows * columns * 2 / 2**20
    if size_mib > settings.max_mib:
        raise DataError(
            f"{stack.slices[0].file}: {stack.planes} slices take {size_mib:.0f} MiB, wanted at"
            f" most {settings.max_mib:g}",
            remedy="raise VolumeSettings.max_mib if the volume is meant to be this large",
        )
    hu = _decoded(stack, done)
    done.append(f"series: {len(stack.slices)} slices, {stack.spacing_mm:g} mm apart")
    if stack.copies:
        done.append(f"series: {stack.copies} exact copies of slices dropped")
    matrix = _matrix(stack)
    if stack.is_filled:
        hu, made = fill_planes(hu, stack.heights_mm, stack.planes)
        done.append(f"series: {made} of {stack.planes} planes interpolated to fill gaps")
    if stack.tilt_degrees:
        hu, matrix, degrees = straighten(hu, matrix, AIR_HU)
        done.append(f"series: gantry tilt of {degrees:.1f} degrees straightened")
    values, affine = canonical(hu, matrix)
    return Volume(values, affine, tuple(dict.fromkeys(done)))


def _one_series(slices: list[Slice], name: str, uid: str | None) -> list[Slice]:
    found = sorted({item.series_instance_uid for item in slices})
    if uid is not None:
        if uid not in found:
            raise GeometryError(f"{name} holds series {', '.join(found)}, wanted {uid}")
        return [item for item in slices if item.series_instance_uid == uid]
    if len(found) > 1:
        raise GeometryError(
            f"{name} holds {len(found)} series: {', '.join(found)}",
            remedy="name one with series_instance_uid",
        )
    return slices


def _one_stack(stacks: Sequence[Stack], name: str, number: int | None) -> Stack:
    if number is not None:
        if not 1 <= number <= len(stacks):
            raise GeometryError(f"{name} holds {len(stacks)} reconstructions, wanted no. {number}")
        return stacks[number - 1]
    several = [stack for stack in stacks if len(stack.slices) > 1]
    if len(several) > 1:
        listed = "; ".join(f"{at}: {stack}" for at, stack in enumerate(several, start=1))
        raise GeometryError(
            f"{name} holds {len(several)} reconstructions in one series: {listed}",
            remedy="name one by its number with reconstruction",
        )
    return stacks[0]


def _strays(stacks: Sequence[Stack], chosen: Stack) -> list[str]:
    return [str(stack.slices[0]) for stack in stacks if stack is not chosen]


def _refusal(problem: Problem, strays: Sequence[str]) -> DataError:
    kind = DicomError if problem.reason == "not_hounsfield" else GeometryError
    besides = f"; {len(strays)} slices do not fit the others: {', '.join(strays[:3])}"
    return kind(problem.detail + (besides if strays else ""), remedy=problem.remedy)


def _left_out(found: SeriesFiles, chosen: Stack) -> list[str]:
    steps = []
    reasons = [item.reason for item in found.left_out]
    for reason, said in (
        ("localiser", "localisers"),
        ("screen_capture", "screen captures"),
        ("not_ct", "files that are no CT slices"),
        ("not_dicom", "files that are not DICOM"),
    ):
        if count := reasons.count(reason):
            steps.append(f"series: {count} {said} left out")
    if others := [stack for stack in found.stacks if stack is not chosen]:
        count = sum(len(stack.slices) for stack in others)
        steps.append(f"series: {count} slices of other reconstructions left out")
    return steps


def _decoded(stack: Stack, steps: list[str]) -> NDArray[np.int16]:
    hu = np.empty((len(stack.slices), *stack.slices[0].shape), np.int16)
    numbered = list(enumerate(stack.slices))
    for file, group in groupby(numbered, key=lambda pair: pair[1].file):
        ds = file.opened()
        for index, item in group:
            hu[index] = _hounsfield(ds, item, steps)
    return hu


def _same_pixels(one: Slice, other: Slice) -> bool:
    first, second = (_hounsfield(item.file.opened(), item, []) for item in (one, other))
    return bool(np.array_equal(first, second))


def _hounsfield(ds: Dataset, item: Slice, steps: list[str]) -> NDArray[np.int16]:
    slope, intercept, kind = item.rescale
    if kind != "HU":
        steps.append(f"series: rescale type {kind} taken as HU")
    stored = decode_frame(ds, item.frame)
    if stored.shape != item.shape:
        raise DicomError(
            f"{item.file}: decoded to {stored.shape}, wanted a CT slice of {item.shape}"
        )
    padding = padding_mask(stored, FrameAttributes(ds, item.frame), [])
    scaled = stored.astype(np.float32) * np.float32(slope or 1) + np.float32(intercept or 0)
    values = as_hounsfield(scaled, steps)
    if padding is not None:
        steps.append(f"series: padding set to {AIR_HU} HU")
        values[padding] = AIR_HU
    return values


def _matrix(stack: Stack) -> NDArray[np.float64]:
    first = stack.slices[0]
    matrix = np.eye(4)
    matrix[:3, 0] = stack.step_mm
    matrix[:3, 1] = first.column * first.spacing_row_column_mm[0]
    matrix[:3, 2] = first.row * first.spacing_row_column_mm[1]
    matrix[:3, 3] = first.position_mm
    return matrix
