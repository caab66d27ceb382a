"""Sort the slices of a series into stacks, one for each reconstruction, by geometry alone.

Slices of one size, spacing, orientation, kernel and frame of reference can lie in one stack.
Copies (same place, same pixels) are dropped. Where the rest is not evenly spaced because several
reconstructions or acquisitions fill one space, what the headers say of thickness, acquisition,
image type, tube voltage, time and contrast parts them. File names and instance numbers play no
part.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteon.pixels.orient import LARGEST_SHEAR
from osteon.pixels.slices import Slice
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["Problem", "Reason", "SamePixels", "Stack", "stacks_of"]

Reason = Literal[
    "one_slice", "not_hounsfield", "slices_disagree", "missing_slices", "uneven_spacing",
    "slices_out_of_line", "gantry_tilt",
]  # fmt: skip
SamePixels = Callable[[Slice, Slice], bool]
_SAME_MM = 0.01
_SAME_SPACING_MM = 1e-3
_SAME_COSINE = 1e-3
_SPACING_TOLERANCE = 0.02  # of the usual step, and at least 0.02 mm
_OUT_OF_LINE_MM = 0.5
_STATIONS_MM = 50.0  # a gap that no missing slices explain
_PARTING = (
    "slice_thickness_mm", "acquisition_number", "image_type", "kvp", "temporal_position",
    "contrast_bolus_agent",
)  # fmt: skip
_SCALES = ("HU", "HU_MOD", "US")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a stack is no volume: a stable code, a sentence, what to do."""

    reason: Reason
    detail: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices of one reconstruction along their normal.

    Parameters
    ----------
    slices
        In order of ``heights_mm``.
    heights_mm
        Float64 (slices,): where each lies along the common normal.
    step_mm
        3 numbers in LPS: from one plane of the volume to the next, sideways as well where the
        gantry was tilted.
    planes
        Planes of the volume: as many as slices, or more where gaps are filled.
    copies
        How many exact copies of slices were dropped.
    tilt_degrees
        Angle between the step and the normal; 0 where they agree.
    problem
        Why it is no volume; ``None`` when it is one.
    """

    slices: tuple[Slice, ...]
    heights_mm: NDArray[np.float64]
    step_mm: NDArray[np.float64]
    planes: int
    copies: int
    tilt_degrees: float
    problem: Problem | None

    @property
    def spacing_mm(self) -> float:
        """Distance between planes along the normal."""
        return float(abs(self.step_mm @ self.slices[0].normal))

    @property
    def is_filled(self) -> bool:
        """Whether planes are interpolated."""
        return self.planes != len(self.slices) or not _is_even(self.heights_mm)

    def __str__(self) -> str:
        traits = self.slices[0].traits
        thickness = traits.slice_thickness_mm
        said = [
            f"{len(self.slices)} slices",
            traits.convolution_kernel and f"kernel {traits.convolution_kernel}",
            "" if thickness is None else f"{thickness:g} mm thick",
            "" if traits.acquisition_number is None else f"acquisition {traits.acquisition_number}",
        ]
        return ", ".join(part for part in said if part)


def stacks_of(
    slices: Sequence[Slice], same_pixels: SamePixels, settings: VolumeSettings
) -> tuple[Stack, ...]:
    """Sort the slices of one series into stacks.

    Parameters
    ----------
    slices
        All slices of a series, in any order.
    same_pixels
        Whether two slices at one place hold the same HU; asked only for such pairs.
    settings
        Which gaps are filled, and whether tilt is straightened.

    Returns
    -------
    tuple of Stack
        Largest first, then by how they were made and where they lie: a stable order, whose
        numbers from 1 name the reconstructions of a series. Slices that fit no other are stacks
        of ``one_slice`` at the end.
    """
    stacks = []
    for group in _grouped(slices):
        unique, copies = _without_copies(group, same_pixels)
        for part in _parted(unique, _PARTING):
            own = sum(copies[id(item)] for item in part)
            stacks.append(_stack(part, own, settings))
    return tuple(sorted(stacks, key=_rank))


def _rank(stack: Stack) -> tuple[int, str, tuple[float, ...]]:
    first = stack.slices[0]
    return -len(stack.slices), repr(first.traits), tuple(first.position_mm.tolist())


def _grouped(slices: Iterable[Slice]) -> list[list[Slice]]:
    groups: list[list[Slice]] = []
    for item in slices:
        for group in groups:
            if _are_alike(group[0], item):
                group.append(item)
                break
        else:
            groups.append([item])
    return groups


def _are_alike(one: Slice, other: Slice) -> bool:
    spacing = np.subtract(one.spacing_row_column_mm, other.spacing_row_column_mm)
    turns = one.row - other.row, one.column - other.column
    mine, theirs = one.traits, other.traits
    return bool(
        one.shape == other.shape
        and mine.convolution_kernel == theirs.convolution_kernel
        and mine.frame_of_reference_uid == theirs.frame_of_reference_uid
        and mine.stack_id == theirs.stack_id
        and np.abs(spacing).max() <= _SAME_SPACING_MM
        and np.abs(turns).max() <= _SAME_COSINE
    )


def _by_height(slices: Iterable[Slice], normal: NDArray[np.float64]) -> list[Slice]:
    """Sort along the normal; what lies at one place by what the header says, then by file."""

    def place(item: Slice) -> tuple[float, str, str, int]:
        height = round(float(item.position_mm @ normal), 2)
        return height, repr(item.traits), str(item.file), item.frame

    return sorted(slices, key=place)


def _heights(slices: Sequence[Slice]) -> NDArray[np.float64]:
    return np.array([item.position_mm @ slices[0].normal for item in slices])


def _without_copies(
    group: list[Slice], same_pixels: SamePixels
) -> tuple[list[Slice], dict[int, int]]:
    """Drop slices that repeat another's place, making and pixels; count them by what is kept."""
    kept: list[Slice] = []
    copies: dict[int, int] = {}
    for item in _by_height(group, group[0].normal):
        for other in reversed(kept):
            if (item.position_mm - other.position_mm) @ group[0].normal > 2 * _SAME_MM:
                kept.append(item)
                break
            is_there = np.abs(item.position_mm - other.position_mm).max() <= _SAME_MM
            if is_there and item.traits == other.traits and same_pixels(item, other):
                copies[id(other)] += 1
                break
        else:
            kept.append(item)
        copies.setdefault(id(item), 0)
    return kept, copies


def _parted(slices: list[Slice], traits: Sequence[str]) -> list[list[Slice]]:
    """Part what fills one space twice; a set that is even, or is not mended by it, stays whole."""
    if _is_even(_heights(slices)):
        return [slices]
    for index, trait in enumerate(traits):
        groups: dict[object, list[Slice]] = {}
        for item in slices:
            groups.setdefault(getattr(item.traits, trait), []).append(item)
        if len(groups) < 2 or not _are_apart(list(groups.values()), slices[0].normal):
            continue
        rest = traits[index + 1 :]
        parts = [part for group in groups.values() for part in _parted(group, rest)]
        mended = sum(len(part) for part in parts if _is_even(_heights(part)))
        if 2 * mended >= len(slices):
            return parts
    return [slices]


def _are_apart(groups: Sequence[Sequence[Slice]], normal: NDArray[np.float64]) -> bool:
    """Whether two groups fill one space, or lie so far apart that they are two scans."""
    ends = []
    for group in groups:
        heights = [float(item.position_mm @ normal) for item in group]
        ends.append((min(heights), max(heights)))
    reached = -np.inf
    for low, high in sorted(ends):
        if low <= reached + _SAME_MM or (np.isfinite(reached) and low > reached + _STATIONS_MM):
            return True
        reached = max(reached, high)
    return False


def _is_even(heights_mm: NDArray[np.float64]) -> bool:
    if len(heights_mm) < 2:
        return False
    gaps = np.diff(np.sort(heights_mm))
    usual = float(np.median(gaps))
    return bool(gaps.min() > _SAME_MM and np.abs(gaps - usual).max() <= _tolerance(usual))


def _tolerance(usual_mm: float) -> float:
    return max(_SPACING_TOLERANCE * usual_mm, 0.02)


def _stack(part: Sequence[Slice], copies: int, settings: VolumeSettings) -> Stack:
    slices = tuple(_by_height(part, part[0].normal))
    heights = _heights(slices)
    normal = slices[0].normal
    if len(slices) < 2:
        detail = f"{slices[0]} is a single slice: wanted a volume of two or more"
        return Stack(
            slices, heights, normal, len(slices), copies, 0.0, Problem("one_slice", detail)
        )
    extent = float(heights[-1] - heights[0])
    planes = len(slices)
    problem = _unscaled(slices) or _disagreeing(slices, heights)
    if problem is None and not _is_even(heights):
        planes, problem = _filled(slices, heights, settings.largest_gap_mm)
    way = slices[-1].position_mm - slices[0].position_mm
    sideways = float(np.linalg.norm(way - (way @ normal) * normal))
    is_tilted = sideways > max(LARGEST_SHEAR * extent, 0.1)
    tilt = float(np.degrees(np.arctan2(sideways, extent))) if is_tilted else 0.0
    step = (way if is_tilted else extent * normal) / max(planes - 1, 1)
    problem = problem or _out_of_line(slices, heights, normal)
    if problem is None and is_tilted:
        problem = _tilted(slices, sideways, extent, planes, settings)
    return Stack(slices, heights, step, planes, copies, tilt, problem)


def _unscaled(slices: Sequence[Slice]) -> Problem | None:
    for item in slices:
        slope, intercept, kind = item.rescale
        if slope is None or intercept is None or slope == 0 or kind not in _SCALES:
            return Problem(
                "not_hounsfield",
                f"{item.file}: rescale slope {slope}, intercept {intercept}, type {kind}:"
                " wanted those of Hounsfield units",
            )
    return None


def _disagreeing(slices: Sequence[Slice], heights: NDArray[np.float64]) -> Problem | None:
    doubled = np.flatnonzero(np.diff(heights) <= _SAME_MM)
    if not len(doubled):
        return None
    at = int(doubled[0])
    return Problem(
        "slices_disagree",
        f"{slices[at]} and {slices[at + 1]} lie at the same place ({heights[at]:.2f} mm) and differ"
        f" ({len(doubled)} such pairs)",
        "the series holds two images of one slice that nothing in the headers tells apart:"
        " fetch it again, or keep one of each",
    )


def _filled(
    slices: Sequence[Slice], heights: NDArray[np.float64], largest_gap_mm: float
) -> tuple[int, Problem | None]:
    """Planes of an evenly filled volume, or why there is none."""
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    extent = float(heights[-1] - heights[0])
    counts = np.rint(gaps / usual)
    is_missing = bool((np.abs(gaps - counts * usual) <= counts * _tolerance(usual)).all())
    if gaps.max() <= largest_gap_mm:
        step = usual if is_missing else float(gaps.min())
        return round(extent / step) + 1, None
    wrong = np.flatnonzero(np.abs(gaps - usual) > _tolerance(usual))
    where = [
        f"between {slices[at]} ({heights[at]:.2f} mm) and {slices[at + 1]}"
        f" ({heights[at + 1]:.2f} mm), {gaps[at]:.2f} mm apart"
        for at in wrong[:3].tolist()
    ]
    more = "" if len(wrong) <= 3 else f", and {len(wrong) - 3} more places"
    place = "; ".join(where) + more
    if is_missing:
        count = int(counts.sum()) - len(gaps)
        return len(slices), Problem(
            "missing_slices",
            f"{count} missing slices {place}: the others are {usual:.2f} mm apart",
            "fetch the series again, whole; or set largest_gap_mm to interpolate small gaps",
        )
    return len(slices), Problem(
        "uneven_spacing",
        f"uneven spacing {place}: the others are {usual:.2f} mm apart",
        "give a series with one spacing; or set largest_gap_mm to interpolate",
    )


def _out_of_line(
    slices: Sequence[Slice], heights: NDArray[np.float64], normal: NDArray[np.float64]
) -> Problem | None:
    """Find a slice that lies beside the straight line through the first and the last."""
    positions = np.stack([item.position_mm for item in slices])
    share = (heights - heights[0]) / (heights[-1] - heights[0])
    line = positions[0] + share[:, None] * (positions[-1] - positions[0])
    off = np.linalg.norm(positions - line, axis=1)
    at = int(off.argmax())
    if off[at] <= _OUT_OF_LINE_MM:
        return None
    return Problem(
        "slices_out_of_line",
        f"{slices[at]} lies {off[at]:.1f} mm beside the line of the others, as when the patient or"
        " the centre of reconstruction moved",
    )


def _tilted(
    slices: Sequence[Slice], sideways: float, extent: float, planes: int, settings: VolumeSettings
) -> Problem | None:
    degrees = float(np.degrees(np.arctan2(sideways, extent)))
    said = (
        f"gantry tilt: slices are shifted by {sideways:.1f} mm over {extent:.1f} mm"
        f" ({degrees:.1f} degrees), from {slices[0]} to {slices[-1]}"
    )
    if not settings.straighten_tilt:
        return Problem("gantry_tilt", said, "set straighten_tilt to resample it")
    if planes != len(slices):
        return Problem("gantry_tilt", f"{said}, and slices are missing: such gaps are not filled")
    return None
