"""Copies move the picture and its boxes together; projections are as they were when drawn."""

from pathlib import Path

import numpy as np
import pytest

from osteon.core.geometry import Box, Laterality
from osteon.errors import DataError
from osteon.workflow.real_hips import (
    COPIES,
    TEST_DATA,
    RealPicture,
    ct_projections,
    real_film,
    real_pictures,
)


@pytest.fixture
def picture():
    grey = np.zeros((200, 100), np.float32)
    grey[60:120, 40:70] = 1.0
    return RealPicture("drawn", grey, {Laterality.LEFT: Box(40, 60, 70, 120)}, Path("drawn.dcm"))


@pytest.mark.parametrize("copy", list(COPIES))
def test_a_box_stays_on_what_it_was_drawn_around(picture, copy):
    changed = COPIES[copy](picture)
    side = Laterality.RIGHT if copy == "mirrored" else Laterality.LEFT
    (box,) = changed.hips.values()
    assert set(changed.hips) == {side}
    inside = changed.grey[int(box.y_min) : int(box.y_max), int(box.x_min) : int(box.x_max)]
    assert inside.shape == (60, 30)
    assert (inside == 1).all()
    assert changed.grey.sum() == inside.size


def test_what_comes_in_from_outside_is_unexposed(picture):
    picture.grey[:] += 0.5
    moved = COPIES["moved up"](picture).grey
    assert (moved[-10:] == 0).all()
    assert (moved[:180] > 0).all()


def test_a_folder_without_pictures_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv(TEST_DATA, str(tmp_path))
    assert real_film(tmp_path) is None
    with pytest.raises(DataError, match="no real picture"):
        real_pictures()


@pytest.mark.real_data
def test_the_projections_are_films_of_hips(real_data):
    pictures = list(ct_projections(real_data))
    assert [len(picture.hips) for picture in pictures] == [1, 1, 1, 1, 2]
    for picture in pictures:
        rows, columns = picture.grey.shape
        for box in picture.hips.values():
            assert box.clipped(columns, rows) == box
            left, top, right, bottom = (int(v) for v in box.as_tuple())
            assert 0.1 < picture.grey[top:bottom, left:right].mean() < 0.9
