"""Exact path integrals through a voxel volume, for any pose and several quantities in one pass.

Every voxel is a solid parallelepiped of one value. Along the axis on which a ray crosses most
voxels the values are summed up once for all rays, so that what a ray meets while it stays in one
column of voxels is the difference of two sums, however long it stays: it is cut only where it goes
over into the next column. Lengths are exact as in Siddon's method (Med. Phys. 12 (1985) 252, doi
10.1118/1.595715) and nothing is interpolated; inside a voxel of one value the sum is a straight
line.

The volume is worked off in blocks of lines, whose sums stay in the processor's cache.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.drr.rays import Rays
from osteon.drr.tracer_kernel import find_reach, sum_materials, sum_values, trace_block

__all__ = ["Materials", "Solid", "Values", "integrate"]

_BLOCK_BYTES = 2**24
_BLOCKS = 16  # at least; not of threads, so that sums do not depend on how many there are

Axes = tuple[int, int, int]
Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]


class Solid(Protocol):
    """Voxels (z, y, x), and how the quantities they hold are summed up."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along (z, y, x)."""

    @property
    def channels(self) -> int:
        """How many quantities are summed."""

    def add_up(
        self, axes: Axes, lines: slice, layers: NDArray[np.int64], sums: NDArray[np.float32]
    ) -> Bounds:
        """Fill ``sums`` (lines, across, layers + 1, channels) along axes (main, line, across).

        Gives back the bounds of what is not empty along (layers, across).
        """


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One quantity: float32 or uint8 values, or int16 with the value of each in ``table``."""

    values: NDArray[Any]
    table: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along (z, y, x)."""
        return self.values.shape

    @property
    def channels(self) -> int:
        """One."""
        return 1

    def add_up(
        self, axes: Axes, lines: slice, layers: NDArray[np.int64], sums: NDArray[np.float32]
    ) -> Bounds:
        """See :class:`Solid`."""
        main, line, across = axes
        part = self.values.transpose(line, main, across)[lines]
        found: Bounds = sum_values(part, self.table, layers, sums)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Materials:
    """Density and length of materials.

    ``channel_of`` is uint8 (2, 256): the channel in which the density of a code is summed, and that
    of its length; ``channels`` stands for none.
    """

    material: NDArray[np.uint8]
    density: NDArray[np.float32]
    channel_of: NDArray[np.uint8]
    channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along (z, y, x)."""
        return self.material.shape

    def add_up(
        self, axes: Axes, lines: slice, layers: NDArray[np.int64], sums: NDArray[np.float32]
    ) -> Bounds:
        """See :class:`Solid`."""
        main, line, across = axes
        material, density = (
            part.transpose(line, main, across)[lines] for part in (self.material, self.density)
        )
        channels = tuple(range(self.channels))
        found: Bounds = sum_materials(material, density, self.channel_of, layers, channels, sums)
        return found


def integrate(
    solid: Solid, rays: Rays, *, end_slices: int = 0, threads: int = 1
) -> NDArray[np.float32]:
    """Integrate each quantity over mm along every ray: float32 (channels, rows, columns).

    Parameters
    ----------
    solid
        The voxels.
    rays
        In the index axes of the voxels.
    end_slices
        How many times the first and last slice along z are repeated outwards.
    threads
        Threads; the result does not depend on how many.
    """
    result = np.zeros((solid.channels, *rays.shape), dtype=np.float32)
    for main in _main_axes(rays):
        _add_rays(result, solid, rays, main, end_slices, threads)
    return result


def _main_axes(rays: Rays) -> list[int]:
    """Axes along which some ray crosses most voxels; one if it is the same at all corners."""
    corners = rays.corners()
    main = rays.main_axis
    others = np.delete(np.abs(corners), main, axis=1).max(axis=1)
    if (np.abs(corners[:, main]) > others).all() and np.ptp(np.sign(corners[:, main])) == 0:
        return [main]
    row, column = (np.arange(count)[:, None] for count in rays.shape)
    down, right = row * rays.towards[1], column * rays.towards[2]
    ways = np.abs(rays.towards[0] + down[:, None] + right)
    is_most = ways >= ways.max(axis=2, keepdims=True) * (1 - 1e-9)
    return [int(axis) for axis in np.flatnonzero(is_most.any(axis=(0, 1)))]


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of voxels [low, high), summed from the volume's lines ``source``."""

    low: int
    high: int
    source: slice

    @property
    def is_one_line(self) -> bool:
        return bool(self.source.stop - self.source.start == 1)


def _add_rays(
    result: NDArray[np.float32],
    solid: Solid,
    rays: Rays,
    main: int,
    end_slices: int,
    threads: int,
) -> None:
    """Trace the rays that cross most voxels along one axis."""
    line, across = (axis for axis in range(3) if axis != main)
    axes = (main, line, across)
    count, width = solid.shape[line], solid.shape[across]
    beyond = end_slices if main == 0 else 0
    layers = np.arange(-beyond, solid.shape[main] + beyond).clip(0, solid.shape[main] - 1)
    line_bytes = 4 * solid.channels * width * (len(layers) + 1)
    blocks = _blocks(count, line_bytes, end_slices if line == 0 else 0)
    own = (
        np.ascontiguousarray(rays.start[:, axes]),
        np.ascontiguousarray(rays.towards[:, axes]),
        rays.across_mm,
        (main < line, main < across),
    )
    whole = np.array(
        [[-beyond, blocks[0].low, 0], [solid.shape[main] + beyond, blocks[-1].high, width]]
    )
    reach = find_reach(whole, own, rays.shape)
    low, high = reach[..., 0].min(axis=1), reach[..., 1].max(axis=1)
    channels = tuple(range(solid.channels))
    spare: SimpleQueue[NDArray[np.float32]] = SimpleQueue()
    for _ in range(max(threads, 1)):
        most = max(block.source.stop - block.source.start for block in blocks)
        spare.put(np.empty((most, width, len(layers) + 1, solid.channels), dtype=np.float32))

    def trace(block: _Block) -> tuple[int, NDArray[np.float32]] | None:
        rows = np.flatnonzero((low <= block.high) & (high >= block.low))
        if not len(rows):
            return None
        sums = spare.get()
        start, end = solid.add_up(axes, block.source, layers, sums)
        first, stop = int(rows[0]), int(rows[-1]) + 1
        part = np.zeros((solid.channels, stop - first, rays.shape[1]), dtype=np.float32)
        if (start < end).all():
            bounds = np.array(
                [[start[0] - beyond, block.low, start[1]], [end[0] - beyond, block.high, end[1]]]
            )
            box = (bounds, (-beyond, block.low, 0), block.is_one_line)
            trace_block(sums, box, own, reach, first, channels, part)
        spare.put(sums)
        return first, part

    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        for traced in pool.map(trace, blocks) if pool else map(trace, blocks):
            if traced is not None:
                first, part = traced
                result[:, first : first + part.shape[1]] += part


def _blocks(count: int, line_bytes: int, end_slices: int) -> list[_Block]:
    """Divide the lines of a volume; what is repeated at its ends is a block of one line each."""
    number = max(_BLOCKS, -(-count * line_bytes // _BLOCK_BYTES))
    marks = np.unique(np.linspace(0, count, number + 1).round().astype(int)).tolist()
    blocks = [_Block(low, high, slice(low, high)) for low, high in pairwise(marks)]
    if end_slices:
        before = _Block(-end_slices, 0, slice(0, 1))
        behind = _Block(count, count + end_slices, slice(count - 1, count))
        return [before, *blocks, behind]
    return blocks
