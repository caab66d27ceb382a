"""Implants as solids in a femur's own axes, so that they fit a phantom and a real CT alike.

Own axes: medial, posterior and superior millimetres from the head's centre
(:meth:`osteon.phantom.frames.Femur.to_own`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.femur import BoneVolume
from osteon.phantom.frames import Femur, Motion
from osteon.phantom.materials import Material
from osteon.phantom.shapes import Grid, stamp_cones

__all__ = [
    "ARTHROPLASTIES",
    "FIXATIONS",
    "Implant",
    "ImplantKind",
    "ImplantPart",
    "draw_implant",
    "implant_parts",
    "part_field",
    "resect_head",
]

Array = NDArray[np.float64]
ImplantKind = Literal[
    "cannulated_screws",
    "sliding_hip_screw",
    "cephalomedullary_nail",
    "hemiarthroplasty",
    "total_arthroplasty",
]
FIXATIONS: tuple[ImplantKind, ...] = get_args(ImplantKind)[:3]
ARTHROPLASTIES: tuple[ImplantKind, ...] = get_args(ImplantKind)[3:]


@dataclass(frozen=True, slots=True)
class Implant:
    """Which implant, of what, how large.

    ``depth_mm`` is the tip's distance from the head's surface, ``length_mm`` of plate, nail or
    stem below the neck's base, ``bearing_mm`` the radius of a total arthroplasty's head.
    """

    kind: ImplantKind
    material: Material = Material.TITANIUM_ALLOY
    cemented: bool = False
    depth_mm: float = 7.0
    length_mm: float = 110.0
    bearing_mm: float = 16.0

    @property
    def label(self) -> str:
        """Class of a hip that has it."""
        return "internal_fixation" if self.kind in FIXATIONS else "arthroplasty"


@dataclass(frozen=True, slots=True, eq=False)
class ImplantPart:
    """One solid: round cones, less a ball, less what lies beyond a plane; later parts win.

    ``hollow`` is (x, y, z, radius); ``plane`` is a point and a normal, what is beyond is cut off.
    """

    material: Material
    cones_mm: Array
    hollow: tuple[float, float, float, float] | None = None
    plane: tuple[Array, Array] | None = None

    def moved(self, motion: Motion) -> "ImplantPart":
        """Give the same solid after a rigid motion."""
        cones = self.cones_mm.copy()
        cones[:, 0:3], cones[:, 3:6] = motion(cones[:, 0:3]), motion(cones[:, 3:6])
        hollow = self.hollow
        if hollow is not None:
            x, y, z = (float(v) for v in motion(np.array(hollow[:3])))
            hollow = (x, y, z, hollow[3])
        plane = self.plane
        if plane is not None:
            plane = (motion(plane[0]), motion.matrix @ plane[1])
        return ImplantPart(self.material, cones, hollow, plane)

    def bounds_mm(self) -> tuple[Array, Array]:
        """Corners of the block that holds it."""
        ends = np.concatenate([self.cones_mm[:, 0:3], self.cones_mm[:, 3:6]])
        reach = float(self.cones_mm[:, 6:8].max()) + 3.0
        return ends.min(0) - reach, ends.max(0) + reach


def part_field(part: ImplantPart, grid: Grid) -> NDArray[np.float32]:
    """Signed distance of a part on a grid, in mm."""
    field = grid.far()
    stamp_cones(field, grid, part.cones_mm)
    if part.hollow is None and part.plane is None:
        return field
    index = np.moveaxis(np.indices(grid.shape), 0, -1)[..., ::-1]
    points = index * grid.spacing_mm + np.asarray(grid.origin_mm)
    if part.hollow is not None:
        away = np.linalg.norm(points - np.array(part.hollow[:3]), axis=-1)
        np.maximum(field, (part.hollow[3] - away).astype(np.float32), out=field)
    if part.plane is not None:
        beyond = (points - part.plane[0]) @ part.plane[1]
        np.maximum(field, beyond.astype(np.float32), out=field)
    return field


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """Where things are in the femur's own axes."""

    neck: Array
    up: Array
    knee: Array
    canal: float
    shaft: float
    head: float
    top: float

    @classmethod
    def of(cls, femur: Femur) -> "_Site":
        neck = femur.axes @ femur.neck_axis
        return cls(
            neck,
            np.array([-neck[2], 0.0, neck[0]]),
            femur.to_own(femur.shaft_point_mm),
            femur.canal_radius_mm,
            femur.shaft_radius_mm,
            femur.head_radius_mm,
            float(femur.to_own(femur.greater_trochanter_mm)[2]),
        )

    def entry(self, offset: Array, beyond_mm: float) -> Array:
        """Point where a line along the neck leaves the lateral cortex, plus a little."""
        reach = (self.shaft + beyond_mm) / self.neck[0]
        return np.asarray(self.knee + offset - reach * self.neck)

    def tip(self, offset: Array, depth_mm: float) -> Array:
        """Point on such a line this deep under the head's surface."""
        radius = self.head - depth_mm
        deep = float(np.sqrt(max(radius**2 - float(offset @ offset), 1.0)))
        return np.asarray(offset + deep * self.neck)


def _row(start: Array, end: Array, r_start: float, r_end: float, blend: float = 0.0) -> list[float]:
    return [*start, *end, r_start, r_end, blend]


def _cannulated_screws(site: _Site, implant: Implant) -> list[ImplantPart]:
    rows = []
    back = np.array([0.0, 1.0, 0.0])
    for offset in (-6.5 * site.up, 5.0 * site.up + 7.0 * back, 5.0 * site.up - 7.0 * back):
        start, tip = site.entry(offset, 3.0), site.tip(offset, implant.depth_mm)
        rows.append(_row(start, tip, 2.5, 2.5))
        rows.append(_row(tip - 16.0 * site.neck, tip, 3.6, 3.4))
        rows.append(_row(start - 2.0 * site.neck, start + 2.0 * site.neck, 4.2, 3.8))
    return [ImplantPart(implant.material, np.array(rows))]


def _sliding_hip_screw(site: _Site, implant: Implant) -> list[ImplantPart]:
    zero = np.zeros(3)
    start, tip = site.entry(zero, 5.0), site.tip(zero, implant.depth_mm)
    rows = [
        _row(start, tip, 4.0, 4.0),
        _row(tip - 24.0 * site.neck, tip, 6.2, 5.6),
        _row(start, start + 38.0 * site.neck, 6.4, 6.4),
    ]
    low = np.array([site.knee[0] - site.shaft - 2.8, -2.5, start[2] - implant.length_mm + 22.0])
    high = start + np.array([0.5, 0.0, 10.0])
    for y in (-6.0, -2.0, 2.0, 6.0):
        shift = np.array([0.0, y, 0.0])
        rows.append(_row(high + shift, start + shift + np.array([1.5, 0, -14]), 3.0, 2.9))
        rows.append(_row(start + shift + np.array([1.5, 0, -14]), low + shift, 2.9, 2.6))
    count = int((start[2] - 22.0 - low[2]) // 16.0) + 1
    for k in range(max(count, 2)):
        z = start[2] - 22.0 - 16.0 * k
        lateral = np.array([site.knee[0] - site.shaft - 5.0, -2.0, z])
        medial = np.array([site.knee[0] + site.shaft + 2.0, -2.0, z])
        rows.append(_row(lateral, medial, 2.2, 2.2))
        rows.append(_row(lateral, lateral + np.array([2.5, 0, 0]), 3.6, 3.4))
    return [ImplantPart(implant.material, np.array(rows))]


def _cephalomedullary_nail(site: _Site, implant: Implant) -> list[ImplantPart]:
    x, z = site.knee[0], site.knee[2]
    distal = float(np.clip(site.canal - 1.0, 4.5, 6.0))
    top = np.array([x - 3.5, 3.0, site.top - 1.0])
    bend, end = np.array([x, 0.0, z - 38.0]), np.array([x - 0.5, -4.0, z - implant.length_mm - 30])
    zero = np.zeros(3)
    start, tip = site.entry(zero, 4.0), site.tip(zero, implant.depth_mm)
    lock = end + np.array([0.0, 0.0, 18.0])
    side = np.array([site.shaft + 3.0, 0.0, 0.0])
    rows = [
        _row(top, bend, 7.8, 7.6),
        _row(bend, end, 7.4, distal),
        _row(start, tip, 5.2, 5.2),
        _row(tip - 22.0 * site.neck, tip, 5.8, 5.2),
        _row(lock - side, lock + side, 2.4, 2.4),
    ]
    return [ImplantPart(implant.material, np.array(rows))]


def _stem_rows(site: _Site, implant: Implant, grow_mm: float) -> list[list[float]]:
    """List the cones of a tapered stem, ``grow_mm`` thicker everywhere (its cement)."""
    x, z = site.knee[0], site.knee[2]
    size = float(np.clip(site.canal / 8.5, 0.75, 1.2)) * (0.85 if implant.cemented else 1.0)
    end = np.array([x - 0.3, -4.0, z - implant.length_mm])
    lines = [
        ((x - 4, 0.5, z + 12), (x - 1.5, -0.5, z - 50), 5.5, 5.5),
        ((x + 0.5, 0.5, z + 12), (x - 0.3, -0.5, z - 48), 5.9, 5.7),
        ((x + 5, 0.5, z + 12), (x + 1, -0.5, z - 45), 6.2, 6.0),
        ((x + 9, 0.5, z + 11), (x + 2.5, -0.5, z - 36), 6.0, 6.0),
        ((x + 13, 0.5, z + 10), (x + 4, -0.5, z - 28), 6.0, 6.0),
        ((x + 4, -0.5, z - 28), (x, -1.0, z - 60), 6.0, 6.0),
        ((x - 0.5, -0.5, z - 45), tuple(end), 6.2, 3.6),
    ]
    return [
        _row(np.array(a), np.array(b), ra * size + grow_mm, rb * size + grow_mm)
        for a, b, ra, rb in lines
    ]


def _stem(site: _Site, implant: Implant) -> list[ImplantPart]:
    parts = []
    if implant.cemented:
        rows = _stem_rows(site, implant, 2.2)
        plug = np.array([site.knee[0], -4.5, site.knee[2] - implant.length_mm - 14.0])
        rows.append(_row(rows[-1][3:6] - np.zeros(3), plug, site.canal * 0.6, site.canal * 0.7))
        parts.append(ImplantPart(Material.BONE_CEMENT, np.array(rows)))
    rows = _stem_rows(site, implant, 0.0)
    shoulder = 0.78 * site.knee + 1.0 * site.up
    rows.append(_row(shoulder, -2.0 * site.neck, 7.0, 5.6, 3.0))
    parts.append(ImplantPart(implant.material, np.array(rows)))
    return parts


def _ball(radius_mm: float) -> Array:
    return np.array([_row(np.zeros(3), np.zeros(3), radius_mm, radius_mm)])


def _hemiarthroplasty(site: _Site, implant: Implant) -> list[ImplantPart]:
    skirt = (-0.45 * site.head * site.neck, -site.neck)
    head = ImplantPart(Material.COBALT_CHROMIUM, _ball(site.head), None, skirt)
    return [*_stem(site, implant), head]


def _total_arthroplasty(site: _Site, implant: Implant) -> list[ImplantPart]:
    outer = site.head + 5.5
    opening = np.array([-0.68, -0.26, -0.68])  # own axes: lateral is minus medial
    opening /= np.linalg.norm(opening)
    rim = (1.5 * opening, opening)
    cup = ImplantPart(implant.material, _ball(outer), (0, 0, 0, outer - 3.8), rim)
    liner = ImplantPart(
        Material.POLYETHYLENE, _ball(outer - 3.8), (0, 0, 0, implant.bearing_mm), rim
    )
    head = ImplantPart(Material.COBALT_CHROMIUM, _ball(implant.bearing_mm))
    return [cup, liner, *_stem(site, implant), head]


_MAKERS: MappingProxyType[ImplantKind, Callable[[_Site, Implant], list[ImplantPart]]]
_MAKERS = MappingProxyType(
    {
        "cannulated_screws": _cannulated_screws,
        "sliding_hip_screw": _sliding_hip_screw,
        "cephalomedullary_nail": _cephalomedullary_nail,
        "hemiarthroplasty": _hemiarthroplasty,
        "total_arthroplasty": _total_arthroplasty,
    }
)


def implant_parts(implant: Implant, femur: Femur) -> tuple[ImplantPart, ...]:
    """Make an implant's parts for a femur, in its own axes; paint them in this order."""
    return tuple(_MAKERS[implant.kind](_Site.of(femur), implant))


def resect_head(bone: BoneVolume, femur: Femur) -> BoneVolume:
    """Take away head and neck, as before an arthroplasty: a cut near the neck's base."""
    index = np.argwhere(bone.fraction > 0)
    own = femur.to_own(bone.affine.to_lps_mm(index.astype(np.float64)))
    knee = femur.to_own(femur.shaft_point_mm)
    normal = np.array([0.72, 0.0, 0.69])
    beyond = (own - 0.66 * knee) @ normal
    gone = (beyond > 0) & (own[:, 0] > knee[0] + 3.0)
    fraction, mass = bone.fraction.copy(), bone.mass_g_cm3.copy()
    where = tuple(index[gone].T)
    fraction[where] = 0.0
    mass[where] = 0.0
    return BoneVolume(fraction, mass, bone.affine)


def draw_implant(kind: ImplantKind, rng: np.random.Generator) -> Implant:
    """Draw an implant of a kind: material, size and how deep it sits."""
    steel = {"cannulated_screws": 0.5, "sliding_hip_screw": 0.8}.get(kind, 0.0)
    is_steel = rng.random() < steel
    lengths = {
        "sliding_hip_screw": (85.0, 120.0),
        "cephalomedullary_nail": (100.0, 190.0),
        "hemiarthroplasty": (90.0, 125.0),
        "total_arthroplasty": (85.0, 125.0),
    }
    low, high = lengths.get(kind, (100.0, 120.0))
    return Implant(
        kind=kind,
        material=Material.STAINLESS_STEEL if is_steel else Material.TITANIUM_ALLOY,
        cemented=bool(rng.random() < 0.45) and kind in ARTHROPLASTIES,
        depth_mm=float(rng.uniform(5.0, 10.0)),
        length_mm=float(rng.uniform(low, high)),
        bearing_mm=float(rng.choice([14.0, 16.0, 18.0])),
    )
