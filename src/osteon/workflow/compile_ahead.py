"""Compile what synthetic films and the comparison of films need, so that the first run need not."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from osteon.dicom.open import open_instance
from osteon.phantom.hips import make_hips
from osteon.pixels.copies import find_copies
from osteon.pixels.fingerprint import RECORD, film_fingerprint
from osteon.pixels.render import render
from osteon.pixels.resample import fit_within
from osteon.workflow.demo import demo_films

__all__ = ["compile_ahead"]

_SIDE_PX = 320


def compile_ahead() -> None:
    """Make a few of the demonstration's films in a temporary folder and compare them.

    Compiled code is kept beside its source (:mod:`osteon.core.compiled`), or in numba's cache of
    the user where that folder cannot be written.
    """
    with TemporaryDirectory(prefix="osteon-compile-") as name:
        settings = demo_films(1)["internal"].changed({"n": 2, "films_per_study": [2, 2]})
        make_hips(settings, Path(name), seed=0, workers=1)
        films = [
            fit_within(render(open_instance(path)).grey, _SIDE_PX)[0]
            for path in sorted(Path(name).rglob("*.dcm"))
        ]
    mirrored = [np.ascontiguousarray(film[:, ::-1]) for film in films]
    find_copies(np.array([film_fingerprint(film) for film in (*films, *mirrored)], RECORD))
