"""Whether a region is a label: on a known film, in its pixels, of a known class and side."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.schemas import BOX_COLUMNS
from osteon.sources.annotations.images import Film, Films
from osteon.sources.annotations.record import RawBox
from osteon.sources.annotations.shapes import Corners, Shape, extent, faulty

__all__ = ["checked"]

EDGE_TOLERANCE_PX = 1.0
PLANE_TOLERANCE_MM = 1.0
_SIDES = {"l": "L", "left": "L", "left hip": "L", "r": "R", "right": "R", "right hip": "R"}
_SIDE_FIRST = re.compile(r"(left|right|l|r)[ _-]+(.+)", re.IGNORECASE)
_SIDE_LAST = re.compile(r"(.+)[ _-]+(left|right|l|r)", re.IGNORECASE)


def checked(
    box: RawBox, place: str, films: Films, label_set: LabelSet | None
) -> dict[str, Any] | Exclusion:
    """Make the row of a region, without source and annotator, or say why it is none.

    Parameters
    ----------
    box
        The region as its file has it.
    place
        What it is called in an exclusion.
    films
        The films it may be on.
    label_set
        The classes allowed; ``None`` takes any class.
    """

    def refused(reason: str, detail: str) -> Exclusion:
        return Exclusion("hip", place, "annotations", reason, detail)

    if box.shape.fault is not None:
        return refused(*box.shape.fault)
    film = films.find(box.image)
    if not isinstance(film, Film):
        return refused(*film)
    if pd.isna(film.rows) or pd.isna(film.columns):
        return refused("not_an_image", "the object it is drawn on has no pixels")
    size_fault = _size_fault(box, film)
    if size_fault is not None:
        return refused("image_size_differs", size_fault)
    shape = _in_pixels(box.shape, film, films)
    corners = _corners(shape, film)
    if isinstance(corners[0], str):
        return refused(*corners)
    label, side = _label_and_side(box, label_set)
    if isinstance(label, tuple):
        return refused(*label)
    side = _SIDES.get((side or film.laterality).lower(), "")
    if not side:
        got = box.laterality or film.laterality or "nothing"
        return refused("laterality_missing", f"got {got!r} for the side, wanted L or R")
    kept = {"segmentation": shape.segmentation} if shape.segmentation else {}
    return {
        "sop_instance_uid": film.sop_instance_uid,
        "laterality": side,
        **dict(zip(BOX_COLUMNS, corners, strict=True)),
        "label": label,
        **kept,
    }


def _size_fault(box: RawBox, film: Film) -> str | None:
    if box.image_size is None or box.image_size == (film.columns, film.rows):
        return None
    width, height = box.image_size
    return (
        f"drawn on {width:.0f} x {height:.0f} pixels, the stored image has {film.columns:.0f} x "
        f"{film.rows:.0f}: scale the boxes to the stored image"
    )


def _in_pixels(shape: Shape, film: Film, films: Films) -> Shape:
    """Turn fractions and millimetres into pixels of the film."""
    if shape.unit == "pixel":
        return shape
    if shape.unit == "fraction":
        scale = np.asarray([film.columns, film.rows])
        corners = shape.corners or (0.0, 0.0, 0.0, 0.0)
        x_min, y_min, x_max, y_max = (np.asarray(corners) * np.tile(scale, 2)).tolist()
        drawn = tuple(points * scale for points in shape.outlines)
        return Shape((x_min, y_min, x_max, y_max), outlines=drawn)
    plane = films.plane(film)
    if plane is None:
        return faulty("geometry_missing", "the film's header does not say where it lies in space")
    away = max(plane.distance_mm(points) for points in shape.outlines)
    if away > PLANE_TOLERANCE_MM:
        return faulty("outline_off_image", f"the outline lies {away:.1f} mm off the image's plane")
    drawn = tuple(plane.to_pixels(points) for points in shape.outlines)
    return Shape(extent(drawn), outlines=drawn)


def _corners(shape: Shape, film: Film) -> tuple[str, str] | Corners:
    if shape.fault is not None:
        return shape.fault
    x_min, y_min, x_max, y_max = shape.corners or (0.0, 0.0, 0.0, 0.0)
    if x_max < x_min or y_max < y_min:
        detail = f"({x_min:g}, {y_min:g}) is not the upper left of ({x_max:g}, {y_max:g})"
        return "box_reversed", detail
    if x_max == x_min or y_max == y_min:
        return "box_without_area", f"the box is {x_max - x_min:g} x {y_max - y_min:g} pixels"
    over = max(-x_min, -y_min, x_max - film.columns, y_max - film.rows)
    if over > EDGE_TOLERANCE_PX:
        return (
            "box_outside_image",
            f"the box ({x_min:g}, {y_min:g}, {x_max:g}, {y_max:g}) leaves the image of "
            f"{film.columns:.0f} x {film.rows:.0f} by {over:g} pixels",
        )
    cut = max(x_min, 0.0), max(y_min, 0.0), min(x_max, film.columns), min(y_max, film.rows)
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        return "box_outside_image", "nothing of the box lies on the image"
    return cut


def _label_and_side(box: RawBox, label_set: LabelSet | None) -> tuple[str | tuple[str, str], str]:
    """Class of a region, or why it has none, and its side; a class's name may hold the side."""
    if not box.label:
        return ("label_missing", "the box has no class"), ""
    for text, side in _readings(box):
        if label_set is None:
            return text, side
        label = label_set.find(text)
        if label is not None:
            return label, side
    detail = "the recipe has no such class"
    if label_set is not None:
        detail = f"class {box.label!r} is unknown: did you mean {label_set.nearest(box.label)}?"
    return ("label_unknown", detail), ""


def _readings(box: RawBox) -> Iterator[tuple[str, str]]:
    """Give the ways to read a class's name: whole, or a class and a side."""
    first = _SIDE_FIRST.fullmatch(box.label)
    last = _SIDE_LAST.fullmatch(box.label)
    if not box.laterality and first is not None:
        yield first[2], first[1]
    if not box.laterality and last is not None:
        yield last[1], last[2]
    yield box.label, box.laterality
