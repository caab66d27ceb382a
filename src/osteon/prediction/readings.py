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
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from osteon._version import __version__
from osteon.core.files import hash_file, write_json, write_text
from osteon.core.manifest import fingerprint
from osteon.core.progress import track
from osteon.models.card_text import first_line
from osteon.prediction.annotate import Mark, MarkStyle, annotated, heat_picture
from osteon.prediction.kept_readings import (
    finished_reading,
    keep_reading,
    save_png,
)
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

_TOLD = ("trained_on", "no_hip_found", "too_large_for_a_hip")  # flags below the picture


def disclaimer(reader: FilmReader) -> str:
    """Give the line that stands first on everything a reading makes."""
    return first_line(reader.package.card)


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
    try:
        home = _film_folder(folder, hash_file(path))
    except OSError:
        return None  # reading it says why
    return finished_reading(home, folder, key, str(path), reading_from_json)


def _film_folder(folder: Path, content_hash: str) -> Path:
    return folder / "films" / content_hash[:16]


def _written(film: ReadFilm, reader: FilmReader, folder: Path, key: str) -> FilmReading:
    if film.grey is None:
        raise ValueError("a film without pixels has nothing to draw")
    home = _film_folder(folder, film.reading.content_hash)
    names = ["annotated.png"]
    marks = [_mark(hip, reader) for hip in film.reading.hips]
    picture = annotated(film.grey, marks, _footer(film.reading, reader))
    save_png(picture, home / "annotated.png")
    for side, heat in (film.heat or {}).items():
        if not heat.any():
            continue  # nothing spoke for the classes asked about: the page says so
        hip = next(item for item in film.reading.hips if item.laterality == side)
        region = hip.box.grown(reader.package.card.preprocessing.box_growth).squared()
        save_png(heat_picture(film.grey, heat, region), home / f"heat_{side}.png")
        names.append(f"heat_{side}.png")
    return keep_reading(film.reading, names, film.heat, home, folder, key)


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
    lines += [note.detail for note in reading.flags if note.code in _TOLD]
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
