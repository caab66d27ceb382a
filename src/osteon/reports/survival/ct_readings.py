"""Read CTs into a folder: records, pages, figures, a table and an index; safe to stop anywhere.

::

    DIR/index.html              whoever was read and whoever was not
    DIR/readings.json           every record
    DIR/summary.csv             one row for each patient
    DIR/patients/<key>/         patient.html, patient.json, fracture_free.svg and .csv,
                                <view>.png, <view>_heat.png, heat.npz, reading.json
    DIR/tables/, DIR/cache/     what was found below the sources

``reading.json`` is written last and holds the key of package, settings and clinical values: a CT
that has one is not read again, so a run that was stopped is finished by the same command.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from osteon._version import __version__
from osteon.core.files import write_json, write_text
from osteon.core.geometry import Box
from osteon.core.manifest import fingerprint
from osteon.core.progress import track
from osteon.core.records import Exclusion
from osteon.drr.display import grey
from osteon.models.card_survival import SurvivalCard
from osteon.models.card_text import first_line
from osteon.prediction.annotate import heat_picture
from osteon.prediction.ct_read import CtReader, ReadCt, unread
from osteon.prediction.ct_reading import CtReading, ct_reading_from_json
from osteon.prediction.ct_sources import Ct, FoundCts
from osteon.prediction.kept_readings import (
    finished_reading,
    keep_reading,
    save_png,
)
from osteon.prediction.reading import short_names
from osteon.reports.pages import page_template
from osteon.reports.survival.patient_page import ViewPicture, curve_figure, ordinal, write_patient
from osteon.reports.survival.wording import horizon_title

__all__ = ["ct_reading_lines", "read_cts"]

_PICTURE_PX = 640
_PAGE = "patient"
MADE_FROM = "a model of patients, CTs and outcomes"


def read_cts(found: FoundCts, reader: CtReader, folder: Path) -> list[CtReading]:
    """Read CTs and write everything about them.

    Parameters
    ----------
    found
        CTs, patients without one, and what else lay there.
    reader
        Networks, reference cohort, recalibration.
    folder
        Where results go; what is there from the same package and settings is kept.

    Returns
    -------
    list
        One record for each patient: those with a CT first, in the order found.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    readings = [_one(ct, reader, folder) for ct in track(found.cts, "reading CTs")]
    readings += [unread(patient) for patient in found.unread]
    card, line = reader.package.card, first_line(reader.package.card)
    counts = Counter(item.reason for item in found.left_out)
    meaning = next((reading.risk.meaning for reading in readings if reading.risk), {})
    write_json(
        folder / "readings.json",
        {
            "disclaimer": line,
            "osteon_version": __version__,
            "model": {"name": card.name, "version": card.version, "digest": reader.package.digest},
            "synthetic": card.synthetic,
            "meaning": meaning,
            "patients": [reading.as_json() for reading in readings],
            "left_out": [_left_out(item) for item in found.left_out],
            "left_out_counts": dict(sorted(counts.items())),
        },
    )
    write_text(folder / "summary.csv", _summary(readings, card, line))
    write_text(folder / "index.html", _index(readings, found.left_out, card, line))
    return readings


def ct_reading_lines(reading: CtReading) -> list[str]:
    """Tell a patient's record in lines for a terminal."""
    name = reading.patient_id
    if reading.risk is None:
        return [f"{name}: {reading.status}: " + "; ".join(note.detail for note in reading.reasons)]
    told = []
    for item in reading.risk.risks:
        if item.risk is None:
            told.append(f"{horizon_title(item.days)} not known")
        else:
            told.append(f"{horizon_title(item.days)} {100 * item.risk:.1f} %")
    lines = [f"{name}: risk of a subsequent fracture within " + ", ".join(told)]
    return lines + [f"{name}: {note.detail}" for note in reading.flags]


def _one(ct: Ct, reader: CtReader, folder: Path) -> CtReading:
    key = fingerprint([
        reader.package.digest, reader.settings.resolved(), __version__, ct.content_hash,
        reader.values_of(ct.patient_id),
    ])  # fmt: skip
    home = folder / "patients" / fingerprint([ct.patient_id, ct.content_hash])[:16]
    found = finished_reading(home, folder, key, ct.source, ct_reading_from_json)
    if found is not None:
        return found
    made = reader.read(ct)
    return made.reading if made.reading.risk is None else _written(made, home, folder, key)


def _written(made: ReadCt, home: Path, folder: Path, key: str) -> CtReading:
    risk = made.reading.risk
    if risk is None:
        raise ValueError("a CT that was not read has nothing to show")
    pictures = [
        ViewPicture(view, grey(integral), made.heat.get(view))
        for view, integral in made.projections.items()
    ]
    notes = [note.detail for note in made.reading.flags]
    write_patient(risk, pictures, home, _PAGE, notes=notes, made_from=MADE_FROM)
    curve_figure(risk).write(home)
    names = [f"{_PAGE}.html", f"{_PAGE}.json", "fracture_free.svg", "fracture_free.csv"]
    for picture in pictures:
        names += _drawn(picture, home)
    return keep_reading(made.reading, names, made.heat, home, folder, key)


def _drawn(picture: ViewPicture, home: Path) -> list[str]:
    rows, columns = picture.grey.shape
    region, nothing = Box(0, 0, columns, rows), np.zeros_like(picture.grey)
    shown = {f"{picture.view}.png": nothing}
    if picture.heat is not None and picture.heat.any():
        shown[f"{picture.view}_heat.png"] = picture.heat
    for name, heat in shown.items():
        save_png(heat_picture(picture.grey, heat, region, _PICTURE_PX), home / name)
    return list(shown)


def _left_out(item: Exclusion) -> dict[str, str]:
    return {"level": item.level, "key": item.key, "reason": item.reason, "detail": item.detail}


def _summary(readings: Sequence[CtReading], card: SurvivalCard, line: str) -> str:
    """One row for each patient; the first line is the disclaimer, as a comment."""
    buffer = StringIO()
    buffer.write(f"# {line}\n")
    writer = csv.writer(buffer, lineterminator="\n")
    named = ("risk", "low", "high", "reference_risk", "percentile")
    columns = [f"{name}_{days:g}_days" for days in card.horizons_days for name in named]
    writer.writerow(["patient_id", "source", "status", "reasons", "flags", "reference", *columns])
    for reading in readings:
        reasons = "; ".join(f"{note.code}: {note.detail}" for note in reading.reasons)
        flags = " ".join(note.code for note in reading.flags)
        start = [reading.patient_id, reading.source, reading.status, reasons, flags]
        cells: list[Any] = [""] * (1 + len(columns))
        if reading.risk is not None:
            values = [getattr(item, name) for item in reading.risk.risks for name in named]
            told = ["" if value is None else round(value, 5) for value in values]
            cells = [f"{reading.risk.reference_patients} {reading.risk.reference}", *told]
        writer.writerow([*start, *cells])
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Patient:
    name: str
    source: str
    status: str
    link: str | None
    risks: tuple[tuple[str, str, str], ...]
    words: str


def _index(
    readings: Sequence[CtReading], left_out: Sequence[Exclusion], card: SurvivalCard, line: str
) -> str:
    sources = short_names([reading.source for reading in readings])
    view = {
        "first_line": line,
        "is_synthetic": card.synthetic,
        "made_from_words": MADE_FROM,
        "card": card,
        "horizons": [horizon_title(days) for days in card.horizons_days],
        "patients": [
            _patient(reading, source) for reading, source in zip(readings, sources, strict=True)
        ],
        "counts": Counter(reading.status for reading in readings),
        "left_out": sorted(Counter(item.reason for item in left_out).items()),
    }
    return page_template("ct_readings.html").render(view)


def _patient(reading: CtReading, source: str) -> _Patient:
    page = next((name for name in reading.files if name.endswith(f"{_PAGE}.html")), None)
    notes = (*reading.reasons, *reading.flags)
    risks = []
    for item in reading.risk.risks if reading.risk else ():
        if item.risk is None or item.percentile is None:
            risks.append(("–", "", item.reason or ""))
            continue
        interval = ""
        if item.low is not None and item.high is not None:
            interval = f"{100 * item.low:.1f} to {100 * item.high:.1f} %"
        risks.append(
            (f"{100 * item.risk:.1f} %", interval, f"{ordinal(item.percentile)} percentile")
        )
    return _Patient(
        reading.patient_id, source, reading.status, page, tuple(risks),
        "; ".join(note.detail for note in notes),
    )  # fmt: skip
