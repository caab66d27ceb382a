"""The package that comes with Osteon finds the hip on a real film it has never seen."""

import numpy as np
import pytest

from osteon.core.files import hash_file, read_json
from osteon.core.geometry import Box, Laterality
from osteon.dicom.open import open_instance
from osteon.models.package import default_package, kept_packages, open_package
from osteon.pixels.render import render
from osteon.pixels.resample import fit_within
from osteon.prediction.networks import networks_from_package

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not kept_packages(), reason="no package comes with this installation"),
]


@pytest.fixture(scope="module")
def film(real_data):
    folder = real_data / "radiographs" / "hip_cr"
    truth = read_json(folder / "box.json")
    path = folder / truth["file"]
    return path, render(open_instance(path)).grey, Box(*truth["box_xyxy_px"]), truth["laterality"]


@pytest.fixture(scope="module")
def package():
    return open_package(default_package())


def unchanged(grey, box, side):
    return grey, box, Laterality(side)


def mirrored(grey, box, side):
    return grey[:, ::-1].copy(), box.mirrored(grey.shape[1]), Laterality(side).other


def cropped(grey, box, side):
    return grey[300:1800, 300:1500].copy(), box.shifted(-300, -300), Laterality(side)


def shifted(grey, box, side):
    moved = np.zeros_like(grey)
    moved[:, 150:] = grey[:, :-150]
    return moved, box.shifted(150, 0), Laterality(side)


@pytest.mark.parametrize("change", [unchanged, mirrored, cropped, shifted])
def test_the_best_box_is_on_the_hip_and_names_its_side(film, package, change):
    _, grey, box, side = film
    picture, wanted, laterality = change(grey, box, side)
    small, factor = fit_within(picture, package.card.preprocessing.film_side_px)
    (found,) = networks_from_package(package).find([small], search="windows")
    best = max(found, key=lambda detection: detection.score)
    assert best.laterality == laterality
    assert best.box.scaled(1 / factor).iou(wanted) >= 0.5


def test_the_film_was_not_trained_on(film, package):
    assert not package.was_trained_on(hash_file(film[0]))
