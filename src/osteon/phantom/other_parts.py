"""Films that are not of a hip, for teaching a gate what to refuse.

Limbs, joints, hand, chest, skull, spine and shoulder are drawn as path lengths through capsules
and slabs of soft tissue and bone, and taken like the films of hips, so that what tells them from a
hip is the anatomy and not the look; axial slices, pages of text, bare detectors and noise are drawn
as what they are. All are crude on purpose: they need not be more than recognisably something else.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from osteon.phantom.other_scene import SIDE_PX, Grey, OtherScene, Point

__all__ = ["OTHER_PARTS", "draw_other_part"]

_LETTERS = "The quick brown fox jumps over the lazy dog 0123456789 Findings: "


def _limb(rng: np.random.Generator) -> Grey:
    """Draw a forearm, lower leg, upper arm or thigh: one shaft or two, flared at one end."""
    width_mm = float(rng.uniform(110, 320))
    scene = OtherScene(rng, width_mm)
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
    scene = OtherScene(rng, float(rng.uniform(200, 320)))
    scene.tissue((0, -220), (0, 220), (scene.jitter(75), scene.jitter(55)))
    for sign in (-1, 1):
        scene.bone((0, 40 * sign), (0, 240 * sign), (scene.jitter(20), scene.jitter(14)))
        for side in (-1, 1):
            middle = (side * scene.jitter(22), sign * scene.jitter(20))
            scene.bone(middle, (side * 10, sign * 70), (scene.jitter(22), 14), 0.12)
    scene.bone((38, 30), (36, 240), (scene.jitter(8), 6))
    scene.bone((0, -22), (0, -28), (scene.jitter(20), 18), 0.15)
    return scene.developed()


def _ankle(rng: np.random.Generator) -> Grey:
    """Draw an ankle: two shafts flared onto a block of small bones, and the heel's."""
    scene = OtherScene(rng, float(rng.uniform(150, 330)))
    thick, gap, joint = scene.jitter(36), scene.jitter(16), float(rng.uniform(10, 90))
    scene.tissue((0, -250), (0, joint), (thick * 1.5, thick))
    scene.tissue((0, joint), (float(rng.uniform(-70, 70)), joint + 90), (thick * 0.9, 30))
    shin, calf_bone = scene.jitter(13), scene.jitter(6.5)
    scene.bone((-gap / 2, -250), (-gap / 2, joint - 35), (shin, shin), 0.4)
    scene.bone((-gap / 2, joint - 40), (-gap / 2, joint - 14), (shin, shin * 1.5), 0.12)
    scene.bone((gap + 6, -250), (gap + 4, joint + 6), (calf_bone, calf_bone * 1.3), 0.4)
    scene.bone((-8, joint + 14), (8, joint + 14), (scene.jitter(14), 13), 0.1)
    scene.bone((-4, joint + 36), (6, joint + 52), (scene.jitter(15), 14), 0.12)
    for _ in range(int(rng.integers(0, 5))):
        spot = (float(rng.uniform(-26, 26)), joint + float(rng.uniform(48, 90)))
        scene.bone(spot, (spot[0] + 6, spot[1] + 3), (9, 8), 0.2)
    return scene.developed()


def _hand(rng: np.random.Generator) -> Grey:
    """Draw a hand or foot: five rays of short bones on a plate of small ones."""
    scene = OtherScene(rng, float(rng.uniform(180, 280)))
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
    scene = OtherScene(rng, float(rng.uniform(330, 430)))
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
    scene = OtherScene(rng, float(rng.uniform(230, 300)))
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
    scene = OtherScene(rng, float(rng.uniform(200, 300)))
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
    scene = OtherScene(rng, float(rng.uniform(220, 320)))
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
    scene = OtherScene(rng, float(rng.uniform(380, 500)))
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
    page = Image.new("L", (SIDE_PX, SIDE_PX), 255)
    canvas = ImageDraw.Draw(page)
    size = float(rng.uniform(7, 14))
    font, y = ImageFont.load_default(size), float(rng.uniform(4, 20))
    while y < SIDE_PX - 8 and rng.random() > 0.02:
        start = int(rng.integers(len(_LETTERS)))
        words = ((_LETTERS * 2)[start:])[: int(rng.integers(8, 60))]
        canvas.text((float(rng.uniform(4, 12)), y), words, fill=0, font=font)
        y += size * 1.35
    grey = np.asarray(page, np.float32) / 255
    return _noisy(grey if rng.random() < 0.5 else 1 - grey, rng)


def _bare(rng: np.random.Generator) -> Grey:
    """Draw a detector without a patient: gradients, a disc, a step wedge, noise."""
    scene = OtherScene(rng, 200.0)
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


def _column(scene: OtherScene, x: float, radius: float) -> None:
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
        "ankle": _ankle,
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
    narrow = int(SIDE_PX * rng.uniform(0.6, 1.0))
    start = (SIDE_PX - narrow) // 2
    cut = grey[:, start : start + narrow] if rng.random() < 0.7 else grey[start : start + narrow]
    return np.ascontiguousarray(np.clip(cut, 0, 1), dtype=np.float32)
