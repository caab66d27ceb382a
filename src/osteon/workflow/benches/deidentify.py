"""De-identification: headers per second against dicom-anonymizer, and planted text found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from osteon.core.files import atomic_path
from osteon.core.optional import is_installed, require
from osteon.core.parallel import map_parallel
from osteon.core.rng import generator
from osteon.dicom.decode import decode_frame
from osteon.dicom.open import open_instance
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.phantom.planted_styles import FITTED, HELD_OUT, STYLES
from osteon.phantom.planted_text import PlantedText, draw_text_specs, faces_here, plant_texts
from osteon.pixels.burned_in import judge_print, paint_mask, spread_tones
from osteon.pixels.text_reader import reader_is_installed, text_reader
from osteon.sources.deidentify.options import SIDE_WORDS, DeidentifySettings, Option
from osteon.sources.deidentify.pixels import fill_marked
from osteon.sources.deidentify.run import deidentify
from osteon.sources.walk import walk
from osteon.workflow.bench import BenchResult, BenchSettings, measure
from osteon.workflow.benches.ingest import write_films

__all__ = ["run", "write_sheet"]

_FILES, _FILMS, _PATIENTS = 2000, 500, 30
_FOUND_SHARE, _LOST_SHARE = 0.9, 0.3
_SHEET_FILMS, _SHEET_PX = 8, 320
_PHANTOM = "phantom"
_PEER = "dicomanonymizer"
_SEED, _HELD_OUT_SEED = 8101, 90_017
_SIZE_BANDS_PX = (10, 16, 32, 81, 111)
_LIGHT, _DARK = 0.8, 0.2
_EDGE = 0.15


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Hold the header cleaning against the peer, then count print found on synthetic films.

    Our time holds everything the command does: walking, starting processes, the search for
    residue, the report. A planted word is found when nine tenths of its ink is painted over, a
    side marker lost when three tenths of it is.

    Print is planted twice: in a style that the finder never saw (fonts, tones, places, words and
    seed of its own), which is what counts, and in the one it was fitted to. The rates stand side by
    side, all together and by size, tone, place and font.
    """
    results = [_headers(settings), *_print_found(settings)]
    if settings.output is not None:
        write_sheet(settings.folder / _PHANTOM, settings.output / "painted.png")
    return results


def write_sheet(folder: Path, path: Path) -> None:
    """Draw planted films of ``folder`` before and after they are painted, side by side, as PNG."""
    with_ocr, rows = reader_is_installed(), []
    for index in range(_SHEET_FILMS):
        film, _ = _planted(_Task(folder, index, HELD_OUT.name, with_ocr))
        mask = _painted(film, with_ocr)
        pair = [_thumbnail(stored) for stored in (film, fill_marked(film, mask))]
        rows.append(np.concatenate(pair, axis=1))
    halves = (rows[: _SHEET_FILMS // 2], rows[_SHEET_FILMS // 2 :])
    sheet = np.concatenate([np.concatenate(half) for half in halves], axis=1)
    with atomic_path(path) as temporary:
        Image.fromarray(sheet).save(temporary, "PNG")


def _thumbnail(stored: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Show the whole range of a film in a square of ``_SHEET_PX`` pixels."""
    picture = Image.fromarray(np.asarray(spread_tones(stored), np.uint8))
    picture.thumbnail((_SHEET_PX, _SHEET_PX))
    square = Image.new("L", (_SHEET_PX, _SHEET_PX), 40)
    square.paste(picture)
    return np.asarray(square, np.uint8)


def _headers(settings: BenchSettings) -> BenchResult:
    count = max(20, round(_FILES * settings.scale))
    films = settings.folder / "films"
    size = write_films(films, count)
    ours, peers = [], []
    for repeat in range(settings.repeats):
        place = settings.folder / f"ours-{repeat}"
        ours.append(measure(_ours, films, place, settings.workers).seconds)
        if is_installed(_PEER):
            peers.append(measure(_peer, films, settings.folder / f"peer-{repeat}").seconds)
    has_peer = bool(peers)
    return BenchResult(
        what=f"{count} films of {size / 1e6:.2f} MB, headers, modified dates, search for residue",
        value=count / min(ours),
        unit="files/s",
        peer="dicom-anonymizer, its own loop" if has_peer else None,
        peer_value=count / min(peers) if has_peer else None,
        remark="" if has_peer else "dicom-anonymizer is not installed: pip install it to compare",
    )


def _ours(films: Path, output: Path, workers: int | None) -> int:
    settings = DeidentifySettings(options=(Option.RETAIN_MODIFIED_DATES,))
    secret = output.parent / "secret"
    run = deidentify([films], output, secret, settings=settings, workers=workers)
    return run.report.delivered


def _peer(films: Path, output: Path) -> int:
    module = require(_PEER, purpose="the comparison")
    output.mkdir()
    entries = list(walk([films]))
    for entry in entries:
        module.anonymize_dicom_file(entry.path, str(output / Path(entry.path).name))
    return len(entries)


@dataclass(frozen=True, slots=True)
class _Task:
    """Films below ``folder``: number ``index`` is planted with text, or left clean (no style)."""

    folder: Path
    index: int
    style: str
    with_ocr: bool


@dataclass(frozen=True, slots=True)
class _Word:
    """A planted word, without its ink: what it was like, and the share of it that was painted."""

    is_marker: bool
    conditions: tuple[str, ...]
    painted: float


@dataclass(frozen=True, slots=True)
class _Film:
    words: tuple[_Word, ...]
    is_painted: bool

    @property
    def is_whole(self) -> bool:
        return all(_is_found(word) for word in self.words if not word.is_marker)


def _print_found(settings: BenchSettings) -> Iterator[BenchResult]:
    count = max(10, round(_FILMS * settings.scale))
    folder = settings.folder / _PHANTOM
    patients = max(3, round(_PATIENTS * min(settings.scale, 1.0)))
    phantom = HipsSettings(n=patients, pixel_size_mm=0.3, spacing_mm=1.6, masks=False)
    make_hips(phantom, folder, _SEED, settings.workers)
    clean = len(_films(folder))
    for with_ocr in (False, True):
        name = "with OCR" if with_ocr else "without OCR"
        if with_ocr and not reader_is_installed():
            reason = "the ocr extra is not installed"
            yield BenchResult("print found with OCR", 0, "(not run)", remark=reason)
            continue
        held_out, fitted = (
            _counted(folder, count, style.name, with_ocr, settings.workers)
            for style in (HELD_OUT, FITTED)
        )
        plain = _counted(folder, clean, "", with_ocr, settings.workers)
        yield from _rates(name, held_out, fitted, plain)


def _counted(
    folder: Path, count: int, style: str, with_ocr: bool, workers: int | None
) -> list[_Film]:
    tasks = [_Task(folder, index, style, with_ocr) for index in range(count)]
    what = f"films with print {style}" if style else "clean films"
    return list(map_parallel(_one_film, tasks, workers=workers, description=what))


def _rates(
    name: str, held_out: list[_Film], fitted: list[_Film], plain: list[_Film]
) -> Iterator[BenchResult]:
    whole, films = sum(film.is_whole for film in held_out), len(held_out)
    faces = len(faces_here(HELD_OUT))
    yield _side_by_side(
        f"planted words painted over, {name}", _shares(held_out), _shares(fitted),
        remark=f"all of them on {whole} of {films} synthetic films, {faces} fonts",
    )  # fmt: skip
    ours, theirs = _by_condition(held_out), _by_condition(fitted)
    for condition in sorted({*ours, *theirs}):
        if condition in ours:
            what = f"the same, {condition}"
            yield _side_by_side(what, ours[condition], theirs.get(condition, []))
    lost, markers = (
        [word.painted > _LOST_SHARE for film in films for word in film.words if word.is_marker]
        for films in (held_out, fitted)
    )
    yield _side_by_side(f"side and view words lost, {name}", lost, markers, more_is_better=False)
    painted = sum(film.is_painted for film in plain)
    yield BenchResult(
        f"clean films painted, {name}", 100 * painted / max(len(plain), 1), "%",
        more_is_better=False, remark=f"{painted} of {len(plain)} synthetic films",
    )  # fmt: skip


def _side_by_side(
    what: str,
    held_out: Sequence[bool],
    fitted: Sequence[bool],
    *,
    more_is_better: bool = True,
    remark: str = "",
) -> BenchResult:
    counted = f"{sum(held_out)} of {len(held_out)} held out"
    beside = f"; {sum(fitted)} of {len(fitted)} in-sample" if fitted else ""
    return BenchResult(
        what=what,
        value=100 * sum(held_out) / max(len(held_out), 1),
        unit="%",
        peer="in-sample: print as the finder was fitted to" if fitted else None,
        peer_value=100 * sum(fitted) / len(fitted) if fitted else None,
        more_is_better=more_is_better,
        remark=counted + beside + (f"; {remark}" if remark else ""),
    )


def _is_found(word: _Word) -> bool:
    return word.painted >= _FOUND_SHARE


def _shares(films: Sequence[_Film]) -> list[bool]:
    return [_is_found(word) for film in films for word in film.words if not word.is_marker]


def _by_condition(films: Sequence[_Film]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for film in films:
        for word in film.words:
            for condition in () if word.is_marker else word.conditions:
                found.setdefault(condition, []).append(_is_found(word))
    return found


def _conditions(text: PlantedText) -> tuple[str, ...]:
    """Say what a word is like: its size, tone, place and font."""
    bands = list(pairwise(_SIZE_BANDS_PX))
    low, high = next(band for band in bands if band[0] <= text.size_px < band[1])
    tone = "light" if text.tone >= _LIGHT else "dark" if text.tone <= _DARK else "between"
    is_edge = min(text.row, 1 - text.row) < _EDGE or min(text.column, 1 - text.column) < _EDGE
    place = "near an edge" if is_edge else "within the film"
    face = f"font {text.face or 'of Pillow'}"
    return f"size {low:>3} to {high - 1:>3} px", f"tone {tone}", f"place {place}", face


def _films(folder: Path) -> list[Path]:
    return sorted((folder / "films").rglob("*.dcm"))


def _one_film(task: _Task) -> _Film:
    film, texts = _planted(task)
    painted = _painted(film, task.with_ocr)
    words = tuple(
        _Word(text.is_marker, _conditions(text), float(painted.ravel()[text.ink].mean()))
        for text in texts
    )
    return _Film(words, bool(painted.any()))


def _planted(task: _Task) -> tuple[NDArray[np.uint16], list[PlantedText]]:
    """Give a film with its text; the same for the same task."""
    paths = _films(task.folder)
    stored = decode_frame(open_instance(paths[task.index % len(paths)]))
    if not task.style:
        return plant_texts(stored, [])
    seed = _HELD_OUT_SEED if task.style == HELD_OUT.name else _SEED
    specs = draw_text_specs(generator(seed, "text", task.index), STYLES[task.style])
    return plant_texts(stored, specs)


def _painted(film: NDArray[np.uint16], with_ocr: bool) -> NDArray[np.bool_]:
    reader = text_reader() if with_ocr else None
    found = judge_print(spread_tones(film), frozenset(SIDE_WORDS), reader)
    return paint_mask((film.shape[0], film.shape[1]), found)
