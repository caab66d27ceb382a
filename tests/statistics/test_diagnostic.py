import math

import numpy as np
import pytest

from osteon.errors import UsageError
from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)


def table(tp, fp, fn, tn):
    truth = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    called = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])
    return truth, called


def test_predictive_values_at_the_samples_own_prevalence_are_the_shares():
    truth, called = table(45, 10, 5, 40)
    for function in (positive_predictive_value, negative_predictive_value):
        share = function(truth, called)
        stated = function(truth, called, prevalence=0.5)
        assert stated.value == pytest.approx(share.value)
        assert stated.low < share.value < stated.high


def test_bayes_rule_and_the_mercaldo_variance():
    truth, called = table(90, 20, 10, 80)
    se, sp, p = 0.9, 0.8, 0.05
    ppv = positive_predictive_value(truth, called, prevalence=p, method="delta")
    assert ppv.value == pytest.approx(se * p / (se * p + (1 - sp) * (1 - p)))
    # Mercaldo 2007: var(logit PPV) = (1 - se) / se / n1 + sp / (1 - sp) / n0
    half = 1.959963984540054 * math.sqrt(0.1 / 0.9 / 100 + 0.8 / 0.2 / 100)
    logit = math.log(ppv.value / (1 - ppv.value))
    assert ppv.low == pytest.approx(1 / (1 + math.exp(-(logit - half))), rel=1e-9)


def test_values_move_with_prevalence():
    truth, called = table(90, 20, 10, 80)
    ppvs = [positive_predictive_value(truth, called, prevalence=p).value for p in (0.01, 0.1, 0.5)]
    npvs = [negative_predictive_value(truth, called, prevalence=p).value for p in (0.01, 0.1, 0.5)]
    assert ppvs == sorted(ppvs)
    assert npvs == sorted(npvs, reverse=True)


def test_odds_form_of_bayes():
    truth, called = table(90, 20, 10, 80)
    ratio = positive_likelihood_ratio(truth, called).value
    ppv = positive_predictive_value(truth, called, prevalence=0.2).value
    assert ppv / (1 - ppv) == pytest.approx(0.25 * ratio)
    ratio = negative_likelihood_ratio(truth, called).value
    npv = negative_predictive_value(truth, called, prevalence=0.2).value
    assert (1 - npv) / npv == pytest.approx(0.25 * ratio)


def test_copies_of_patients_narrow_nothing():
    truth, called = table(30, 8, 6, 40)
    ids = np.arange(truth.size)
    for function in (positive_likelihood_ratio, negative_likelihood_ratio):
        once = function(truth, called, cluster=ids)
        copies = function(np.tile(truth, 3), np.tile(called, 3), cluster=np.tile(ids, 3))
        assert (copies.low, copies.high) == pytest.approx((once.low, once.high))


def test_empty_cells_have_reasons():
    assert "infinite" in positive_likelihood_ratio([1, 0], [1, 0]).reason
    none = negative_likelihood_ratio([1, 0], [1, 0])
    assert none.low == none.value == 0 < none.high
    assert "no interval" in negative_likelihood_ratio([1, 0], [1, 0], method="delta").reason
    assert "no positive row" in positive_likelihood_ratio([0, 0], [1, 0]).reason
    assert "no negative row" in negative_likelihood_ratio([1, 1], [1, 0]).reason
    assert positive_predictive_value([1, 0], [0, 0]).reason == "no observations"
    assert "no call" in positive_predictive_value([1, 0], [0, 0], prevalence=0.1).reason
    perfect = positive_predictive_value([1, 0], [1, 0], prevalence=0.1)
    assert perfect.low < perfect.value == perfect.high == 1
    plain = positive_predictive_value([1, 0], [1, 0], prevalence=0.1, method="delta")
    assert "no interval" in plain.reason
    with pytest.raises(UsageError, match="prevalence"):
        positive_predictive_value([1, 0], [1, 0], prevalence=5)
