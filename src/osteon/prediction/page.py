"""One self-contained HTML page of readings: a table, and a card for every film."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from PIL import Image

from osteon._version import __version__
from osteon.core.labels import LabelSet
from osteon.models.card_classifier import ClassifierCard
from osteon.prediction.reading import NONDISPLACED_ADVICE, FilmReading, HipReading, short_names

__all__ = ["reading_page"]

_EMBEDDED_FILMS = (
    60  # pictures of further films are linked: the page must stay small enough to open
)
_PICTURE_PX = 1100
_SIDES = {"R": "Right hip", "L": "Left hip"}


@dataclass(frozen=True, slots=True)
class _Bar:
    title: str
    percent: float
    is_fracture: bool
    is_top: bool
    possible: bool | None


@dataclass(frozen=True, slots=True)
class _Hip:
    side: str
    reading: HipReading
    call: str
    call_class: str
    top: str
    second: str
    bars: tuple[_Bar, ...]
    heat: str | None
    has_map: bool
    heat_of: str


@dataclass(frozen=True, slots=True)
class _Film:
    anchor: str
    name: str
    reading: FilmReading
    picture: str | None
    link: str | None
    hips: tuple[_Hip, ...]


def reading_page(
    readings: Sequence[FilmReading], card: ClassifierCard, folder: Path, *, first_line: str
) -> str:
    """Write the page.

    Parameters
    ----------
    readings
        One record per file.
    card
        The model's card.
    folder
        Where the pictures are; of the first 60 films they are put into the page itself.
    first_line
        Stands first on the page.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.lstrip_blocks = True
    source = (files("osteon.prediction") / "reading.html").read_text("utf-8")
    label_set = card.labels.label_set()
    films: list[_Film] = []
    names = short_names([reading.source for reading in readings])
    drawn = 0
    for index, (reading, name) in enumerate(zip(readings, names, strict=True)):
        embed = bool(reading.files) and drawn < _EMBEDDED_FILMS
        drawn += embed
        film = _film(reading, label_set, folder, embed=embed)
        films.append(replace(film, anchor=f"film-{index + 1}", name=name))
    return environment.from_string(source).render(
        first_line=first_line,
        films=films,
        card=card,
        version=__version__,
        advice=NONDISPLACED_ADVICE,
        counts={
            status: sum(reading.status == status for reading in readings)
            for status in ("read", "refused", "unreadable")
        },
    )


def _film(reading: FilmReading, label_set: LabelSet, folder: Path, *, embed: bool) -> _Film:
    by_name = {Path(name).name: name for name in reading.files}
    shown = by_name.get("annotated.png")
    return _Film(
        anchor="",
        name="",
        reading=reading,
        picture=None if shown is None else _picture(folder, shown, embed=embed),
        link=shown,
        hips=tuple(
            _hip(
                hip,
                label_set,
                _picture(folder, by_name.get(f"heat_{hip.laterality}.png"), embed=embed),
                has_map="heat.npz" in by_name,
            )
            for hip in reading.hips
        ),
    )


def _hip(hip: HipReading, label_set: LabelSet, heat: str | None, *, has_map: bool) -> _Hip:
    call, call_class = "not suspicious", "none"
    if hip.suspicious is None:
        call = "the package has no operating points"
    elif hip.definite:
        call, call_class = "definite", "definite"
    elif hip.suspicious:
        call, call_class = "suspicious", "suspicious"
    bars = tuple(
        _Bar(
            title=label_set.title(name),
            percent=100 * probability,
            is_fracture=name in label_set.positive,
            is_top=name == hip.top_two[0],
            possible=None if hip.prediction_set is None else name in hip.prediction_set,
        )
        for name, probability in hip.probabilities.items()
    )
    of_fracture = set(hip.heat_map_of) == set(label_set.positive)
    return _Hip(
        side=_SIDES[hip.laterality],
        reading=hip,
        call=call,
        call_class=call_class,
        top=label_set.title(hip.top_two[0]),
        second=label_set.title(hip.top_two[1]),
        bars=bars,
        heat=heat,
        has_map=has_map,
        heat_of="fracture" if of_fracture else label_set.title(hip.heat_map_of[0]).lower(),
    )


def _picture(folder: Path, name: str | None, *, embed: bool) -> str | None:
    """Give a picture's address: its bytes as a data address, or its place in the folder."""
    if name is None or not embed:
        return name
    with Image.open(folder / name) as picture:
        picture.thumbnail((_PICTURE_PX, _PICTURE_PX * 2))
        buffer = BytesIO()
        picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
