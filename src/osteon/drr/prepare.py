"""Projections of chosen CT volumes on disk: made once, found again by a key one can read.

A projection is kept as ``<volume's content hash>.project-<hash>.<view>.npy``, float32 line
integrals; the hash is that of the settings of projecting and of reading. A ``.json`` without the
view's name is written last, with the pictures' sizes and spacings and what reading did: a volume
without it does not count, so a run that was killed is simply run again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.files import atomic_path, read_json, write_json
from osteon.core.manifest import fingerprint
from osteon.core.parallel import map_parallel
from osteon.core.records import Exclusion
from osteon.core.schemas import PROJECTED_VIEWS, PROJECTIONS
from osteon.core.tables import rows_of
from osteon.drr.detector import Detector
from osteon.errors import DataError
from osteon.pixels.orient import Volume
from osteon.pixels.series import read_series
from osteon.pixels.slices import SliceFile, files_of
from osteon.pixels.volume_settings import VolumeSettings

__all__ = [
    "PROJECTION_VERSION",
    "Project",
    "ProjectedView",
    "ProjectionCache",
    "prepare_projections",
]

PROJECTION_VERSION = 1  # goes up when the same volume and settings give another picture


class ProjectedView(Protocol):
    """What projecting gives for a view: line integrals, their detector, what was done."""

    @property
    def line_integral(self) -> NDArray[np.float32]:
        """float32 (rows, columns), without unit."""

    @property
    def detector(self) -> Detector:
        """Size of the picture and of its pixels."""

    @property
    def steps(self) -> tuple[str, ...]:
        """What was done on the way, for the record."""


Project = Callable[[Volume], Mapping[str, ProjectedView]]


@dataclass(frozen=True, slots=True)
class ProjectionCache:
    """Where projections of one kind lie.

    Parameters
    ----------
    study
        Study folder; files go to its ``cache/projections/``.
    settings
        Everything that decides the pictures besides the volume, as plain JSON types: the resolved
        settings of projecting.
    reading
        How volumes are read.
    """

    study: Path
    settings: Mapping[str, Any]
    reading: VolumeSettings

    @property
    def key(self) -> str:
        """Twelve characters of the hash of the settings."""
        return fingerprint([PROJECTION_VERSION, dict(self.settings), self.reading.resolved()])[:12]

    def record_path(self, content_hash: str) -> Path:
        """Name the record of a volume's projections, whether it is there or not."""
        name = f"{content_hash}.project-{self.key}.json"
        return self.study / "cache" / "projections" / content_hash[:2] / name

    def picture_path(self, content_hash: str, view: str) -> Path:
        """Name the file of one projection."""
        return self.record_path(content_hash).with_suffix(f".{view}.npy")

    def holds(self, content_hash: str) -> bool:
        """Whether all projections of a volume are there."""
        pictures = (self.picture_path(content_hash, view) for view in PROJECTED_VIEWS)
        return self.record_path(content_hash).exists() and all(path.exists() for path in pictures)


@dataclass(frozen=True, slots=True)
class _Task:
    case_id: str
    series_instance_uid: str
    reconstruction: int
    content_hash: str
    files: tuple[SliceFile, ...]


def prepare_projections(
    volumes: pd.DataFrame,
    instances: pd.DataFrame,
    cache: ProjectionCache,
    project: Project,
    *,
    workers: int | None = None,
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Project every chosen volume that is not projected yet.

    Parameters
    ----------
    volumes
        Table VOLUMES; rows that are chosen count.
    instances
        Table INSTANCES, for the files of each series.
    cache
        Where projections lie, and what names them.
    project
        From a volume to its views, those of ``PROJECTED_VIEWS`` at least; must be picklable where
        several processes work.
    workers
        Number of processes; ``None`` or 0 means one for each core.

    Returns
    -------
    tuple
        (table PROJECTIONS, the volumes that could not be projected with reason ``cannot_project``;
        those are tried again by the next call).

    Raises
    ------
    StorageError
        If the cache cannot be written.
    """
    tasks = _tasks(volumes, instances)
    todo = [task for task in tasks if not cache.holds(task.content_hash)]
    outcomes = map_parallel(
        partial(_project_one, cache=cache, project=project),
        todo,
        workers=workers,
        description="projecting volumes",
    )
    exclusions = [outcome for outcome in outcomes if outcome is not None]
    patients = dict(zip(volumes["series_instance_uid"], volumes["patient_id"], strict=True))
    rows = [
        row
        for task in tasks
        if cache.holds(task.content_hash)
        for row in _rows(task, str(patients[task.case_id]), cache)
    ]
    return PROJECTIONS.checked(pd.DataFrame(rows, columns=list(PROJECTIONS.names))), exclusions


def _tasks(volumes: pd.DataFrame, instances: pd.DataFrame) -> list[_Task]:
    chosen = rows_of(volumes[volumes["is_chosen"].fillna(False)])
    by_series = dict(tuple(instances.groupby("series_instance_uid")))
    tasks = []
    for row in chosen:
        uid = row["series_instance_uid"].partition("#")[0]
        files = tuple(files_of(by_series[uid])) if uid in by_series else ()
        tasks.append(
            _Task(
                row["series_instance_uid"], uid, row["reconstruction"], row["content_hash"], files
            )
        )
    return tasks


def _project_one(task: _Task, *, cache: ProjectionCache, project: Project) -> Exclusion | None:
    try:
        volume = read_series(
            task.files,
            series_instance_uid=task.series_instance_uid,
            reconstruction=task.reconstruction,
            settings=cache.reading,
        )
        pictures = project(volume)
    except DataError as error:
        return Exclusion("image", task.case_id, "project", "cannot_project", error.message)
    record: dict[str, Any] = {"series_instance_uid": task.case_id, "steps": list(volume.steps)}
    for view in PROJECTED_VIEWS:
        picture = pictures[view]
        values = np.ascontiguousarray(picture.line_integral, np.float32)
        path = cache.picture_path(task.content_hash, view)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, values, allow_pickle=False)
        spacing_mm = [float(step) for step in picture.detector.spacing_mm]
        record[view] = {
            "shape": list(values.shape),
            "spacing_row_column_mm": spacing_mm,
            "steps": list(picture.steps),
        }
    record["settings"] = dict(cache.settings)
    write_json(cache.record_path(task.content_hash), record)
    return None


def _rows(task: _Task, patient_id: str, cache: ProjectionCache) -> list[dict[str, Any]]:
    record = read_json(cache.record_path(task.content_hash))
    return [
        {
            "case_id": task.case_id,
            "patient_id": patient_id,
            "view": view,
            "rows": record[view]["shape"][0],
            "columns": record[view]["shape"][1],
            "row_spacing_mm": record[view]["spacing_row_column_mm"][0],
            "column_spacing_mm": record[view]["spacing_row_column_mm"][1],
            "path": str(
                cache.picture_path(task.content_hash, view).relative_to(cache.study).as_posix()
            ),
            "content_hash": task.content_hash,
        }
        for view in PROJECTED_VIEWS
    ]
