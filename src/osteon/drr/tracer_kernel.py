"""The compiled part of :mod:`osteon.drr.tracer`.

``channels`` is ``(0, 1, ...)``: as a tuple its length is known to the compiler, which unrolls the
loops over it.
"""

import numpy as np

from osteon.core.compiled import compiled

__all__ = ["find_reach", "sum_materials", "sum_values", "trace_block"]

_FAR = 1e30
_FLAT = 1e-12  # share of the volume that a ray crosses along an axis it is parallel to
_ROUNDING = 1e-12  # share of a ray, 1e-9 mm: sums of plane distances never step outside
_BATCH = 8  # neighbouring columns of voxels summed together: they share cache lines
_TILE = 32  # neighbouring rays that are traced together, row by row


@compiled(nogil=True)
def sum_values(values, table, layers, sums):  # type: ignore[no-untyped-def]
    """Sum values along the main axis: ``sums[line, across, layer]`` is what lies before a layer.

    ``values`` is (lines, layers, across); ``layers`` says which of its layers follow each other. An
    empty ``table`` stands for the values themselves. Gives back the bounds [low, high) of what is
    not 0, along (layers, across).
    """
    lines, _, width = values.shape
    bounds = (np.array([len(layers), width]), np.array([0, 0]))
    for v in range(lines):
        for first in range(0, width, _BATCH):
            part = values[v, :, first : first + _BATCH]
            target = sums[v, first : first + _BATCH, :, 0]
            begin, end = _sum_columns(part, table, layers, target)
            _widen(bounds, begin, end, first, part.shape[1])
    return bounds


@compiled(nogil=True)
def _sum_columns(part, table, layers, target):  # type: ignore[no-untyped-def]
    """Sum a few columns of voxels; gives back the layers [begin, end) that are not empty."""
    begin, end = len(layers), 0
    running = np.zeros(_BATCH, dtype=np.float32)
    target[:, 0] = 0.0
    for m in range(len(layers)):
        row, is_empty = part[layers[m]], True
        for u in range(len(row)):
            value = np.float32(row[u])
            if table.size > 0:
                value = table[np.uint64(np.int64(row[u]) + 32768)]
            is_empty &= value == 0.0
            running[u] += value
            target[u, m + 1] = running[u]
        if not is_empty:
            begin, end = min(begin, m), m + 1
    return begin, end


@compiled(nogil=True)
def _widen(bounds, begin, end, first, count):  # type: ignore[no-untyped-def]
    """Let bounds along (layers, across) hold some columns, if they are not empty."""
    if begin < end:
        low, high = bounds
        low[0], high[0] = min(low[0], begin), max(high[0], end)
        low[1], high[1] = min(low[1], first), max(high[1], first + count)


@compiled(nogil=True)
def sum_materials(material, density, channel_of, layers, channels, sums):  # type: ignore[no-untyped-def]
    """Sum density and length of each material along the main axis; see :func:`sum_values`.

    ``channel_of`` is (2, 256): where the density and the length of a code are summed, or -1.
    """
    lines, _, width = material.shape
    bounds = (np.array([len(layers), width]), np.array([0, 0]))
    for v in range(lines):
        for first in range(0, width, _BATCH):
            part = (material[v, :, first : first + _BATCH], density[v, :, first : first + _BATCH])
            target = sums[v, first : first + _BATCH]
            begin, end = _sum_material_columns(part, channel_of, layers, channels, target)
            _widen(bounds, begin, end, first, target.shape[0])
    return bounds


@compiled(nogil=True)
def _sum_material_columns(part, channel_of, layers, channels, target):  # type: ignore[no-untyped-def]
    begin, end = len(layers), 0
    spare = len(channels)  # where goes what is not wanted
    running = np.zeros((_BATCH, spare + 1), dtype=np.float32)
    target[:, 0] = 0.0
    for m in range(len(layers)):
        codes, densities, is_empty = part[0][layers[m]], part[1][layers[m]], True
        for u in range(len(codes)):
            of_mass, of_length = channel_of[0, codes[u]], channel_of[1, codes[u]]
            is_empty &= min(of_mass, of_length) == spare
            own, to = running[u], target[u, m + 1]
            own[of_mass] += densities[u]
            own[of_length] += np.float32(1.0)
            for k in range(len(channels)):
                to[k] = own[k]
        if not is_empty:
            begin, end = min(begin, m), m + 1
    return begin, end


@compiled(nogil=True)
def _at(steps, row, column):  # type: ignore[no-untyped-def]
    """Vector of a pixel: of the first one, and a step for each row and column."""
    return (
        steps[0, 0] + row * steps[1, 0] + column * steps[2, 0],
        steps[0, 1] + row * steps[1, 1] + column * steps[2, 1],
        steps[0, 2] + row * steps[1, 2] + column * steps[2, 2],
    )


@compiled(nogil=True)
def _clip(bounds, source, way):  # type: ignore[no-untyped-def]
    """Part [enter, leave] of the ray, as shares of its length, that lies inside the bounds."""
    enter, leave = 0.0, 1.0
    for axis in range(3):
        if abs(way[axis]) < _FLAT:
            if source[axis] < bounds[0, axis] or source[axis] >= bounds[1, axis]:
                return 1.0, 0.0
            continue
        per = 1.0 / way[axis]
        one, two = (bounds[0, axis] - source[axis]) * per, (bounds[1, axis] - source[axis]) * per
        enter = max(enter, min(one, two))
        leave = min(leave, max(one, two))
    return enter, leave - _ROUNDING


@compiled(nogil=True)
def find_reach(bounds, rays, shape):  # type: ignore[no-untyped-def]
    """Lines of voxels [low, high] that the rays of each tile of a row may meet."""
    rows, columns = shape
    tiles = -(-columns // _TILE)
    reach = np.empty((rows, tiles, 2), dtype=np.float32)
    reach[..., 0], reach[..., 1] = _FAR, -_FAR
    for row in range(rows):
        for column in range(columns):
            source, way = _at(rays[0], row, column), _at(rays[1], row, column)
            enter, leave = _clip(bounds, source, way)
            if enter < leave:
                own = reach[row, column // _TILE]
                one, two = source[1] + enter * way[1], source[1] + leave * way[1]
                own[0] = min(own[0], min(one, two) - 1e-3)  # more than rounding
                own[1] = max(own[1], max(one, two) + 1e-3)
    return reach


@compiled(nogil=True)
def _planes(position, source, way, low, high):  # type: ignore[no-untyped-def]
    """First voxel on an axis, where its next plane is, the distance between planes, the step."""
    index = min(max(int(np.floor(position)), low), high - 1)
    if abs(way) >= _FLAT:
        gap = 1.0 / way
        return index, (index + (way > 0) - source) * gap, abs(gap), 1 if way > 0 else -1
    return index, _FAR, 0.0, 1


@compiled(nogil=True)
def trace_block(sums, box, rays, reach, first_row, channels, part):  # type: ignore[no-untyped-def]
    """Add what the rays meet in a block to ``part`` (channels, rows from ``first_row``, columns).

    Parameters
    ----------
    sums
        float32 (lines, across, layers + 1, channels), of :func:`sum_values`.
    box
        Bounds [low, high) of what is not empty; where ``sums`` begins, both along (main, line,
        across); and whether the block is one line over and over.
    rays
        Starts, directions (both along these axes) and lengths in mm, as in ``Rays``; and whether
        the main axis goes before the two others where a ray crosses as many voxels.
    reach
        Of :func:`find_reach`.
    """
    bounds, origin, is_one_line = box
    starts, ways, lengths, ties = rays
    flat = sums.reshape(-1)
    across_stride = sums.shape[2] * sums.shape[3]
    strides = (0 if is_one_line else sums.shape[1] * across_stride, across_stride)
    held = np.zeros((2, sums.shape[3]), dtype=np.float32)
    columns = part.shape[2]
    for first in range(0, columns, _TILE):
        for r in range(part.shape[1]):
            row = r + first_row
            low, high = reach[row, first // _TILE]
            if low > bounds[1, 1] or high < bounds[0, 1]:
                continue
            for column in range(first, min(first + _TILE, columns)):
                way = _at(ways, row, column)
                if not _is_main(way, ties):
                    continue
                source = _at(starts, row, column)
                inside = _clip(bounds, source, way)
                if inside[0] >= inside[1]:
                    continue
                _follow(flat, strides, (bounds, origin), (source, way), inside, channels, held)
                x, y, z = _at(lengths, row, column)
                scale = np.sqrt(x * x + y * y + z * z) / way[0]
                for k in range(len(channels)):
                    part[k, r, column] += held[1, k] * scale


@compiled(nogil=True)
def _is_main(way, ties):  # type: ignore[no-untyped-def]
    """Whether a ray crosses most voxels along the main axis, so that each has one such axis."""
    main, one, two = abs(way[0]), abs(way[1]), abs(way[2])
    return (main > one or (main == one and ties[0])) and (main > two or (main == two and ties[1]))


@compiled(nogil=True)
def _follow(flat, strides, box, ray, inside, channels, held):  # type: ignore[no-untyped-def]
    """Walk one ray from column of voxels to column; ``held[1]`` gets the differences of sums.

    Each difference is formed before it is added, so that what is empty gives exactly 0.
    """
    bounds, origin = box
    source, way = ray
    at, leave = inside
    v, v_next, v_gap, v_step = _planes(
        source[1] + at * way[1], source[1], way[1], bounds[0, 1], bounds[1, 1]
    )
    u, u_next, u_gap, u_step = _planes(
        source[2] + at * way[2], source[2], way[2], bounds[0, 2], bounds[1, 2]
    )
    if strides[0] == 0:
        v_next = _FAR
    v_move, u_move = v_step * strides[0], u_step * strides[1]
    here = (v - origin[1]) * strides[0] + (u - origin[2]) * strides[1]
    start, last = source[0] - origin[0], bounds[1, 0] - origin[0] - 1
    place = start + at * way[0]
    layer = min(int(place), last)
    share = np.float32(place - layer)
    now = here + layer * len(channels)
    for k in range(len(channels)):
        held[0, k] = _sum_at(flat, now, share, k, channels)
        held[1, k] = 0.0
    while True:
        following = min(min(v_next, u_next), leave)
        place = start + following * way[0]
        layer = min(int(place), last)
        share = np.float32(place - layer)
        now = here + layer * len(channels)
        for k in range(len(channels)):
            held[1, k] += _sum_at(flat, now, share, k, channels) - held[0, k]
        if following >= leave:
            break
        is_u = u_next <= v_next
        move = u_move if is_u else v_move
        u_next += u_gap if is_u else 0.0
        v_next += 0.0 if is_u else v_gap
        here += move
        now += move
        for k in range(len(channels)):
            held[0, k] = _sum_at(flat, now, share, k, channels)


@compiled(nogil=True, fastmath={"contract"})
def _sum_at(flat, layer, share, channel, channels):  # type: ignore[no-untyped-def]
    """Sum up to a place in a layer. Unsigned numbers are known not to count from the end."""
    below = flat[np.uint64(layer + channel)]
    return below + share * (flat[np.uint64(layer + channel + len(channels))] - below)
