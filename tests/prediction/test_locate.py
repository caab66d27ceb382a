import numpy as np
import pytest
import torch
from tests.prediction.conftest import TINY_DETECTOR

from osteon.core.geometry import Box, Laterality
from osteon.models.build import build
from osteon.models.detector import HipDetection, detect
from osteon.prediction.locate import (
    locate,
    locate_in_field,
    locate_with_mirrors,
    merged_with_mirror,
)
from osteon.prediction.runtime import runner

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(0)
    return [rng.random(shape).astype(np.float32) for shape in ((50, 80), (70, 70), (90, 30))]


def decided_detector():
    """Untrained, but its scores are apart: near ties would fall differently on other machines."""
    model = build(TINY_DETECTOR, 1).eval()
    torch.manual_seed(1)
    torch.nn.init.normal_(model.head.classification_head.cls_logits.weight, std=1.0)
    return model


def test_films_of_different_shapes_are_found_as_one_by_one(films):
    model = decided_detector()
    together = locate(films, runner("torch", model), TINY_DETECTOR)
    for film, found in zip(films, together, strict=True):
        (alone,) = detect(model, torch.from_numpy(film)[None, None])
        assert [item.laterality for item in found] == [item.laterality for item in alone]
        for one, other in zip(found, alone, strict=True):
            np.testing.assert_allclose(one.box.as_tuple(), other.box.as_tuple(), atol=1e-3)
            assert one.box.clipped(film.shape[1], film.shape[0]) == one.box
    assert locate([], runner("torch", model), TINY_DETECTOR) == []


def test_a_film_and_its_mirror_image_give_mirrored_answers(films):
    run = runner("torch", decided_detector())
    straight = locate_with_mirrors(films, run, TINY_DETECTOR)
    turned = locate_with_mirrors([film[:, ::-1] for film in films], run, TINY_DETECTOR)
    for film, one, other in zip(films, straight, turned, strict=True):
        back = {item.laterality.other: item.box.mirrored(film.shape[1]) for item in other}
        assert {item.laterality for item in one} == set(back)
        for item in one:
            np.testing.assert_allclose(
                item.box.as_tuple(), back[item.laterality].as_tuple(), atol=1e-3
            )


def test_agreeing_boxes_are_averaged_by_score():
    straight = (HipDetection(RIGHT, Box(10, 10, 30, 30), 0.9),)
    turned = (HipDetection(LEFT, Box(68, 10, 88, 30), 0.3),)  # back: 12 to 32
    (found,) = merged_with_mirror(straight, turned, 100.0)
    assert found.laterality == RIGHT
    assert found.score == pytest.approx(0.6)
    assert found.box.x_min == pytest.approx(10.5)


@pytest.mark.parametrize("turned", [(), (HipDetection(LEFT, Box(0, 50, 20, 70), 0.3),)])
def test_what_the_mirror_does_not_see_counts_half(turned):
    straight = (HipDetection(RIGHT, Box(10, 10, 30, 30), 0.9),)
    (found,) = merged_with_mirror(straight, turned, 100.0)
    assert found == HipDetection(RIGHT, Box(10, 10, 30, 30), 0.45)


def test_blades_and_what_lies_beyond_them_change_no_box():
    rng = np.random.default_rng(1)
    inside = (0.3 + 0.2 * rng.random((120, 90))).astype(np.float32)
    framed = np.zeros((160, 150), np.float32)
    framed[20:140, 40:130] = inside
    spec, run = TINY_DETECTOR, runner("torch", decided_detector())
    (plain,), (bordered,) = (locate_in_field([film], run, spec) for film in (inside, framed))
    assert plain
    for one, other in zip(plain, bordered, strict=True):
        assert other.laterality == one.laterality
        assert other.box.as_tuple() == pytest.approx(one.box.shifted(40, 20).as_tuple(), abs=1e-3)
