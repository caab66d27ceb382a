import numpy as np
import pandas as pd

from osteon.phantom.other_parts import OTHER_PARTS
from osteon.training import gate_films


def test_a_changed_drawing_is_another_training(monkeypatch):
    before = gate_films.others_fingerprint()
    assert gate_films.others_fingerprint() == before
    brighter = {name: (lambda rng, draw=draw: draw(rng) + 1) for name, draw in OTHER_PARTS.items()}
    monkeypatch.setattr(gate_films, "OTHER_PARTS", brighter)
    assert gate_films.others_fingerprint() != before


def test_views_are_part_of_what_a_gate_rests_on():
    named = pd.DataFrame({"view": ["ap_hip", "frog_leg"]})
    swapped = pd.DataFrame({"view": ["frog_leg", "ap_hip"]})
    prints = [gate_films.views_fingerprint(frame) for frame in (named, swapped, named[[]])]
    assert len(set(prints)) == 3


def test_other_films_are_of_many_parts():
    rng = np.random.default_rng(0)
    films = [gate_films.draw_other_film(rng) for _ in range(20)]
    assert len({film.shape for film in films}) > 5
