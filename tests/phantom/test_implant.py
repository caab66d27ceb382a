"""Implants lie where surgeons put them."""

from typing import get_args

import numpy as np
import pytest

from osteon.core.geometry import Laterality
from osteon.phantom.anatomy import build_body
from osteon.phantom.femur import FemurShape, build_femur
from osteon.phantom.implant import (
    ARTHROPLASTIES,
    FIXATIONS,
    ImplantKind,
    draw_implant,
    implant_parts,
    resect_head,
)
from osteon.phantom.materials import Material
from osteon.phantom.specs import BodySpec, HipSpec

KINDS = get_args(ImplantKind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_implant_shows_and_names_its_class(kind):
    implant = draw_implant(kind, np.random.default_rng(1))
    body = build_body(BodySpec(seed=1, left=HipSpec(implant=implant)), 3.0)
    left = next(hip for hip in body.hips if hip.laterality is Laterality.LEFT)
    assert left.implant == kind
    assert left.label == ("internal_fixation" if kind in FIXATIONS else "arthroplasty")
    codes = {name: code for code, name in body.structure_names.items()}
    metal = body.structures == codes["implant_left"]
    assert metal.sum() * 27 > 5000
    assert not (body.structures == codes["implant_right"]).any()
    hard = (Material.TITANIUM_ALLOY, Material.STAINLESS_STEEL, Material.COBALT_CHROMIUM)
    assert np.isin(body.material[metal], hard).mean() > 0.3


@pytest.mark.parametrize("kind", FIXATIONS)
def test_fixations_end_inside_the_head(kind):
    shape = FemurShape()
    _, frame = build_femur(shape, Laterality.RIGHT, 4.0, np.random.default_rng(0))
    for seed in range(5):
        implant = draw_implant(kind, np.random.default_rng(seed))
        ends = np.concatenate([part.cones_mm[:, 3:6] for part in implant_parts(implant, frame)])
        reach = np.linalg.norm(ends, axis=1)
        deepest = ends[np.argmax(ends @ frame.neck_axis)]
        gap = shape.head_radius_mm - np.linalg.norm(deepest)
        assert gap == pytest.approx(implant.depth_mm, abs=0.6)
        assert reach.min() < shape.head_radius_mm


@pytest.mark.parametrize("kind", ARTHROPLASTIES)
def test_arthroplasty_takes_the_head_away(kind):
    bone, frame = build_femur(FemurShape(), Laterality.RIGHT, 3.0, np.random.default_rng(0))
    left = resect_head(bone, frame)
    points = bone.affine.to_lps_mm(np.argwhere(left.fraction > 0.2).astype(float))
    assert np.linalg.norm(points, axis=1).min() > 15
    assert left.fraction.sum() > 0.6 * bone.fraction.sum()
    top = np.abs(points - frame.greater_trochanter_mm).max(1).min()
    assert top < 12  # the greater trochanter stays
