"""Films that are not of a hip, for teaching a gate what to refuse.

Limbs, chest, skull, spine and shoulder are drawn as path lengths through capsules and slabs of soft
tissue and bone, and developed like the films of hips, so that what tells them from a hip
is the anatomy and not the look; axial slices, pages of text, bare detectors and noise are drawn as
what they are. All are crude on purpose: they need not be more than recognisably something else.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from osteon.phantom.processing import VENDORS, develop

__all__ = ["OTHER_PARTS", "draw_other_part"]

Grey = NDArray[np.float32]
Point = tuple[float, float]
_SIDE_PX = 192
_TISSUE_PER_MM, _BONE_PER_MM, _METAL_PER_MM = 0.022, 0.06, 0.35
_LETTERS = "The quick brown fox jumps over the lazy dog 0123456789 Findings: "


class _Scene:
    """A detector on which attenuation is added up; x and y in mm from the middle."""

    def __init__(self, rng: np.random.Generator, width_mm: float) -> None:
        self.rng = rng
        self.mm_per_px = width_mm / _SIDE_PX
        steps = (np.arange(_SIDE_PX) + 0.5 - _SIDE_PX / 2) * self.mm_per_px
        self.x, self.y = np.meshgrid(steps, steps)
        self.attenuation = np.zeros((_SIDE_PX, _SIDE_PX))

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
            low = (min(a, b) - reach) / self.mm_per_px + _SIDE_PX / 2
            high = (max(a, b) + reach) / self.mm_per_px + _SIDE_PX / 2
            first = min(max(math.floor(low), 0), _SIDE_PX)
            limits.append(slice(first, min(max(math.ceil(high) + 1, first), _SIDE_PX)))
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
        """Turn attenuation into a film: noise, blur, a vendor's tone."""
        rng = self.rng
        if rng.random() < 0.2:  # metal is found in every body part, so it must not mean a hip
            start, end = rng.uniform(-60, 60, 2), rng.uniform(-60, 60, 2)
            self.add((start[0], start[1]), (end[0], end[1]), (4.0, 4.0), _METAL_PER_MM)
        signal = np.exp(-self.attenuation)
        signal = gaussian_filter(signal, float(rng.uniform(0.4, 1.0)))
        noisy = signal + rng.normal(0, 1, signal.shape) * np.sqrt(signal) * rng.uniform(0.002, 0.02)
        attenuation = -np.log(np.maximum(noisy, 1e-4)).astype(np.float32)
        inside = attenuation[attenuation > 0.2]
        low, high = np.percentile(inside if inside.size > 50 else attenuation, (3.0, 98.0))
        vendor = VENDORS[sorted(VENDORS)[int(rng.integers(len(VENDORS)))]]
        anchors = (float(low), float(max(high, low + 0.1)))
        return develop(attenuation, anchors, vendor.tone, self.mm_per_px)


def _limb(rng: np.random.Generator) -> Grey:
    """Draw a forearm, lower leg, upper arm or thigh: one shaft or two, flared at one end."""
    width_mm = float(rng.uniform(110, 320))
    scene = _Scene(rng, width_mm)
    reach, thick = width_mm * 0.8, scene.jitter(46, 0.35)
    shift = float(rng.uniform(-20, 20))
    scene.tissue((shift, -reach), (shift * 0.5, reach), (thick * 1.2, thick * 0.7))
    gap = scene.jitter(20)
    bones = [(-gap, scene.jitter(13)), (gap, scene.jitter(7))]
    if rng.random() < 0.35:
        bones = [(0.0, scene.jitter(14))]
    for offset, radius in bones:
        flare = scene.jitter(1.5)
        scene.bone((shift + offset, -reach), (shift * 0.5 + offset, reach), (radius, radius))
        scene.bone((shift + offset, -30), (shift + offset, -reach), (radius * 0.8, radius * flare))
    return scene.developed()


def _knee(rng: np.random.Generator) -> Grey:
    scene = _Scene(rng, float(rng.uniform(200, 320)))
    scene.tissue((0, -220), (0, 220), (scene.jitter(75), scene.jitter(55)))
    for sign in (-1, 1):
        scene.bone((0, 40 * sign), (0, 240 * sign), (scene.jitter(20), scene.jitter(14)))
        for side in (-1, 1):
            middle = (side * scene.jitter(22), sign * scene.jitter(20))
            scene.bone(middle, (side * 10, sign * 70), (scene.jitter(22), 14), 0.12)
    scene.bone((38, 30), (36, 240), (scene.jitter(8), 6))
    scene.bone((0, -22), (0, -28), (scene.jitter(20), 18), 0.15)
    return scene.developed()


def _hand(rng: np.random.Generator) -> Grey:
    """Draw a hand or foot: five rays of short bones on a plate of small ones."""
    scene = _Scene(rng, float(rng.uniform(180, 280)))
    for ray in range(5):
        angle = np.radians(scene.jitter(14) * (ray - 2) + rng.uniform(-4, 4))
        step, radius = np.array([np.sin(angle), -np.cos(angle)]), scene.jitter(6)
        place = np.array([(ray - 2) * 13.0, 30.0])
        scene.tissue((float(place[0]), float(place[1])), _at(place, step, 120), (14, 9))
        for length in (48, 34, 22, 14):
            end = place + step * length
            scene.bone(_at(place, step, 3), _at(end, step, -3), (radius, radius * 0.85))
            place, radius = end, radius * 0.88
    scene.tissue((0, 40), (0, 160), (scene.jitter(44), 30))
    for _ in range(8):
        spot = (float(rng.uniform(-28, 28)), float(rng.uniform(35, 65)))
        scene.bone(spot, (spot[0] + 4, spot[1] + 2), (9, 8), 0.2)
    scene.bone((-12, 70), (-14, 200), (11, 8))
    scene.bone((13, 70), (12, 200), (9, 7))
    return scene.developed()


def _chest(rng: np.random.Generator) -> Grey:
    scene = _Scene(rng, float(rng.uniform(330, 430)))
    scene.tissue((0, -120), (0, 220), (scene.jitter(150), scene.jitter(165)))
    for side in (-1, 1):
        lung = (scene.jitter(45), scene.jitter(62))
        scene.tissue((side * 75, -70), (side * 82, 70), lung, -0.85)
        scene.bone((side * 12, -150), (side * 150, -168), (6, 6))
        for rib in range(9):
            height = -120 + 26 * rib + rng.uniform(-4, 4)
            scene.bone((side * 15, height), (side * 95, height + 10), (4.5, 4.5), 0.4)
            scene.bone((side * 95, height + 10), (side * 125, height + 45), (4.5, 4.5), 0.4)
    scene.tissue((5, 10), (45, 60), (scene.jitter(40), scene.jitter(45)))
    _column(scene, 0.0, 18)
    return scene.developed()


def _skull(rng: np.random.Generator) -> Grey:
    scene = _Scene(rng, float(rng.uniform(230, 300)))
    outer = scene.jitter(80)
    scene.bone((-18, -25), (22, -25), (outer, outer * 0.95), 0.09)
    scene.tissue((-18, -25), (22, -25), (outer * 0.9, outer * 0.85))
    scene.bone((-40, 50), (-62, 75), (30, 20), 0.12)
    scene.bone((-75, 90), (10, 75), (10, 12), 0.4)
    scene.tissue((-60, 30), (-45, 32), (18, 14), -0.8)
    scene.tissue((10, 70), (20, 200), (55, 70))
    _column(scene, 30.0, 12)
    return scene.developed()


def _spine(rng: np.random.Generator) -> Grey:
    """Draw a lateral spine."""
    scene = _Scene(rng, float(rng.uniform(200, 300)))
    scene.tissue((0, -250), (0, 250), (scene.jitter(95), scene.jitter(110)))
    bend = float(rng.uniform(-0.2, 0.2))
    for level in range(-5, 6):
        y = 36.0 * level
        x = bend * abs(y)
        for half in (-12, 12):
            scene.bone((x - 18, y + half), (x + 16, y + half), (6, 6), 0.5)
        scene.bone((x - 12, y - 6), (x - 12, y + 6), (19, 19), 0.08)
        scene.bone((x + 30, y), (x + 62, y + 16), (7, 5), 0.3)
    return scene.developed()


def _shoulder(rng: np.random.Generator) -> Grey:
    """Draw a shoulder, whose round head in its socket is the nearest thing to a hip."""
    scene = _Scene(rng, float(rng.uniform(220, 320)))
    side = float(rng.choice([-1.0, 1.0]))
    scene.tissue((-side * 90, 60), (side * 10, 20), (110, 60))
    scene.tissue((side * 45, 0), (side * 75, 240), (50, 40))
    scene.bone((side * 42, -14), (side * 46, -8), (scene.jitter(25), 24), 0.08)
    scene.bone((side * 52, 0), (side * 74, 240), (scene.jitter(19), 13))
    scene.bone((side * 8, -4), (side * 12, 24), (9, 8), 0.3)
    scene.bone((-side * 110, -60), (side * 30, -62), (8, 7))
    scene.bone((-side * 50, -35), (side * 34, -52), (6, 10))
    scene.bone((-side * 20, 100), (side * 6, 10), (9, 14), 0.25)
    scene.tissue((-side * 120, 0), (-side * 110, 160), (60, 70), -0.7)
    for rib in range(7):
        y = -50 + 28.0 * rib
        scene.bone((-side * 150, y - 12), (-side * 50, y + 20), (4.5, 4.5), 0.4)
    return scene.developed()


def _slice(rng: np.random.Generator) -> Grey:
    """Draw an axial CT slice: flat greys, air outside, no projection."""
    scene = _Scene(rng, float(rng.uniform(380, 500)))
    height = scene.jitter(0.65)
    radius = np.hypot(scene.x / scene.jitter(170), scene.y / (170 * height))
    grey = np.where(radius < 1, 0.35, 0.0) + np.where(radius < 0.86, 0.15, 0.0)
    for _ in range(int(rng.integers(4, 11))):
        x, y = rng.uniform(-90, 90), rng.uniform(-60, 60)
        organ = np.hypot((scene.x - x) / rng.uniform(10, 45), (scene.y - y) / rng.uniform(8, 40))
        grey = np.where((organ < 1) & (radius < 0.84), rng.uniform(0.05, 0.75), grey)
    for x, y in ((0.0, 70 * height), (-95.0, 20.0), (95.0, 20.0)):
        organ = np.hypot(scene.x - x, scene.y - y) / scene.jitter(22)
        grey = np.where(organ < 1, np.where(organ > 0.75, 0.98, 0.72), grey)
    return _noisy(gaussian_filter(grey, 0.6), rng)


def _text(rng: np.random.Generator) -> Grey:
    """Draw a scanned page or a dose report."""
    page = Image.new("L", (_SIDE_PX, _SIDE_PX), 255)
    canvas = ImageDraw.Draw(page)
    size = float(rng.uniform(7, 14))
    font, y = ImageFont.load_default(size), float(rng.uniform(4, 20))
    while y < _SIDE_PX - 8 and rng.random() > 0.02:
        start = int(rng.integers(len(_LETTERS)))
        words = ((_LETTERS * 2)[start:])[: int(rng.integers(8, 60))]
        canvas.text((float(rng.uniform(4, 12)), y), words, fill=0, font=font)
        y += size * 1.35
    grey = np.asarray(page, np.float32) / 255
    return _noisy(grey if rng.random() < 0.5 else 1 - grey, rng)


def _bare(rng: np.random.Generator) -> Grey:
    """Draw a detector without a patient: gradients, a disc, a step wedge, noise."""
    scene = _Scene(rng, 200.0)
    kind = int(rng.integers(4))
    grey = np.full(scene.x.shape, rng.uniform(0.1, 0.9))
    if kind == 0:
        grey = grey + rng.uniform(-0.004, 0.004) * scene.x + rng.uniform(-0.004, 0.004) * scene.y
    elif kind == 1:
        grey = np.where(np.hypot(scene.x, scene.y) < rng.uniform(20, 80), grey, rng.uniform(0, 1))
    elif kind == 2:
        grey = np.floor((scene.x + 100) / rng.uniform(12, 30)) * rng.uniform(0.05, 0.12)
    else:
        wide = gaussian_filter(rng.normal(size=scene.x.shape), float(rng.uniform(1, 25)))
        grey = 0.5 + 0.2 * wide / wide.std()
    return _noisy(grey, rng)


def _column(scene: _Scene, x: float, radius: float) -> None:
    for level in range(-7, 8):
        y = 30.0 * level
        scene.bone((x - radius, y), (x + radius, y), (11, 11), 0.3)


def _at(place: NDArray[np.float64], step: NDArray[np.float64], length: float) -> Point:
    x, y = place + step * length
    return float(x), float(y)


def _noisy(grey: NDArray[np.float64] | Grey, rng: np.random.Generator) -> Grey:
    noise = rng.normal(0, rng.uniform(0.002, 0.06), grey.shape)
    return np.asarray(np.clip(grey + noise, 0, 1), np.float32)


OTHER_PARTS: Mapping[str, Callable[[np.random.Generator], Grey]] = MappingProxyType(
    {
        "limb": _limb,
        "knee": _knee,
        "hand": _hand,
        "chest": _chest,
        "skull": _skull,
        "spine": _spine,
        "shoulder": _shoulder,
        "slice": _slice,
        "text": _text,
        "bare": _bare,
    }
)
"""What can be drawn, by name."""


def draw_other_part(name: str, rng: np.random.Generator) -> Grey:
    """Draw a film that is not of a hip.

    Parameters
    ----------
    name
        One of :data:`OTHER_PARTS`.
    rng
        Decides everything.

    Returns
    -------
    numpy.ndarray
        float32 (192, up to 192) in [0, 1], turned and cut at random as films are.
    """
    grey = OTHER_PARTS[name](rng)
    if name != "text" and rng.random() < 0.5:
        grey = grey[:, ::-1]
    if name not in ("text", "slice"):
        grey = np.rot90(grey, int(rng.integers(4)))
        picture = Image.fromarray(np.ascontiguousarray(grey, dtype=np.float32))
        angle = float(rng.normal(0, 12))
        grey = np.asarray(picture.rotate(angle, Image.Resampling.BILINEAR, fillcolor=grey.min()))
    narrow = int(_SIDE_PX * rng.uniform(0.6, 1.0))
    start = (_SIDE_PX - narrow) // 2
    cut = grey[:, start : start + narrow] if rng.random() < 0.7 else grey[start : start + narrow]
    return np.ascontiguousarray(np.clip(cut, 0, 1), dtype=np.float32)
