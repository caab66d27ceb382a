"""How many CTs an hour are projected: from memory, and from files as the recipes read them."""

import gzip
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from osteon.core.files import atomic_path, write_bytes
from osteon.core.geometry import Affine
from osteon.core.parallel import map_parallel, worker_count
from osteon.core.rng import generator
from osteon.dicom.write import PatientTags, write_ct
from osteon.drr.settings import ProjectionSettings
from osteon.drr.views import project_views
from osteon.pixels.nifti import as_nifti
from osteon.pixels.volume import Volume, read_volume
from osteon.workflow.bench import BenchResult, BenchSettings, measure

__all__ = ["throughput"]

T = TypeVar("T")
_IN_MEMORY = 40
_SERIES, _READS, _ASKED = 20, 3, 1000
_SHAPE = (100, 512, 512)
_AFFINE = Affine.from_spacing((3.0, 0.8, 0.8), (0.0, 0.0, 0.0))
_SIZE = f"{_SHAPE[1]} x {_SHAPE[2]} x {_SHAPE[0]} voxels"
_DONE = "table removed, three views of 512 x 512"


def throughput(settings: BenchSettings) -> Sequence[BenchResult]:
    """Project synthetic CTs from memory, from DICOM folders and from NIfTI files."""
    count = max(4, round(_IN_MEMORY * settings.scale))
    timed = measure(partial(_many, _from_memory, range(count), settings.workers))
    in_memory = BenchResult(
        f"{count} CTs of {_SIZE}, {_DONE}",
        3600 * count / timed.value, "CTs/hour", peak_mib=timed.peak_mib, remark="reading not timed",
    )  # fmt: skip
    return [in_memory, *(_from_disk(kind, settings) for kind in ("DICOM", "NIfTI"))]


def _from_disk(kind: Literal["DICOM", "NIfTI"], settings: BenchSettings) -> BenchResult:
    """Read and project the same few CTs again and again, as the recipe's stage does."""
    series = max(2, round(_SERIES * settings.scale))
    reads = max(2, round(_READS * settings.scale))
    folder = settings.folder / kind
    write = partial(_write_dicom if kind == "DICOM" else _write_nifti, folder=folder)
    paths = list(map_parallel(write, range(series), workers=settings.workers))
    keep = partial(_from_file, folder=settings.folder / "projections")
    timed = measure(partial(_many, keep, paths * reads, settings.workers))
    hourly = 3600 * series * reads / timed.value
    return BenchResult(
        f"CTs of {_SIZE} read from {kind}, {_DONE}, written as numbers",
        hourly,
        "CTs/hour",
        peak_mib=timed.peak_mib,
        remark=f"{_ASKED} CTs in {_ASKED / hourly:.2f} hours; measured on {series} synthetic CTs,"
        f" each read {reads} times: {series * reads} in {timed.value:.0f} s",
    )


def _many(function: Callable[[T], float], items: Sequence[T], workers: int | None) -> float:
    first = items[: worker_count(workers)]
    list(map_parallel(function, first, workers=workers))  # start and compile
    started = perf_counter()
    list(map_parallel(function, items, workers=workers))
    return perf_counter() - started


def _from_memory(number: int) -> float:
    drrs = project_views(Volume(_synthetic(number, noise=False), _AFFINE), ProjectionSettings())
    return float(sum(drr.line_integral.max() for drr in drrs.values()))


def _from_file(path: Path, *, folder: Path) -> float:
    drrs = project_views(read_volume(path), ProjectionSettings())
    for view, drr in drrs.items():
        target = folder / f"{path.name}.{view}.npy"
        with atomic_path(target) as temporary, temporary.open("wb") as stream:
            np.save(stream, drr.line_integral, allow_pickle=False)
    return float(sum(drr.line_integral.max() for drr in drrs.values()))


def _synthetic(number: int, *, noise: bool) -> NDArray[np.int16]:
    """Make an elliptic body with two bones on a table, with a scanner's noise or without."""
    z, y, x = np.ogrid[: _SHAPE[0], : _SHAPE[1], : _SHAPE[2]]
    body = ((y - 240) / 150) ** 2 + ((x - 256) / 220) ** 2 < 1 + 0.001 * z
    hu = np.where(body, np.int16(40 + number % 7), np.int16(-1000))
    hu[((y - 240) / 20) ** 2 + ((np.abs(x - 256) - 110) / 20) ** 2 < 1 + 0.001 * z] = 700
    hu[:, 420:426, 60:450] = 100  # table
    if noise:
        rng = generator(number, "bench", "ct")
        hu += (15 * rng.standard_normal(_SHAPE, dtype=np.float32)).astype(np.int16)
    return hu


def _write_dicom(number: int, *, folder: Path) -> Path:
    path = folder / f"{number:03d}"
    write_ct(_synthetic(number, noise=True), _AFFINE, PatientTags(f"P{number}", "F", 80), path)
    return path


def _write_nifti(number: int, *, folder: Path) -> Path:
    path = folder / f"{number:03d}.nii.gz"
    image = as_nifti(_synthetic(number, noise=True), _AFFINE)
    write_bytes(path, gzip.compress(image.to_bytes(), 1, mtime=0))
    return path
