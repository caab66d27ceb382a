"""The CTs below some paths: one for each patient, and why the others are not read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.cohort.volume_catalogue import Catalogue, catalogue_volumes
from osteon.cohort.volume_choice import REASONS, VolumeRules, choose_volumes, contrast_words
from osteon.cohort.volume_nifti import catalogue_nifti, is_nifti
from osteon.core.records import Exclusion
from osteon.core.schemas import EXCLUSIONS, INSTANCES
from osteon.core.synthetic import is_synthetic_maker
from osteon.core.tables import read_table, rows_of
from osteon.models.card_survival import CtPreprocessing
from osteon.pixels.nifti import read_nifti
from osteon.pixels.orient import Volume
from osteon.pixels.series import read_series
from osteon.pixels.slices import SliceFile, files_of
from osteon.pixels.volume_settings import VolumeSettings
from osteon.prediction.reading import Note, short_names
from osteon.sources.ingest import ingest
from osteon.sources.walk import walk

__all__ = ["Ct", "FoundCts", "Unread", "find_cts"]

STAGE = "read"
_METAL_CM3 = 1.0
_FILM_WORDS = "; this package reads CTs, films are for a package of a classifier"


@dataclass(frozen=True, slots=True)
class Ct:
    """The CT that stands for a patient.

    Parameters
    ----------
    patient_id, case_id
        Patient (a NIfTI file's name), and Series Instance UID (or the file's path).
    source
        Folder, archive or file.
    content_hash
        SHA-256 of the volume's slices, or of the NIfTI file.
    series_instance_uid, reconstruction, files
        What to read; no files for NIfTI.
    flags
        What is odd about it, and no reason to leave it out.
    is_synthetic
        Whether a phantom made it.
    """

    patient_id: str
    case_id: str
    source: str
    content_hash: str
    series_instance_uid: str
    reconstruction: int
    files: tuple[SliceFile, ...]
    flags: tuple[Note, ...]
    is_synthetic: bool

    def volume(self, reading: VolumeSettings) -> Volume:
        """Read the voxels.

        Raises
        ------
        DataError
            If they cannot be read any more.
        """
        if not self.files:
            return read_nifti(Path(self.source), settings=reading)
        return read_series(
            self.files,
            series_instance_uid=self.series_instance_uid,
            reconstruction=self.reconstruction,
            settings=reading,
        )


@dataclass(frozen=True, slots=True)
class Unread:
    """A patient without a CT to be read, and a reason for each volume or series."""

    patient_id: str
    source: str
    reasons: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class FoundCts:
    """One CT for each patient, patients without one, and whatever else was found."""

    cts: tuple[Ct, ...]
    unread: tuple[Unread, ...]
    left_out: tuple[Exclusion, ...]


def find_cts(
    sources: Sequence[Path],
    folder: Path,
    preprocessing: CtPreprocessing,
    *,
    workers: int | None = None,
) -> FoundCts:
    """Look for CTs: NIfTI files, and DICOM series in folders, archives and DICOMDIRs.

    Parameters
    ----------
    sources
        Files and folders.
    folder
        Where ``tables/`` and ``cache/`` go; never read as a source. A second call over the same
        sources reads nothing again.
    preprocessing
        How volumes are read, and which stands for a patient.
    workers
        Number of processes; ``None`` or 0 means one for each core.

    Raises
    ------
    UsageError
        If a source does not exist.
    StorageError
        If the folder cannot be written.
    """
    paths = [Path(entry.path) for entry in walk(sources, skip=[folder])]
    nifti = [path for path in paths if is_nifti(path)]
    parts = []
    if nifti:
        parts.append(_found_nifti(nifti, folder, preprocessing, workers))
    if len(nifti) < len(paths):
        parts.append(_found_dicom(sources, folder, preprocessing, workers))
    return FoundCts(
        tuple(sorted((ct for part in parts for ct in part.cts), key=lambda ct: ct.patient_id)),
        tuple(one for part in parts for one in part.unread),
        tuple(item for part in parts for item in part.left_out),
    )


def _found_nifti(
    paths: Sequence[Path], folder: Path, preprocessing: CtPreprocessing, workers: int | None
) -> FoundCts:
    names = short_names([str(path) for path in paths])
    patients = [name[: name.lower().rindex(".nii")] for name in names]
    if len(set(patients)) < len(patients):  # P1.nii beside P1.nii.gz
        patients = names
    files = dict(zip(patients, paths, strict=True))
    found = catalogue_nifti(files, folder / "cache", reading=preprocessing.reading, workers=workers)
    owners = {str(path): patient for patient, path in files.items()}
    return _sorted_out(found, owners, {}, preprocessing.volumes, ())


def _found_dicom(
    sources: Sequence[Path], folder: Path, preprocessing: CtPreprocessing, workers: int | None
) -> FoundCts:
    ingest(sources, folder, workers=workers)
    instances = read_table(INSTANCES, folder / "tables" / "instances.parquet")
    found = catalogue_volumes(
        instances, folder / "cache", reading=preprocessing.reading, workers=workers
    )
    known = instances.dropna(subset=["series_instance_uid", "patient_id"])
    owners = dict(zip(known["series_instance_uid"], known["patient_id"].astype(str), strict=True))
    files = {
        str(uid): tuple(files_of(group)) for uid, group in known.groupby("series_instance_uid")
    }
    rows = read_table(EXCLUSIONS, folder / "tables" / "exclusions.parquet").to_dict("records")
    not_taken = [Exclusion(**{str(name): value for name, value in row.items()}) for row in rows]
    others = tuple(item for item in not_taken if not is_nifti(Path(item.key)))
    return _sorted_out(found, owners, files, preprocessing.volumes, others)


def _sorted_out(
    found: Catalogue,
    owners: dict[str, str],
    files: dict[str, tuple[SliceFile, ...]],
    rules: VolumeRules,
    others: tuple[Exclusion, ...],
) -> FoundCts:
    """Choose a volume for each patient, and give the reasons of all else to whom they belong."""
    rows = rows_of(choose_volumes(found.volumes, rules))
    cts = tuple(_ct(row, files, rules) for row in rows if row["is_chosen"])
    read = {ct.patient_id for ct in cts}
    losing = [*_losing_rows(rows), *(_told(item) for item in found.exclusions)]
    reasons: dict[str, list[Note]] = {}
    left_out = list(others)
    for item in losing:
        patient = owners.get(item.key.partition("#")[0], owners.get(item.key))
        if patient is None or patient in read:
            left_out.append(item)
        else:
            which = f"{item.key}: " if files else ""  # a NIfTI file is its only volume
            reasons.setdefault(patient, []).append(Note(item.reason, which + item.detail))
    places = {patient: _place(uid, files) for uid, patient in owners.items()}
    unread = [Unread(name, places[name], tuple(notes)) for name, notes in sorted(reasons.items())]
    return FoundCts(cts, tuple(unread), tuple(left_out))


def _losing_rows(rows: Sequence[dict[str, Any]]) -> Iterator[Exclusion]:
    for row in rows:
        if not row["is_chosen"]:
            size = f"{row['n_slices']} slices of {row['slice_spacing_mm']:g} mm"
            detail = f"{size}: {REASONS[row['reason']]}"
            yield Exclusion("image", row["series_instance_uid"], STAGE, row["reason"], detail)


def _told(item: Exclusion) -> Exclusion:
    words = _FILM_WORDS if item.reason == "not_ct" else ""
    return Exclusion(item.level, item.key, STAGE, item.reason, item.detail + words)


def _place(uid: str, files: dict[str, tuple[SliceFile, ...]]) -> str:
    if uid not in files:
        return uid  # a NIfTI file's is its path
    first = files[uid][0]
    return str(first.path if first.archive_member is not None else first.path.parent)


def _ct(row: dict[str, Any], files: dict[str, tuple[SliceFile, ...]], rules: VolumeRules) -> Ct:
    uid = row["series_instance_uid"].partition("#")[0]
    return Ct(
        patient_id=row["patient_id"],
        case_id=row["series_instance_uid"],
        source=row["path"],
        content_hash=row["content_hash"],
        series_instance_uid=uid,
        reconstruction=row["reconstruction"],
        files=files.get(uid, ()),
        flags=tuple(_flags(row, rules)),
        is_synthetic=is_synthetic_maker(row["manufacturer"]),
    )


def _flags(row: dict[str, Any], rules: VolumeRules) -> Iterator[Note]:
    if contrast := contrast_words(row, rules):
        yield Note("contrast_given", f"{contrast}: bone looks denser than it is")
    if row["metal_cm3"] >= _METAL_CM3:
        yield Note("metal", f"{row['metal_cm3']:.1f} cm3 of metal are in view")
    for step in str(row["steps"] or "").split("; "):
        if "interpolated" in step or "straightened" in step:
            yield Note("mended", step)
