"""Print is cut into letters and words; part of a letter is grown to the whole of it."""

import numpy as np
from tests.pixels.printed_films import LIGHT, written

from osteon.pixels.print_shapes import ROWS, cut_at_blanks, find_runs, whole_shape

DARK_GROUND = np.full((120, 400), 800, np.uint16)


def picture(text, size=40):
    film, ink = written(DARK_GROUND, text, size, (60, 40), LIGHT)
    rows, columns = np.nonzero(ink)
    box = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return (film // 16).astype(np.uint8), box


def test_blanks_are_wider_than_the_gaps_between_letters():
    boxes = [(0, left, 10, left + 6) for left in (0, 8, 16, 30, 38)]
    assert cut_at_blanks(boxes, 10) == [[0, 1, 2], [3, 4]]
    assert cut_at_blanks([boxes[0], boxes[3]], 10) == [[0], [1]]
    assert cut_at_blanks([], 10) == []


def test_words_are_found_with_their_letters_and_places():
    image, box = picture("RT KM")
    first, second = find_runs(image, box, True)
    assert [len(run.inks) for run in (first, second)] == [2, 2]
    assert abs(first.inks[0].shape[0] - ROWS) <= 2
    assert np.abs(np.subtract((*first.box[:2], *second.box[2:]), box)).max() <= 1


def test_what_the_margin_cuts_is_no_word():
    image, box = picture("MEIERANNELISE", 24)
    assert find_runs(image, (box[0], box[1], box[2], box[1] + 20), True) == []


def test_part_of_a_letter_is_grown_to_the_whole():
    image, box = picture("R", 60)
    row, column, end_row, end_column = box
    part = (row + 10, column, end_row - 12, end_column)
    assert np.abs(np.subtract(whole_shape(image, part), box)).max() <= 1
