import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.froc import figure_of_merit, figure_of_merit_replicates
from osteon.statistics.froc_curves import froc_curve, froc_sensitivity
from osteon.statistics.marks import Marks, inferred_ratings
from osteon.statistics.rate import garwood_limits
from osteon.statistics.roc import auroc


def marks(seed=0, n=60):
    rng = np.random.default_rng(seed)
    n_lesions = rng.choice([0, 0, 1, 2], n)
    case, rating, lesion = [], [], []
    for i, count in enumerate(n_lesions):
        for j in range(count):
            if rng.random() < 0.8:
                case.append(i), rating.append(float(rng.integers(2, 6))), lesion.append(j)
        for _ in range(rng.poisson(0.5)):
            case.append(i), rating.append(float(rng.integers(1, 5))), lesion.append(-1)
    return Marks.of(n_lesions, case, rating, lesion)


def test_wafroc_by_loops():
    m = marks()
    top = m.highest_false()
    total, cases = 0.0, 0
    of_case, rating = m.lesions()
    for i in np.flatnonzero(m.diseased):
        for k in np.flatnonzero(~m.diseased):
            won = [(r > top[k]) + (r == top[k]) / 2 for r in rating[of_case == i]]
            total, cases = total + np.mean(won), cases + 1
    value = figure_of_merit_replicates(m, "wAFROC")[0]
    assert value == pytest.approx(total / cases)


@pytest.mark.parametrize("figure", ["AFROC", "wAFROC", "AFROC1", "HrAuc", "MaxLLF", "MaxNLF"])
def test_order_of_marks_and_scale_of_ratings_do_not_matter(figure):
    m = marks(1)
    order = np.random.default_rng(0).permutation(m.case.size)
    other = Marks.of(m.n_lesions, m.case[order], np.exp(m.rating[order]), m.lesion[order])
    one = figure_of_merit_replicates(m, figure)
    np.testing.assert_allclose(figure_of_merit_replicates(other, figure), one)


def test_curve_rises_and_its_ends_are_the_totals():
    m = marks(2)
    curve = froc_curve(m, rng=np.random.default_rng(0), replicates=200)
    assert (np.diff(curve.y) >= -1e-12).all()
    assert (curve.low <= curve.high).all()
    last = figure_of_merit_replicates(m, "MaxLLF")[0]
    assert curve.y[-1] == pytest.approx(last, abs=0.05)
    at = froc_sensitivity(m, 10.0, rng=np.random.default_rng(0), replicates=50)
    assert at.value == pytest.approx(last)
    none = froc_sensitivity(m, 0.0, rng=np.random.default_rng(0), replicates=50)
    assert none.value <= last


def test_patients_widen_the_interval():
    m = marks(3, 40)
    n = m.n_lesions.size
    copies = Marks.of(
        np.tile(m.n_lesions, 3), np.concatenate([m.case + n * i for i in range(3)]),
        np.tile(m.rating, 3), np.tile(m.lesion, 3),
    )  # fmt: skip
    ids = np.tile(np.arange(n), 3)
    for figure in ("wAFROC", "MaxLLF"):
        once = figure_of_merit(m, figure=figure, cluster=np.arange(n))
        clustered = figure_of_merit(copies, figure=figure, cluster=ids)
        assert clustered.value == pytest.approx(once.value)
        assert clustered.high - clustered.low >= (once.high - once.low) * (1 - 1e-6)


def test_without_clusters_the_area_of_cases_is_that_of_inferred_roc():
    m = marks(4, 60)
    truth, rating = inferred_ratings(m)
    area, wanted = figure_of_merit(m, figure="HrAuc"), auroc(truth, rating)
    assert area.value == pytest.approx(wanted.value)
    assert area.high - area.low == pytest.approx(wanted.high - wanted.low, rel=0.05)
    drawn = figure_of_merit(m, method="bootstrap", rng=np.random.default_rng(0))
    assert "percentile" in drawn.method


def test_trouble():
    empty = Marks.of([0, 0], [], [], [])
    rng = np.random.default_rng(0)
    assert "no case has a lesion" in froc_sensitivity(empty, 1.0, rng=rng).reason
    assert not figure_of_merit(empty).is_defined
    assert figure_of_merit_replicates(empty, "MaxNLF")[0] == 0.0
    unmarked = Marks.of([0, 1], [], [], [])
    assert figure_of_merit_replicates(unmarked, "wAFROC")[0] == 0.5
    with pytest.raises(DataError, match="hits lesion 1"):
        Marks.of([0, 1], [1], [2.0], [1])
    with pytest.raises(DataError, match="wanted 0 to 1"):
        Marks.of([0, 1], [2], [2.0], [-1])
    with pytest.raises(DataError, match="lesions"):
        Marks.of([0, 1], [1], [2.0], [])
    with pytest.raises(UsageError, match="figure"):
        figure_of_merit(unmarked, figure="JAFROC")


def test_inferred_roc_is_the_area_of_highest_ratings():
    m = marks(5)
    area = auroc(*inferred_ratings(m)).value
    assert area == pytest.approx(figure_of_merit_replicates(m, "HrAuc")[0])
    empty = Marks.of([0, 1], [], [], [])
    assert auroc(*inferred_ratings(empty)).value == 0.5


def test_marks_of_whole_cases():
    m = Marks.of([0, 0, 1, 2], [1, 2, 3], [2.0, 3.0, 1.0], [-1, -1, 0])
    assert figure_of_merit_replicates(m, "HrSe")[0] == 1
    assert figure_of_merit_replicates(m, "HrSp")[0] == 0.5
    with pytest.raises(DataError, match="n_lesions is -1"):
        Marks.of([-1, 1], [1], [2.0], [0])


def test_the_mean_number_of_false_marks_has_garwoods_limits():
    alone = Marks.of([0] * 20 + [1], [0, 1, 2], [1.0, 2.0, 3.0], [-1, -1, -1])
    found = figure_of_merit(alone, figure="MaxNLF")
    assert found.value == 3 / 20
    assert (found.low, found.high) == pytest.approx(
        [limit / 20 for limit in garwood_limits(3, 0.95)]
    )
    none = figure_of_merit(Marks.of([0] * 20 + [1], [], [], []), figure="MaxNLF")
    assert (none.low, none.high) == pytest.approx((0, -np.log(0.025) / 20))
    heaped = Marks.of([0] * 20 + [1], [0, 0, 0], [1.0, 2.0, 3.0], [-1, -1, -1])
    assert figure_of_merit(heaped, figure="MaxNLF").high > 1.5 * found.high
    pairs = figure_of_merit(alone, figure="MaxNLF", cluster=np.arange(21) // 2)
    assert pairs.low < found.low
    one = figure_of_merit(Marks.of([0, 1], [0], [1.0], [-1]), figure="MaxNLF")
    assert "one patient" in one.reason
    assert (
        "no case is without" in figure_of_merit(Marks.of([1], [], [], []), figure="MaxNLF").reason
    )


def test_a_reader_who_finds_all_without_a_false_mark_has_a_lower_limit():
    m = Marks.of([1] * 8 + [0] * 12, range(8), np.ones(8), np.zeros(8))
    found = froc_sensitivity(m, 0.2, rng=np.random.default_rng(0), replicates=4000)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 8), abs=0.06)  # Clopper and Pearson
    drawn = froc_sensitivity(m, 0.2, rng=np.random.default_rng(0), method="bootstrap")
    assert drawn.low == 1
    assert "may be too narrow" in drawn.method
