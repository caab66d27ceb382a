"""Vary training pictures: every variation is a value that was drawn, then applied.

A draw takes a generator and gives a frozen step; :func:`apply` is a function of picture and step
alone. So a picture's history can be kept, shown and replayed. Nothing here knows torch.

The six variations of Krogue et al. 2020 (doi 10.1148/ryai.2020190023) are three changes of contrast
(:class:`Gamma` below and above 1, :class:`LocalContrast`), :class:`Cutout`,
:class:`MixtureMask` and :class:`Wiggle`. The paper names them without their parameters; those here
are settings with our defaults. The rest (:class:`Inversion`, :class:`Noise`, :class:`Blur`,
:class:`Rotation`, :class:`Shading`, :class:`Collimation`, :class:`Marker`) prepares networks for
films of other makers. What is drawn when is :mod:`osteon.training.augmentation`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter
from skimage.exposure import equalize_adapthist

from osteon.core.geometry import Box

__all__ = [
    "Blur",
    "Collimation",
    "Cutout",
    "Gamma",
    "Inversion",
    "LocalContrast",
    "Marker",
    "MixtureMask",
    "Noise",
    "Rotation",
    "Shading",
    "Step",
    "Wiggle",
    "apply",
    "apply_all",
    "fit_mixture",
    "record",
]

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Gamma:
    """Grey to the power of ``exponent``: below 1 brightens, above 1 darkens."""

    exponent: float


@dataclass(frozen=True, slots=True)
class LocalContrast:
    """Contrast-limited adaptive histogram equalisation; ``clip_limit`` in (0, 1]."""

    clip_limit: float


@dataclass(frozen=True, slots=True)
class Cutout:
    """Set a rectangle to black (DeVries and Taylor 2017); sides as shares of the picture's."""

    top: float
    left: float
    height: float
    width: float


@dataclass(frozen=True, slots=True)
class MixtureMask:
    """Fit ``components`` Gaussians to the grey values and blacken the darkest ``dropped``."""

    components: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Wiggle:
    """Move and scale a box: shifts as shares of its sides, scales as factors of them.

    It changes which pixels are cut out, not the pixels; :func:`apply` leaves pictures alone.
    """

    shift_x: float
    shift_y: float
    scale_x: float
    scale_y: float

    def moved(self, box: Box) -> Box:
        """Give the box moved."""
        x, y = box.center
        return Box.from_center(
            x + self.shift_x * box.width,
            y + self.shift_y * box.height,
            box.width * self.scale_x,
            box.height * self.scale_y,
        )


@dataclass(frozen=True, slots=True)
class Inversion:
    """Swap black and white, as a film read without its photometric interpretation looks."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Add white Gaussian noise of this standard deviation in grey values; ``seed`` decides it."""

    deviation: float
    seed: int


@dataclass(frozen=True, slots=True)
class Blur:
    """Gaussian blur, ``sigma_px`` in pixels of the picture."""

    sigma_px: float


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turn counter-clockwise about the middle by ``degrees``; what comes in is black."""

    degrees: float

    def moved(self, box: Box, width_px: float, height_px: float) -> Box:
        """Give a box's place after the turn: the box of the turned inscribed ellipse.

        The box of the turned corners would be too large for anatomy, which leaves them empty.
        """
        angle = np.deg2rad(self.degrees)
        cosine, sine = float(np.cos(angle)), float(np.sin(angle))
        x, y = box.center
        dx, dy = x - width_px / 2, y - height_px / 2
        return Box.from_center(
            width_px / 2 + cosine * dx + sine * dy,
            height_px / 2 - sine * dx + cosine * dy,
            float(np.hypot(box.width * cosine, box.height * sine)),
            float(np.hypot(box.height * cosine, box.width * sine)),
        )


@dataclass(frozen=True, slots=True)
class Shading:
    """Multiply by a plane that is 1 in the middle and changes by these shares across the sides."""

    across: float
    down: float


@dataclass(frozen=True, slots=True)
class Collimation:
    """Fill outside a rectangle; margins as shares of the picture's sides.

    ``fill`` is the grey value: 0 for shutters, near 1 for unexposed plates read without them.
    """

    top: float
    bottom: float
    left: float
    right: float
    fill: float = 0.0


@dataclass(frozen=True, slots=True)
class Marker:
    """Write a bright letter, as side markers are; place and size as shares of the sides."""

    text: str
    x: float
    y: float
    size: float


Step = (
    Gamma
    | LocalContrast
    | Cutout
    | MixtureMask
    | Wiggle
    | Inversion
    | Noise
    | Blur
    | Rotation
    | Shading
    | Collimation
    | Marker
)


def record(step: Step) -> dict[str, Any]:
    """Give a step as plain JSON types, its kind first."""
    return {"kind": type(step).__name__, **asdict(step)}


def apply(grey: Grey, step: Step) -> Grey:
    """Apply one step to a picture, float32 (rows, columns) in [0, 1]; the result is too."""
    changed = _APPLY[type(step)](grey, step)
    return np.clip(changed, 0.0, 1.0).astype(np.float32, copy=False)


def apply_all(grey: Grey, steps: Sequence[Step]) -> Grey:
    """Apply steps in order."""
    for step in steps:
        grey = apply(grey, step)
    return grey


def _gamma(grey: Grey, step: Gamma) -> Grey:
    return np.asarray(grey**step.exponent)


def _local_contrast(grey: Grey, step: LocalContrast) -> Grey:
    if float(np.ptp(grey)) == 0.0:
        return grey  # a flat picture has no contrast to change
    return np.asarray(equalize_adapthist(grey, clip_limit=step.clip_limit), np.float32)


def _cutout(grey: Grey, step: Cutout) -> Grey:
    rows, columns = grey.shape
    changed = grey.copy()
    top, left = round(step.top * rows), round(step.left * columns)
    bottom, right = (
        round((step.top + step.height) * rows),
        round((step.left + step.width) * columns),
    )
    changed[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0.0
    return changed


def _mixture_mask(grey: Grey, step: MixtureMask) -> Grey:
    means, deviations, shares = fit_mixture(grey, step.components)
    density = (
        shares
        / deviations
        * np.exp(-0.5 * ((grey[..., None] - means) / deviations) ** 2).astype(np.float32)
    )
    darkest = np.argsort(means, kind="stable")[: step.dropped]
    return np.where(np.isin(density.argmax(axis=-1), darkest), np.float32(0), grey)


def fit_mixture(
    grey: Grey, components: int, iterations: int = 30
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Fit Gaussians to the histogram of grey values by expectation and maximisation.

    Parameters
    ----------
    grey
        Values in [0, 1].
    components
        Number of Gaussians, started at evenly spaced quantiles: the result is deterministic.
    iterations
        Rounds.

    Returns
    -------
    tuple
        Means, standard deviations (at least 1/128) and shares, each of shape (components,).
    """
    counts, edges = np.histogram(grey, bins=128, range=(0.0, 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    weights = counts / counts.sum()
    positions = (np.arange(components) + 0.5) / components
    means = np.interp(positions, np.cumsum(weights), centres)
    deviations = np.full(components, max(float(np.std(grey)) / components, 1 / 128))
    shares = np.full(components, 1 / components)
    for _ in range(iterations):
        exponents = -0.5 * ((centres[:, None] - means) / deviations) ** 2
        log_density = np.log(shares + 1e-12) - np.log(deviations) + exponents
        density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
        belonging = density / density.sum(axis=1, keepdims=True) * weights[:, None]
        shares = belonging.sum(axis=0)
        safe = np.maximum(shares, 1e-9)
        means = (belonging * centres[:, None]).sum(axis=0) / safe
        spread = (belonging * (centres[:, None] - means) ** 2).sum(axis=0) / safe
        deviations = np.sqrt(np.maximum(spread, (1 / 128) ** 2))
    return means, deviations, shares


def _inversion(grey: Grey, step: Inversion) -> Grey:
    return np.asarray(1.0 - grey)


def _noise(grey: Grey, step: Noise) -> Grey:
    noise = np.random.default_rng(step.seed).standard_normal(grey.shape, np.float32)
    return np.asarray(grey + np.float32(step.deviation) * noise)


def _blur(grey: Grey, step: Blur) -> Grey:
    return np.asarray(gaussian_filter(grey, step.sigma_px))


def _rotation(grey: Grey, step: Rotation) -> Grey:
    turned = Image.fromarray(grey).rotate(step.degrees, resample=Image.Resampling.BILINEAR)
    return np.asarray(turned, np.float32)


def _shading(grey: Grey, step: Shading) -> Grey:
    down, across = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in grey.shape)
    return np.asarray(grey * (1 + step.across * across[None, :] + step.down * down[:, None]))


def _collimation(grey: Grey, step: Collimation) -> Grey:
    rows, columns = grey.shape
    top, bottom = (max(round(share * rows), 0) for share in (step.top, step.bottom))
    left, right = (max(round(share * columns), 0) for share in (step.left, step.right))
    inside = np.s_[top : rows - bottom, left : columns - right]
    changed = np.full_like(grey, step.fill)
    changed[inside] = grey[inside]
    return changed


def _marker(grey: Grey, step: Marker) -> Grey:
    rows, columns = grey.shape
    picture = Image.new("L", (columns, rows))
    font = ImageFont.load_default(size=max(step.size * min(rows, columns), 4.0))
    place = (step.x * columns, step.y * rows)
    ImageDraw.Draw(picture).text(place, step.text, fill=255, font=font)
    letter = np.asarray(picture, np.float32) / np.float32(255)
    return np.asarray(np.maximum(grey, letter * np.float32(0.95)))


def _unchanged(grey: Grey, step: Wiggle) -> Grey:
    return grey


_APPLY: dict[type[Any], Callable[..., Grey]] = {
    Gamma: _gamma,
    LocalContrast: _local_contrast,
    Cutout: _cutout,
    MixtureMask: _mixture_mask,
    Wiggle: _unchanged,
    Inversion: _inversion,
    Noise: _noise,
    Blur: _blur,
    Rotation: _rotation,
    Shading: _shading,
    Collimation: _collimation,
    Marker: _marker,
}
