"""Drawn films for the tests of training: two bright blobs, whose bar tells the class."""

import numpy as np
import pandas as pd
import pytest

from osteon.core.schemas import CASES, SPLITS

CLASSES = ("no_fracture", "displaced_femoral_neck")


class DrawnFilms:
    """A pixel loader that counts what is read."""

    def __init__(self, films):
        self.films = films
        self.read = []

    def load(self, content_hash):
        self.read.append(content_hash)
        return self.films[content_hash], 0.5  # boxes are given at twice the size

    def pixel_spacing_mm(self, content_hash):
        return 0.5, 0.5


@pytest.fixture
def drawn_study():
    """Cases, splits and films of patients with one film and two hips each."""
    return make_study


def make_study(patients=8, size=96, seed=0):
    """Cases, splits and films of patients with one film and two hips each."""
    rng = np.random.default_rng(seed)
    rows, films, splits = [], {}, []
    subsets = ("training", "training", "tuning", "internal_test")
    for number in range(patients):
        grey = rng.uniform(0, 0.1, (size, size)).astype(np.float32)
        patient, film = f"P{number:03d}", f"hash-{number:03d}"
        for side, start in (("R", 0.08), ("L", 0.58)):
            label = CLASSES[int(rng.random() < 0.5)]
            x, y = (start + rng.uniform(0, 0.06)) * size, rng.uniform(0.2, 0.4) * size
            w, h = 0.3 * size, 0.4 * size
            window = np.s_[round(y) : round(y + h), round(x) : round(x + w)]
            grey[window] += 0.4
            if side == "L":
                grey[window][:, -4:] += 0.3  # the outer edge tells the sides apart
            if label == CLASSES[1]:
                grey[round(y + 0.4 * h) : round(y + 0.6 * h), round(x) : round(x + w)] -= 0.35
            rows.append(
                {
                    "case_id": f"{film}:{side}", "patient_id": patient, "sop_instance_uid": film,
                    "laterality": side, "x_min_px": 2 * x, "y_min_px": 2 * y,
                    "x_max_px": 2 * (x + w), "y_max_px": 2 * (y + h), "label": label,
                    "label_source": "phantom", "content_hash": film, "path": film,
                }
            )  # fmt: skip
        films[film] = grey.clip(0, 1)
        splits.append({"patient_id": patient, "fold": 0, "subset": subsets[number % 4]})
    frame = pd.DataFrame(rows)
    for name in CASES.names:
        if name not in frame:
            frame[name] = None
    return CASES.checked(frame), SPLITS.checked(pd.DataFrame(splits)), DrawnFilms(films)
