"""What must not change an answer: the order of rows, names, monotone scales, copies of patients."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.statistics.test_bad_input import PATIENT, N, answers_of, call, sound

from osteon.core.records import Curve, Estimate

ROWS_DO_NOT_MATTER = (
    "cohen_kappa", "kappa_test", "fleiss_kappa", "fleiss_kappa_test", "gwet_ac",
    "brennan_prediger", "krippendorff_alpha", "intraclass_correlation", "icc_test",
    "bland_altman", "lin_concordance", "auroc", "clustered_auroc", "delong_test", "mcnemar_test",
    "paired_proportion_difference", "obuchowski_rockette", "u_statistic_analysis",
    "dorfman_berbaum_metz", "standalone_against_readers", "kruskal_wallis_test", "sensitivity",
    "specificity", "confusion_matrix", "roc_curve", "precision_recall_curve",
)  # fmt: skip
RANKS_DECIDE = {
    "auroc": ("score",), "clustered_auroc": ("score",), "delong_test": ("first", "second"),
    "obuchowski_rockette": ("ratings",), "u_statistic_analysis": ("ratings",),
    "dorfman_berbaum_metz": ("ratings",), "standalone_against_readers": ("model", "readers"),
    "concordance_index_harrell": ("risk_score",), "kruskal_wallis_test": ("values",),
}  # fmt: skip
NAMES_DO_NOT_MATTER = {
    "cohen_kappa": ("first", "second"), "kappa_test": ("first", "second"),
    "fleiss_kappa": ("ratings",), "gwet_ac": ("ratings",), "brennan_prediger": ("ratings",),
    "krippendorff_alpha": ("ratings",), "fleiss_kappa_test": ("ratings",),
    "group_kappa": ("reference_standard", "raters"),
    "kappa_difference": ("reference_standard", "first", "second"),
}  # fmt: skip
COPIES_NARROW_NOTHING = (
    "cohen_kappa", "fleiss_kappa", "gwet_ac", "auroc", "clustered_auroc", "delong_test",
    "obuchowski_rockette", "standalone_against_readers", "paired_proportion_difference",
)  # fmt: skip
SEEDS = st.integers(0, 2**32 - 1)


def numbers(result):
    """Every number in an answer, in order."""
    found = []
    for answer in answers_of(result):
        if isinstance(answer, Curve):
            found += [answer.x, answer.y]
        elif isinstance(answer, Estimate):
            found += [answer.value, answer.low, answer.high]
        else:
            found += [answer.statistic, answer.p_value]
            if answer.difference is not None:
                found += [answer.difference.value, answer.difference.low]
    return np.concatenate([np.ravel(item) for item in found])


def along_rows(value, change):
    """Apply a change to the axis of length N."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or N not in array.shape:
        return value
    return np.moveaxis(change(np.moveaxis(array, array.shape.index(N), 0)), 0, array.shape.index(N))


def same(one, other, **tolerance):
    np.testing.assert_allclose(numbers(other), numbers(one), **({"atol": 1e-9} | tolerance))


@pytest.mark.parametrize("name", ROWS_DO_NOT_MATTER)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_order_of_rows(name, seed):
    order = np.random.default_rng(seed).permutation(N)
    values = sound(name)
    moved = {key: along_rows(value, lambda a: a[order]) for key, value in values.items()}
    same(call(name, values), call(name, moved))


@pytest.mark.parametrize("name", RANKS_DECIDE)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_monotone_scales(name, seed):
    rng = np.random.default_rng(seed)
    shift, power = rng.normal(), rng.integers(1, 4) * 2 - 1
    values = sound(name)
    bent = values | {
        key: np.sign(values[key] - shift) * np.abs(values[key] - shift) ** power
        for key in RANKS_DECIDE[name]
    }
    same(call(name, values), call(name, bent))


@pytest.mark.parametrize("name", NAMES_DO_NOT_MATTER)
@settings(max_examples=8)
@given(seed=SEEDS)
def test_names_of_categories(name, seed):
    names = np.random.default_rng(seed).permutation(["zeta", "alpha", "mid"])
    values = sound(name)
    named = {key: names[np.asarray(values[key])] for key in NAMES_DO_NOT_MATTER[name]}
    same(call(name, values), call(name, sound(name) | named))


@pytest.mark.parametrize("name", COPIES_NARROW_NOTHING)
def test_copies_of_patients(name):
    values = sound(name) | {"cluster": PATIENT}
    copied = {
        key: along_rows(value, lambda a: np.concatenate([a, a, a])) for key, value in values.items()
    }
    once, thrice = call(name, values), call(name, copied)
    for one, other in zip(answers_of(once), answers_of(thrice), strict=True):
        if isinstance(one, Estimate) and one.low == one.low:
            assert other.value == pytest.approx(one.value, abs=1e-9)
            assert other.high - other.low >= (one.high - one.low) * 0.999


def test_every_answer_is_the_same_twice():
    for name in ("kappa_difference", "group_kappa", "figure_of_merit", "summarise_iou"):
        same(call(name, sound(name)), call(name, sound(name)))
        assert dataclasses.is_dataclass(call(name, sound(name)))
