"""Films that are not of a hip: a detector on which crude anatomy is added up, and its exposure.

What comes with a film whatever is on it (collimated borders, side letters, metal, scatter, noise,
a vendor's look) comes with these films too. Otherwise a gate learns that instead of anatomy: one
taught without borders here took the shin of a real, collimated film for a hip.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from osteon.core.geometry import Laterality
from osteon.drr.detector import Detector
from osteon.phantom.collimator import open_share
from osteon.phantom.marker import draw_marker
from osteon.phantom.processing import VENDORS, develop, smooth_mm

__all__ = ["SIDE_PX", "Grey", "OtherScene", "Point"]

Grey = NDArray[np.float32]
Point = tuple[float, float]
SIDE_PX = 192
_TISSUE_PER_MM, _BONE_PER_MM, _METAL_PER_MM = 0.022, 0.06, 0.35
_LEAD_CM2_PER_G = 3.0
_MARKED_SHARE, _MOST_CLOSED = 0.6, 0.3


class OtherScene:
    """A detector on which attenuation is added up; x and y in mm from the middle."""

    def __init__(self, rng: np.random.Generator, width_mm: float) -> None:
        self.rng = rng
        self.mm_per_px = width_mm / SIDE_PX
        steps = (np.arange(SIDE_PX) + 0.5 - SIDE_PX / 2) * self.mm_per_px
        self.x, self.y = np.meshgrid(steps, steps)
        self.attenuation = np.zeros((SIDE_PX, SIDE_PX))

    def add(self, start: Point, end: Point, radii: tuple[float, float], per_mm: float) -> None:
        """Add a tapered cylinder with round ends: path length in mm times attenuation per mm."""
        reach = max(radii)
        place = self._window(start, end, reach)
        x, y = self.x[place], self.y[place]
        along = (end[0] - start[0], end[1] - start[1])
        length = max(math.hypot(*along), 1e-6)
        share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length**2
        share = np.clip(share, 0, 1)
        squared = (x - start[0] - share * along[0]) ** 2 + (y - start[1] - share * along[1]) ** 2
        radius = radii[0] + share * (radii[1] - radii[0])
        self.attenuation[place] += 2 * per_mm * np.sqrt(np.maximum(radius**2 - squared, 0))

    def _window(self, start: Point, end: Point, reach: float) -> tuple[slice, slice]:
        """Pixels within ``reach`` mm of a line's bounding rectangle."""
        limits = []
        for a, b in ((start[1], end[1]), (start[0], end[0])):
            low = (min(a, b) - reach) / self.mm_per_px + SIDE_PX / 2
            high = (max(a, b) + reach) / self.mm_per_px + SIDE_PX / 2
            first = min(max(math.floor(low), 0), SIDE_PX)
            limits.append(slice(first, min(max(math.ceil(high) + 1, first), SIDE_PX)))
        return limits[0], limits[1]

    def tissue(
        self, start: Point, end: Point, radii: tuple[float, float], share: float = 1.0
    ) -> None:
        """Add soft tissue; a negative ``share`` takes some away, as a lung does."""
        self.add(start, end, radii, share * _TISSUE_PER_MM)

    def bone(
        self, start: Point, end: Point, radii: tuple[float, float], cortex: float = 0.3
    ) -> None:
        """Add a bone of which the outer ``cortex`` (share of the radius) is compact."""
        inner = (radii[0] * (1 - cortex), radii[1] * (1 - cortex))
        self.add(start, end, radii, _BONE_PER_MM - _TISSUE_PER_MM)
        self.add(start, end, inner, -0.75 * (_BONE_PER_MM - _TISSUE_PER_MM))

    def jitter(self, value: float, share: float = 0.15) -> float:
        """Draw a number around a value."""
        return value * (1 + share * float(self.rng.uniform(-1, 1)))

    def developed(self) -> Grey:
        """Take the film: metal, marker, collimator, scatter, noise, blur, a vendor's processing."""
        rng = self.rng
        vendor = VENDORS[sorted(VENDORS)[int(rng.integers(len(VENDORS)))]]
        if rng.random() < 0.2:  # metal is found in every body part, so it must not mean a hip
            start, end = rng.uniform(-60, 60, 2), rng.uniform(-60, 60, 2)
            self.add((start[0], start[1]), (end[0], end[1]), (4.0, 4.0), _METAL_PER_MM)
        field = self._collimate()
        self._mark(field)
        signal = self._exposed(field)
        noisy = signal + rng.normal(0, 1, signal.shape) * np.sqrt(signal) * rng.uniform(0.002, 0.02)
        attenuation = -np.log(np.maximum(noisy, 1e-4)).astype(np.float32)
        inside = attenuation[(attenuation > 0.2) & (field > 0.99)]
        low, high = np.percentile(inside if inside.size > 50 else attenuation, (3.0, 98.0))
        anchors = (float(low), float(max(high, low + 0.1)))
        grey = develop(attenuation, anchors, vendor.tone, self.mm_per_px, field)
        return np.asarray(grey * field if vendor.shutter else grey, np.float32)

    def _collimate(self) -> Grey:
        """Close the collimator on up to four sides: limbs are narrower than cassettes are."""
        closed = self.rng.uniform(0.0, _MOST_CLOSED, 4) * (self.rng.random(4) < 0.5)
        left, top, right, bottom = (float(share) * SIDE_PX for share in closed)
        margins = (left, top, right, bottom)
        return open_share((SIDE_PX, SIDE_PX), margins, self.mm_per_px)

    def _mark(self, field: Grey) -> None:
        """Lay a side letter on the detector, inside the field."""
        rng = self.rng
        if rng.random() > _MARKED_SHARE:
            return
        letter = Laterality.RIGHT if rng.random() < 0.5 else Laterality.LEFT
        rows, columns = (np.flatnonzero(field.max(axis=axis) > 0.5) for axis in (1, 0))
        across = float(np.quantile(columns, rng.choice([0.1, 0.9]))) / SIDE_PX
        down = float(np.quantile(rows, rng.uniform(0.1, 0.9))) / SIDE_PX
        detector = Detector(SIDE_PX, SIDE_PX, (self.mm_per_px, self.mm_per_px))
        self.attenuation += _LEAD_CM2_PER_G * draw_marker(detector, letter, (across, down))

    def _exposed(self, field: Grey) -> Grey:
        """Give what reaches the detector: the lit primary, blurred, and what scatters from it."""
        primary = np.exp(-self.attenuation)
        sharp = gaussian_filter(primary, float(self.rng.uniform(0.4, 1.0))) * field
        source = primary * field * np.maximum(self.attenuation, 0.0)
        scatter = smooth_mm(source.astype(np.float32), 25.0, self.mm_per_px)
        return np.asarray(sharp + self.rng.uniform(0.02, 0.12) * scatter, np.float32)
