import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.statistics.reading_lists import DESIGNS, study

from osteon.errors import DataError, UsageError
from osteon.statistics.mrmc_covariance import reader_covariance
from osteon.statistics.mrmc_u_statistics import u_statistic_analysis

PAIRS = ((0, 0), (1, 1), (0, 1))


def variances(analysis, estimator="unbiased"):
    own = {pair: analysis.moments[pair].covariance(estimator) for pair in PAIRS}
    return [own[0, 0], own[1, 1], own[0, 0] + own[1, 1] - 2 * own[0, 1]]


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_as_imrmc(design, reference):
    facts = reference("imrmc.json")["studies"][design]
    found = u_statistic_analysis(*study(design))
    assert [mean.value for mean in found.means] == pytest.approx(facts["areas"], rel=1e-12)
    assert variances(found) == pytest.approx(facts["variances"], rel=1e-10)
    assert variances(found, "positive") == pytest.approx(facts["positive_variances"], rel=1e-10)
    assert [found.freedom[pair] for pair in PAIRS] == pytest.approx(facts["freedom"], rel=1e-10)
    for k, pair in enumerate(PAIRS, start=1):
        moments = found.moments[pair]
        np.testing.assert_allclose(moments.values, facts[f"moments_{k}"], rtol=1e-12)
        np.testing.assert_allclose(moments.coefficients, facts[f"coefficients_{k}"], rtol=1e-12)


def test_binary_readings_as_the_java_program(reference):
    facts = reference("imrmc.json")["run_lengths"]
    case = np.arange(facts["cases"])
    calls = (case < np.array(facts["called"])[..., None]).astype(float)
    found = u_statistic_analysis(case < facts["positive"], calls)
    assert [mean.value for mean in found.means] == pytest.approx(facts["areas"], abs=5e-10)
    assert variances(found) == pytest.approx(facts["variances"], rel=5e-9)
    assert [found.freedom[pair] for pair in PAIRS] == pytest.approx(facts["freedom"], rel=5e-9)
    for pair, wanted in zip(PAIRS, facts["moments"], strict=True):
        np.testing.assert_allclose(found.moments[pair].values, wanted, atol=5e-7)


def by_loops(truth, ratings):
    """Moments from all pairs of scores, one by one."""
    positive, negative = np.flatnonzero(truth), np.flatnonzero(truth == 0)
    scores = [
        (r, p, n, float(row[p] > row[n]) + float(row[p] == row[n]) / 2)
        for r, row in enumerate(ratings) for p in positive for n in negative
        if not np.isnan(row[p] + row[n])
    ]  # fmt: skip
    sums, counts = np.zeros(8), np.zeros(8)
    for r, p, n, score in scores:
        for q, o, m, other in scores:
            kind = 4 * (r != q) + 2 * (p != o) + (n != m)
            sums[kind] += score * other
            counts[kind] += 1
    return sums / counts, counts / len(scores) ** 2 - (np.arange(8) == 7)


def test_moments_by_loops():
    truth, ratings = study("missing")
    ratings, truth = ratings[:, :3, :12], truth[:12]
    values, coefficients = by_loops(truth, ratings[0])
    order = [0, 1, 2, 3, 4, 5, 6, 7]
    found = u_statistic_analysis(truth, ratings).moments[0, 0]
    np.testing.assert_allclose(found.values, values[order], rtol=1e-12)
    np.testing.assert_allclose(found.coefficients, coefficients[order], rtol=1e-12, atol=1e-15)


def test_components_add_up_to_the_variance():
    moments = u_statistic_analysis(*study("missing")).moments[0, 0]
    parts, weights = moments.components(), moments.component_coefficients()
    assert sum(parts[k] * weights[k] for k in parts) == pytest.approx(moments.covariance())


def test_plans_of_another_size():
    found = u_statistic_analysis(*study("factorial"))
    size = {"readers": 4, "negatives": 12, "positives": 12}
    planned = [found.planned_variance(pair, **size) for pair in PAIRS]
    assert planned == pytest.approx(variances(found))
    more = {"readers": 40, "negatives": 1200, "positives": 1200}
    assert abs(found.planned_variance((0, 0), **more)) < planned[0]
    with pytest.raises(UsageError, match="2 or more"):
        found.planned_variance((0, 1), readers=1, negatives=12, positives=12)
    with pytest.raises(UsageError, match="wanted one of"):
        found.planned_variance((1, 0), **size)


def test_one_reader_is_the_unbiased_covariance_over_cases():
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 2
    ratings = truth + rng.normal(size=(2, 1, 60))
    _, wanted = reader_covariance(truth, ratings, method="unbiased")
    moments = u_statistic_analysis(truth, ratings).moments
    for i, j in PAIRS:
        # with one reader the moments with different readers are empty: M4 stands for the mean
        cases_only = moments[i, j].values[:4] @ moments[i, j].coefficients[:4]
        assert cases_only - moments[i, j].values[3] == pytest.approx(wanted[i, j])


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_names_orders_and_scales_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    truth, ratings = study("missing")
    one = u_statistic_analysis(truth, ratings)
    cases, readers = rng.permutation(24), rng.permutation(4)
    other = u_statistic_analysis(truth[cases], np.exp(ratings[:, readers][..., cases]))
    assert variances(other) == pytest.approx(variances(one), abs=1e-12)
    turned = u_statistic_analysis(truth, ratings[::-1])
    assert turned.differences[0, 1].statistic == pytest.approx(-one.differences[0, 1].statistic)


def simulated(rng, n=40, readers=5):
    """Two treatments alike, readers and cases drawn anew, a split plot with missing reads."""
    truth = np.arange(n) % 2
    case = rng.normal(size=n)
    skill = 1.3 + 0.4 * rng.normal(size=(readers, 1))
    ratings = skill * truth + 0.8 * case + rng.normal(size=(2, readers, n))
    group = (np.arange(readers)[:, None] < 2) == (np.arange(n) < n // 2)
    return truth, np.where(group & (rng.random((2, readers, n)) > 0.1), ratings, np.nan)


@pytest.mark.slow
def test_variance_is_unbiased_and_the_interval_holds():
    rng = np.random.default_rng(7)
    gaps, claimed, held, safe = [], [], [], []
    for _ in range(1000):
        data = simulated(rng)
        found = u_statistic_analysis(*data)
        gap = found.differences[0, 1].difference
        gaps.append(gap.value)
        claimed.append(variances(found)[2])
        if not np.isnan(gap.low):  # in so small a study one in five has no positive variance
            held.append(gap.low <= 0 <= gap.high)
        wide = u_statistic_analysis(*data, estimator="positive").differences[0, 1].difference
        safe.append(wide.low <= 0 <= wide.high)
    assert np.mean(claimed) == pytest.approx(np.var(gaps), rel=0.12)
    assert np.mean(gaps) == pytest.approx(0, abs=0.01)
    assert np.mean(held) > 0.92
    assert np.mean(safe) > 0.95


def test_trouble_has_reasons():
    truth, ratings = study("factorial")
    flat = u_statistic_analysis(truth, np.ones_like(ratings))
    assert flat.means[0].value == 0.5
    assert "not above 0" in flat.means[0].reason
    assert "not above 0" in flat.differences[0, 1].reason
    with pytest.raises(DataError, match="treatment 1 has no reader with both"):
        empty = ratings.copy()
        empty[1][:, truth == 1] = np.nan
        u_statistic_analysis(truth, empty)
    with pytest.raises(DataError, match="no reader with both"):
        u_statistic_analysis(np.ones(24), ratings)
    with pytest.raises(DataError, match="wanted finite"):
        u_statistic_analysis(truth, np.where(ratings > 11, np.inf, ratings))
    with pytest.raises(DataError, match="wanted \\(treatments, readers, cases\\)"):
        u_statistic_analysis(truth, ratings[0])
