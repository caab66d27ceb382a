"""Rates of print found stand side by side: held out, and as the finder was fitted to."""

import numpy as np
import pytest

from osteon.phantom.planted_text import PlantedText
from osteon.workflow.benches import deidentify as module


def word(painted, *conditions, is_marker=False):
    return module._Word(is_marker, conditions, painted)


def test_held_out_rates_come_first_and_in_sample_ones_beside_them():
    small, large = "size  10 to  15 px", "size  16 to  31 px"
    held_out = [
        module._Film((word(1.0, large), word(0.5, small), word(0.9, large)), True),
        module._Film((word(0.95, large), word(0.4, is_marker=True)), True),
    ]
    fitted = [module._Film((word(1.0, large), word(0.0, is_marker=True)), True)]
    plain = [module._Film((), False), module._Film((), True)]
    rows = {row.what: row for row in module._rates("without OCR", held_out, fitted, plain)}
    whole = rows["planted words painted over, without OCR"]
    assert (whole.value, whole.peer_value) == (75, 100)
    assert (
        "3 of 4 held out; 1 of 1 in-sample; all of them on 1 of 2 synthetic films" in whole.remark
    )
    assert (rows[f"the same, {large}"].value, rows[f"the same, {large}"].peer_value) == (100, 100)
    assert (rows[f"the same, {small}"].value, rows[f"the same, {small}"].peer_value) == (0, None)
    assert rows["side and view words lost, without OCR"].value == 100
    assert rows["clean films painted, without OCR"].value == 50


@pytest.mark.parametrize(
    ("size", "tone", "row", "column", "wanted"),
    [
        (10, 0.97, 0.5, 0.5, ("size  10 to  15 px", "tone light", "place within the film")),
        (31, 0.06, 0.9, 0.5, ("size  16 to  31 px", "tone dark", "place near an edge")),
        (80, 0.5, 0.5, 0.1, ("size  32 to  80 px", "tone between", "place near an edge")),
        (110, 0.2, 0.2, 0.8, ("size  81 to 110 px", "tone dark", "place within the film")),
    ],
)
def test_words_are_told_apart_by_size_tone_place_and_font(size, tone, row, column, wanted):
    text = PlantedText("x", False, size, "cmr10", tone, row, column, np.array([0]))
    assert module._conditions(text) == (*wanted, "font cmr10")
