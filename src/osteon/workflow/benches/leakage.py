"""Copies among films: how many are found, how many pairs are false, how long they all take.

Films are synthetic. The false pairs are counted among films of phantoms and their siblings
(:func:`osteon.phantom.copied.sibling`), which share outline and view. The hundred thousand are
fingerprints made from those of the films by moving landmarks and flipping one bit in five, as
many alike films would have them; making real ones is a matter of preparing films, timed apart.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from osteon.core.files import hash_file
from osteon.core.parallel import map_parallel
from osteon.core.rng import generator
from osteon.dicom.open import open_instance
from osteon.phantom.copied import COPIES, several_changes, sibling
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.pixels.copies import find_copies
from osteon.pixels.fingerprint import RECORD, film_fingerprint
from osteon.pixels.render import render
from osteon.pixels.resample import fit_within
from osteon.workflow.bench import BenchResult, BenchSettings, measure

__all__ = ["run"]

_PATIENTS, _FILMS, _COPIES, _MANY = 250, 10_000, 300, 100_000
_SIDE_PX, _FLIPPED, _MOVED_PX = 320, 0.2, 4.0
Film = NDArray[np.float32]
Records = NDArray[np.void]


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Draw films, plant copies, hold all against one another, then a hundred thousand."""
    paths = _phantom_films(settings.folder / "films", settings)
    films = [np.load(path) for path in paths]
    count = max(60, round(_FILMS * settings.scale))
    made = measure(_fingerprints, paths, count, settings.workers)
    records = made.value
    copies = max(30, round(_COPIES * min(settings.scale, 1.0)))
    planted, source = _planted(films, copies)
    pairs = find_copies(np.concatenate([records, planted])).copies
    found = {(pair.first, pair.second) for pair in pairs}
    hit = [(int(own), len(records) + n) in found for n, own in enumerate(source)]
    false = [pair for pair in pairs if pair.second < len(records)]
    many = max(2_000, round(_MANY * settings.scale))
    timed, half = (
        measure(_compared, _many(records, settings.folder, n)) for n in (many, many // 2)
    )
    kinds = [*COPIES, "several"]
    by_kind = ", ".join(
        f"{kind} {np.mean(hit[place :: len(kinds)]):.0%}" for place, kind in enumerate(kinds)
    )
    return [
        BenchResult(
            f"{copies} planted copies among {count} films of {len(films)} synthetic patients",
            100 * float(np.mean(hit)), "% found", remark=by_kind,
        ),
        BenchResult(
            f"pairs called copies among the {count} films of different people",
            len(false), "false pairs", more_is_better=False,
            remark=f"{len(false) * 10_000 / count:.2g} for 10,000 films",
        ),
        BenchResult(f"fingerprints of {count} films", count / made.seconds, "films/s",
                    peak_mib=made.peak_mib),
        BenchResult(
            f"{many} fingerprints held against one another", timed.seconds, "s",
            more_is_better=False, peak_mib=timed.peak_mib,
            remark=f"{half.peak_mib:.0f} MiB for half as many; {timed.value} pairs laid together",
        ),
    ]  # fmt: skip


def _phantom_films(folder: Path, settings: BenchSettings) -> list[Path]:
    """Draw one film of each of some patients, coarse enough to be quick, and keep them rendered."""
    coarse = HipsSettings(
        n=max(12, round(_PATIENTS * settings.scale)), pixel_size_mm=1.5, spacing_mm=4.0,
        films_per_study=(1, 1), masks=False, follow_up_share=0.0,
    )  # fmt: skip
    make_hips(coarse, folder, 11, settings.workers)
    rendered: list[Path] = []
    for path in sorted((folder / "films").rglob("*.dcm"), key=hash_file):
        rendered.append(folder / f"{len(rendered)}.npy")
        np.save(rendered[-1], fit_within(render(open_instance(path)).grey, _SIDE_PX)[0])
    return rendered


def _fingerprints(paths: list[Path], count: int, workers: int | None) -> Records:
    """Hash the films and as many siblings as are wanted."""
    made = map_parallel(partial(_one, paths), range(count), workers=workers)
    return np.array(list(made), RECORD)


def _one(paths: list[Path], number: int) -> Records:
    film: Film = np.load(paths[number % len(paths)])
    if number < len(paths):
        return film_fingerprint(film)
    return film_fingerprint(sibling(film, generator(1, "sibling", number)))


def _planted(films: list[Film], count: int) -> tuple[Records, NDArray[np.int64]]:
    """Copy films of the phantoms, each kind in turn; also gives whose they are."""
    rng = generator(1, "copies")
    changes = [*COPIES.values(), several_changes]
    source = rng.integers(0, len(films), count)
    planted = [
        film_fingerprint(changes[number % len(changes)](films[own], rng))
        for number, own in enumerate(source)
    ]
    return np.array(planted, RECORD), source


def _many(records: Records, folder: Path, count: int) -> Path:
    """Write made-up fingerprints, alike as those of alike films are."""
    path, rng = folder / f"many-{count}.npy", generator(1, "many")
    table = open_memmap(path, "w+", RECORD, (count,))
    for start in range(0, count, 2_000):
        own = records[rng.integers(0, len(records), min(2_000, count - start))]
        own["places"][:, :, :2] += rng.normal(0, _MOVED_PX, (*own["hashes"].shape, 2))
        for bit in range(64):
            flips = (rng.random(own["hashes"].shape) < _FLIPPED).astype(np.uint64)
            own["hashes"] ^= flips << np.uint64(bit)
        table[start : start + len(own)] = own
    table.flush()
    return path


def _compared(path: Path) -> int:
    """Hold fingerprints against one another; gives how many pairs were laid on one another."""
    return find_copies(np.load(path, mmap_mode="r", allow_pickle=False)).candidates
