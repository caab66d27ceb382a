"""Project CTs on disk: PNG to look at, DICOM to send, numbers to train on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from osteon.core.files import atomic_path, write_json
from osteon.core.parallel import map_parallel
from osteon.core.records import Exclusion
from osteon.dicom.contrast import is_contrast_named
from osteon.dicom.write_secondary import (
    SecondaryImage,
    SourceSeries,
    find_source,
    write_secondary,
)
from osteon.drr.display import Display, grey
from osteon.drr.settings import ProjectionSettings
from osteon.drr.views import PATIENT_VIEWS, Drr, project_views
from osteon.errors import DataError
from osteon.pixels.ct_content import ENHANCED_CM3, ct_content
from osteon.pixels.orient import Volume
from osteon.pixels.volume import read_volume

__all__ = ["Projected", "project_ct", "project_many"]

_ORIENTATIONS = {"frontal": ("L", "F"), "lateral": ("P", "F"), "axial": ("L", "P")}
_WHITE = 4095


@dataclass(frozen=True, slots=True)
class Projected:
    """What became of one CT: the files written, or why there are none.

    ``notes`` say what a reader of the pictures has to know: no hip in view, contrast agent, a
    patient who did not lie supine and head first.
    """

    source: Path
    files: tuple[Path, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exclusion: Exclusion | None = None


def project_ct(
    path: Path,
    folder: Path,
    settings: ProjectionSettings,
    *,
    views: Sequence[str] = tuple(PATIENT_VIEWS),
    display: Display = "linear",
    numbers: bool = False,
    threads: int = 1,
) -> Projected:
    """Read a CT and write ``<view>.png``, ``<view>.dcm`` and ``drr.json`` into a folder.

    Parameters
    ----------
    path
        Folder with one DICOM series, or a NIfTI file.
    folder
        Where to write.
    settings
        Detector, geometry, energy, table.
    views
        Keys of :data:`osteon.drr.views.PATIENT_VIEWS`.
    display
        How line integrals become grey.
    numbers
        Whether ``<view>.npy`` with the float32 line integrals is written too.
    threads
        Threads for one projection.

    Raises
    ------
    DataError
        If the CT cannot be read as a volume.
    """
    volume = read_volume(path)
    drrs = project_views(volume, settings, views=views, threads=threads)
    source = None if path.is_file() and ".nii" in path.name.lower() else find_source(path)
    files, record = [], {}
    for number, (name, drr) in enumerate(drrs.items(), start=1):
        shown = grey(drr.line_integral, display)
        with atomic_path(folder / f"{name}.png") as temporary:
            Image.fromarray(np.rint(shown * 255).astype(np.uint8)).save(temporary, format="PNG")
        image = _secondary(shown, drr, settings, display, number)
        write_secondary(
            image, folder / f"{name}.dcm", source=source, patient_id=path.name.partition(".")[0]
        )
        files += [folder / f"{name}.png", folder / f"{name}.dcm"]
        if numbers:
            with atomic_path(folder / f"{name}.npy") as temporary, temporary.open("wb") as stream:
                np.save(stream, drr.line_integral, allow_pickle=False)
            files.append(folder / f"{name}.npy")
        record[name] = {
            "pixel_spacing_mm": drr.pixel_spacing_mm,
            "source_lps_mm": drr.pose.source_lps_mm,
            "detector_center_lps_mm": drr.pose.detector_center_lps_mm,
            "along_columns": drr.pose.along_columns,
            "along_rows": drr.pose.along_rows,
            "largest_line_integral": float(drr.line_integral.max()),
        }
        steps = drr.steps
    notes = _notes(volume, source)
    write_json(
        folder / "drr.json",
        {
            "settings": settings.resolved(), "display": display, "steps": steps,
            "notes": list(notes), "views": record,
        },
    )  # fmt: skip
    return Projected(path, tuple(files), steps, notes)


def _notes(volume: Volume, source: SourceSeries | None) -> tuple[str, ...]:
    """Say what the pictures show that was perhaps not meant, by Hounsfield units and header."""
    content, header = ct_content(volume), None if source is None else source.header
    notes = []
    if content.hips.reason:
        shown = ("no hip", "one hip", "hips")[content.hips.count]
        notes.append(f"{content.hips.reason}: {shown} found in this CT")
    agent = "" if header is None else str(header.get("ContrastBolusAgent", "") or "")
    if is_contrast_named(agent):
        notes.append(f"contrast_given: the header names {agent}")
    elif content.enhanced_cm3 >= ENHANCED_CM3:
        notes.append(f"contrast_given: {content.enhanced_cm3:.0f} cm3 look like contrast agent")
    position = "" if header is None else str(header.get("PatientPosition", "") or "")
    if position not in ("", "HFS"):
        notes.append(f"patient_position {position}: pictures are in patient axes, not the table's")
    return tuple(notes)


def project_many(
    paths: Sequence[Path],
    folder: Path,
    settings: ProjectionSettings,
    *,
    views: Sequence[str] = tuple(PATIENT_VIEWS),
    display: Display = "linear",
    numbers: bool = False,
    workers: int | None = None,
) -> Iterator[Projected]:
    """Project many CTs, each into a folder of its name; one that cannot be read is an exclusion.

    Parameters
    ----------
    workers
        Processes; ``None`` or 0 means one for each core.
    """
    run = partial(
        _one, folder=folder, settings=settings, views=views, display=display, numbers=numbers
    )
    yield from map_parallel(run, paths, workers=workers, description="projecting")


def _one(
    path: Path,
    *,
    folder: Path,
    settings: ProjectionSettings,
    views: Sequence[str],
    display: Display,
    numbers: bool,
) -> Projected:
    own = folder / path.name.removesuffix(".gz").removesuffix(".nii")
    try:
        return project_ct(path, own, settings, views=views, display=display, numbers=numbers)
    except DataError as error:
        reason = Exclusion("image", str(path), "drr", "no_volume", error.message)
        return Projected(path, exclusion=reason)


def _secondary(
    shown: NDArray[np.float32],
    drr: Drr,
    settings: ProjectionSettings,
    display: Display,
    number: int,
) -> SecondaryImage:
    beam = f"{settings.kvp:g} kV" if settings.kvp is not None else f"{settings.energy_kev:g} keV"
    plane = "any depth" if drr.pose.is_parallel else "plane through the volume's middle"
    return SecondaryImage(
        np.rint(shown * _WHITE).astype(np.uint16),
        drr.pixel_spacing_mm,
        f"Computed from the CT; holds for {plane}",
        _ORIENTATIONS[drr.view],
        f"Digitally reconstructed radiograph of a CT, {settings.geometry} beam, {beam},"
        f" {display} display, bone x {settings.bone_scale:g},"
        f" table {'removed' if settings.remove_table else 'kept'}; research, not for diagnosis",
        f"DRR {drr.view}",
        number,
    )
