"""What a gate is taught on: the study's hip films with view and hardware, and drawn other films."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.files import hash_bytes
from osteon.core.manifest import fingerprint
from osteon.models.gate_spec import GateSpec
from osteon.phantom.other_parts import OTHER_PARTS, draw_other_part
from osteon.training.films import Film, load_films
from osteon.training.subsets import PixelLoader

__all__ = [
    "UNKNOWN_VIEW",
    "GateFilm",
    "draw_other_film",
    "gate_films",
    "others_fingerprint",
    "views_fingerprint",
]

UNKNOWN_VIEW = -100  # cross-entropy's sign for "not said"
_HARDWARE = ("internal_fixation", "arthroplasty")


@dataclass(frozen=True, slots=True, eq=False)
class GateFilm:
    """A hip film: its view (an index, or unknown) and the sides (left, right) with metal."""

    film: Film
    view: int
    hardware: tuple[bool, bool]


def gate_films(cases: pd.DataFrame, cache: PixelLoader, spec: GateSpec) -> list[GateFilm]:
    """Load the hip films of a table of cases, each film once."""
    films = load_films(cases, cache, spec.image_size_px)
    groups = {str(name): group for name, group in cases.groupby("content_hash")}
    return [
        GateFilm(film, _view(groups[film.content_hash], spec), _metal(groups[film.content_hash]))
        for film in films
    ]


def _view(group: pd.DataFrame, spec: GateSpec) -> int:
    name = group["view"].iloc[0] if "view" in group.columns else None
    return spec.views.index(str(name)) if name in spec.views else UNKNOWN_VIEW


def _metal(group: pd.DataFrame) -> tuple[bool, bool]:
    sides = group.loc[group["label"].isin(_HARDWARE), "laterality"].to_list()
    return "L" in sides, "R" in sides


def views_fingerprint(*parts: pd.DataFrame) -> str:
    """Hash of the views of cases."""
    return fingerprint(
        [part["view"].astype(str).to_list() if "view" in part else [] for part in parts]
    )


def draw_other_film(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a film of any other part: float32 (rows, columns) in [0, 1]."""
    names = sorted(OTHER_PARTS)
    return draw_other_part(names[int(rng.integers(len(names)))], rng)


def others_fingerprint() -> str:
    """Hash of how other films are drawn: of one of each part."""
    return fingerprint(
        [hash_bytes(draw(np.random.default_rng(0)).tobytes()) for draw in OTHER_PARTS.values()]
    )
