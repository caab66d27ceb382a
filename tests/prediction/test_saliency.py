import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from osteon.core.geometry import Box
from osteon.models.build import build
from osteon.models.classifier import feature_layer
from osteon.models.spec import ClassifierSpec
from osteon.prediction.saliency import (
    deletion_scores,
    grad_cam,
    occlusion_map,
    paste,
    randomised,
    target_log_odds,
)


class BrightSpot(nn.Module):
    """Class 1 grows with the brightest of the pooled cells: it looks at one place only."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(8)

    def forward(self, images):
        cells = self.pool(images)
        value = 20 * (cells**4).sum(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(value), value], dim=1)


@pytest.fixture
def spot():
    image = torch.full((1, 1, 64, 64), 0.2)
    image[:, :, 8:24, 40:56] = 1.0
    return image


def test_grad_cam_is_hot_where_the_network_looks(spot):
    model = BrightSpot()
    heat = grad_cam(model, model.pool, spot, [1])[0]
    assert heat.shape == (64, 64)
    assert heat.dtype == np.float32
    assert heat.max() == 1
    assert heat[10:22, 42:54].min() > 0.6
    assert heat[40:, :].max() < 0.3


def test_grad_cam_of_the_opposite_is_empty(spot):
    model = BrightSpot()
    assert grad_cam(model, model.pool, spot, [0]).max() == 0


def test_occlusion_agrees_with_grad_cam(spot):
    heat = occlusion_map(BrightSpot(), spot, [1], patch_px=16, stride_px=8)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 8 <= row < 24
    assert 40 <= column < 56


def test_deleting_the_hottest_first_costs_more_than_deleting_at_random(spot):
    model = BrightSpot()
    heat = grad_cam(model, model.pool, spot, [1])[0]
    noise = np.random.default_rng(0).random(heat.shape).astype(np.float32)
    assert deletion_scores(model, spot, heat, [1])[1] < deletion_scores(model, spot, noise, [1])[1]
    whole = deletion_scores(model, spot, heat, [1])
    assert whole[0] == pytest.approx(float(target_log_odds(model(spot), [1])))
    assert len(whole) == 11


def test_a_network_of_random_weights_gives_another_map():
    model = build(ClassifierSpec(encoder="resnet10_w16", image_size_px=64), seed=1).eval()
    images = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    other = randomised(model, torch.Generator().manual_seed(3)).eval()

    def maps(network):
        return [grad_cam(network, feature_layer(network), images, [k]) for k in range(6)]

    first, again, changed = maps(model), maps(model), maps(other)
    np.testing.assert_array_equal(first, again)
    assert max(np.abs(a - b).mean() for a, b in zip(first, changed, strict=True)) > 0.1


def test_frozen_weights_and_inference_callers_still_get_a_map(spot):
    model = BrightSpot().requires_grad_(False)
    with torch.no_grad():
        assert grad_cam(model, model.pool, spot, [1]).max() == 1


def test_the_hook_is_taken_off(spot):
    model = BrightSpot()
    grad_cam(model, model.pool, spot, [1])
    assert not model.pool._forward_hooks


def test_paste_puts_a_map_where_the_crop_came_from():
    heat = np.zeros((8, 8), np.float32)
    heat[:, 0] = 1
    film = paste(heat, Box(20, 10, 36, 26), (40, 60), mirrored=False)
    assert film.shape == (40, 60)
    assert film[10:26, 20].min() > 0.9
    assert film[:, :20].max() == film[:, 36:].max() == film[:10].max() == film[26:].max() == 0
    assert film[15, 35] == 0
    mirrored = paste(heat, Box(20, 10, 36, 26), (40, 60), mirrored=True)
    assert mirrored[10:26, 35].min() > 0.9
    assert mirrored[15, 20] == 0


@given(
    st.floats(-30, 50),
    st.floats(-30, 30),
    st.floats(2, 80),
    st.integers(2, 9),
    st.booleans(),
)
def test_a_map_of_ones_covers_exactly_the_pixels_whose_centre_is_inside(x, y, side, size, mirrored):
    region = Box(x, y, x + side, y + side)
    film = paste(np.ones((size, size), np.float32), region, (30, 50), mirrored=mirrored)
    rows, columns = np.mgrid[:30, :50] + 0.5
    inside = (columns > x) & (columns < x + side) & (rows > y) & (rows < y + side)
    near = (np.abs(columns - x) < 1e-6) | (np.abs(columns - x - side) < 1e-6)
    near |= (np.abs(rows - y) < 1e-6) | (np.abs(rows - y - side) < 1e-6)
    np.testing.assert_allclose(film[~near], inside[~near], atol=1e-5)


def test_a_region_outside_the_film_leaves_it_empty():
    assert (
        paste(np.ones((4, 4), np.float32), Box(100, 0, 120, 20), (30, 50), mirrored=False).max()
        == 0
    )
