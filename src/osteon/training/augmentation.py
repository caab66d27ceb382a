"""What is varied, how strongly and how often; the draws, each recorded as steps.

The steps themselves are :mod:`osteon.pixels.augment`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from osteon.core.geometry import Box
from osteon.core.settings import Settings
from osteon.pixels.augment import (
    Blur,
    Collimation,
    Cutout,
    Gamma,
    Inversion,
    LocalContrast,
    Marker,
    MixtureMask,
    Noise,
    Rotation,
    Shading,
    Step,
    Wiggle,
    apply_all,
)
from osteon.pixels.resample import resample_region

__all__ = [
    "VARIATIONS",
    "CropAugmentation",
    "CropDraw",
    "FilmAugmentation",
    "FilmDraw",
    "draw_crop",
    "draw_film",
    "draw_variation",
    "film_square",
    "listed_crops",
]

#: The paper's six variations, in its order.
VARIATIONS = ("brighter", "darker", "local_contrast", "cutout", "mixture_mask", "wiggle")
_MOST_SEEDS = 2**31
_LEAST_VISIBLE = 0.6


class CropAugmentation(Settings):
    """How the classifier's crops are varied.

    Parameters
    ----------
    expansion
        ``every``: an epoch holds every hip at every box scale, plain and in each variation, as in
        the paper (2 x 7 = 14 pictures of a hip). ``random``: an epoch holds every hip once, at a
        scale between the smallest and the largest, each variation with ``probability``.
    box_scales
        Factors on the reference box; the paper has two sizes and does not give them.
    brighter, darker, local_contrast, cutout, mixture_mask, wiggle
        Switch each of the six variations.
    probability
        Of each variation, for ``random``.
    rotation_degrees
        Largest turn, either way.
    noise
        Largest standard deviation of added noise, in grey values.
    blur_px
        Largest sigma of a blur.
    """

    expansion: Literal["every", "random"] = "random"
    box_scales: tuple[float, ...] = Field((1.0, 1.2), min_length=1)
    brighter: bool = True
    darker: bool = True
    local_contrast: bool = True
    cutout: bool = True
    mixture_mask: bool = True
    wiggle: bool = True
    probability: float = Field(0.3, ge=0, le=1)
    rotation_degrees: float = Field(0.0, ge=0, le=45)
    noise: float = Field(0.0, ge=0, le=0.5)
    blur_px: float = Field(0.0, ge=0, le=10)

    @property
    def switched_on(self) -> tuple[str, ...]:
        """Names of the variations in use, in the paper's order."""
        return tuple(name for name in VARIATIONS if getattr(self, name))


class FilmAugmentation(Settings):
    """How the detector's films are varied.

    Parameters
    ----------
    crop
        Show a random square window, most with at least one hip in it.
    crop_share
        Share of the films that are cropped; the others are shown whole.
    window_scales
        Smallest and largest side of the window over the film's longer side.
    free_share
        Share of the windows that lie anywhere on the film, so that some hold no hip: what else
        there is has to be told from hips without one beside it.
    cut_share
        Largest share of a side of the hip's box that the window's edge may cut off; what is left
        is the box there, as on a film whose field ends in the hip.
    least_visible
        A hip counts as in the window when this share of its box is.
    mirror
        Mirror half of the films; left becomes right.
    contrast
        Random gamma and, now and then, local contrast or shading.
    inversion
        Swap black and white in a tenth of the films.
    noise
        Noise and blur.
    collimation
        Black or bright margins.
    markers
        Write letters.
    rotation_degrees
        Largest turn, either way.
    """

    crop: bool = True
    crop_share: float = Field(1.0, ge=0, le=1)
    window_scales: tuple[float, float] = (0.6, 1.2)
    free_share: float = Field(0.0, ge=0, le=1)
    cut_share: float = Field(0.0, ge=0, le=0.5)
    least_visible: float = Field(_LEAST_VISIBLE, gt=0, le=1)
    mirror: bool = False
    contrast: bool = False
    inversion: bool = False
    noise: bool = False
    collimation: bool = False
    markers: bool = False
    rotation_degrees: float = Field(0.0, ge=0, le=45)


@dataclass(frozen=True, slots=True)
class CropDraw:
    """One picture of a hip: factor on the box, then the steps."""

    box_scale: float
    steps: tuple[Step, ...]

    def box(self, reference: Box) -> Box:
        """Give the box to cut out."""
        box = reference.grown(self.box_scale)
        for step in self.steps:
            box = step.moved(box) if isinstance(step, Wiggle) else box
        return box


@dataclass(frozen=True, slots=True)
class FilmDraw:
    """One picture of a film: window in its pixels, mirroring, then the steps.

    ``least_visible`` is the share of a hip's box from which it counts as shown.
    """

    window: Box
    mirror: bool
    steps: tuple[Step, ...]
    least_visible: float = _LEAST_VISIBLE


def draw_variation(name: str, rng: np.random.Generator) -> Step:
    """Draw one of the paper's six variations.

    Raises
    ------
    KeyError
        If the name is not one of :data:`VARIATIONS`.
    """
    return _VARIATIONS[name](rng)


def _floats(rng: np.random.Generator, low: float, high: float, count: int) -> list[float]:
    return [float(value) for value in rng.uniform(low, high, count)]


_VARIATIONS: dict[str, Callable[[np.random.Generator], Step]] = {
    "brighter": lambda rng: Gamma(float(rng.uniform(0.6, 0.85))),
    "darker": lambda rng: Gamma(float(rng.uniform(1.2, 1.6))),
    "local_contrast": lambda rng: LocalContrast(float(rng.uniform(0.005, 0.02))),
    "cutout": lambda rng: Cutout(*_floats(rng, -0.1, 0.85, 2), *_floats(rng, 0.15, 0.3, 2)),
    "mixture_mask": lambda rng: MixtureMask(int(rng.integers(3, 5)), 1),
    "wiggle": lambda rng: Wiggle(*_floats(rng, -0.06, 0.06, 2), *_floats(rng, 0.92, 1.1, 2)),
}  # fmt: skip


def listed_crops(settings: CropAugmentation) -> tuple[tuple[float, str | None], ...]:
    """Give the (box scale, variation) of every picture of a hip for ``expansion="every"``."""
    variations = (None, *settings.switched_on)
    return tuple((scale, name) for scale in settings.box_scales for name in variations)


def draw_crop(settings: CropAugmentation, number: int, rng: np.random.Generator) -> CropDraw:
    """Draw a picture of a hip.

    ``number`` is its place in :func:`listed_crops`; it means nothing for ``expansion="random"``.
    """
    if settings.expansion == "every":
        scale, name = listed_crops(settings)[number]
        variations = [] if name is None else [draw_variation(name, rng)]
    else:
        scale = float(rng.uniform(min(settings.box_scales), max(settings.box_scales)))
        names = [n for n in settings.switched_on if rng.random() < settings.probability]
        if "brighter" in names and "darker" in names:
            names.remove("brighter" if rng.random() < 0.5 else "darker")
        variations = [draw_variation(name, rng) for name in names]
    return CropDraw(scale, (*variations, *_acquisition(settings, rng)))


def _acquisition(settings: CropAugmentation, rng: np.random.Generator) -> list[Step]:
    steps: list[Step] = []
    if settings.rotation_degrees > 0:
        limit = settings.rotation_degrees
        steps.append(Rotation(float(rng.uniform(-limit, limit))))
    if settings.blur_px > 0:
        steps.append(Blur(float(rng.uniform(0, settings.blur_px))))
    if settings.noise > 0:
        deviation = float(rng.uniform(0, settings.noise))
        steps.append(Noise(deviation, int(rng.integers(_MOST_SEEDS))))
    return steps


def draw_film(
    settings: FilmAugmentation,
    shape: tuple[int, int],
    boxes: tuple[Box, ...],
    rng: np.random.Generator,
) -> FilmDraw:
    """Draw a picture of a film of (rows, columns) with these hips."""
    window = _whole(shape)
    if settings.crop and rng.random() < settings.crop_share:
        window = _draw_window(settings, shape, boxes, rng)
    mirror = settings.mirror and bool(rng.random() < 0.5)
    return FilmDraw(window, mirror, tuple(_film_steps(settings, rng)), settings.least_visible)


def _whole(shape: tuple[int, int]) -> Box:
    rows, columns = shape
    return Box.from_center(columns / 2, rows / 2, max(shape), max(shape))


def _draw_window(
    settings: FilmAugmentation,
    shape: tuple[int, int],
    boxes: tuple[Box, ...],
    rng: np.random.Generator,
) -> Box:
    side = float(rng.uniform(*settings.window_scales)) * max(shape)
    if not boxes or (settings.free_share > 0 and rng.random() < settings.free_share):
        x, y = (float(rng.uniform(0.3, 0.7)) * length for length in shape[::-1])
        return Box.from_center(x, y, side, side)
    hip = boxes[int(rng.integers(len(boxes)))]
    side = max(side, 1.05 * max(hip.width, hip.height))
    x_min, y_min = (
        low - float(rng.uniform(-settings.cut_share * size, side - (1 - settings.cut_share) * size))
        for low, size in ((hip.x_min, hip.width), (hip.y_min, hip.height))
    )
    return Box(x_min, y_min, x_min + side, y_min + side)


def _film_steps(settings: FilmAugmentation, rng: np.random.Generator) -> list[Step]:
    steps: list[Step] = []
    if settings.rotation_degrees > 0:
        limit = settings.rotation_degrees
        steps.append(Rotation(float(rng.uniform(-limit, limit))))
    if settings.contrast:
        steps.append(Gamma(float(np.exp(rng.uniform(-0.7, 0.7)))))
        if rng.random() < 0.15:
            steps.append(LocalContrast(float(rng.uniform(0.005, 0.03))))
        if rng.random() < 0.3:
            steps.append(Shading(*_floats(rng, -0.6, 0.6, 2)))
    if settings.markers and rng.random() < 0.5:
        x, y = _floats(rng, 0.02, 0.9, 2)
        steps.append(Marker("LRXP"[int(rng.integers(4))], x, y, float(rng.uniform(0.03, 0.1))))
    if settings.inversion and rng.random() < 0.1:
        steps.append(Inversion())
    if settings.collimation and rng.random() < 0.3:
        fill = float(rng.uniform(0.6, 1.0)) if rng.random() < 0.4 else 0.0
        top, bottom, left, right = _floats(rng, -0.1, 0.15, 4)
        steps.append(Collimation(top, bottom, left, right, fill))
    if settings.noise:
        if rng.random() < 0.3:
            steps.append(Blur(float(rng.uniform(0.3, 1.5))))
        steps.append(Noise(float(rng.uniform(0, 0.06)), int(rng.integers(_MOST_SEEDS))))
    return steps


def film_square(
    grey: NDArray[np.float32], boxes: tuple[Box | None, Box | None], draw: FilmDraw, size_px: int
) -> tuple[NDArray[np.float32], tuple[Box | None, Box | None]]:
    """Make the detector's square from a film.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1].
    boxes
        The left and the right hip in pixels of ``grey``; ``None`` where there is none.
    draw
        Window, mirroring and steps.
    size_px
        Side of the square.

    Returns
    -------
    tuple
        The square, float32 (size, size), and the boxes in its pixels, clipped to it; ``None``
        where too little of a hip is left.
    """
    square = resample_region(grey, draw.window.as_tuple(), (size_px, size_px))
    placed = [None if box is None else _in_window(box, draw.window, size_px) for box in boxes]
    if draw.mirror:
        square = np.ascontiguousarray(square[:, ::-1])
        placed = [None if box is None else box.mirrored(size_px) for box in placed[::-1]]
    for step in draw.steps:
        if isinstance(step, Rotation):
            placed = [None if b is None else step.moved(b, size_px, size_px) for b in placed]
    left, right = (_visible(box, size_px, draw.least_visible) for box in placed)
    return apply_all(square, draw.steps), (left, right)


def _in_window(box: Box, window: Box, size_px: int) -> Box:
    return box.shifted(-window.x_min, -window.y_min).scaled(size_px / window.width)


def _visible(box: Box | None, size_px: int, least: float) -> Box | None:
    if box is None:
        return None
    clipped = box.clipped(size_px, size_px)
    if clipped is None or clipped.area < least * box.area:
        return None
    return clipped
