"""Intervals of readings: agreement of several readers, of measurements, means over cases."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.agreement_groups import group_kappa, kappa_difference
from osteon.statistics.agreement_many import (
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
)
from osteon.statistics.checks import Bools, Floats
from osteon.statistics.measurement import bland_altman, intraclass_correlation, lin_concordance
from osteon.statistics.overlap import mean_over_cases
from osteon.workflow.coverage.draws import RIGHT, clustered_normal, patients
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["READINGS"]

LARGE = 400_000
READERS = 3
OTHER_RIGHT = 0.8  # of the second reader of a difference
BETWEEN, SHIFT = 2.0, 0.2  # spread of patients in that of an error; bias of the second reading
RATERS = 0.1  # variance of raters' biases
Coefficient = Callable[..., Estimate]


def _disease(design: Design, rng: np.random.Generator) -> Bools:
    return np.asarray(clustered_normal(design, rng) < special.ndtri(design.prevalence))


def _calls(disease: Bools, right: float, design: Design, rng: np.random.Generator) -> Bools:
    correct = clustered_normal(design, rng) < special.ndtri(right)
    return np.where(correct, disease, ~disease)


def _table(design: Design, rng: np.random.Generator) -> Floats:
    """Draw calls of three readers, each right in nine of ten cases; shape (n, 3)."""
    disease = _disease(design, rng)
    calls = [_calls(disease, RIGHT, design, rng) for _ in range(READERS)]
    return np.stack(calls, axis=1).astype(np.float64)


@cache
def _coefficient_truth(coefficient: Coefficient, prevalence: float) -> float:
    rng = generator(2, "coverage", "readers", round(1000 * prevalence))
    return coefficient(_table(Design(LARGE, prevalence), rng)).value


def _coefficient(
    design: Design, rng: np.random.Generator, of: Coefficient
) -> tuple[Estimate, float]:
    found = of(_table(design, rng), cluster=patients(design))
    return found, _coefficient_truth(of, design.prevalence)


def _kappa_of(prevalence: float, right: float) -> float:
    """Kappa with the reference standard of a reader who is right with this chance."""
    called = prevalence * right + (1 - prevalence) * (1 - right)
    chance = prevalence * called + (1 - prevalence) * (1 - called)
    return (right - chance) / (1 - chance)


def _group(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    disease = _disease(design, rng)
    readers = np.stack([_calls(disease, RIGHT, design, rng) for _ in range(READERS)])
    found = group_kappa(disease, readers, cluster=patients(design))
    return found, _kappa_of(design.prevalence, RIGHT)


def _kappas_differ(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    disease = _disease(design, rng)
    pair = [_calls(disease, right, design, rng) for right in (RIGHT, OTHER_RIGHT)]
    found = kappa_difference(disease, *pair, cluster=patients(design))
    truths = [_kappa_of(design.prevalence, right) for right in (RIGHT, OTHER_RIGHT)]
    return found, truths[0] - truths[1]


def _measured(design: Design, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Read one length twice, the second time with a bias; rows are independent."""
    length = math.sqrt(BETWEEN) * rng.normal(size=design.n)
    first, second = length + rng.normal(size=(2, design.n))
    return first, second + SHIFT


def _icc(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    table = np.stack(_measured(design, rng), axis=1) - np.array([0.0, SHIFT])
    return intraclass_correlation(table, form="3,1"), BETWEEN / (BETWEEN + 1)


def _icc_absolute(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Let three raters, each with a bias of their own, read every length."""
    length = math.sqrt(BETWEEN) * rng.normal(size=(design.n, 1))
    bias = math.sqrt(RATERS) * rng.normal(size=READERS)
    table = length + bias + rng.normal(size=(design.n, READERS))
    return intraclass_correlation(table, form="2,1"), BETWEEN / (BETWEEN + RATERS + 1)


def _lin(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    return lin_concordance(*_measured(design, rng)), BETWEEN / (BETWEEN + 1 + SHIFT**2 / 2)


def _bias(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    return bland_altman(*_measured(design, rng)).bias, -SHIFT


def _limit(
    design: Design, rng: np.random.Generator, method: str | None = None
) -> tuple[Estimate, float]:
    """Find the upper limit of agreement; errors of two readings have a variance of 2."""
    pair, truth = _measured(design, rng), -SHIFT + 1.96 * math.sqrt(2)
    if method is None:
        return bland_altman(*pair).upper, truth
    return bland_altman(*pair, method=method).upper, truth


def _overlaps(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Draw overlaps near 0.9; half the design's prevalence is the share of misses, with 0."""
    found = 0.8 + 0.2 * special.ndtr(clustered_normal(design, rng))
    missed = clustered_normal(design, rng) < special.ndtri(design.prevalence / 2)
    values = np.where(missed, 0.0, found)
    mean = mean_over_cases(values, cluster=patients(design), bounds=(0.0, 1.0))
    return mean, 0.9 * (1 - design.prevalence / 2)


READINGS = (
    *(
        Interval(f"{of.__name__}, three readers", partial(_coefficient, of=of), runs=0.2)
        for of in (fleiss_kappa, gwet_ac, brennan_prediger, krippendorff_alpha)
    ),
    Interval("group_kappa, three readers", _group, runs=0.3),
    Interval("kappa_difference", _kappas_differ, runs=0.3),
    Interval("intraclass_correlation, 3,1", _icc, clusters=False),
    Interval("intraclass_correlation, 2,1, three raters", _icc_absolute, clusters=False),
    Interval("lin_concordance", _lin, clusters=False),
    Interval("bland_altman, bias", _bias, clusters=False),
    Interval("bland_altman, upper limit", _limit, clusters=False),
    Interval(
        "bland_altman, upper limit, approximate",
        partial(_limit, method="approximate"),
        is_default=False,
        clusters=False,
    ),
    Interval("mean_over_cases", _overlaps, runs=0.3),
)
