"""How projections are varied: placed a little elsewhere, a little denser, mirrored."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from osteon.core.settings import Settings
from osteon.pixels.warp import Warp, warp

__all__ = ["MIRRORED_VIEWS", "ProjectionAugmentation", "draw_projection"]

#: Views whose mirror image is a patient who could be: left and right swap, and no target of a
#: survival network has a side. A lateral view's mirror image looks at the patient from the back.
MIRRORED_VIEWS = ("frontal", "axial")


class ProjectionAugmentation(Settings):
    """How strongly; all are small, for every projection is made in the patient's own axes.

    Parameters
    ----------
    shift
        Largest move, as a share of the sides.
    rotation_degrees
        Largest turn, either way.
    scale
        Largest change of size, as a share.
    intensity
        Largest change of the line integrals, as a share. Keep it below what bone density changes:
        density is what the network is to read, calibration of the scanner what it is to overlook.
    noise
        Standard deviation of added noise, as a share of the picture's largest value.
    mirror
        Mirror half of the pictures of :data:`MIRRORED_VIEWS`.
    """

    shift: float = Field(0.04, ge=0, le=0.5)
    rotation_degrees: float = Field(4.0, ge=0, le=45)
    scale: float = Field(0.04, ge=0, le=0.5)
    intensity: float = Field(0.02, ge=0, le=0.5)
    noise: float = Field(0.0, ge=0, le=0.5)
    mirror: bool = True


def draw_projection(
    picture: NDArray[np.float32],
    view: str,
    settings: ProjectionAugmentation,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Vary one projection.

    Parameters
    ----------
    picture
        float32 (rows, columns), line integrals.
    view
        One of :data:`osteon.core.schemas.PROJECTED_VIEWS`.
    settings
        How strongly.
    rng
        Draws.

    Returns
    -------
    numpy.ndarray
        float32 of the same shape, at least 0.
    """
    across, down, turn, size, gain = rng.uniform(-1, 1, 5).tolist()
    is_mirrored = bool(rng.random() < 0.5) and settings.mirror and view in MIRRORED_VIEWS
    step = Warp(
        shift_x=across * settings.shift,
        shift_y=down * settings.shift,
        degrees=turn * settings.rotation_degrees,
        scale=1 + size * settings.scale,
        is_mirrored=is_mirrored,
    )
    varied = warp(picture, step) * np.float32(1 + gain * settings.intensity)
    if settings.noise > 0:
        deviation = np.float32(settings.noise * float(picture.max()))
        varied = varied + deviation * rng.standard_normal(picture.shape, np.float32)
    return np.maximum(varied, 0, dtype=np.float32)
