"""Films by every name that an annotation tool may give them, and where they lie in the patient."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from osteon.dicom.frames import FrameAttributes
from osteon.dicom.open import open_instance
from osteon.errors import DicomError
from osteon.sources.annotations.shapes import Points

__all__ = ["Film", "Films", "Plane"]

_ENDING = re.compile(r"(.+)\.[A-Za-z][A-Za-z0-9]{0,4}")
_COLUMNS = ["sop_instance_uid", "path", "archive_member", "rows", "columns", "laterality"]


@dataclass(frozen=True, slots=True)
class Film:
    """An instance: its size in pixels (NaN where it has none), its side, and its file."""

    sop_instance_uid: str
    rows: float
    columns: float
    laterality: str
    path: Path
    archive_member: str | None

    def plane(self) -> "Plane | None":
        """Where the image lies in the patient; ``None`` when its header does not say."""
        try:
            dataset = open_instance(self.path, self.archive_member, header_only=True)
        except DicomError:
            return None
        attributes = FrameAttributes(dataset)
        position = attributes.numbers("ImagePositionPatient")
        axes = attributes.numbers("ImageOrientationPatient")
        spacing = attributes.numbers("PixelSpacing")
        if (len(position), len(axes), len(spacing)) != (3, 6, 2) or min(spacing) <= 0:
            return None
        return Plane(np.asarray(position), np.asarray(axes).reshape(2, 3), np.asarray(spacing))


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """An image's plane (PS3.3 C.7.6.2.1.1).

    ``position_lps_mm`` (3,) is the middle of the first pixel, ``axes`` (2, 3) the directions in
    which columns and rows count up, ``spacing_mm`` (2,) the steps between rows and columns.
    """

    position_lps_mm: Points
    axes: Points
    spacing_mm: Points

    def to_pixels(self, points_lps_mm: Points) -> Points:
        """Project points (n, 3) to columns and rows (n, 2), a pixel's middle at a half."""
        steps = self.spacing_mm[::-1]
        along = (points_lps_mm - self.position_lps_mm) @ self.axes.T
        return np.asarray(along / steps + 0.5)

    def distance_mm(self, points_lps_mm: Points) -> float:
        """Give the largest distance of points (n, 3) from the plane."""
        normal = np.cross(self.axes[0], self.axes[1])
        return float(np.abs((points_lps_mm - self.position_lps_mm) @ normal).max())


class Films:
    """The instances, found by SOP Instance UID, path or file name where it is unambiguous."""

    def __init__(self, instances: pd.DataFrame) -> None:
        self._by_name: dict[str, set[str]] = {}
        self._films: dict[str, Film] = {}
        self._planes: dict[str, Plane | None] = {}
        for uid, path, member, rows, columns, side in instances[_COLUMNS].itertuples(index=False):
            laterality = "" if pd.isna(side) else str(side)
            inner = None if pd.isna(member) else str(member)
            size = [np.nan if pd.isna(count) else float(count) for count in (rows, columns)]
            self._films[uid] = Film(uid, size[0], size[1], laterality, Path(path), inner)
            parts = PurePosixPath((inner or str(path)).replace("\\", "/"))
            for name in _names(parts) | ({f"{path}!{inner}"} if inner else set()):
                self._by_name.setdefault(name, set()).add(uid)

    def plane(self, film: Film) -> "Plane | None":
        """Give a film's plane, read once; ``None`` when its header does not say."""
        uid = film.sop_instance_uid
        if uid not in self._planes:
            self._planes[uid] = film.plane()
        return self._planes[uid]

    def find(self, name: str) -> Film | tuple[str, str]:
        """Find the film of this name, or the reason and detail why there is none."""
        path = PurePosixPath(name.replace("\\", "/"))
        for key in (name, str(path), path.name, *_stems(path.name)):
            if key in self._films:
                return self._films[key]
            uids = self._by_name.get(key, set())
            if len(uids) == 1:
                return self._films[next(iter(uids))]
            if len(uids) > 1:
                return "image_ambiguous", f"{len(uids)} instances are called {key!r}: use the UID"
        if not name:
            return "image_unknown", "the box names no image"
        return "image_unknown", f"no instance is called {name!r}"


def _stems(name: str) -> Sequence[str]:
    """Cut ``.png`` and ``.dcm`` off; the last number of a UID is no ending."""
    stems = []
    while match := _ENDING.fullmatch(name):
        name = match[1]
        stems.append(name)
    return stems


def _names(path: PurePosixPath) -> set[str]:
    """Every way to write a file: ``c.dcm``, ``c``, ``b/c.dcm`` and so on of ``/a/b/c.dcm``."""
    parts = path.parts
    tails = {str(PurePosixPath(*parts[-count:])) for count in range(2, min(len(parts), 5) + 1)}
    return tails | {str(path), path.name, *_stems(path.name)}
