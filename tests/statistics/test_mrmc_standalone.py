import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from tests.statistics.test_mrmc import study

from osteon.errors import UsageError
from osteon.statistics.mrmc_standalone import standalone_against_readers


def by_leaving_out(truth, model, readers, margin):
    """Case by case with sklearn's areas, as Chakraborty 2017 chapter 22 writes it."""

    def gaps(rows):
        own = roc_auc_score(truth[rows], model[rows])
        return np.array([own - roc_auc_score(truth[rows], r[rows]) for r in readers])

    n, k = truth.size, len(readers)
    d = gaps(np.arange(n))
    left_out = np.stack([gaps(np.delete(np.arange(n), i)) for i in range(n)])
    matrix = np.cov(left_out, rowvar=False) * (n - 1) ** 2 / n
    cov2 = matrix[~np.eye(k, dtype=bool)].mean()
    square = d.var(ddof=1)
    term = square + max(k * cov2, 0)
    se, df = math.sqrt(term / k), (k - 1) * (term / square) ** 2
    t = (d.mean() + margin) / se
    return d.mean(), se, t, (stats.t.sf(t, df) if margin else 2 * stats.t.sf(abs(t), df))


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_by_another_route(margin):
    truth, ratings = study(2, n=60, readers=4)
    model, readers = ratings[1, 0], ratings[0]
    value, se, t, p = by_leaving_out(truth, model, readers, margin)
    found = standalone_against_readers(truth, model, readers, margin=margin, method="hillis")
    assert found.difference.value == pytest.approx(value)
    assert found.statistic == pytest.approx(t)
    assert found.p_value == pytest.approx(p)
    assert (found.difference.value + margin) / found.statistic == pytest.approx(se)


def test_a_reader_may_miss_cases():
    truth, ratings = study(3, n=80, readers=4)
    gone = ratings[0].copy()
    gone[1, ::9] = np.nan
    one = standalone_against_readers(truth, ratings[1, 0], ratings[0])
    other = standalone_against_readers(truth, ratings[1, 0], gone)
    assert other.difference.value == pytest.approx(one.difference.value, abs=0.03)
    with pytest.raises(UsageError, match="margin"):
        standalone_against_readers(truth, ratings[1, 0], ratings[0], margin=-0.1)


def test_areas_of_few_cases_have_no_interval_unless_asked_for():
    rng = np.random.default_rng(2)
    truth = np.arange(30) < 3
    ratings = truth + rng.normal(size=(4, 30))
    found = standalone_against_readers(truth, ratings[0], ratings[1:])
    assert np.isnan(found.difference.low)
    assert np.isnan(found.p_value)
    assert "3, wanted 5" in found.reason
    asked = standalone_against_readers(truth, ratings[0], ratings[1:], least_cases=3)
    assert asked.difference.value == found.difference.value
    assert asked.difference.low < asked.difference.value


@pytest.mark.slow
def test_level_of_the_test_without_a_difference():
    rng = np.random.default_rng(8)
    runs = []
    for _ in range(500):
        truth = np.arange(80) % 2
        case = rng.normal(size=80)
        skill = 1.2 + 0.25 * rng.normal(size=(6, 1))
        readers = skill * truth + 0.8 * case + rng.normal(size=(6, 80))
        model = 1.2 * truth + 0.8 * case + rng.normal(size=80)
        runs.append(standalone_against_readers(truth, model, readers).p_value < 0.05)
    assert 0.02 < np.mean(runs) < 0.085
