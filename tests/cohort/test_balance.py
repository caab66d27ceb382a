"""The division of counts: proportions kept, no cell empty that can be filled."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.cohort.balance import Parts, balance

PRIORITY = np.array([20, 19, 18])


def parts_of(classes, shares=(0.6, 0.15, 0.25), hips=None, patients=None):
    count = len(shares)
    return Parts(
        np.array(shares, dtype=float),
        PRIORITY[:count],
        np.zeros((count, classes), dtype=np.int64) if hips is None else np.asarray(hips),
        np.zeros(count, dtype=np.int64) if patients is None else np.asarray(patients),
    )


def divided(patients, parts):
    """Hips in each part after dividing patients (rows of hips by class)."""
    kinds, kind_of = np.unique(np.asarray(patients), axis=0, return_inverse=True)
    kind_of = kind_of.reshape(-1)
    numbers = np.bincount(kind_of)
    counts = balance(kinds, numbers, kind_of, parts)
    assert (counts >= 0).all()
    assert (counts.sum(axis=1) == numbers).all()
    return counts.T @ kinds + parts.hips


def covered(hips):
    return float(PRIORITY[: len(hips)] @ (hips > 0).sum(axis=1))


def best_coverage(patients, parts):
    """Try every assignment."""
    patients = np.asarray(patients)
    best = 0.0
    for places in product(range(len(parts.proportions)), repeat=len(patients)):
        hips = parts.hips.copy()
        for place, row in zip(places, patients, strict=True):
            hips[place] += row
        best = max(best, covered(hips))
    return best


rows = st.lists(
    st.lists(st.integers(0, 2), min_size=3, max_size=3).filter(any), min_size=1, max_size=7
)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_fills_as_many_cells_as_any_assignment(patients):
    parts = parts_of(3)
    assert covered(divided(patients, parts)) == pytest.approx(best_coverage(patients, parts))


@settings(max_examples=30, deadline=None)
@given(rows, st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=3, max_size=3))
def test_what_is_placed_already_counts(patients, held):
    parts = parts_of(3, hips=held, patients=np.asarray(held).sum(axis=1))
    assert covered(divided(patients, parts)) == pytest.approx(best_coverage(patients, parts))


def test_rare_classes_that_share_patients_need_the_integer_programme():
    # each class has exactly three patients; only one pattern of the triple (0, 1, 2) works
    patients = [[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1]]
    hips = divided(patients, parts_of(3))
    assert (hips > 0).all()


def test_many_patients_keep_the_proportions():
    generator = np.random.default_rng(3)
    classes = generator.choice(6, size=(900, 2), p=[0.5, 0.2, 0.05, 0.15, 0.05, 0.05])
    patients = np.stack([np.bincount(pair, minlength=6) for pair in classes])
    hips = divided(patients, parts_of(6))
    shares = hips / hips.sum(axis=0)
    assert np.abs(shares - np.array([0.6, 0.15, 0.25])[:, None]).max() < 0.02


def test_a_giant_patient_goes_where_it_fits():
    patients = [[40, 10]] + [[1, 0]] * 40 + [[0, 1]] * 10
    hips = divided(patients, parts_of(2))
    assert hips[0].sum() >= 50
    assert (hips > 0).all()
