"""NIfTI files as rows of the table of CT volumes, and why the others are none."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from osteon.cohort.volume_catalogue import Catalogue, measured
from osteon.core.files import hash_file, read_json, write_json
from osteon.core.manifest import fingerprint
from osteon.core.parallel import map_parallel
from osteon.core.records import Exclusion
from osteon.core.schemas import VOLUMES
from osteon.errors import DataError, GeometryError
from osteon.pixels.nifti import read_nifti
from osteon.pixels.orient import Volume
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["catalogue_nifti", "is_nifti"]

STAGE: Final = "volumes"
_VERSION = 1  # goes up when the same file gives another row
_AIR_HU = -300  # around or within every patient something is darker


def is_nifti(path: Path) -> bool:
    """Whether a file's name is that of a NIfTI file."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def catalogue_nifti(
    files: Mapping[str, Path],
    cache: Path,
    *,
    reading: VolumeSettings | None = None,
    workers: int | None = None,
) -> Catalogue:
    """Read NIfTI files and say of each whether it is a volume; each is a patient of its own.

    Parameters
    ----------
    files
        Patient to file: NIfTI names nobody.
    cache
        As of :func:`osteon.cohort.volume_catalogue.catalogue_volumes`.
    reading
        Limits, and what may be interpolated.
    workers
        Number of processes; ``None`` or 0 means one for each core.

    Returns
    -------
    Catalogue
        ``series_instance_uid`` is the path, ``content_hash`` that of the file. Reasons of
        exclusions are ``cannot_read``, ``not_a_grid`` and ``not_hounsfield`` (nothing is as dark
        as air).

    Raises
    ------
    StorageError
        If the cache cannot be written.
    """
    look = partial(_remembered, cache=cache, reading=reading or VolumeSettings())
    answers = map_parallel(look, files.values(), workers=workers, description="reading NIfTI files")
    rows, exclusions = [], []
    for (patient, path), answer in zip(files.items(), answers, strict=True):
        if "reason" in answer:
            why = answer["reason"], answer["detail"]
            exclusions.append(Exclusion("image", str(path), STAGE, *why))
            continue
        own = {"series_instance_uid": str(path), "patient_id": patient, "path": str(path)}
        rows.append(own | {"reconstruction": 1, "is_chosen": False} | answer)
    frame = pd.DataFrame(rows, columns=list(VOLUMES.names))
    return Catalogue(VOLUMES.checked(frame), tuple(exclusions))


def _remembered(path: Path, *, cache: Path, reading: VolumeSettings) -> dict[str, Any]:
    try:
        content_hash = hash_file(path)
    except OSError as error:
        return {"reason": "cannot_read", "detail": f"{path} cannot be read: {error.strerror}"}
    key = fingerprint([_VERSION, "nifti", reading.resolved()])[:12]
    record = cache / "volumes" / content_hash[:2] / f"{content_hash}.catalogue-{key}.json"
    if record.exists():
        known: dict[str, Any] = read_json(record)
        return known
    try:
        answer = _row(read_nifti(path, settings=reading), content_hash)
    except DataError as error:
        reason = "not_a_grid" if isinstance(error, GeometryError) else "cannot_read"
        return {"reason": reason, "detail": error.message}
    write_json(record, answer)
    return answer


def _row(volume: Volume, content_hash: str) -> dict[str, Any]:
    darkest = int(np.min(volume.hu))
    if darkest > _AIR_HU:
        detail = f"the darkest voxel has {darkest}, air has -1000 HU: these are no Hounsfield units"
        return {"reason": "not_hounsfield", "detail": detail}
    z_mm, y_mm, x_mm = volume.affine.spacing_z_y_x_mm
    return {
        "n_slices": int(volume.hu.shape[0]),
        "slice_spacing_mm": round(z_mm, 4),
        "row_spacing_mm": y_mm,
        "column_spacing_mm": x_mm,
        "content_hash": content_hash,
        **measured(volume),
    }
