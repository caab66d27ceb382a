import numpy as np
import pytest
from scipy import stats

from osteon.errors import DataError
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_many import fleiss_kappa
from osteon.statistics.agreement_tests import (
    fleiss_kappa_by_category,
    fleiss_kappa_test,
    icc_test,
    kappa_test,
)


def test_level_when_raters_do_not_see_the_images():
    rng = np.random.default_rng(0)
    p, q = [], []
    for _ in range(600):
        table = rng.choice(3, (60, 4), p=[0.6, 0.3, 0.1])
        p.append(kappa_test(table[:, 0], table[:, 1], weighting="linear").p_value)
        q.append(fleiss_kappa_test(table).p_value)
    for values in (p, q):
        assert 0.03 < np.mean(np.array(values) < 0.05) < 0.075


def test_values_are_those_of_the_coefficients():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 50)
    table = np.where(rng.random((50, 3)) < 0.7, truth[:, None], rng.integers(0, 3, (50, 3)))
    kappa = kappa_test(table[:, 0], table[:, 1]).difference.value
    assert kappa == pytest.approx(cohen_kappa(table[:, 0], table[:, 1]).value)
    assert fleiss_kappa_test(table).difference.value == pytest.approx(fleiss_kappa(table).value)
    alone = fleiss_kappa(table == 1).value
    assert fleiss_kappa_by_category(table)[1].test.difference.value == pytest.approx(alone)


def test_f_is_that_of_one_way_anova():
    rng = np.random.default_rng(2)
    table = rng.normal(size=(12, 3)) + rng.normal(size=(12, 1))
    wanted = stats.f_oneway(*table)
    found = icc_test(table, form="1,1")
    assert (found.statistic, found.p_value) == pytest.approx((wanted.statistic, wanted.pvalue))


def test_trouble_has_reasons():
    assert "one category" in kappa_test([1, 1], [1, 1]).reason
    assert "no rows" in kappa_test([], []).reason
    assert "one category" in fleiss_kappa_test([[1, 1], [1, 1]]).reason
    assert "one category" in fleiss_kappa_by_category([[1, 1], [1, 1]])[0].test.reason
    assert "no variance within" in icc_test([[1, 1], [2, 2]], form="1,1").reason
    with pytest.raises(DataError, match="all alike"):
        fleiss_kappa_test([[1, np.nan], [1, 2]])
