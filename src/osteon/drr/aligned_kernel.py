"""The compiled part of :mod:`osteon.drr.aligned`.

Loops run over slices from their start, so that the compiler knows that no index is negative and
makes vector instructions of them.
"""

import numpy as np

from osteon.core.compiled import compiled

__all__ = ["to_mm", "trace_lines"]

_LINES, _LAYERS = 8, 16  # of a block: 130 kB of a volume 256 wide
_FAST = {"nsz", "contract", "reassoc", "arcp"}


@compiled(nogil=True, fastmath=_FAST)
def _load(values, table, scratch, content):  # type: ignore[no-untyped-def]
    """Copy some layers of one line's plane into padded rows; ``content``: [low, high) of each."""
    depth, width = values.shape
    if table.size > 0 and values.strides[0] > values.strides[1]:
        for s in range(depth):
            for u in range(width):
                scratch[s, u + 1] = table[np.int64(values[s, u]) + 32768]
    elif table.size > 0:
        for u in range(width):
            for s in range(depth):
                scratch[s, u + 1] = table[np.int64(values[s, u]) + 32768]
    elif values.strides[0] > values.strides[1]:
        for s in range(depth):
            for u in range(width):
                scratch[s, u + 1] = values[s, u]
    else:
        for u in range(width):
            for s in range(depth):
                scratch[s, u + 1] = values[s, u]
    _bound(scratch, content, depth, width)


@compiled(nogil=True)
def _bound(scratch, content, depth, width):  # type: ignore[no-untyped-def]
    for s in range(depth):
        low, high = 0, width
        while low < high and scratch[s, low + 1] == 0.0:
            low += 1
        while high > low and scratch[s, high] == 0.0:
            high -= 1
        content[s, 0], content[s, 1] = low, high


@compiled(nogil=True)
def _span(one, two, low, high, count):  # type: ignore[no-untyped-def]
    """Pixels [first, stop) whose places may lie between low and high at one of two edges.

    ``one`` and ``two`` are (place of pixel 0, step for a pixel) at the edges; the span may be one
    too wide.
    """
    if min(abs(one[1]), abs(two[1])) < 1e-9:
        return 0, count
    a, b = (low - one[0]) / one[1], (high - one[0]) / one[1]
    c, d = (low - two[0]) / two[1], (high - two[0]) / two[1]
    least, most = min(a, b, c, d), max(a, b, c, d)
    first = max(min(np.floor(least), float(count)), 0.0)
    stop = max(min(np.ceil(most) + 1.0, float(count)), 0.0)
    return int(first), int(stop)


@compiled(nogil=True)
def _at(along, edge):  # type: ignore[no-untyped-def]
    """Place of pixel 0 at an edge, and the step for a pixel."""
    place = along[0, 0] + edge * along[1, 0]
    if along.shape[1] == 1:
        return place, 0.0
    return place, along[0, 1] + edge * along[1, 1] - place


@compiled(nogil=True, fastmath=_FAST)
def _meet(row, first, share, length, met):  # type: ignore[no-untyped-def]
    """Look up what columns meet in one line: lower voxel, rise to the upper one, integral."""
    below, rise, whole = met[0], met[1], met[2]
    for c in range(first.size):
        i = first[c]
        low = length * row[i]
        below[c], rise[c] = low, length * row[i + 1] - low
    for c in range(first.size):
        whole[c] = below[c] + share[c] * rise[c]


@compiled(nogil=True, fastmath=_FAST)
def _add_whole(whole, target):  # type: ignore[no-untyped-def]
    for c in range(target.size):
        target[c] += whole[c]


@compiled(nogil=True, fastmath=_FAST)
def _add_part(met, share, way, target):  # type: ignore[no-untyped-def]
    """Add the part ``way`` (enter, leave) of a segment along which places rise."""
    enter, leave = way
    below, rise = met[0], met[1]
    for c in range(target.size):
        turn = min(max(np.float32(1.0) - share[c], enter), leave)
        target[c] += (leave - enter) * below[c] + (leave - turn) * rise[c]


@compiled(nogil=True, fastmath=_FAST)
def trace_lines(solid, table, line, cuts, columns, lines, row, part):  # type: ignore[no-untyped-def]
    """Add all that the voxels of some lines give to the rows from ``row`` on.

    ``solid`` is (lines, layers, voxels of a line), the first of them number ``line``; ``cuts`` are
    the fields of :class:`osteon.drr.aligned.Segments`. Blocks of lines and layers are small enough
    for the processor's cache.
    """
    count, depth, width = solid.shape
    begin = cuts[1]
    scratch = np.zeros((_LINES, _LAYERS, width + 3), dtype=np.float32)
    content = np.zeros((_LINES, _LAYERS, 2), dtype=np.int64)
    met = np.zeros((3, part.shape[1]), dtype=np.float32)
    pixels = (columns, lines, _turn(columns), row)
    for block in range(0, count, _LINES):
        lines_here = min(_LINES, count - block)
        for layer in range(0, depth, _LAYERS):
            stop = min(layer + _LAYERS, depth)
            if begin[layer] == begin[stop]:
                continue
            for own in range(lines_here):
                _load(solid[block + own, layer:stop], table, scratch[own], content[own])
            for s in range(layer, stop):
                for k in range(begin[s], begin[s + 1]):
                    for own in range(lines_here):
                        low, high = content[own, s - layer]
                        if low < high:
                            _cut_line(
                                scratch[own, s - layer], (low, high), line + block + own, k,
                                cuts, pixels, met, part,
                            )  # fmt: skip


@compiled(nogil=True, fastmath=_FAST)
def _cut_line(row, content, line, k, cuts, pixels, met, part):  # type: ignore[no-untyped-def]
    """Cut one line of voxels in segment k and add it to every row of pixels that meets it."""
    edges, _, length, firsts, shares = cuts
    columns, lines, turn, first_row = pixels
    one, two = _at(lines, edges[k]), _at(lines, edges[k + 1])
    left, right = _at(columns, edges[k]), _at(columns, edges[k + 1])
    top, last = _span(one, two, float(line), line + 1.0, first_row + part.shape[0])
    start, stop = _span(left, right, content[0], content[1], part.shape[1])
    top = max(top, first_row)
    if top >= last or start >= stop:
        return
    first, share = firsts[k, start:stop], shares[k, start:stop]
    _meet(row, first, share, length[k], met[:, start:stop])
    middle = min(max(turn[0], start), stop)
    for r in range(top, last):
        target = part[r - first_row]
        enter, leave = _inside(one[0] + one[1] * r, two[0] + two[1] * r, line)
        if leave - enter >= 1.0:
            _add_whole(met[2, start:stop], target[start:stop])
        elif leave > enter:
            up = (np.float32(enter), np.float32(leave))
            down = (np.float32(1.0 - leave), np.float32(1.0 - enter))
            if not turn[1]:
                up, down = down, up
            _add_part(met[:, start:middle], shares[k, start:middle], up, target[start:middle])
            _add_part(met[:, middle:stop], shares[k, middle:stop], down, target[middle:stop])


@compiled(nogil=True)
def _inside(a, b, place):  # type: ignore[no-untyped-def]
    """Part of the way from a to b that lies in [place, place + 1)."""
    low, high = min(a, b), max(a, b)
    if low >= place and high < place + 1.0:
        return 0.0, 1.0
    if high < place or low >= place + 1.0 or low == high:
        return 0.0, 0.0
    t, v = (place - a) / (b - a), (place + 1.0 - a) / (b - a)
    return max(min(t, v), 0.0), min(max(t, v), 1.0)


@compiled(nogil=True)
def _turn(columns):  # type: ignore[no-untyped-def]
    """First column whose places change the other way, and whether those before rise."""
    rising = columns[1, 0] > 0
    for c in range(columns.shape[1]):
        if (columns[1, c] > 0) != rising:
            return c, rising
    return columns.shape[1], rising


@compiled(nogil=True)
def to_mm(result, across, scale):  # type: ignore[no-untyped-def]
    """Multiply by the length in mm of a ray along one unit of the main axis."""
    for r in range(result.shape[0]):
        for c in range(result.shape[1]):
            x = across[0, 0] + r * across[1, 0] + c * across[2, 0]
            y = across[0, 1] + r * across[1, 1] + c * across[2, 1]
            z = across[0, 2] + r * across[1, 2] + c * across[2, 2]
            result[r, c] *= np.sqrt(x * x + y * y + z * z) * scale
