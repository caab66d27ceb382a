"""What of a film is recognised again in a copy: the hashes of its landmarks, and a small picture.

A copy may be cropped, turned, mirrored, windowed anew, inverted or coded as JPEG, and two films of
one view look alike though they are of different people. So a film is not hashed as a whole. Its
landmarks are the strongest blobs of a scale space (Lindeberg 1998, Int J Comput Vis 30:79), each
with the direction of its gradients (Lowe 2004, Int J Comput Vis 60:91). Around each a patch is
sampled in that direction, bright blobs and dark ones alike made bright, and the signs of 64 of its
cosine coefficients are its hash. Mirroring a patch turns the signs of the odd coefficients only,
so the hash of the mirror image is the hash with :data:`MIRROR` exchanged. The small picture
decides: it is laid on the other film by the landmarks they share (:mod:`osteon.pixels.copies`).

Everything is measured after local normalisation (mean 0, standard deviation 1 around each pixel),
which takes away window, gamma and slow shading. Letters burned in are counted, too
(:mod:`osteon.pixels.overprint`).
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from osteon.core.manifest import fingerprint as digest
from osteon.pixels.overprint import find_overprint
from osteon.pixels.resample import fit_within, resample_region

__all__ = [
    "FINGERPRINT_HASH", "LANDMARKS", "MIRROR", "RECORD", "SIDE_PX", "THUMB_SIDE_PX",
    "film_fingerprint",
]  # fmt: skip

FINGERPRINT_VERSION: Final = 2  # goes up with every change that moves a bit
SIDE_PX: Final = 192  # films are measured with this many pixels along their longer side
THUMB_SIDE_PX: Final = 96
LANDMARKS: Final = 40
RECORD: Final = np.dtype(
    [
        ("hashes", "<u8", (LANDMARKS,)),
        ("places", "<f4", (LANDMARKS, 4)),  # x, y, sigma in pixels at SIDE_PX; angle in radians
        ("count", "<i4"),
        ("letters", "<i4"),  # burned in, and how many of them stand in words
        ("in_words", "<i4"),
        ("shape", "<i4", (2,)),  # of the thumbnail
        ("thumb", "u1", (THUMB_SIDE_PX, THUMB_SIDE_PX)),
    ]
)
_SURROUNDINGS_PX, _FLOOR = 12.0, 0.02  # local normalisation; below the floor there is no structure
_STEPS_PER_OCTAVE = 3
_SIGMAS_PX = tuple(1.8 * 2 ** (step / _STEPS_PER_OCTAVE) for step in range(11))
_WEAKEST, _FEWEST_PX = 0.05, 16
_PATCH, _REACH = 16, 6.0  # samples along a patch's side; its half side in sigmas
_BINS, _SECOND_PEAK = 36, 0.85
_COEFFICIENTS = tuple(
    sorted(
        ((u, v) for u in range(12) for v in range(12) if u + v > 0),
        key=lambda pair: (pair[0] + pair[1], pair[0]),
    )[:64]
)
_U, _V = (np.array(index) for index in zip(*_COEFFICIENTS, strict=True))
_POWERS = np.uint64(1) << np.arange(64, dtype=np.uint64)
MIRROR: Final = int(_POWERS[_V % 2 == 1].sum())
FINGERPRINT_HASH: Final = digest(
    [FINGERPRINT_VERSION, SIDE_PX, THUMB_SIDE_PX, LANDMARKS, _SIGMAS_PX, _PATCH, _REACH]
)
Floats = NDArray[np.float32]


def film_fingerprint(grey: NDArray[np.float32]) -> NDArray[np.void]:
    """Find a film's landmarks and hash them.

    Parameters
    ----------
    grey
        float32 (rows, columns), in [0, 1]; brought to :data:`SIDE_PX` first, so that a copy that
        was reduced is measured alike.

    Returns
    -------
    NDArray
        One record of :data:`RECORD`, shape (). Landmarks beyond ``count`` are zeros; the
        thumbnail holds the locally normalised film, 128 for the mean and 32 for one standard
        deviation, in its upper left corner of ``shape``. Films below 16 pixels have no landmarks.
    """
    level = _normalised(_at_side(np.asarray(grey, np.float32)))
    record = np.zeros((), RECORD)
    if min(grey.shape) >= _FEWEST_PX:
        hashes, places = _landmarks(level)
        record["count"] = len(hashes)
        record["hashes"][: len(hashes)] = hashes
        record["places"][: len(hashes)] = places
    thumb, _ = fit_within(level, THUMB_SIDE_PX)
    overprint = find_overprint(grey)
    record["letters"], record["in_words"] = overprint.letters, overprint.in_words
    record["shape"] = thumb.shape
    record["thumb"][: thumb.shape[0], : thumb.shape[1]] = np.clip(
        np.rint(thumb * 32 + 128), 0, 255
    ).astype(np.uint8)
    return record


def _at_side(grey: Floats) -> Floats:
    """Reduce or enlarge a film until its longer side has :data:`SIDE_PX` pixels."""
    rows, columns = grey.shape
    factor = SIDE_PX / max(rows, columns)
    if factor <= 1:
        return fit_within(grey, SIDE_PX)[0]
    shape = max(round(rows * factor), 1), max(round(columns * factor), 1)
    return resample_region(grey, (0.0, 0.0, columns, rows), shape, padding="edge")


def _normalised(grey: Floats) -> Floats:
    """Take the local mean away and divide by the local standard deviation."""
    mean = ndimage.gaussian_filter(grey, _SURROUNDINGS_PX, mode="nearest", truncate=3)
    apart = grey - mean
    spread = np.sqrt(
        ndimage.gaussian_filter(apart**2, _SURROUNDINGS_PX, mode="nearest", truncate=3)
    )
    level: Floats = (apart / (spread + _FLOOR)).astype(np.float32)
    return level


def _landmarks(level: Floats) -> tuple[NDArray[np.uint64], Floats]:
    """Hashes and places (x, y, sigma, angle) of the strongest blobs."""
    smooth = [ndimage.gaussian_filter(level, sigma, mode="nearest") for sigma in _SIGMAS_PX]
    blobs = np.stack([after - before for before, after in pairwise(smooth)])
    strength = np.abs(blobs)
    is_peak = strength == ndimage.maximum_filter(strength, size=(3, 5, 5), mode="nearest")
    is_peak[[0, -1]] = False
    is_peak &= strength > _WEAKEST
    scale, row, column = np.nonzero(is_peak)
    order = np.argsort(-strength[scale, row, column], kind="stable")
    hashes: list[int] = []
    places: list[tuple[float, float, float, float]] = []
    for place in order:
        if len(hashes) >= LANDMARKS:
            break
        where = int(scale[place]), int(row[place]), int(column[place])
        polarity = float(np.sign(blobs[where]))
        x, y, sigma = _centre(strength, *where)
        for angle in _angles(smooth[where[0]] * -polarity, x, y, sigma)[: LANDMARKS - len(hashes)]:
            hashes.append(_hash(smooth[where[0] - 1] * -polarity, x, y, sigma, angle))
            places.append((x, y, sigma, angle))
    return np.array(hashes, np.uint64), np.array(places, np.float32).reshape(-1, 4)


def _centre(strength: Floats, scale: int, row: int, column: int) -> tuple[float, float, float]:
    """Place and sigma of a peak between the samples, by a parabola along each axis."""
    shifts = []
    for axis, at in enumerate((scale, row, column)):
        line = strength[
            tuple(slice(None) if i == axis else j for i, j in enumerate((scale, row, column)))
        ]
        low, peak, high = (
            float(line[min(max(at + step, 0), len(line) - 1)]) for step in (-1, 0, 1)
        )
        bend = low - 2 * peak + high
        is_inside = 0 < at < len(line) - 1 and bend < 0
        shifts.append(float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if is_inside else 0.0)
    sigma = _SIGMAS_PX[scale] * 2 ** (shifts[0] / _STEPS_PER_OCTAVE)
    return column + shifts[2], row + shifts[1], sigma


def _window(level: Floats, x: float, y: float, radius: float) -> tuple[slice, slice]:
    rows, columns = level.shape
    return (
        slice(max(int(y - radius), 0), min(int(y + radius) + 2, rows)),
        slice(max(int(x - radius), 0), min(int(x + radius) + 2, columns)),
    )


def _angles(level: Floats, x: float, y: float, sigma: float) -> list[float]:
    """Directions of a blob's gradients: the strongest, and the next where it is nearly so."""
    window = _window(level, x, y, 4.5 * sigma)
    part = level[window]
    if min(part.shape) < 3:
        return []
    down, right = np.gradient(part)
    rows, columns = np.mgrid[window]
    near = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (2.0 * sigma) ** 2))
    direction = np.arctan2(down, right)
    bins = ((direction + np.pi) / (2 * np.pi) * _BINS).astype(np.int64) % _BINS
    weights = np.hypot(down, right) * near
    histogram = np.bincount(bins.ravel(), weights=weights.ravel(), minlength=_BINS)
    histogram = ndimage.gaussian_filter1d(histogram, 1.5, mode="wrap")
    left, ahead = np.roll(histogram, 1), np.roll(histogram, -1)
    peaks = np.flatnonzero((histogram >= left) & (histogram > ahead))
    peaks = peaks[histogram[peaks] >= _SECOND_PEAK * histogram.max(initial=0)]
    peaks = peaks[np.argsort(-histogram[peaks], kind="stable")][:2]
    bend = left[peaks] - 2 * histogram[peaks] + ahead[peaks]
    shift = np.where(bend < 0, 0.5 * (left[peaks] - ahead[peaks]) / np.minimum(bend, -1e-12), 0)
    return [float(a) for a in (peaks + 0.5 + shift) / _BINS * 2 * np.pi - np.pi]


_STEPS = (np.arange(_PATCH) - (_PATCH - 1) / 2) / (_PATCH / 2) * _REACH


def _hash(level: Floats, x: float, y: float, sigma: float, angle: float) -> int:
    """Signs of the cosine coefficients of the patch, its first axis along the angle."""
    along, across = np.meshgrid(_STEPS * sigma, _STEPS * sigma, indexing="ij")
    cosine, sine = np.cos(angle), np.sin(angle)
    columns = x + along * cosine - across * sine
    rows = y + along * sine + across * cosine
    patch = ndimage.map_coordinates(level, [rows, columns], order=1, mode="nearest")
    coefficients = fft.dctn(patch, norm="ortho")[_U, _V]
    return int(_POWERS[coefficients > 0].sum())
