import numpy as np
import pytest

from osteon.core.geometry import Box
from osteon.errors import DataError, UsageError
from osteon.statistics.detection import (
    box_iou,
    iou_matrix,
    match_boxes,
    mean_replicates,
    summarise_iou,
)


def boxes(seed, n):
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 50, (n, 2)), rng.uniform(5, 40, (n, 2))
    return np.hstack([corner, corner + size])


def test_the_same_overlap_as_a_box_has():
    a, b = boxes(0, 12), boxes(1, 7)
    table = iou_matrix(a, b)
    for i, first in enumerate(a):
        for j, second in enumerate(b):
            assert table[i, j] == pytest.approx(Box(*first).iou(Box(*second)))
    np.testing.assert_allclose(box_iou(a[:7], b), np.diag(table[:7]))
    assert iou_matrix(a, []).shape == (12, 0)
    np.testing.assert_allclose(np.diag(iou_matrix(a, a)), 1)


def test_shift_and_scale_change_no_overlap():
    a, b = boxes(2, 5), boxes(3, 5)
    np.testing.assert_allclose(iou_matrix(3 * a + 7, 3 * b + 7), iou_matrix(a, b))


def test_greedy_matching_by_score():
    iou = np.array([[0.6, 0.0], [0.9, 0.55], [0.8, 0.7]])
    assert match_boxes(iou).tolist() == [0, 1, -1]
    assert match_boxes(iou, score=np.array([0.1, 0.9, 0.5])).tolist() == [-1, 0, 1]
    assert match_boxes(iou, min_iou=0.95).tolist() == [-1, -1, -1]
    assert match_boxes(np.zeros((2, 0))).tolist() == [-1, -1]
    with pytest.raises(UsageError, match="min_iou"):
        match_boxes(iou, min_iou=50)


def test_summary_counts_misses():
    iou = np.r_[np.full(50, 0.9), np.full(40, 0.7), np.full(5, 0.3), np.full(5, np.nan)]
    summary = summarise_iou(iou, rng=np.random.default_rng(0), cluster=np.arange(100) // 2)
    assert summary.n == 100
    assert summary.n_missed == 5
    assert summary.min_iou == 0.3
    assert summary.found.value == pytest.approx(0.9)
    assert summary.mean_iou.value == pytest.approx(np.nanmean(iou))
    assert summary.sd_iou == pytest.approx(np.nanstd(iou, ddof=1))
    assert summary.mean_iou.low < summary.mean_iou.value < summary.mean_iou.high
    krogue = summarise_iou(
        iou, rng=np.random.default_rng(0), cluster=np.arange(100) // 2, one_per_cluster=True
    )
    assert "one image per patient" in krogue.mean_iou.method


def test_nothing_found_and_nothing_to_find():
    summary = summarise_iou([np.nan, np.nan], rng=np.random.default_rng(0))
    assert summary.mean_iou.reason == "no box was found"
    assert (summary.n_missed, summary.found.value) == (2, 0.0)
    empty = summarise_iou([], rng=np.random.default_rng(0))
    assert empty.n == 0
    assert np.isnan(empty.min_iou)


def test_bad_boxes_are_named():
    with pytest.raises(DataError, match="without area"):
        box_iou([[0, 0, 0, 5]], [[0, 0, 1, 1]])
    with pytest.raises(DataError, match="pairs"):
        box_iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [0, 0, 1, 1]])
    with pytest.raises(DataError, match="wanted \\(n, 4\\)"):
        iou_matrix([[0, 0, 1]], [[0, 0, 1, 1]])
    with pytest.raises(DataError, match="wanted finite"):
        iou_matrix([[0, 0, np.inf, 1]], [[0, 0, 1, 1]])
    with pytest.raises(DataError, match="iou runs"):
        summarise_iou([1.5], rng=np.random.default_rng(0))
    assert np.isnan(mean_replicates([np.nan], weights=np.ones((1, 1)))).all()
