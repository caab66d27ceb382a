"""Look at a film in several windows, straight and mirrored, and agree on its hips.

A detector that sees a film whole may take an iliac wing for a large hip on one and miss a small one
on the next; in a window the same hip fills more of the square. What is there is found in most
windows that hold it, what is not only in some: multi-scale testing with weighted fusion of boxes
(Solovyev et al., Image Vis. Comput. 107 (2021) 104117, doi 10.1016/j.imavis.2021.104117).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.models.detector import HipDetection
from osteon.models.spec import DetectorSpec

__all__ = ["Candidates", "FoundHips", "Look", "Search", "agree", "looks_at"]

Search = Literal["whole", "windows"]
"""``whole``: the film once, as it is; ``windows``: whole and in windows, each mirrored, too."""

Candidates = Sequence[HipDetection]

_WINDOW_SHARE = 0.7  # side of a window over the film's longer side
_WINDOWS_ALONG = 3
_SAME_IOU = 0.5
_EDGE_PX = 3.0
_OF_BEST = 0.5  # synthetic tuning films: second hips 0.69 and more, others 0.34 and less but one
_DILUTED = 0.5  # several looks lower the mean score of a hip that some of them miss


@dataclass(frozen=True, slots=True)
class FoundHips:
    """What was found on a film, in its pixels.

    Parameters
    ----------
    hips
        At most one of each side, best first.
    too_large
        On a side without a hip: what was taken for one, but is larger than any.
    """

    hips: tuple[HipDetection, ...] = ()
    too_large: tuple[HipDetection, ...] = ()

    def shifted(self, right: float, down: float) -> "FoundHips":
        """Move every box."""
        return FoundHips(
            *(
                tuple(replace(hip, box=hip.box.shifted(right, down)) for hip in part)
                for part in (self.hips, self.too_large)
            )
        )


@dataclass(frozen=True, slots=True)
class Look:
    """One window (x_min, y_min, x_max, y_max) of a film of this width and height, or its mirror."""

    window: tuple[int, int, int, int]
    is_mirrored: bool
    film_width: int
    film_height: int

    def seen(self, film: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give what the detector is shown: float32 (rows, columns)."""
        left, top, right, bottom = self.window
        part = film[top:bottom, left:right]
        return np.array(part[:, ::-1] if self.is_mirrored else part)

    def on_film(self, found: HipDetection) -> HipDetection | None:
        """Bring a detection back to the film; ``None`` where the window's edge may cut it."""
        left, top, right, _ = self.window
        box, side = found.box, found.laterality
        if self.is_mirrored:
            box, side = box.mirrored(right - left), side.other
        placed = HipDetection(side, box.shifted(left, top), found.score)
        return None if self._cuts(placed.box) else placed

    def holds(self, box: Box) -> bool:
        """Whether the whole box is in the window, and not at an edge that may cut it."""
        left, top, right, bottom = self.window
        inside = Box(left - _EDGE_PX, top - _EDGE_PX, right + _EDGE_PX, bottom + _EDGE_PX)
        return inside.intersection_area(box) >= 0.999 * box.area and not self._cuts(box)

    def _cuts(self, box: Box) -> bool:
        left, top, right, bottom = self.window
        return (
            (left > 0 and box.x_min < left + _EDGE_PX)
            or (top > 0 and box.y_min < top + _EDGE_PX)
            or (right < self.film_width and box.x_max > right - _EDGE_PX)
            or (bottom < self.film_height and box.y_max > bottom - _EDGE_PX)
        )


def looks_at(shape: tuple[int, ...], search: Search) -> tuple[Look, ...]:
    """Plan the looks at a film of (rows, columns).

    Examples
    --------
    >>> len(looks_at((600, 500), "whole")), len(looks_at((600, 500), "windows"))
    (1, 20)
    """
    height, width = shape[:2]
    if search == "whole":
        return (Look((0, 0, width, height), False, width, height),)
    side = round(_WINDOW_SHARE * max(height, width))
    windows = [(0, 0, width, height)]
    for left in _starts(width, side):
        for top in _starts(height, side):
            windows.append((left, top, min(left + side, width), min(top + side, height)))
    unique = list(dict.fromkeys(windows))
    return tuple(
        Look(window, turned, width, height) for window in unique for turned in (False, True)
    )


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    return [round(value) for value in np.linspace(0, length - side, _WINDOWS_ALONG)]


@dataclass(slots=True)
class _Cluster:
    """Boxes of one side, one from each look at most, that lie on one another."""

    laterality: Laterality
    members: dict[int, HipDetection] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        corners = np.array([item.box.as_tuple() for item in self.members.values()])
        weights = np.array([item.score for item in self.members.values()])
        x_min, y_min, x_max, y_max = np.average(corners, axis=0, weights=weights).tolist()
        return Box(x_min, y_min, x_max, y_max)


def agree(
    looks: Sequence[Look],
    candidates: Sequence[Candidates],
    spec: DetectorSpec,
    *,
    largest_px: float = math.inf,
) -> FoundHips:
    """Fuse what every look found into at most one box per side, best first.

    Boxes of one side that overlap by half are one hip: corners are averaged, weighted by score, and
    its score is the sum of theirs over the number of looks that hold it. What a look finds too
    large for a hip is left out. Of two sides' boxes on one hip the better stays.

    Parameters
    ----------
    looks
        From :func:`looks_at`.
    candidates
        For each look its candidates, best first, in pixels of what was seen.
    spec
        The detector: score threshold and the overlap above which two boxes are one hip.
    largest_px
        Side of the square of the largest hip's area in pixels of the film, where it is known.

    Returns
    -------
    FoundHips
        In pixels of the film. The score has to reach the spec's threshold; where there are several
        looks half of it, and half of the best one's.
    """
    on_film = [
        (number, placed)
        for number, (look, found) in enumerate(zip(looks, candidates, strict=True))
        for placed in map(look.on_film, found)
        if placed is not None
    ]
    hips = _fused_of_each_side(
        [item for item in on_film if _size_px(item[1]) <= largest_px], looks, spec
    )
    sides = {hip.laterality for hip in hips}
    beyond = [item for item in on_film if _size_px(item[1]) > largest_px]
    too_large = _fused_of_each_side(beyond, looks, spec)
    return FoundHips(hips, tuple(hip for hip in too_large if hip.laterality not in sides))


def _fused_of_each_side(
    on_film: list[tuple[int, HipDetection]], looks: Sequence[Look], spec: DetectorSpec
) -> tuple[HipDetection, ...]:
    if len(looks) == 1:  # candidates are apart already, and there is nothing to agree on
        return _best_of_each_side([hip for _, hip in on_film], spec.score_threshold, 1.0)
    fused = _clustered(on_film, looks)
    best = fused[0].score if fused else 0.0
    lowest = max(_DILUTED * spec.score_threshold, _OF_BEST * best)
    return _best_of_each_side(fused, lowest, spec.nms_iou)


def _size_px(hip: HipDetection) -> float:
    return math.sqrt(hip.box.area)


def _best_of_each_side(
    hips: Sequence[HipDetection], lowest_score: float, most_iou: float
) -> tuple[HipDetection, ...]:
    """Take the first of each side that does not lie on one taken before."""
    taken: list[HipDetection] = []
    for hip in hips:
        is_new = all(
            hip.laterality != other.laterality and hip.box.iou(other.box) <= most_iou
            for other in taken
        )
        if is_new and hip.score >= lowest_score:
            taken.append(hip)
    return tuple(taken)


def _clustered(
    on_film: list[tuple[int, HipDetection]], looks: Sequence[Look]
) -> list[HipDetection]:
    """Fuse the boxes of all looks, best first."""
    clusters: list[_Cluster] = []
    for number, found in sorted(on_film, key=lambda item: -item[1].score):
        _join(clusters, number, found)
    return sorted((_fused(cluster, looks) for cluster in clusters), key=lambda hip: -hip.score)


def _join(clusters: list[_Cluster], number: int, found: HipDetection) -> None:
    for cluster in clusters:
        if cluster.laterality == found.laterality and cluster.box.iou(found.box) >= _SAME_IOU:
            cluster.members.setdefault(number, found)
            return
    clusters.append(_Cluster(found.laterality, {number: found}))


def _fused(cluster: _Cluster, looks: Sequence[Look]) -> HipDetection:
    box = cluster.box
    holding = sum(look.holds(box) for look in looks)
    total = sum(item.score for item in cluster.members.values())
    return HipDetection(cluster.laterality, box, total / max(holding, len(cluster.members)))
