"""Which pairs count under late entry and strata: pair by pair, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import DataError, UsageError
from osteon.statistics.concordance import concordance_difference, concordance_index_harrell
from osteon.statistics.concordance_contrast import concordance_contrast
from osteon.statistics.survival_curves import kaplan_meier, survival_at
from osteon.statistics.time_dependent import cumulative_dynamic_auroc

ROW = st.tuples(
    st.integers(1, 9), st.integers(0, 1), st.integers(0, 4), st.integers(0, 8), st.integers(0, 2)
)


def arrays(rows):
    time, event, score, entry, stratum = map(np.array, zip(*rows, strict=True))
    return time, event, score, np.where(entry < time, entry, 0), stratum


def pair_by_pair(time, event, score, entry, stratum):
    won = pairs = 0.0
    for i in np.flatnonzero(event):
        for j in range(time.size):
            is_later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            had_entered = entry[j] < time[i] or entry[j] == 0
            if is_later and had_entered and stratum[j] == stratum[i]:
                pairs += 1
                won += (score[i] > score[j]) + (score[i] == score[j]) / 2
    return won / pairs if pairs else None


@given(st.lists(ROW, min_size=2, max_size=25))
def test_every_pair_is_counted_as_by_hand(rows):
    time, event, score, entry, stratum = arrays(rows)
    expected = pair_by_pair(time, event, score, entry, stratum)
    found = concordance_index_harrell(time, event, score, entry=entry, stratum=stratum)
    if expected is None:
        assert found.reason.startswith("no pair compares")
    else:
        assert found.value == pytest.approx(expected)


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(2)
    score = rng.normal(size=150)
    time = rng.exponential(np.exp(-score))
    censored = rng.exponential(2, 150)
    end, event = np.minimum(time, censored), (time < censored).astype(int)
    entry = np.where(rng.random(150) < 0.6, end * rng.random(150), 0)
    return end, event, score, entry, rng.integers(0, 3, 150)


def test_jackknife_and_bootstrap_agree_under_late_entry(cohort):
    end, event, score, entry, stratum = cohort
    how = {"entry": entry, "stratum": stratum}
    one = concordance_index_harrell(end, event, score, method="jackknife", **how)
    rng = np.random.default_rng(0)
    other = concordance_index_harrell(end, event, score, method="bootstrap", rng=rng, **how)
    assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.12)
    assert "late entry, within strata" in one.method


def test_differences_take_late_entry_too(cohort):
    end, event, score, entry, _ = cohort
    noisy = score + np.random.default_rng(1).normal(size=150)
    values = [concordance_index_harrell(end, event, s, entry=entry).value for s in (score, noisy)]
    test = concordance_difference(end, event, score, noisy, entry=entry)
    assert test.difference.value == pytest.approx(values[0] - values[1])
    drawn = concordance_contrast(
        end, event, np.stack([score, noisy]), [1, -1], entry=entry, replicates=200,
        rng=np.random.default_rng(3),
    )  # fmt: skip
    assert drawn.test.difference.value == pytest.approx(values[0] - values[1])
    with pytest.raises(UsageError, match="Uno's concordance got late entries"):
        concordance_difference(end, event, score, noisy, entry=entry, uno=True)


def test_entries_of_nought_change_nothing(cohort):
    end, event, score, *_ = cohort
    plain = concordance_index_harrell(end, event, score)
    assert concordance_index_harrell(end, event, score, entry=np.zeros(150)) == plain
    assert survival_at(end, event, 0.5, entry=np.zeros(150)) == survival_at(end, event, 0.5)


@pytest.mark.parametrize("entry", [[0, 2, 0], [0, -1, 0]], ids=["at the end", "negative"])
def test_an_entry_that_cannot_be_is_named(entry):
    with pytest.raises(DataError, match="at row 1, wanted 0 <= entry < time"):
        kaplan_meier([1, 2, 3], [1, 1, 0], entry=entry)


def test_areas_within_strata_count_pairs_of_one_stratum(cohort):
    end, _, score, _, stratum = cohort
    everybody = np.ones(150, int)  # nobody censored: all weights are 1
    found = cumulative_dynamic_auroc(end, everybody, score, 0.5, stratum=stratum).value
    won = pairs = 0.0
    for number in range(3):
        own = stratum == number
        cases, controls = score[own & (end <= 0.5)], score[own & (end > 0.5)]
        won += np.sum(cases[:, None] > controls)
        pairs += cases.size * controls.size
    assert found == pytest.approx(won / pairs)
