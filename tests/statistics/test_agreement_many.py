import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.agreement import agreement_weights
from osteon.statistics.agreement_many import (
    agreement_parts,
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
    alike = gwet_ac([[1, 1], [2, 2], [1, 1]])
    assert alike.low < alike.value == alike.high == 1  # three subjects do not prove it
    linear = gwet_ac([[1, 1], [2, 2], [1, 1]], method="linearised")
    assert "variance is zero" in linear.reason
    assert "two ratings" in gwet_ac([[1, np.nan], [np.nan, 2]]).reason
    with pytest.raises(DataError, match="wanted \\(subjects, raters\\)"):
        rating_counts([1, 2, 3])
    with pytest.raises(DataError, match="ratings hold"):
        rating_counts([[1, 9]], [1, 2])
    counts, _ = rating_counts([["a", None], ["b", ""]])
    assert counts.tolist() == [[1, 0], [0, 1]]


def chance_corrected(table, kind, weights, categories):
    """Fleiss, AC2 and Brennan-Prediger from every pair of ratings, subject by subject."""
    agree, shares, twice = [], [], 0
    place = {v: i for i, v in enumerate(categories)}
    for row in table:
        codes = [place[v] for v in row if not np.isnan(v)]
        if not codes:
            continue
        shares.append(np.bincount(codes, minlength=len(categories)) / len(codes))
        if len(codes) > 1:
            pairs = [
                weights[a, b] for i, a in enumerate(codes) for j, b in enumerate(codes) if i != j
            ]
            agree.append(np.mean(pairs))
            twice += 1
    share, q = np.mean(shares, axis=0), len(categories)
    chance = {
        "gwet": weights.sum() / (q * (q - 1)) * sum(p * (1 - p) for p in share),
        "fleiss": sum(weights[i, j] * share[i] * share[j] for i in range(q) for j in range(q)),
        "brennan_prediger": weights.sum() / q**2,
    }[kind]
    return sum(agree) / twice, chance


@pytest.mark.parametrize("weighting", ["unweighted", "linear", "quadratic"])
@pytest.mark.parametrize("kind", ["gwet", "fleiss", "brennan_prediger"])
def test_weighted_coefficients_by_another_route(kind, weighting):
    weights = agreement_weights(5, weighting)
    observed, chance = chance_corrected(FOUR, kind, weights, [1, 2, 3, 4, 5])
    parts = agreement_parts(FOUR, coefficient=kind, weighting=weighting)
    assert parts == pytest.approx((observed, chance), rel=1e-12)
    function = {"gwet": gwet_ac, "fleiss": fleiss_kappa, "brennan_prediger": brennan_prediger}[kind]
    wanted = (observed - chance) / (1 - chance)
    assert function(FOUR, weighting=weighting).value == pytest.approx(wanted, rel=1e-12)


@pytest.mark.slow
def test_interval_of_ac2_holds():
    rng = np.random.default_rng(4)

    def ratings(n):
        truth = rng.choice(4, n, p=[0.6, 0.2, 0.15, 0.05])
        off = rng.choice([-1, 0, 0, 0, 1], (n, 3))
        return np.clip(truth[:, None] + off, 0, 3)

    options = {"weighting": "quadratic", "categories": [0, 1, 2, 3]}
    truth = gwet_ac(ratings(400_000), **options).value
    runs = [gwet_ac(ratings(60), **options) for _ in range(800)]
    held = np.mean([r.low <= truth <= r.high for r in runs])
    assert np.mean([r.value for r in runs]) == pytest.approx(truth, abs=0.005)
    assert held > 0.93
