"""Imputation and pooling against mice, and what must hold of any imputation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import DataError
from osteon.statistics.cox import cox_regression
from osteon.statistics.imputation import impute_chained
from osteon.statistics.pooling import pool_imputations
from osteon.statistics.survival_curves import nelson_aalen


@pytest.fixture(scope="module")
def facts(request):
    return request.getfixturevalue("reference")("mice.json")


def column(facts, name):
    return np.array([np.nan if v is None else v for v in facts["data"][name]], dtype=float)


def test_rubins_rules_are_mices(facts):
    scalar = facts["scalar"]
    values, variances = (np.array(scalar[name])[:, None] for name in ("values", "variances"))
    for wanted in scalar["pooled"]:
        complete = np.inf if wanted["complete_df"] is None else wanted["complete_df"]
        (found,) = pool_imputations(values, variances, n=100, complete_df=complete)
        assert found.estimate.value == pytest.approx(wanted["value"], rel=1e-9)
        assert found.within == pytest.approx(wanted["within"], rel=1e-9)
        assert found.between == pytest.approx(wanted["between"], rel=1e-9)
        assert found.df == pytest.approx(wanted["df"], rel=1e-9)
        assert found.fraction_missing == pytest.approx(wanted["fmi"], rel=1e-9)


def test_nelson_aalen_at_the_end_of_follow_up_is_mices(facts):
    time, event = column(facts, "time"), column(facts, "event").astype(int)
    curve = nelson_aalen(time, event)
    mine = curve.y[np.searchsorted(curve.x, time)]
    assert mine == pytest.approx(column(facts, "hazard"), rel=1e-9)


def test_pooled_cox_model_is_mices(facts):
    """Within the error of the simulation, and away from the complete cases, which are biased."""
    time, event = column(facts, "time"), column(facts, "event").astype(int)
    table = np.stack([column(facts, name) for name in ("z", "x", "b")], axis=1)
    found = impute_chained(
        table, ["number", "number", "binary"],
        helpers=np.stack([event, column(facts, "hazard")], axis=1),
        imputations=150, rounds=10, rng=np.random.default_rng(3),
    )  # fmt: skip
    assert not found.models
    fits = [cox_regression(time, event, rows) for rows in found.completed]
    pooled = pool_imputations(
        [f.coefficients for f in fits], [np.diag(f.covariance) for f in fits], n=len(time)
    )
    for mine, value, error, between, complete in zip(
        pooled, facts["estimate"], facts["std_error"], facts["between"],
        facts["complete_cases"], strict=True,
    ):  # fmt: skip
        noise = np.sqrt(between * (1 / 150 + 1 / facts["imputations"]))
        assert abs(mine.estimate.value - value) < 4 * noise + 0.02 * error
        total = np.sqrt(mine.within + (1 + 1 / 150) * mine.between)
        assert total == pytest.approx(error, rel=0.06)
        if between > 0.003:
            assert abs(mine.estimate.value - value) < abs(complete - value)


@given(seed=st.integers(0, 1000))
def test_what_is_seen_stays_and_what_is_drawn_fits(seed):
    rng = np.random.default_rng(seed)
    table = np.stack([rng.normal(50, 9, 60), rng.integers(0, 2, 60).astype(float)], axis=1)
    table[0], table[1, 1], table[2, 1] = np.nan, 0.0, 1.0
    table[5:20, 0] = np.nan
    found = impute_chained(table, ["number", "binary"], imputations=2, rounds=2, rng=rng)
    seen = ~np.isnan(table)
    for completed in found.completed:
        assert np.array_equal(completed[seen], table[seen])
        assert np.isfinite(completed).all()
        assert np.isin(completed[:, 1], (0.0, 1.0)).all()


def test_stored_models_complete_new_rows_as_the_data_go():
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    table = np.stack([x, 2 * x + rng.normal(size=4000)], axis=1)
    model = impute_chained(table, ["number", "number"], imputations=2, rng=rng).models[0]
    drawn = np.array([model.complete(np.array([1.0, np.nan]), 3, rng)[1] for _ in range(2000)])
    assert drawn.mean() == pytest.approx(2.0, abs=0.12)
    assert drawn.std() == pytest.approx(1.0, abs=0.1)
    whole = np.array([1.0, -3.0])
    assert np.array_equal(model.complete(whole, 3, rng), whole)


def test_what_cannot_be_imputed_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="never seen"):
        impute_chained([[np.nan], [np.nan]], ["number"], rng=rng)
    with pytest.raises(DataError, match="wanted 0 and 1"):
        impute_chained([[1.0], [2.0]], ["binary"], rng=rng)
    with pytest.raises(DataError, match="at least 2"):
        impute_chained([[1.0], [2.0]], ["number"], imputations=1, rng=rng)
    with pytest.raises(DataError, match="m at least 2"):
        pool_imputations([[1.0]], [[1.0]], n=3)
