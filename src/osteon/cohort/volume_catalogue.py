"""From the table of instances to the table of CT volumes: what is one, and why the rest is not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from osteon.core.files import hash_bytes, read_json, write_json
from osteon.core.manifest import fingerprint
from osteon.core.parallel import map_parallel
from osteon.core.records import Exclusion
from osteon.core.schemas import VOLUMES
from osteon.core.tables import rows_of
from osteon.errors import DataError, DecodeError
from osteon.pixels.ct_content import ct_content
from osteon.pixels.orient import Volume
from osteon.pixels.series import SeriesFiles, find_stacks, read_stack
from osteon.pixels.slices import SliceFile, files_of
from osteon.pixels.stack import Stack
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["Catalogue", "catalogue_volumes", "measured"]

STAGE: Final = "volumes"
_VERSION = 1  # goes up when the same series gives another row
_PASSING = ("cannot_read", "cannot_decode")  # a file may be mended, a decoder installed
_FROM_INSTANCES = (
    "patient_id", "study_instance_uid", "study_date", "patient_sex", "patient_age_years",
    "institution_name", "manufacturer", "series_description",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Table VOLUMES, nothing chosen yet, and the series that are no volumes, with reasons.

    Reasons: those of :data:`osteon.pixels.stack.Reason`, and ``not_ct``, ``localiser``,
    ``screen_capture``, ``cannot_read``, ``cannot_decode``, ``patient_id_missing``,
    ``series_instance_uid_missing``. Keys are Series Instance UIDs, numbered as in VOLUMES, and
    folders where there are none.
    """

    volumes: pd.DataFrame
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class _Series:
    uid: str
    files: tuple[SliceFile, ...]
    row: dict[str, Any]

    @property
    def content_hash(self) -> str:
        return _hash_of(sorted(file.content_hash for file in self.files))


def catalogue_volumes(
    instances: pd.DataFrame,
    cache: Path,
    *,
    reading: VolumeSettings | None = None,
    workers: int | None = None,
) -> Catalogue:
    """Read every CT series of a study and say of each which volumes it holds.

    Parameters
    ----------
    instances
        Table INSTANCES.
    cache
        Folder for what was found, one small JSON for each series, named by the series' content
        and the settings: a call that was stopped goes on, and a second one reads nothing but what
        could not be read before.
    reading
        How volumes are read: limits, and what may be interpolated.
    workers
        Number of processes; ``None`` or 0 means one for each core.

    Raises
    ------
    StorageError
        If the cache cannot be written.
    """
    reading = reading or VolumeSettings()
    series, exclusions = _series_of(instances)
    answers = map_parallel(
        partial(_remembered, cache=cache, reading=reading),
        series,
        workers=workers,
        description="reading CT series",
    )
    rows: list[dict[str, Any]] = []
    for item, answer in zip(series, answers, strict=True):
        rows += [item.row | volume for volume in answer["volumes"]]
        exclusions += [Exclusion("image", key, STAGE, *why) for key, *why in answer["exclusions"]]
    frame = pd.DataFrame(rows, columns=list(VOLUMES.names))
    return Catalogue(VOLUMES.checked(frame), tuple(exclusions))


def _series_of(instances: pd.DataFrame) -> tuple[list[_Series], list[Exclusion]]:
    """Group the instances of CT series; every other series is an exclusion."""
    series: list[_Series] = []
    exclusions: list[Exclusion] = []
    lost = instances["series_instance_uid"].isna()
    is_ct = (instances["modality"] == "CT").fillna(False)
    nameless = Counter(_place([file]) for file in files_of(instances[lost & is_ct]))
    for place, count in sorted(nameless.items()):
        detail = f"Series Instance UID is absent or empty in {count} CT files"
        exclusions.append(_excluded(place, "series_instance_uid_missing", detail))
    for uid, group in instances[~lost].groupby("series_instance_uid", sort=True):
        first = rows_of(group.head(1))[0]
        if first["patient_id"] is None:
            detail = "Patient ID is absent or empty: the volume would be nobody's"
            exclusions.append(_excluded(str(uid), "patient_id_missing", detail))
        elif not (group["modality"] == "CT").any():
            detail = f"modality {first['modality'] or 'missing'}, {len(group)} instances"
            exclusions.append(_excluded(str(uid), "not_ct", detail))
        else:
            row = {name: first[name] for name in _FROM_INSTANCES}
            row |= {"path": _place(files := files_of(group)), "is_chosen": False, "reason": None}
            series.append(_Series(str(uid), tuple(files), row))
    return series, exclusions


def _excluded(key: str, reason: str, detail: str) -> Exclusion:
    return Exclusion("image", key, STAGE, reason, detail)


def _place(files: Sequence[SliceFile]) -> str:
    first = files[0]
    return str(first.path if first.archive_member is not None else first.path.parent)


def _remembered(series: _Series, *, cache: Path, reading: VolumeSettings) -> dict[str, Any]:
    content_hash = series.content_hash
    key = fingerprint([_VERSION, reading.resolved()])[:12]
    path = cache / "volumes" / content_hash[:2] / f"{content_hash}.catalogue-{key}.json"
    if path.exists():
        answer: dict[str, Any] = read_json(path)
        return answer
    volumes, exclusions = _looked_at(series, reading)
    answer = {"volumes": volumes, "exclusions": exclusions}
    if not any(reason in _PASSING for _, reason, _ in exclusions):
        write_json(path, answer)
    return answer


def _looked_at(
    series: _Series, reading: VolumeSettings
) -> tuple[list[dict[str, Any]], list[tuple[str, str, str]]]:
    """Rows of VOLUMES that the files decide, and (key, reason, detail) of what is no volume."""
    try:
        found = find_stacks(series.files, series.uid, series.uid, reading)
    except DataError as error:
        return [], [(series.uid, _code(error), error.message)]
    if not found.stacks:
        return [], [(series.uid, *_why_nothing(found))]
    rows: list[dict[str, Any]] = []
    exclusions: list[tuple[str, str, str]] = []
    several = [stack for stack in found.stacks if len(stack.slices) > 1]
    for number, stack in enumerate(several, start=1):
        key = series.uid if len(several) == 1 else f"{series.uid}#{number}"
        if stack.problem is not None:
            exclusions.append((key, stack.problem.reason, stack.problem.detail))
            continue
        try:
            volume = read_stack(stack, reading)
        except DataError as error:
            exclusions.append((key, _code(error), error.message))
            continue
        rows.append({"series_instance_uid": key, "reconstruction": number, **_row(stack, volume)})
    if lone := [stack for stack in found.stacks if len(stack.slices) == 1]:
        names = ", ".join(str(stack.slices[0]) for stack in lone[:3])
        detail = f"{len(lone)} slices that fit no other: {names}"
        exclusions.append((series.uid, "one_slice", detail))
    return rows, exclusions


def _code(error: DataError) -> str:
    return "cannot_decode" if isinstance(error, DecodeError) else "cannot_read"


def _why_nothing(found: SeriesFiles) -> tuple[str, str]:
    counts = Counter(item.reason for item in found.left_out)
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    return max(counts, key=lambda reason: (counts[reason], reason)), f"no slice among: {said}"


def _row(stack: Stack, volume: Volume) -> dict[str, Any]:
    first = stack.slices[0]
    traits = first.traits
    return {
        "convolution_kernel": traits.convolution_kernel or None,
        "patient_position": traits.patient_position or None,
        "contrast_bolus_agent": traits.contrast_bolus_agent or None,
        "slice_thickness_mm": traits.slice_thickness_mm,
        "n_slices": len(stack.slices),
        "slice_spacing_mm": round(stack.spacing_mm, 4),
        "row_spacing_mm": first.spacing_row_column_mm[0],
        "column_spacing_mm": first.spacing_row_column_mm[1],
        "content_hash": _hash_of(_slice_hashes(stack)),
        **measured(volume),
    }


def measured(volume: Volume) -> dict[str, Any]:
    """Measure what the columns of VOLUMES hold of the voxels alone."""
    content = ct_content(volume)
    return {
        "z_extent_mm": round(volume.hu.shape[0] * volume.affine.spacing_z_y_x_mm[0], 2),
        "hips_in_view": content.hips.count,
        "enhanced_cm3": round(content.enhanced_cm3, 2),
        "metal_cm3": round(content.metal_cm3, 3),
        "steps": "; ".join(volume.steps),
    }


def _slice_hashes(stack: Stack) -> Iterator[str]:
    return (f"{item.file.content_hash} {item.frame}" for item in stack.slices)


def _hash_of(parts: Iterable[str]) -> str:
    return hash_bytes("\n".join(parts).encode())
