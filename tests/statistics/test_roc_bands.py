import numpy as np
import pytest
from scipy import stats

from osteon.statistics.roc import auroc
from osteon.statistics.roc_bands import roc_band


def data(seed=0, n=200):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    return truth, np.round(truth + rng.normal(size=n), 1)


@pytest.mark.parametrize("kind", ["pointwise", "simultaneous"])
def test_band_holds_the_curve(kind):
    truth, score = data(1)
    band = roc_band(truth, score, rng=np.random.default_rng(0), kind=kind, replicates=300)
    assert (band.low <= band.y + 1e-9).all()
    assert (band.y <= band.high + 1e-9).all()
    assert kind in band.method
    assert np.trapezoid(band.y, band.x) == pytest.approx(auroc(truth, score).value, abs=0.01)


def test_simultaneous_band_is_wider():
    truth, score = data(2)
    bands = [
        roc_band(truth, score, rng=np.random.default_rng(0), kind=kind, replicates=400)
        for kind in ("pointwise", "simultaneous")
    ]
    assert np.mean(bands[1].high - bands[1].low) > 1.2 * np.mean(bands[0].high - bands[0].low)


def test_clusters_widen_the_band():
    truth, score = data(3)
    ids = np.tile(np.arange(200), 3)
    one, many = (
        roc_band(
            np.tile(truth, 3), np.tile(score, 3), cluster=c, rng=np.random.default_rng(0),
            replicates=300,
        )
        for c in (None, ids)
    )  # fmt: skip
    assert np.mean(many.high - many.low) > 1.4 * np.mean(one.high - one.low)


def test_band_without_a_class_says_so():
    band = roc_band([1, 1], [0.1, 0.2], rng=np.random.default_rng(0), replicates=50)
    assert np.isnan(band.y).all()
    assert "50 replicates undefined" in band.method


def test_the_band_by_another_route():
    rng = np.random.default_rng(5)
    truth = np.arange(30) % 3 == 0
    score = np.round(truth + rng.normal(size=30), 1)
    band = roc_band(truth, score, rng=np.random.default_rng(1), replicates=64, method="bootstrap")
    draws = np.random.default_rng(1).random((64, 30))  # one chunk: one row of numbers for each
    heights = []
    for row in (draws * 30).astype(int):
        t, s = truth[row], score[row]
        x, y = [0.0], [0.0]
        for cut in np.unique(s)[::-1]:
            x.append((s[~t] >= cut).mean())
            y.append((s[t] >= cut).mean())
        heights.append(np.interp(band.x, x, y))
    np.testing.assert_allclose(band.y, np.mean(heights, axis=0), atol=1e-12)
    low, high = np.quantile(heights, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(band.low, np.minimum(low, band.y), atol=1e-12)
    np.testing.assert_allclose(band.high, np.maximum(high, band.y), atol=1e-12)
    wide = roc_band(
        truth,
        score,
        rng=np.random.default_rng(1),
        replicates=64,
        kind="simultaneous",
        method="bootstrap",
    )
    reach = np.quantile(np.abs(heights - band.y).max(axis=1), 0.95)
    np.testing.assert_allclose(wide.high, np.clip(band.y + reach, 0, 1), atol=1e-12)


def test_the_band_holds_the_ends_and_a_perfect_score_has_width():
    truth = np.arange(30) < 6
    band = roc_band(truth, truth.astype(float), rng=np.random.default_rng(0), replicates=400)
    assert band.low[0] == 0
    assert band.low[50] == pytest.approx(0.025 ** (1 / 6), abs=0.06)  # Clopper and Pearson
    assert (band.high == 1).all()
    percentiles = roc_band(
        truth, truth.astype(float), rng=np.random.default_rng(0), replicates=50, method="bootstrap"
    )
    assert (percentiles.low == 1).all()
    assert "may be too narrow" in percentiles.method


def test_the_simultaneous_band_is_the_curve_shifted_by_both_classes_limits():
    truth, score = data(7, 60)
    band = roc_band(truth, score, rng=np.random.default_rng(0), replicates=50, kind="simultaneous")
    up, right = (stats.kstwo.ppf(np.sqrt(0.95), size) for size in (truth.sum(), (~truth).sum()))
    for x, low, high in zip(band.x, band.low, band.high, strict=True):
        cuts = [np.inf, *np.unique(score)[::-1]]
        fpf = np.array([(score[~truth] >= cut).mean() for cut in cuts])
        tpf = np.array([(score[truth] >= cut).mean() for cut in cuts])
        near = tpf[np.abs(fpf - x) <= right + 1e-12]
        assert low <= max(near.min() - up, 0) + 1e-12
        assert high >= min(near.max() + up, 1) - 1e-12
