"""Sort the slices of a series into stacks, one for each reconstruction, by geometry alone.

Slices of one size, spacing, orientation, kernel and frame of reference can lie in one stack.
Copies (same place, same pixels) are dropped. Where the rest is not evenly spaced because several
reconstructions or acquisitions fill one space, what the headers say of thickness, acquisition,
image type, tube voltage, time and contrast parts them. File names and instance numbers play no
part.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from osteon.pixels.slices import Slice
from osteon.pixels.stack import SAME_MM, Stack, heights_mm, is_even, make_stack, sorted_slices
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["SamePixels", "stacks_of"]

SamePixels = Callable[[Slice, Slice], bool]
_SAME_SPACING_MM = 1e-3
_SAME_COSINE = 1e-3
_STATIONS_MM = 50.0  # a gap that no missing slices explain
_PARTING = (
    "slice_thickness_mm", "acquisition_number", "image_type", "kvp", "temporal_position",
    "contrast_bolus_agent",
)  # fmt: skip


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
            stacks.append(make_stack(part, own, settings))
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


def _without_copies(
    group: list[Slice], same_pixels: SamePixels
) -> tuple[list[Slice], dict[int, int]]:
    """Drop slices that repeat another's place, making and pixels; count them by what is kept."""
    kept: list[Slice] = []
    copies: dict[int, int] = {}
    for item in sorted_slices(group, group[0].normal):
        for other in reversed(kept):
            if (item.position_mm - other.position_mm) @ group[0].normal > 2 * SAME_MM:
                kept.append(item)
                break
            is_there = np.abs(item.position_mm - other.position_mm).max() <= SAME_MM
            if is_there and item.traits == other.traits and same_pixels(item, other):
                copies[id(other)] += 1
                break
        else:
            kept.append(item)
        copies.setdefault(id(item), 0)
    return kept, copies


def _parted(slices: list[Slice], traits: Sequence[str]) -> list[list[Slice]]:
    """Part what fills one space twice; a set that is even, or is not mended by it, stays whole."""
    if is_even(heights_mm(slices)):
        return [slices]
    for index, trait in enumerate(traits):
        groups: dict[object, list[Slice]] = {}
        for item in slices:
            groups.setdefault(getattr(item.traits, trait), []).append(item)
        if len(groups) < 2 or not _are_apart(list(groups.values()), slices[0].normal):
            continue
        rest = traits[index + 1 :]
        parts = [part for group in groups.values() for part in _parted(group, rest)]
        mended = sum(len(part) for part in parts if is_even(heights_mm(part)))
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
        if low <= reached + SAME_MM or (np.isfinite(reached) and low > reached + _STATIONS_MM):
            return True
        reached = max(reached, high)
    return False
