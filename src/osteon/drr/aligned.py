"""Exact integrals where detector and voxels are parallel: line by line, each cut once.

The volume is cut into segments between voxel planes across the beam's main axis. In one segment
the place of a ray along the third axis depends on its column alone, and along the second on its
row alone. So each line of voxels is cut by the columns' rays once, exactly, and the result is
added to every row whose rays stay inside this line: most of the work is adding contiguous numbers.
Rows that pass from one line to the next within a segment are cut at that place. Lengths are exact
as in Siddon's method (Med. Phys. 12 (1985) 252); nothing is interpolated.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.drr.aligned_kernel import to_mm, trace_lines
from osteon.drr.rays import Rays

__all__ = ["Segments", "integrate_aligned"]

_CHUNKS = 16  # of lines; not of threads, so that sums do not depend on how many there are


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Where rays are cut along the main axis, and which voxels each column meets.

    ``edges`` are in index units; ``begin`` is the first segment of each layer, ``length`` that of
    each segment. ``first`` is the lower voxel of column c in segment k, plus one, and ``share`` the
    part of the way that lies in the voxel above it.
    """

    edges: NDArray[np.float64]
    begin: NDArray[np.int64]
    length: NDArray[np.float32]
    first: NDArray[np.uint16]
    share: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines of voxels, and the rows of pixels whose rays may meet them."""

    line: int
    stop_line: int
    row: int
    stop_row: int


def integrate_aligned(
    values: NDArray[np.float32] | NDArray[np.int16],
    table: NDArray[np.float32],
    rays: Rays,
    axes: tuple[int, int, int],
    threads: int,
) -> NDArray[np.float32]:
    """Integrate over mm; ``axes`` as :meth:`Rays.aligned_axes` gives them.

    ``values`` are (z, y, x) float32 themselves, with an empty ``table``, or int16 with the value
    of each of the 65,536 in ``table``.
    """
    main, down, right = axes
    solid: NDArray[Any] = values.transpose(down, main, right)
    if abs(solid.strides[0]) == values.itemsize:  # each line's plane would touch all memory
        solid = np.ascontiguousarray(solid)
    columns = _along(rays, main, right, 2)
    lines = _along(rays, main, down, 1)
    segments = _segments(rays, main, values.shape[main], values.shape[right], columns)
    cuts = (segments.edges, segments.begin, segments.length, segments.first, segments.share)
    chunks = _chunks(lines, segments.edges, values.shape[down])

    def trace(chunk: _Chunk) -> NDArray[np.float32]:
        part = np.zeros((chunk.stop_row - chunk.row, rays.shape[1]), dtype=np.float32)
        own = solid[chunk.line : chunk.stop_line]
        trace_lines(own, table, chunk.line, cuts, columns, lines, chunk.row, part)
        return part

    result = np.zeros(rays.shape, dtype=np.float32)
    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        parts = pool.map(trace, chunks) if pool else map(trace, chunks)
        for chunk, part in zip(chunks, parts, strict=True):
            result[chunk.row : chunk.stop_row] += part
    to_mm(result, rays.across_mm, 1.0 / abs(rays.towards[0, main]))
    return result


def _along(rays: Rays, main: int, axis: int, step: int) -> NDArray[np.float64]:
    """(2, pixels): place along an axis where the main axis is 0, and its change along it."""
    count = np.arange(rays.shape[step - 1])
    slope = (rays.towards[0, axis] + count * rays.towards[step, axis]) / rays.towards[0, main]
    start = rays.start[0, axis] + count * rays.start[step, axis]
    return np.stack([start - rays.start[0, main] * slope, slope])


def _segments(
    rays: Rays, main: int, depth: int, width: int, columns: NDArray[np.float64]
) -> Segments:
    one = rays.start[0, main]
    low, high = sorted((one, one + rays.towards[0, main]))
    low, high = max(low, 0.0), min(high, float(depth))
    pieces = max(int(np.ceil(np.abs(columns[1]).max() - 1e-9)), 1)
    planes = np.arange(depth * pieces + 1) / pieces
    edges = np.concatenate([[low], planes[(planes > low) & (planes < high)], [high]])
    if high <= low:
        edges = np.zeros(1)
    middle = (edges[1:] + edges[:-1]) / 2
    places = columns[0] + edges[:, None] * columns[1]
    cells = np.floor(places)
    lower = np.minimum(cells[:-1], cells[1:])
    upper = np.maximum(cells[:-1], cells[1:])
    run = np.abs(places[1:] - places[:-1])
    above = np.maximum(places[1:], places[:-1]) - upper
    share = np.where((upper > lower) & (lower >= -1), above / np.maximum(run, 1e-30), 0.0)
    first = np.clip(lower, -1, width) + 1
    return Segments(
        edges,
        np.searchsorted(middle, np.arange(depth + 1)),
        np.diff(edges).astype(np.float32),
        first.astype(np.uint16),
        share.astype(np.float32),
    )


def _chunks(lines: NDArray[np.float64], edges: NDArray[np.float64], count: int) -> list[_Chunk]:
    """Divide the lines of voxels that rays may meet."""
    ends = lines[0] + edges[[0, -1], None] * lines[1]
    low, high = ends.min(axis=0), ends.max(axis=0)
    start, stop = max(int(np.floor(low.min())), 0), min(int(np.floor(high.max())) + 1, count)
    result = []
    for line, end in _steps(start, stop):
        rows = np.flatnonzero((low < end) & (high >= line))
        if len(rows):
            result.append(_Chunk(line, end, int(rows[0]), int(rows[-1]) + 1))
    return result


def _steps(start: int, stop: int) -> list[tuple[int, int]]:
    if stop <= start:
        return []
    marks = np.unique(np.linspace(start, stop, _CHUNKS + 1).round().astype(int)).tolist()
    return list(pairwise(marks))
