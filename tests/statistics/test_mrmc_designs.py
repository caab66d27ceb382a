import numpy as np
import pytest
from tests.statistics.reading_lists import DESIGNS, study
from tests.statistics.test_mrmc import study as random_study

from osteon.errors import DataError
from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_covariance import BootstrapCovariance, reader_covariance
from osteon.statistics.mrmc_designs import study_design


@pytest.mark.parametrize("design", DESIGNS)
def test_designs_are_recognised(design):
    truth, ratings = study(design)
    wanted = "incomplete" if design == "missing" else design
    assert study_design(~np.isnan(ratings)) == wanted
    found = obuchowski_rockette(truth, ratings)
    assert found.design == wanted
    if design == "missing":
        assert "missing)" in found.equality.method


@pytest.mark.parametrize(
    "design", ["factorial", "missing", "cases_in_treatments", "cases_in_readers"]
)
def test_designs_as_mrmcaov(design, reference):
    facts = reference("mrmcaov.json")["studies"][design]
    found = obuchowski_rockette(*study(design), method="hillis")
    c, squares, test = found.components, found.mean_squares, found.differences[0, 1]
    parts = (c.reader, c.treatment_reader, c.error, c.cov1, c.cov2, c.cov3)
    assert parts == pytest.approx(facts["components"], rel=1e-9, abs=1e-12)
    equality = (
        squares.treatment, squares.interaction, c.cov2, c.cov3, found.error.term,
        found.equality.statistic, 1, found.error.df, found.equality.p_value,
    )  # fmt: skip
    assert equality == pytest.approx(facts["equality"], rel=1e-9, abs=1e-12)
    gap, error = test.difference, found.error
    row = (
        gap.value, error.standard_error, error.df, gap.low, gap.high, test.statistic, test.p_value,
    )  # fmt: skip
    assert row == pytest.approx(facts["difference"], rel=1e-9)
    sharers = 1 if design == "cases_in_readers" else 4
    for mean, error, wanted in zip(found.means, found.mean_errors, facts["means"], strict=True):
        value, square, cov2, *rest = wanted
        row = (mean.value, error.mean_square, error.covariance / sharers)
        assert row == pytest.approx((value, square, max(cov2, 0)), rel=1e-9, abs=1e-12)
        assert (error.standard_error, error.df, mean.low, mean.high) == pytest.approx(tuple(rest))


def test_a_reader_without_a_treatment_is_named():
    read = np.ones((2, 3, 5), bool)
    read[1, 2] = False
    with pytest.raises(DataError, match="reader 2 read nothing in treatment 1"):
        study_design(read)


def test_a_split_plot_of_one_group_is_factorial():
    truth, ratings = random_study(n=60, readers=4)
    two = np.full((2, 8, 120), np.nan)
    two[:, :4, :60] = two[:, 4:, 60:] = ratings
    both = obuchowski_rockette(np.tile(truth, 2), two)
    one = obuchowski_rockette(truth, ratings)
    assert both.design == "split_plot"
    assert both.mean_squares.interaction == pytest.approx(one.mean_squares.interaction)
    gap, alone = both.differences[0, 1].difference, one.differences[0, 1].difference
    assert gap.value == pytest.approx(alone.value)
    # twice the readers and twice the cases: half the variance, but for the jackknife's (n - 1) / n
    wanted = one.error.standard_error / np.sqrt(2)
    assert both.error.standard_error == pytest.approx(wanted, rel=0.01)


def test_missing_reads_change_little_when_few():
    truth, ratings = random_study(1, n=80)
    gone = ratings.copy()
    gone[np.random.default_rng(0).random(ratings.shape) < 0.01] = np.nan
    one, other = obuchowski_rockette(truth, ratings), obuchowski_rockette(truth, gone)
    assert other.design == "incomplete"
    assert other.error.standard_error == pytest.approx(one.error.standard_error, rel=0.15)


def test_nested_readers_by_their_formula():
    truth, ratings = study("readers_in_treatments")
    found = obuchowski_rockette(truth, ratings)
    a, b = (found.values[i][~np.isnan(found.values[i])] for i in (0, 1))
    square = (a.var(ddof=1) + b.var(ddof=1)) / 2
    _, matrix = reader_covariance(truth, np.stack([ratings[0, :2], ratings[1, 2:]]))
    cov2 = (matrix[0, 1] + matrix[2, 3]) / 2
    cov3 = matrix[:2, 2:].mean()
    term = square + 2 * max(cov2 - cov3, 0)
    statistic = 2 * (a.mean() - b.mean()) ** 2 / 2 / term
    assert found.equality.statistic == pytest.approx(statistic)
    assert found.error.df == pytest.approx(2 * (term / square) ** 2)
    assert np.isnan(found.components.treatment_reader)


def test_unequal_groups_of_readers():
    truth, ratings = random_study(2, n=60, readers=5)
    ratings[0, :2] = ratings[1, 2:] = np.nan
    found = obuchowski_rockette(truth, ratings)
    assert found.differences[0, 1].statistic ** 2 == pytest.approx(found.equality.statistic)
    fixed = obuchowski_rockette(truth, ratings, readers="fixed")
    assert fixed.differences[0, 1].statistic ** 2 == pytest.approx(fixed.equality.statistic)


def test_one_reader_in_each_group_needs_fixed_readers():
    truth, ratings = study("readers_in_treatments")
    alone = ratings[:, 1:3]
    with pytest.raises(DataError, match="no group has two readers"):
        obuchowski_rockette(truth, alone)
    assert 0 <= obuchowski_rockette(truth, alone, readers="fixed").equality.p_value <= 1


def test_bootstrap_covariance_is_near_the_jackknife():
    truth, ratings = random_study(3, n=100, readers=3)
    method = BootstrapCovariance(1500, np.random.default_rng(0))
    _, drawn = reader_covariance(truth, ratings, method=method)
    _, left_out = reader_covariance(truth, ratings)
    np.testing.assert_allclose(drawn, left_out, atol=0.15 * left_out.max())
    analysis = obuchowski_rockette(
        truth, ratings, covariance=BootstrapCovariance(200, np.random.default_rng(1))
    )
    assert analysis.equality.p_value > 0


def simulated(rng, design, n=80, readers=6):
    truth = np.arange(n) % 2
    case = 0.8 * rng.normal(size=n)
    skill = 1.2 + 0.3 * rng.normal(size=(readers, 1))
    taste = 0.2 * rng.normal(size=(2, readers, 1))
    ratings = (skill + taste) * truth + case + rng.normal(size=(2, readers, n))
    i, j, k = np.indices(ratings.shape)
    read = {
        "split_plot": (j < readers // 2) == (k < n // 2),
        "readers_in_treatments": (j < readers // 2) == (i == 0),
        "cases_in_treatments": (k < n // 2) == (i == 0),
    }[design]
    return truth, np.where(read, ratings, np.nan)


@pytest.mark.slow
@pytest.mark.parametrize("design", ["split_plot", "readers_in_treatments", "cases_in_treatments"])
def test_level_of_the_test_without_a_difference(design):
    rng = np.random.default_rng(5)
    runs = [obuchowski_rockette(*simulated(rng, design)).equality.p_value for _ in range(400)]
    assert 0.015 < np.mean(np.array(runs) < 0.05) < 0.085
