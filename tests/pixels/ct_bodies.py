"""Synthetic pelves as CT volumes, coarse, for the tests of this folder and of the cohort."""

from functools import cache

import numpy as np

from osteon.core.geometry import Affine
from osteon.phantom.anatomy import build_body
from osteon.phantom.ct import hounsfield
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.patients import body_for, plan_patient
from osteon.pixels.orient import Volume

SPACING_MM = 4.0


@cache
def pelvis(index=0):
    """A patient's pelvis and femurs; heads near (±90, 0, 0) mm."""
    plan = plan_patient(HipsSettings(), 11, index)
    body = build_body(body_for(plan, plan.visits[0], "neutral"), SPACING_MM)
    return Volume(hounsfield(body, np.random.default_rng(index)), body.affine)


def part(volume, low=(-1e3, -1e3, -1e3), high=(1e3, 1e3, 1e3)):
    """Cut a volume to a box in LPS mm."""
    ends = [np.rint(volume.affine.to_indices(np.array(at))).astype(int) for at in (low, high)]
    first, last = np.maximum(ends[0], 0), np.minimum(ends[1], volume.hu.shape)
    matrix = volume.affine.matrix.copy()
    matrix[:3, 3] = volume.affine.to_lps_mm(first.astype(float))
    window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    return Volume(np.ascontiguousarray(volume.hu[window]), Affine(matrix))
