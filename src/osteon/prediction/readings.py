"""Read many files into a folder: records, pictures, a table and one page; safe to stop anywhere.

::

    DIR/index.html            the page
    DIR/readings.json         every record
    DIR/summary.csv           one row per file and hip
    DIR/films/<hash>/         annotated.png, heat.npz, heat_R.png, heat_L.png, reading.json

``reading.json`` is written last and holds the key of package and settings: a film that has one is
not read again, so a run that was stopped is finished by the same command.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from osteon._version import __version__
from osteon.core.files import atomic_path, hash_file, read_json, write_bytes, write_json, write_text
from osteon.core.manifest import fingerprint
from osteon.core.progress import track
from osteon.models.card_text import SYNTHETIC_WARNING
from osteon.prediction.annotate import Mark, MarkStyle, annotated, heat_picture
from osteon.prediction.page import reading_page
from osteon.prediction.read import FilmReader, ReadFilm
from osteon.prediction.reading import (
    NONDISPLACED_ADVICE,
    FilmReading,
    HipReading,
    reading_from_json,
)

__all__ = ["disclaimer", "read_all", "reading_lines"]

_SIDES = {"R": "Right", "L": "Left"}


def disclaimer(reader: FilmReader) -> str:
    """Give the line that stands first on everything a reading makes."""
    first = "Research software, not a medical device."
    return f"{first} {SYNTHETIC_WARNING}" if reader.package.card.synthetic else first


def read_all(paths: Iterable[Path], reader: FilmReader, folder: Path) -> list[FilmReading]:
    """Read files and write everything about them.

    Parameters
    ----------
    paths
        Files of any kind.
    reader
        Networks, thresholds and calibration.
    folder
        Where results go; what is there from the same package and settings is kept.

    Returns
    -------
    list
        One record per file, in the order given.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    known = list(paths)
    key = fingerprint([reader.package.digest, reader.settings.resolved(), __version__])
    readings = [_one(path, reader, folder, key) for path in track(known, "reading films")]
    card = reader.package.card
    write_json(
        folder / "readings.json",
        {
            "disclaimer": disclaimer(reader),
            "osteon_version": __version__,
            "model": {"name": card.name, "version": card.version, "digest": reader.package.digest},
            "synthetic": card.synthetic,
            "films": [reading.as_json() for reading in readings],
        },
    )
    write_text(folder / "summary.csv", _summary(readings, disclaimer(reader)))
    page = reading_page(readings, card, folder, first_line=disclaimer(reader))
    write_text(folder / "index.html", page)
    return readings


def reading_lines(reading: FilmReading) -> list[str]:
    """Tell a film's record in lines for a terminal."""
    name = Path(reading.source).name
    if reading.status != "read":
        return [f"{name}: {reading.status}: " + "; ".join(n.detail for n in reading.reasons)]
    lines = [
        f"{name}: {hip.laterality} {hip.top_two[0]} {hip.probabilities[hip.top_two[0]]:.2f},"
        f" P(fracture) {hip.probability_fracture:.2f}"
        + (" definite" if hip.definite else " suspicious" if hip.suspicious else "")
        + (", nondisplaced possible: suggest CT or MRI" if hip.nondisplaced_possible else "")
        for hip in reading.hips
    ]
    return lines + [f"{name}: {note.detail}" for note in reading.flags]


def _one(path: Path, reader: FilmReader, folder: Path, key: str) -> FilmReading:
    found = _finished(path, folder, key)
    if found is not None:
        return found
    film = reader.read(path)
    return film.reading if film.grey is None else _written(film, reader, folder, key)


def _finished(path: Path, folder: Path, key: str) -> FilmReading | None:
    """Give the record of an earlier run with the same package and settings, if it is whole."""
    try:
        content: Mapping[str, Any] = read_json(
            _film_folder(folder, hash_file(path)) / "reading.json"
        )
        if content["key"] != key:
            return None
        reading = reading_from_json({**content["reading"], "source": str(path)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return reading if all((folder / name).exists() for name in reading.files) else None


def _film_folder(folder: Path, content_hash: str) -> Path:
    return folder / "films" / content_hash[:16]


def _written(film: ReadFilm, reader: FilmReader, folder: Path, key: str) -> FilmReading:
    if film.grey is None:
        raise ValueError("a film without pixels has nothing to draw")
    home = _film_folder(folder, film.reading.content_hash)
    names = ["annotated.png"]
    marks = [_mark(hip, reader) for hip in film.reading.hips]
    picture = annotated(film.grey, marks, _footer(film.reading, reader))
    _save_png(picture, home / "annotated.png")
    for side, heat in (film.heat or {}).items():
        if not heat.any():
            continue  # nothing spoke for the classes asked about: the page says so
        hip = next(item for item in film.reading.hips if item.laterality == side)
        region = hip.box.grown(reader.package.card.preprocessing.box_growth).squared()
        _save_png(heat_picture(film.grey, heat, region), home / f"heat_{side}.png")
        names.append(f"heat_{side}.png")
    if film.heat:
        with atomic_path(home / "heat.npz") as temporary, temporary.open("wb") as stream:
            rounded = {side: np.round(heat, 3) for side, heat in film.heat.items()}
            np.savez_compressed(stream, allow_pickle=False, **rounded)
        names.append("heat.npz")
    relative = home.relative_to(folder)
    reading = replace(film.reading, files=tuple(str(relative / name) for name in names))
    write_json(home / "reading.json", {"key": key, "reading": reading.as_json()})
    return reading


def _save_png(picture: Any, path: Path) -> None:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _mark(hip: HipReading, reader: FilmReader) -> Mark:
    style: MarkStyle = "solid" if hip.definite else "dotted" if hip.suspicious else "corners"
    title = reader.package.card.labels.label_set().title(hip.top_two[0])
    call = {"solid": "definite", "dotted": "suspicious", "corners": "below suspicious"}[style]
    if hip.suspicious is None:
        call = "no operating point"
    lines = [
        f"{_SIDES[hip.laterality]}: {title} {hip.probabilities[hip.top_two[0]]:.0%}",
        f"P(fracture) {hip.probability_fracture:.0%}, {call}",
    ]
    if hip.nondisplaced_possible:
        lines.append(NONDISPLACED_ADVICE)
    return Mark(hip.box, style, tuple(lines))


def _footer(reading: FilmReading, reader: FilmReader) -> list[str]:
    lines = [disclaimer(reader)]
    if reading.status == "refused":
        lines.append("NOT READ: " + "; ".join(note.detail for note in reading.reasons))
    elif reading.hips:
        lines.append("Dotted box: suspicious. Solid box: definite. Corners: looked at, neither.")
    lines += [note.detail for note in reading.flags if note.code in ("trained_on", "no_hip_found")]
    return lines


def _summary(readings: list[FilmReading], first_line: str) -> str:
    """One row per hip, or per file without one; the first line is the disclaimer, as a comment."""
    buffer = StringIO()
    buffer.write(f"# {first_line}\n")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        ["source", "status", "reasons", "flags", "laterality", "top_class", "top_probability",
         "probability_fracture", "suspicious", "definite", "nondisplaced_possible",
         "operative_group"]
    )  # fmt: skip
    for reading in readings:
        reasons = "; ".join(f"{note.code}: {note.detail}" for note in reading.reasons)
        start = [reading.source, reading.status, reasons, " ".join(n.code for n in reading.flags)]
        for hip in reading.hips or (None,):
            writer.writerow([*start, *(_hip_cells(hip) if hip else [""] * 8)])
    return buffer.getvalue()


def _hip_cells(hip: HipReading) -> list[Any]:
    top = hip.top_two[0]
    shares = [round(hip.probabilities[top], 4), round(hip.probability_fracture, 4)]
    calls = [hip.suspicious, hip.definite, hip.nondisplaced_possible]
    said = ["" if call is None else json.dumps(call) for call in calls]
    return [hip.laterality, top, *shares, *said, hip.operative_group or ""]
