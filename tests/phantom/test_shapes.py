"""Solids are united voxel for voxel, in their reach and nowhere else."""

import numpy as np
import pytest

from osteon.phantom.shapes import FAR_MM, Grid, stamp_balls, stamp_cones


def united_one_by_one(field, index, radii, spacing, margin):
    """Take the least distance of all balls in whose cubes a voxel lies."""
    field = field.copy()
    grids = np.meshgrid(*(np.arange(n) for n in field.shape), indexing="ij")
    for (x, y, z), radius in zip(index, radii, strict=True):
        reach = (radius + margin) / spacing
        offsets = [grid - center for grid, center in zip(grids, (z, y, x), strict=True)]
        inside = np.logical_and.reduce([abs(offset) <= reach for offset in offsets])
        dz, dy, dx = offsets
        distance = np.sqrt((dz * dz + dy * dy + dx * dx) * spacing * spacing) - radius
        lower = distance.astype(np.float32)
        np.minimum(field, lower, out=field, where=inside)
    return field


@pytest.mark.parametrize("spacing", [0.8, 1.0, 2.3])
@pytest.mark.parametrize("margin", [0.5, 2.6])
def test_balls_are_united_whatever_their_order(spacing, margin):
    rng = np.random.default_rng(1)
    grid = Grid((23, 19, 27), spacing, (0.0, 0.0, 0.0))
    index, radii = rng.uniform(-6, 30, (300, 3)), rng.uniform(0.3, 6.0, 300)
    for field in (grid.far(), rng.normal(0, 4, grid.shape).astype(np.float32)):
        wanted = united_one_by_one(field, index, radii, spacing, margin)
        for order in (np.arange(300), rng.permutation(300)):
            got = field.copy()
            stamp_balls(got, grid, index[order] * spacing, radii[order], margin)
            assert got == pytest.approx(wanted, abs=2e-6)


def test_balls_and_cones_beyond_any_edge_leave_the_field_alone():
    grid = Grid((9, 9, 9), 1.0, (0.0, 0.0, 0.0))
    for axis in range(3):
        for place in (-30.0, -14.5, 22.5, 40.0):
            center = np.full(3, 4.0)
            center[axis] = place
            field = grid.far()
            stamp_balls(field, grid, center[None], np.array([3.0]))
            stamp_cones(field, grid, np.array([[*center, *center, 3.0, 3.0, 2.0]]))
            assert (field == FAR_MM).all()
