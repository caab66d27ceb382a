"""The intervals hold the truth as often as they say."""

import pytest
from tests.statistics.coverage import areas, as_markdown, kappas, proportions


def test_the_table_is_written():
    rows = [proportions(30, 0.2, 50, "wilson", clustered=c) for c in (False, True)]
    text = as_markdown(rows)
    assert "| 30, 0.2 |" in text
    assert text.count("\n") == 3


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("n", [100, 500])
def test_wilson_holds(n, clustered):
    found = proportions(n, 0.2, 2000, "wilson", clustered=clustered)
    assert abs(found.share - 0.95) < 4 * found.error


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_logit_areas_hold_with_five_positives(clustered):
    found = areas(100, 0.05, 1000, "logit", clustered=clustered)
    assert found.share > 0.95 - 3 * found.error


@pytest.mark.slow
def test_delong_is_too_narrow_with_five_positives_as_it_says():
    found = areas(100, 0.05, 1000, "delong", clustered=False)
    assert found.share < 0.9


@pytest.mark.slow
def test_large_sample_kappa_holds():
    found = kappas(500, 0.2, 2000)
    assert abs(found.share - 0.95) < 4 * found.error
