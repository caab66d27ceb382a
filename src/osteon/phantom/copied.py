"""What becomes of a film when it is copied, and films of other people with the same build.

For measuring how well copies are found: a copy shows the same exposure, however it was cut, turned,
mirrored, windowed or coded; a sibling has the same outline and view and is somebody else.
"""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

__all__ = ["COPIES", "several_changes", "sibling"]

Film = NDArray[np.float32]
_MOST_CROPPED, _MOST_TURNED_DEGREES = 0.1, 8.0
_DEFORMATION, _NODES, _NOISE = 0.025, 7, 0.01


def _cropped(film: Film, rng: np.random.Generator) -> Film:
    """Cut up to a tenth off each side."""
    rows, columns = film.shape
    top, bottom, left, right = rng.uniform(0, _MOST_CROPPED, 4)
    kept = film[int(top * rows) : rows - int(bottom * rows)]
    return np.ascontiguousarray(kept[:, int(left * columns) : columns - int(right * columns)])


def _turned(film: Film, rng: np.random.Generator) -> Film:
    """Turn by quarters and up to eight degrees; corners are left black."""
    quarters = np.rot90(film, int(rng.integers(0, 4)))
    angle = rng.uniform(-_MOST_TURNED_DEGREES, _MOST_TURNED_DEGREES)
    turned: Film = ndimage.rotate(quarters, angle, order=1, reshape=False, mode="constant")
    return np.clip(turned, 0, 1)


def _windowed(film: Film, rng: np.random.Generator) -> Film:
    """Choose another window and gamma; one in five is inverted."""
    low, high = rng.uniform(0, 0.15), rng.uniform(0.8, 1.1)
    grey = np.clip((film - low) / (high - low), 0, 1) ** rng.uniform(0.6, 1.6)
    return np.asarray(1 - grey if rng.random() < 0.2 else grey, np.float32)


def _coded(film: Film, rng: np.random.Generator) -> Film:
    """Reduce to half or more of the size, and code as JPEG of quality 25 to 90."""
    rows, columns = film.shape
    factor = rng.uniform(0.5, 1.0)
    picture = Image.fromarray(np.rint(np.clip(film, 0, 1) * 255).astype(np.uint8))
    picture = picture.resize((max(int(columns * factor), 1), max(int(rows * factor), 1)))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=int(rng.integers(25, 91)))
    return np.asarray(Image.open(stream), np.float32) / np.float32(255)


def _mirrored(film: Film, rng: np.random.Generator) -> Film:
    """Mirror left and right."""
    return np.ascontiguousarray(film[:, ::-1])


COPIES: Mapping[str, Callable[[Film, np.random.Generator], Film]] = MappingProxyType(
    {
        "cropped": _cropped,
        "turned": _turned,
        "windowed": _windowed,
        "coded": _coded,
        "mirrored": _mirrored,
    }
)


def several_changes(film: Film, rng: np.random.Generator) -> Film:
    """Apply each of :data:`COPIES` with probability 0.6, in their order."""
    for change in COPIES.values():
        if rng.random() < 0.6:
            film = change(film, rng)
    return film


def sibling(film: Film, rng: np.random.Generator) -> Film:
    """Make a film of somebody else: bones moved by 2.5 % of the side, other window, other noise.

    Parameters
    ----------
    film
        float32 (rows, columns) in [0, 1].
    rng
        Draws a smooth field of displacements (7 x 7 nodes), the window and the noise.
    """
    rows, columns = film.shape
    moved = []
    for grid in np.mgrid[:rows, :columns]:
        nodes = rng.normal(0, 1, (_NODES, _NODES))
        field = ndimage.zoom(nodes, (rows / _NODES, columns / _NODES), order=3)[:rows, :columns]
        moved.append(grid + field / field.std() * _DEFORMATION * max(rows, columns))
    bent = ndimage.map_coordinates(film, moved, order=1, mode="nearest")
    noisy = np.clip(bent + rng.normal(0, _NOISE, bent.shape), 0, 1).astype(np.float32)
    return _windowed(noisy, rng)
