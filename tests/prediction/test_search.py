import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.geometry import Box, Laterality
from osteon.models.detector import HipDetection
from osteon.models.spec import DetectorSpec
from osteon.prediction.search import agree, looks_at

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
SPEC = DetectorSpec(score_threshold=0.25, nms_iou=0.3)


def in_look(look, hip):
    """What a perfect detector would give in this look; nothing where the hip is not whole."""
    if not look.holds(hip.box):
        return []
    box = hip.box.shifted(-look.window[0], -look.window[1])
    if look.is_mirrored:
        width = look.window[2] - look.window[0]
        return [HipDetection(hip.laterality.other, box.mirrored(width), hip.score)]
    return [HipDetection(hip.laterality, box, hip.score)]


@given(
    st.integers(40, 400), st.integers(40, 400), st.floats(0, 0.6), st.floats(0, 0.6),
    st.sampled_from(list(Laterality)),
)  # fmt: skip
def test_a_hip_seen_in_every_look_that_holds_it_keeps_box_side_and_score(w, h, x, y, side):
    hip = HipDetection(side, Box(x * w, y * h, x * w + 0.3 * w, y * h + 0.3 * h), 0.6)
    looks = looks_at((h, w), "windows")
    assert any(look.holds(hip.box) for look in looks)
    (found,) = agree(looks, [in_look(look, hip) for look in looks], SPEC).hips
    assert found.laterality == side
    assert found.box.as_tuple() == pytest.approx(hip.box.as_tuple(), abs=1e-6)
    assert found.score == pytest.approx(0.6)


def test_what_most_looks_miss_loses_to_what_all_see():
    looks = looks_at((300, 300), "windows")
    hip = HipDetection(LEFT, Box(120, 120, 180, 180), 0.5)
    ghost = HipDetection(LEFT, Box(20, 20, 200, 200), 0.9)
    found = [in_look(look, hip) for look in looks]
    found[0] = [ghost, *found[0]]
    assert agree(looks, found, SPEC).hips[0].box.iou(hip.box) > 0.99
    alone = agree(looks_at((300, 300), "whole"), [[ghost, hip]], SPEC).hips
    assert alone[0].box == ghost.box


def test_a_box_that_a_windows_edge_may_cut_is_not_used():
    looks = looks_at((100, 100), "windows")
    inner = next(look for look in looks if look.window[0] > 0 and not look.is_mirrored)
    left = inner.window[0]
    cut = HipDetection(LEFT, Box(1, 20, 30, 40), 0.9)
    assert inner.on_film(cut) is None
    whole = inner.on_film(HipDetection(LEFT, Box(10, 20, 30, 40), 0.9))
    assert whole.box.x_min == 10 + left


def test_of_two_sides_on_one_hip_the_better_stays():
    looks = looks_at((100, 100), "windows")
    left = HipDetection(LEFT, Box(10, 10, 50, 50), 0.8)
    right = HipDetection(RIGHT, Box(12, 10, 52, 50), 0.6)
    far = HipDetection(RIGHT, Box(60, 10, 95, 50), 0.5)
    found = agree(
        looks, [[*in_look(look, left), *in_look(look, right)] for look in looks], SPEC
    ).hips
    assert [hip.laterality for hip in found] == [LEFT]
    both = [[*in_look(look, left), *in_look(look, far)] for look in looks]
    found = agree(looks, both, SPEC).hips
    assert [hip.laterality for hip in found] == [LEFT, RIGHT]


def test_a_score_below_the_threshold_is_no_hip():
    weak = HipDetection(LEFT, Box(10, 10, 50, 50), 0.2)
    assert agree(looks_at((100, 100), "whole"), [[weak]], SPEC).hips == ()


def test_what_is_seen_far_less_well_than_the_other_side_is_no_hip():
    hip = HipDetection(LEFT, Box(160, 200, 220, 260), 0.6)
    for score, is_taken in ((0.31, True), (0.29, False)):
        other = HipDetection(RIGHT, Box(40, 200, 100, 260), score)
        looks = looks_at((300, 300), "windows")
        both = [[*in_look(look, hip), *in_look(look, other)] for look in looks]
        sides = [item.laterality for item in agree(looks, both, SPEC).hips]
        assert sides == ([LEFT, RIGHT] if is_taken else [LEFT])
        whole = agree(looks_at((300, 300), "whole"), [[hip, other]], SPEC).hips
        assert len(whole) == 2


@pytest.mark.parametrize("search", ["whole", "windows"])
def test_what_is_larger_than_a_hip_makes_room_for_one(search):
    looks = looks_at((300, 300), search)
    wing = HipDetection(LEFT, Box(40, 40, 140, 140), 0.9)
    hip = HipDetection(LEFT, Box(160, 200, 220, 260), 0.3)
    both = [[*in_look(look, wing), *in_look(look, hip)] for look in looks]
    assert agree(looks, both, SPEC).hips[0].box.iou(wing.box) > 0.99
    found = agree(looks, both, SPEC, largest_px=99.0)
    assert [item.box.iou(hip.box) > 0.99 for item in found.hips] == [True]
    assert found.too_large == ()
    alone = agree(looks, [in_look(look, wing) for look in looks], SPEC, largest_px=99.0)
    assert alone.hips == ()
    assert [item.box.iou(wing.box) > 0.99 for item in alone.too_large] == [True]
    at_the_limit = agree(looks, both, SPEC, largest_px=100.001)
    assert at_the_limit.hips[0].box.iou(wing.box) > 0.99


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (400, 5), (300, 200)])
def test_windows_cover_the_film(shape):
    seen = np.zeros(shape, bool)
    for look in looks_at(shape, "windows"):
        left, top, right, bottom = look.window
        assert 0 <= left < right <= shape[1]
        assert 0 <= top < bottom <= shape[0]
        seen[top:bottom, left:right] = True
    assert seen.all()
