import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.agreement_many import (
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    rating_counts,
)

FOUR = [
    [1, 1, np.nan, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [np.nan, 5, 5, 5], [np.nan, np.nan, 1, 1],
    [np.nan, np.nan, 3, np.nan],
]  # fmt: skip


def test_published_values_with_missing_ratings(reference):
    facts = reference("gwet_four_raters.json")
    assert gwet_ac(FOUR).value == pytest.approx(facts["ac1"], abs=5e-6)
    quadratic = gwet_ac(FOUR, weighting="quadratic").value
    assert quadratic == pytest.approx(facts["ac2_quadratic"], abs=5e-4)
    alpha = krippendorff_alpha(FOUR).value
    assert alpha == pytest.approx(facts["krippendorff_nominal"], abs=5e-4)


def alpha_by_coincidences(table, squared):
    """Krippendorff's alpha from the matrix of coincidences, pair by pair."""
    values = sorted({v for row in table for v in row if not np.isnan(v)})
    place = {v: i for i, v in enumerate(values)}
    o = np.zeros((len(values), len(values)))
    for row in table:
        there = [v for v in row if not np.isnan(v)]
        for i, a in enumerate(there):
            for j, b in enumerate(there):
                if i != j:
                    o[place[a], place[b]] += 1 / (len(there) - 1)
    n = o.sum(axis=0)
    d = np.array([[squared(a, b) for b in values] for a in values])
    return 1 - (n.sum() - 1) * np.sum(o * d) / (n @ d @ n)


@pytest.mark.parametrize(
    ("metric", "squared"),
    [
        ("nominal", lambda a, b: float(a != b)),
        ("interval", lambda a, b: (a - b) ** 2),
        ("ratio", lambda a, b: ((a - b) / (a + b)) ** 2),
    ],
)
def test_alpha_by_another_route(metric, squared):
    wanted = alpha_by_coincidences(FOUR, squared)
    assert krippendorff_alpha(FOUR, metric=metric).value == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("function", [fleiss_kappa, gwet_ac, brennan_prediger, krippendorff_alpha])
def test_order_of_raters_subjects_and_copies(function):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 40)
    table = np.where(rng.random((40, 4)) < 0.75, truth[:, None], rng.integers(0, 3, (40, 4)))
    one = function(table)
    other = function(table[::-1, ::-1])
    assert (other.value, other.low) == pytest.approx((one.value, one.low))
    ids = np.tile(np.arange(40), 3)
    clustered = function(np.tile(table, (3, 1)), cluster=ids)
    if function is not krippendorff_alpha:  # alpha's small-sample term sees three times the units
        assert clustered.value == pytest.approx(one.value)
        assert clustered.low == pytest.approx(one.low, abs=1e-9)
    assert clustered.high - clustered.low == pytest.approx(one.high - one.low, rel=0.02)


def test_steady_when_one_category_is_rare():
    table = np.ones((100, 2), int)
    table[:3, 0], table[3:6, 1] = 2, 2
    assert fleiss_kappa(table).value < 0
    assert gwet_ac(table).value > 0.9


def test_trouble_has_reasons():
    assert "one category" in fleiss_kappa(np.ones((5, 3))).reason
    assert "variance is zero" in gwet_ac([[1, 1], [2, 2], [1, 1]]).reason
    assert "two ratings" in gwet_ac([[1, np.nan], [np.nan, 2]]).reason
    with pytest.raises(DataError, match="wanted \\(subjects, raters\\)"):
        rating_counts([1, 2, 3])
    with pytest.raises(DataError, match="ratings hold"):
        rating_counts([[1, 9]], [1, 2])
    counts, _ = rating_counts([["a", None], ["b", ""]])
    assert counts.tolist() == [[1, 0], [0, 1]]
