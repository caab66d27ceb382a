import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.statistics.test_mrmc import study

from osteon.errors import DataError
from osteon.statistics.mrmc_pseudovalues import dorfman_berbaum_metz, pseudovalues
from osteon.statistics.roc import auroc


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from([{}, {"cases": "fixed"}]))
def test_equivalent_to_obuchowski_rockette(seed, options):
    found = dorfman_berbaum_metz(*study(seed, n=40, readers=3, treatments=3), **options)
    same = found.same_by_covariance
    assert found.equality.statistic == pytest.approx(same.equality.statistic, rel=1e-8)
    assert found.equality.p_value == pytest.approx(same.equality.p_value, rel=1e-8)
    assert found.error.standard_error == pytest.approx(same.error.standard_error, rel=1e-8)
    assert found.components["R"] == pytest.approx(same.components.reader, abs=1e-12)
    assert found.components["TR"] == pytest.approx(same.components.treatment_reader, abs=1e-12)


def test_fixed_readers_have_the_same_standard_error():
    found = dorfman_berbaum_metz(*study(1, n=60), readers="fixed")
    same = found.same_by_covariance
    assert found.error.standard_error == pytest.approx(same.error.standard_error, rel=1e-8)
    assert found.error.df == 59


def test_squares_add_up():
    y = pseudovalues(*study(2, n=30))
    found = dorfman_berbaum_metz(*study(2, n=30))
    assert sum(found.sums_of_squares.values()) == pytest.approx(np.sum((y - y.mean()) ** 2))
    assert sum(found.df.values()) == y.size - 1


def test_mean_pseudovalue_is_near_the_area():
    truth, ratings = study(3, n=200)
    mean = pseudovalues(truth, ratings).mean(axis=2)
    assert mean[0, 0] == pytest.approx(auroc(truth, ratings[0, 0]).value, abs=1e-9)


def test_trouble():
    truth, ratings = study(4, n=30)
    with pytest.raises(DataError, match="missing"):
        pseudovalues(truth, np.where(ratings > 2, np.nan, ratings))
    with pytest.raises(DataError, match="two cases of each class"):
        pseudovalues([1, 0, 0], np.ones((2, 2, 3)))
    with pytest.raises(DataError, match="wanted \\(treatments, readers, cases\\)"):
        pseudovalues(truth, ratings[0])
    flat = dorfman_berbaum_metz(truth, np.ones_like(ratings))
    assert "readers do not vary" in flat.equality.reason
