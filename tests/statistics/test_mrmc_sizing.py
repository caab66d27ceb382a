import math

import numpy as np
import pytest
from scipy import special
from tests.statistics.test_mrmc import study

from osteon.errors import UsageError
from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_result import VarianceComponents
from osteon.statistics.mrmc_sizing import (
    reader_study_cases,
    reader_study_plan,
    reader_study_power,
)

PILOT = VarianceComponents(0.0015, 0.0002, 0.0008, 0.00035, 0.00034, 0.00024)


def power(effect=0.05, **options):
    chosen = {"pilot_cases": 114, "readers": 8, "cases": 200} | options
    return reader_study_power(effect, PILOT, **chosen).power


def test_more_is_better_and_nothing_is_the_level():
    assert power(readers=4) < power() < power(cases=400)
    for fixed in ("none", "readers", "cases"):
        assert power(0.0, fixed=fixed) == pytest.approx(0.05, abs=1e-6)
        assert power(0.05, fixed=fixed) == pytest.approx(power(-0.05, fixed=fixed))


def test_claims_about_fewer_things_need_less():
    assert power() < power(fixed="readers")
    assert power() < power(fixed="cases")
    assert power(groups=2) < power()


def test_cases_reach_the_power_and_no_more():
    size = reader_study_cases(0.05, PILOT, pilot_cases=114, readers=6, power=0.8)
    assert power(readers=6, cases=size.n - 1) < 0.8 <= power(readers=6, cases=size.n)
    plan = reader_study_plan(0.05, PILOT, pilot_cases=114, readers=[3, 6, 12])
    assert plan[3] is None
    assert plan[6] == size
    assert plan[12].n < size.n


def test_power_by_simulation():
    rng = np.random.default_rng(0)
    readers, between, cov1, cov2, cov3, error = 5, 4e-4, 3e-4, 3e-4, 2e-4, 8e-4
    effect, hits = 0.05, 0
    same_t, same_r = np.eye(2)[:, None, :, None], np.eye(readers)[None, :, None, :]
    matrix = (
        error * same_t * same_r + cov1 * (1 - same_t) * same_r + cov2 * same_t * (1 - same_r)
        + cov3 * (1 - same_t) * (1 - same_r)
    ).reshape(2 * readers, -1)  # fmt: skip
    matrix = matrix + between * np.eye(2 * readers)
    noise = rng.multivariate_normal(np.zeros(2 * readers), matrix, 4000).reshape(-1, 2, readers)
    for table in noise:
        gaps = table[0] - table[1] + effect
        spread = gaps.var(ddof=1) / 2
        term = spread + readers * (cov2 - cov3)
        df = (readers - 1) * (term / spread) ** 2
        hits += readers * gaps.mean() ** 2 / 2 / term > special.fdtri(1, df, 0.95)
    parts = VarianceComponents(0.001, between, error, cov1, cov2, cov3)
    planned = reader_study_power(effect, parts, pilot_cases=100, readers=readers, cases=100)
    assert hits / 4000 == pytest.approx(planned.power, abs=0.03)


def test_components_of_a_pilot_study_plan_the_next():
    pilot = obuchowski_rockette(*study(11, n=80, gain=0.3))
    size = reader_study_cases(0.12, pilot.components, pilot_cases=80, readers=6)
    assert 10 < size.n < 5000


def test_trouble():
    with pytest.raises(UsageError, match="at most"):
        reader_study_cases(0.01, PILOT, pilot_cases=114, readers=3)
    with pytest.raises(UsageError, match="2 or more"):
        power(readers=1)
    with pytest.raises(UsageError, match="2 or more"):
        power(readers=5, groups=3)
    with pytest.raises(UsageError, match="power is"):
        reader_study_cases(0.05, PILOT, pilot_cases=114, readers=6, power=1.5)
    with pytest.raises(UsageError, match="NaN"):
        nested = VarianceComponents(0.001, math.nan, math.nan, 0, 0, 0)
        reader_study_power(0.05, nested, pilot_cases=100, readers=6, cases=100)
    with pytest.raises(UsageError, match="no error variance"):
        nothing = VarianceComponents(0, 0, 0, 0, 0, 0)
        reader_study_power(0.05, nothing, pilot_cases=100, readers=6, cases=100)
