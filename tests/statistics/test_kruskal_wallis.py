import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kruskal

from osteon.statistics.association import kruskal_wallis_test

FACTS = json.loads((Path(__file__).parents[1] / "reference" / "kruskal_wallis.json").read_text())


def of_groups(groups):
    codes = [number for number, group in enumerate(groups) for _ in group]
    return kruskal_wallis_test([value for group in groups for value in group], codes)


def test_the_example_of_hollander_and_wolfe():
    found = of_groups(FACTS["groups"])
    assert found.statistic == pytest.approx(FACTS["statistic"], abs=5e-6)
    assert found.p_value == pytest.approx(FACTS["p_value"], abs=5e-3)


@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=9), min_size=2, max_size=4))
def test_ties_are_corrected_as_in_scipy(groups):
    found = of_groups(groups)
    if len({value for group in groups for value in group}) == 1:
        assert np.isnan(found.p_value)
        return
    wanted = kruskal(*groups)
    assert found.statistic == pytest.approx(wanted.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(wanted.pvalue, abs=1e-12)
