import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.core.geometry import Box
from osteon.pixels import augment
from osteon.pixels.augment import apply

STEPS = [
    augment.Gamma(0.7), augment.Gamma(1.4), augment.LocalContrast(0.01),
    augment.Cutout(0.2, 0.3, 0.25, 0.2), augment.MixtureMask(3, 1),
    augment.Wiggle(0.05, -0.05, 1.1, 0.9), augment.Inversion(), augment.Noise(0.05, 7),
    augment.Blur(1.2), augment.Rotation(8.0), augment.Shading(0.4, -0.2),
    augment.Collimation(0.1, 0.0, 0.2, 0.05), augment.Marker("L", 0.1, 0.1, 0.1),
]  # fmt: skip


def picture(seed=0, shape=(48, 40)):
    rng = np.random.default_rng(seed)
    grey = rng.uniform(0.3, 0.5, shape)
    grey[:, : shape[1] // 3] = rng.uniform(0, 0.1, (shape[0], shape[1] // 3))
    grey[10:30, 25:35] = rng.uniform(0.8, 0.95, (20, 10))
    return grey.astype(np.float32)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_every_step_is_repeatable_and_keeps_range_type_and_input(step):
    grey = picture()
    before = grey.copy()
    once, twice = apply(grey, step), apply(grey, step)
    assert np.array_equal(once, twice)
    assert np.array_equal(grey, before)
    assert once.dtype == np.float32
    assert once.shape == grey.shape
    assert 0 <= once.min() <= once.max() <= 1
    changes = not np.array_equal(once, grey)
    assert changes != isinstance(step, augment.Wiggle)
    assert augment.record(step)["kind"] == type(step).__name__


def test_every_step_there_is_has_been_tested():
    assert {type(step) for step in STEPS} == set(augment._APPLY)


def test_gamma_keeps_the_order_and_the_ends():
    grey = np.linspace(0, 1, 50, dtype=np.float32)[None]
    bright, dark = apply(grey, augment.Gamma(0.5)), apply(grey, augment.Gamma(2.0))
    assert (np.diff(bright) > 0).all()
    assert (bright[0, 1:-1] > grey[0, 1:-1]).all()
    assert (dark[0, 1:-1] < grey[0, 1:-1]).all()
    assert bright[0, 0] == 0
    assert bright[0, -1] == 1


def test_inversion_twice_is_nothing():
    grey = picture()
    again = apply(apply(grey, augment.Inversion()), augment.Inversion())
    assert np.allclose(again, grey, atol=1e-6)


def test_cutout_blackens_its_rectangle_and_nothing_else():
    grey = np.ones((40, 20), np.float32)
    cut = apply(grey, augment.Cutout(0.25, 0.5, 0.25, 0.25))
    assert (cut == 0).sum() == 10 * 5
    assert (cut[10:20, 10:15] == 0).all()


def test_cutout_may_hang_over_the_edge():
    cut = apply(np.ones((10, 10), np.float32), augment.Cutout(-0.1, 0.9, 0.3, 0.3))
    assert (cut[:2, 9:] == 0).all()
    assert (cut == 0).sum() == 2


def test_the_mixture_finds_three_tissues():
    rng = np.random.default_rng(3)
    parts = [rng.normal(m, 0.03, n) for m, n in ((0.1, 3000), (0.45, 5000), (0.85, 2000))]
    means, deviations, shares = augment.fit_mixture(np.concatenate(parts).astype(np.float32), 3)
    order = np.argsort(means)
    assert means[order] == pytest.approx([0.1, 0.45, 0.85], abs=0.01)
    assert shares[order] == pytest.approx([0.3, 0.5, 0.2], abs=0.01)
    assert deviations[order] == pytest.approx([0.03] * 3, abs=0.005)


def test_the_mixture_agrees_with_scikit_learn():
    mixture = pytest.importorskip("sklearn.mixture")
    values = picture(5, (80, 80))
    means, _, _ = augment.fit_mixture(values, 3, iterations=200)
    other = mixture.GaussianMixture(3, random_state=0, tol=1e-7, max_iter=500, n_init=3)
    other.fit(values.reshape(-1, 1).astype(np.float64))
    assert np.sort(means) == pytest.approx(np.sort(other.means_.ravel()), abs=0.02)


def test_the_mixture_mask_blackens_the_dark_and_keeps_the_bright():
    grey = picture()
    masked = apply(grey, augment.MixtureMask(3, 1))
    assert (masked[:, :12] == 0).mean() > 0.95
    assert np.array_equal(masked[10:30, 25:35], grey[10:30, 25:35])


def test_flat_pictures_pass_through_every_step():
    for step in STEPS:
        assert np.isfinite(apply(np.zeros((16, 16), np.float32), step)).all()


@given(
    st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(0.8, 1.2), st.floats(0.8, 1.2)
)  # fmt: skip
def test_a_wiggled_box_keeps_the_asked_size(dx, dy, sx, sy):
    box = Box(10, 20, 60, 100)
    moved = augment.Wiggle(dx, dy, sx, sy).moved(box)
    assert moved.width == pytest.approx(50 * sx)
    assert moved.height == pytest.approx(80 * sy)
    assert moved.center[0] == pytest.approx(35 + 50 * dx)
    assert moved.center[1] == pytest.approx(60 + 80 * dy)


@settings(max_examples=25)
@given(st.floats(-20, 20), st.integers(15, 60), st.integers(15, 60))
def test_a_turned_ellipse_lies_in_the_turned_box(degrees, width, height):
    size = 160
    box = Box.from_center(90, 70, width, height)
    y, x = np.mgrid[:size, :size] + 0.5
    inside = ((x - 90) / (width / 2)) ** 2 + ((y - 70) / (height / 2)) ** 2 <= 1
    turn = augment.Rotation(degrees)
    turned = apply(inside.astype(np.float32), turn) > 0.5
    rows, columns = np.nonzero(turned)
    found = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    expected = turn.moved(box, size, size)
    assert found.as_tuple() == pytest.approx(expected.as_tuple(), abs=1.6)
