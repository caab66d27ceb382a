"""Films of invented people with one build, and what may become of a film when it is copied."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

SHAPE = (200, 160)


def people(count, seed=0):
    """Films that share their coarse structure and differ in details."""
    shared = np.random.default_rng(99)
    coarse = ndimage.gaussian_filter(shared.normal(size=SHAPE), 22)
    films = []
    for number in range(count):
        own = np.random.default_rng((seed, number))
        detail = sum(
            ndimage.gaussian_filter(own.normal(size=SHAPE), sigma) * sigma for sigma in (3, 5, 8)
        )
        film = coarse / coarse.std() + 0.7 * detail / detail.std()
        films.append(_unit(film + 0.05 * own.normal(size=SHAPE)))
    return films


def _unit(film):
    low, high = np.quantile(film, [0.001, 0.999])
    return np.clip((film - low) / (high - low), 0, 1).astype(np.float32)


def cropped(film, generator):
    rows, columns = film.shape
    top, bottom, left, right = (
        int(s) for s in generator.uniform(0, 0.09, 4) * [rows, rows, columns, columns]
    )
    return np.ascontiguousarray(film[top : rows - bottom, left : columns - right])


def turned(film, generator):
    quarter = np.rot90(film, int(generator.integers(0, 4)))
    return ndimage.rotate(quarter, generator.uniform(-6, 6), order=1, reshape=False).astype(
        np.float32
    )


def windowed(film, generator):
    grey = np.clip((film - 0.1) / 0.85, 0, 1) ** generator.uniform(0.7, 1.4)
    return (1 - grey if generator.random() < 0.5 else grey).astype(np.float32)


def mirrored(film, generator):
    return np.ascontiguousarray(film[:, ::-1])


def jpeg(film, generator):
    stream = io.BytesIO()
    Image.fromarray((film * 255).astype(np.uint8)).save(
        stream, "JPEG", quality=int(generator.integers(30, 90))
    )
    return np.asarray(Image.open(stream), np.float32) / 255


CHANGES = {
    "cropped": cropped, "turned": turned, "windowed": windowed, "mirrored": mirrored, "jpeg": jpeg,
}  # fmt: skip
