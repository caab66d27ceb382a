"""De-identification: headers per second against dicom-anonymizer, and planted text found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from osteon.phantom.planted_text import PlantedText, draw_text_specs, plant_texts
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
_SIZE_PX = (12, 80)
_FOUND_SHARE, _LOST_SHARE = 0.9, 0.3
_SHEET_FILMS, _SHEET_PX = 8, 320
_PHANTOM = "phantom"
_PEER = "dicomanonymizer"
_SEED = 8101


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Hold the header cleaning against the peer, then count print found on synthetic films.

    Our time holds everything the command does: walking, starting processes, the search for
    residue, the report. A planted word is found when nine tenths of its ink is painted over, a
    side marker lost when three tenths of it is.
    """
    results = [_headers(settings), *_print_found(settings)]
    if settings.output is not None:
        write_sheet(settings.folder / _PHANTOM, settings.output / "painted.png")
    return results


def write_sheet(folder: Path, path: Path) -> None:
    """Draw planted films of ``folder`` before and after they are painted, side by side, as PNG."""
    with_ocr, rows = reader_is_installed(), []
    for index in range(_SHEET_FILMS):
        film, _ = _planted(_Task(folder, index, True, with_ocr))
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
    """Films below ``folder``: number ``index`` is planted with text, or left clean."""

    folder: Path
    index: int
    is_planted: bool
    with_ocr: bool


@dataclass(frozen=True, slots=True)
class _Count:
    words: int = 0
    found: int = 0
    markers: int = 0
    lost: int = 0
    painted: int = 0

    @property
    def is_whole(self) -> bool:
        return self.found == self.words


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
        planted = _counted(folder, count, True, with_ocr, settings.workers)
        plain = _counted(folder, clean, False, with_ocr, settings.workers)
        yield from _rates(name, planted, plain)


def _counted(
    folder: Path, count: int, is_planted: bool, with_ocr: bool, workers: int | None
) -> list[_Count]:
    tasks = [_Task(folder, index, is_planted, with_ocr) for index in range(count)]
    what = "planted films" if is_planted else "clean films"
    return list(map_parallel(_one_film, tasks, workers=workers, description=what))


def _rates(name: str, planted: list[_Count], plain: list[_Count]) -> Iterator[BenchResult]:
    words, found = (sum(getattr(c, key) for c in planted) for key in ("words", "found"))
    markers, lost = (sum(getattr(c, key) for c in planted) for key in ("markers", "lost"))
    whole, painted = sum(c.is_whole for c in planted), sum(c.painted > 0 for c in plain)
    films = len(planted)
    yield BenchResult(
        f"planted words painted over, {name}", 100 * found / max(words, 1), "%",
        remark=f"{found} of {words} words; all of them on {whole} of {films} synthetic films",
    )  # fmt: skip
    yield BenchResult(
        f"side and view words lost, {name}", 100 * lost / max(markers, 1), "%",
        more_is_better=False, remark=f"{lost} of {markers}",
    )  # fmt: skip
    yield BenchResult(
        f"clean films painted, {name}", 100 * painted / max(len(plain), 1), "%",
        more_is_better=False, remark=f"{painted} of {len(plain)} synthetic films",
    )  # fmt: skip


def _films(folder: Path) -> list[Path]:
    return sorted((folder / "films").rglob("*.dcm"))


def _one_film(task: _Task) -> _Count:
    film, texts = _planted(task)
    painted = _painted(film, task.with_ocr)
    shares = [(text.is_marker, float(painted.ravel()[text.ink].mean())) for text in texts]
    words = [share for is_marker, share in shares if not is_marker]
    markers = [share for is_marker, share in shares if is_marker]
    return _Count(
        len(words),
        sum(share >= _FOUND_SHARE for share in words),
        len(markers),
        sum(share > _LOST_SHARE for share in markers),
        int(painted.any()),
    )


def _planted(task: _Task) -> tuple[NDArray[np.uint16], list[PlantedText]]:
    """Give a film with its text; the same for the same task."""
    paths = _films(task.folder)
    stored = decode_frame(open_instance(paths[task.index % len(paths)]))
    specs = draw_text_specs(generator(_SEED, "text", task.index), _SIZE_PX)
    return plant_texts(stored, specs if task.is_planted else [])


def _painted(film: NDArray[np.uint16], with_ocr: bool) -> NDArray[np.bool_]:
    reader = text_reader() if with_ocr else None
    found = judge_print(spread_tones(film), frozenset(SIDE_WORDS), reader)
    return paint_mask((film.shape[0], film.shape[1]), found)
