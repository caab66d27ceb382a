"""Slices of one reconstruction in their order, and whether they make a volume."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteon.pixels.orient import LARGEST_SHEAR
from osteon.pixels.slices import Slice
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["SAME_MM", "Problem", "Reason", "Stack", "heights_mm", "is_even", "make_stack",
           "sorted_slices"]  # fmt: skip

Reason = Literal[
    "one_slice", "not_hounsfield", "slices_disagree", "missing_slices", "uneven_spacing",
    "slices_out_of_line", "gantry_tilt",
]  # fmt: skip
SAME_MM = 0.01
_SPACING_TOLERANCE = 0.02  # of the usual step, and at least 0.02 mm
_OUT_OF_LINE_MM = 0.5
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
        return self.planes != len(self.slices) or not is_even(self.heights_mm)

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


def sorted_slices(slices: Iterable[Slice], normal: NDArray[np.float64]) -> list[Slice]:
    """Sort along the normal; what lies at one place by what the header says, then by file."""

    def place(item: Slice) -> tuple[float, str, str, int]:
        height = round(float(item.position_mm @ normal), 2)
        return height, repr(item.traits), str(item.file), item.frame

    return sorted(slices, key=place)


def heights_mm(slices: Sequence[Slice]) -> NDArray[np.float64]:
    """Where slices lie along the normal of the first."""
    return np.array([item.position_mm @ slices[0].normal for item in slices])


def make_stack(part: Sequence[Slice], copies: int, settings: VolumeSettings) -> Stack:
    """Put slices in their order and say whether they make a volume, or why not."""
    slices = tuple(sorted_slices(part, part[0].normal))
    heights = heights_mm(slices)
    normal = slices[0].normal
    if len(slices) < 2:
        detail = f"{slices[0]} is a single slice: wanted a volume of two or more"
        return Stack(
            slices, heights, normal, len(slices), copies, 0.0, Problem("one_slice", detail)
        )
    extent = float(heights[-1] - heights[0])
    planes = len(slices)
    problem = _unscaled(slices) or _disagreeing(slices, heights)
    if problem is None and not is_even(heights):
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


def is_even(heights_mm: NDArray[np.float64]) -> bool:
    """Whether two or more slices lie at even distances, to 2 %, none at the place of another."""
    if len(heights_mm) < 2:
        return False
    gaps = np.diff(np.sort(heights_mm))
    usual = float(np.median(gaps))
    return bool(gaps.min() > SAME_MM and np.abs(gaps - usual).max() <= _tolerance(usual))


def _tolerance(usual_mm: float) -> float:
    return max(_SPACING_TOLERANCE * usual_mm, 0.02)


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
    doubled = np.flatnonzero(np.diff(heights) <= SAME_MM)
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
