"""The measures of look against pictures whose noise and edges are known."""

import json
from statistics import median

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from osteon.core.geometry import Box
from osteon.core.rng import generator
from osteon.dicom.open import open_instance
from osteon.errors import GeometryError
from osteon.phantom.anatomy import build_body
from osteon.phantom.film import draw_film_spec, expose
from osteon.phantom.processing import VENDORS, average_mm, smooth_mm
from osteon.phantom.realism import measure_look
from osteon.phantom.specs import BodySpec
from osteon.pixels.render import render

WHOLE = Box(0, 0, 300, 300)


def edge_picture(sigma_px, noise=0.0):
    picture = np.full((300, 300), 0.3)
    picture[60:240, 60:240] = 0.6
    picture = gaussian_filter(picture, sigma_px)
    return (picture + np.random.default_rng(1).normal(0, 1, picture.shape) * noise).astype("f4")


@pytest.mark.parametrize("sigma_mm", [0.6, 1.0, 1.5])
def test_width_and_height_of_a_gaussian_edge(sigma_mm):
    look = measure_look(edge_picture(sigma_mm / 0.4), 0.4, WHOLE)
    assert look.edge_width_mm == pytest.approx(2.563 * sigma_mm, rel=0.12)
    assert look.edge_contrast == pytest.approx(0.3, abs=0.02)


def test_white_noise_has_a_flat_spectrum_of_the_right_height():
    look = measure_look(edge_picture(2.0, noise=0.01), 0.4, WHOLE)
    assert look.noise_sd == pytest.approx(0.01, rel=0.05)
    np.testing.assert_allclose(look.noise_power_mm2[3:-1].mean(), 0.01**2 * 0.4**2, rtol=0.35)
    smooth = gaussian_filter(edge_picture(2.0, noise=0.01), 1.0)
    assert measure_look(smooth, 0.4, WHOLE).noise_mean_frequency_per_mm < (
        0.7 * look.noise_mean_frequency_per_mm
    )


def test_a_box_too_small_is_refused():
    with pytest.raises(GeometryError, match="too small"):
        measure_look(edge_picture(1.0), 0.4, Box(0, 0, 40, 40))


def test_blurs_keep_the_mean_and_the_width_asked_for():
    point = np.zeros((401, 401), np.float32)
    point[200, 200] = 1.0
    along = np.arange(401) - 200
    for sigma in (1.0, 6.0, 20.0):
        profile = smooth_mm(point, sigma, 1.0).sum(axis=0)
        assert profile.sum() == pytest.approx(1.0, rel=1e-3)
        assert np.sqrt((profile * along**2).sum()) == pytest.approx(sigma, rel=0.08)
    box = average_mm(point, 2.5, 1.0)
    assert box.sum() == pytest.approx(1.0, rel=1e-5)
    assert np.count_nonzero(box.sum(axis=0)) == 3


def film_look(body, vendor, rng):
    film = expose(body, draw_film_spec("ap_pelvis", vendor, rng), rng)
    return measure_look(film.grey, 0.4, film.hips[0].box)


@pytest.mark.real_data
@pytest.mark.slow
def test_synthetic_films_measure_like_the_real_one(real_data):
    folder = real_data / "radiographs" / "hip_cr"
    real = render(open_instance(folder / "RG2_UNC.dcm"))
    box = Box(*json.loads((folder / "box.json").read_text())["box_xyxy_px"])
    target = measure_look(real.grey, 0.2, box)
    body = build_body(BodySpec(seed=3), spacing_mm=1.0)
    for vendor in VENDORS:
        looks = [film_look(body, vendor, generator(4, vendor, draw)) for draw in range(3)]

        def typical(measure, looks=looks):
            return median(measure(look) for look in looks)

        edge = typical(lambda look: look.edge_width_mm)
        contrast = typical(lambda look: look.edge_contrast)
        frequency = typical(lambda look: look.noise_mean_frequency_per_mm)
        grey = typical(lambda look: look.grey_percentiles[2])
        assert 0.4 < edge / target.edge_width_mm < 2.0
        assert 0.5 < contrast / target.edge_contrast < 2.0
        assert 0.3 < typical(lambda look: look.noise_sd) / target.noise_sd < 2.5
        assert 0.6 < frequency / target.noise_mean_frequency_per_mm < 1.6
        assert abs(grey - target.grey_percentiles[2]) < 0.25
