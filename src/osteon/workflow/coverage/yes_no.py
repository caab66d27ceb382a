"""Intervals of yes/no outcomes: proportions, areas, calibration; the truth by quadrature."""

import math
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.calibration import expected_calibration_error
from osteon.statistics.checks import Bools
from osteon.statistics.comparison import delong_test, delong_test_unpaired
from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)
from osteon.statistics.losses import brier_score, log_loss
from osteon.statistics.paired import paired_proportion_difference
from osteon.statistics.partial_area import partial_auroc
from osteon.statistics.precision_recall import average_precision
from osteon.statistics.proportion import proportion, proportion_difference
from osteon.statistics.recalibration import (
    calibration_in_the_large,
    calibration_intercept,
    calibration_slope,
    observed_expected_ratio,
)
from osteon.statistics.roc import auroc
from osteon.workflow.coverage.draws import (
    AREA,
    MASSES,
    NODES,
    RIGHT,
    SHIFT,
    SHIFT_OTHER,
    both_classes,
    clustered_normal,
    patients,
    risk_intercept,
    risks,
    spread_out,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["YES_NO"]


def _share(design: Design, rng: np.random.Generator, method: str) -> tuple[Estimate, float]:
    success = clustered_normal(design, rng) < special.ndtri(design.prevalence)
    return proportion(success, cluster=patients(design), method=method), design.prevalence


def _share_near(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Vary the truth, as a count is discrete: within a fifth of the design's prevalence."""
    truth = design.prevalence * rng.uniform(0.8, 1.2)
    success = clustered_normal(design, rng) < special.ndtri(truth)
    return proportion(success, cluster=patients(design)), truth


def _difference(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    first, second = design.prevalence * rng.uniform(0.8, 1.2), design.prevalence
    draws = [rng.random(design.n) < share for share in (first, second)]
    return proportion_difference(*draws), first - second


def _paired(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    first, second = design.prevalence * rng.uniform(0.8, 1.2), design.prevalence
    common = clustered_normal(design, rng)
    draws = [
        (common + rng.normal(size=design.n)) / math.sqrt(2) < special.ndtri(share)
        for share in (first, second)
    ]
    return paired_proportion_difference(*draws, cluster=patients(design)), first - second


def _calls(design: Design, rng: np.random.Generator) -> tuple[Bools, Bools, float, float]:
    """Miss 0.2 of the diseased and call 0.1 of the others, as counts within a fifth of that."""
    truth = both_classes(design)
    missed, alarmed = 0.2 * rng.uniform(0.8, 1.2), 0.1 * rng.uniform(0.8, 1.2)
    noise = clustered_normal(design, rng)
    called = np.where(truth, noise < special.ndtri(1 - missed), noise < special.ndtri(alarmed))
    return truth, called, missed, alarmed


def _likelihood_ratio(
    design: Design, rng: np.random.Generator, positive: bool
) -> tuple[Estimate, float]:
    truth, called, missed, alarmed = _calls(design, rng)
    if positive:
        found = positive_likelihood_ratio(truth, called, cluster=patients(design))
        return found, (1 - missed) / alarmed
    found = negative_likelihood_ratio(truth, called, cluster=patients(design))
    return found, missed / (1 - alarmed)


def _predictive(design: Design, rng: np.random.Generator, positive: bool) -> tuple[Estimate, float]:
    truth, called, missed, alarmed = _calls(design, rng)
    function = positive_predictive_value if positive else negative_predictive_value
    found = function(truth, called, prevalence=0.1, cluster=patients(design))
    right, wrong = (1 - missed) * 0.1, alarmed * 0.9
    if not positive:
        right, wrong = (1 - alarmed) * 0.9, missed * 0.1
    return found, right / (right + wrong)


def _area(
    design: Design, rng: np.random.Generator, method: str | None = None
) -> tuple[Estimate, float]:
    truth = both_classes(design)
    score = clustered_normal(design, rng) + SHIFT * truth
    if method is None:
        return auroc(truth, score, cluster=patients(design)), AREA
    return auroc(truth, score, cluster=patients(design), method=method), AREA


def _areas_differ(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    truth, common = both_classes(design), clustered_normal(design, rng)
    first, second = (
        (common + rng.normal(size=design.n)) / math.sqrt(2) + shift * truth
        for shift in (SHIFT, SHIFT_OTHER)
    )
    gap = delong_test(truth, first, second, cluster=patients(design)).difference
    assert gap is not None
    return gap, 0.05


def _areas_of_two_groups(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    truth, ids = both_classes(design), patients(design)
    first, second = (
        (truth, clustered_normal(design, rng) + shift * truth) for shift in (SHIFT, SHIFT_OTHER)
    )
    pair = None if ids is None else (ids, ids)
    gap = delong_test_unpaired(first, second, cluster=pair).difference
    assert gap is not None
    return gap, 0.05


@cache
def _partial_truth(top: float) -> float:
    grid = np.linspace(0, top, 20_001)
    with np.errstate(divide="ignore"):
        area = float(np.trapezoid(special.ndtr(SHIFT + special.ndtri(grid)), grid))
    chance = top * top / 2
    return (1 + (area - chance) / (top - chance)) / 2


def _partial(design: Design, rng: np.random.Generator, top: float) -> tuple[Estimate, float]:
    truth = both_classes(design)
    score = clustered_normal(design, rng) + SHIFT * truth
    found = partial_auroc(truth, score, max_false_positive_fraction=top, cluster=patients(design))
    return found, _partial_truth(top)


@cache
def _precision_truth(share: float) -> float:
    """Mean precision at the score of a positive, in the population."""
    cuts = SHIFT + NODES
    hits, alarms = share * special.ndtr(SHIFT - cuts), (1 - share) * special.ndtr(-cuts)
    return float(MASSES @ (hits / (hits + alarms)))


def _precision(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    truth = both_classes(design)
    score = clustered_normal(design, rng) + SHIFT * truth
    share = float(truth.mean())
    found = average_precision(truth, score, cluster=patients(design))
    return found, _precision_truth(share)


def _brier_truth(prevalence: float) -> float:
    chance = special.expit(risk_intercept(prevalence) + NODES)
    return float(MASSES @ (chance * (1 - chance)))


def _loss_truth(prevalence: float) -> float:
    chance = special.expit(risk_intercept(prevalence) + NODES)
    return float(-MASSES @ (special.xlogy(chance, chance) + special.xlog1py(1 - chance, -chance)))


def _of_risks(design: Design, rng: np.random.Generator, which: str) -> tuple[Estimate, float]:
    truth, chance = risks(design, rng)
    function, value = {
        "slope": (calibration_slope, 1.0),
        "intercept": (calibration_intercept, 0.0),
        "large": (calibration_in_the_large, 0.0),
        "ratio": (observed_expected_ratio, 1.0),
        "brier": (brier_score, _brier_truth(design.prevalence)),
        "loss": (log_loss, _loss_truth(design.prevalence)),
    }[which]
    return function(truth, chance, cluster=patients(design)), value


@cache
def _bins_truth(prevalence: float, spread: float) -> float:
    """Mean gap in ten bins when the predicted logits are this much too far apart."""
    rng = generator(2, "coverage", "bins", round(1000 * prevalence))
    outcome, chance = risks(Design(400_000, prevalence), rng)
    given = spread_out(chance, prevalence, spread)
    right = spread_out(given, prevalence, 1 / spread)
    bins = np.minimum((given * 10).astype(np.intp), 9)
    return float(np.abs(np.bincount(bins, right - given)).sum() / outcome.size)


def _bins(design: Design, rng: np.random.Generator, spread: float) -> tuple[Estimate, float]:
    truth, chance = risks(design, rng)
    given = spread_out(chance, design.prevalence, spread)
    found = expected_calibration_error(
        truth, given, cluster=patients(design), rng=rng, replicates=400
    )
    return found, _bins_truth(design.prevalence, spread)


def _kappa_truth(prevalence: float) -> float:
    table: NDArray[np.float64] = np.zeros((2, 2))
    for share, right in ((prevalence, 1 - RIGHT), (1 - prevalence, RIGHT)):
        calls = np.array([right, 1 - right])
        table += share * np.outer(calls, calls)
    margin = table.sum(axis=0)
    return float((np.trace(table) - margin @ margin) / (1 - margin @ margin))


def _calls_of(disease: Bools, design: Design, rng: np.random.Generator) -> Bools:
    """Call right in nine of ten cases, a patient's rows alike in difficulty where clustered."""
    right = clustered_normal(design, rng) < special.ndtri(RIGHT)
    return np.where(right, disease, ~disease)


def _kappa(
    design: Design, rng: np.random.Generator, method: str | None = None
) -> tuple[Estimate, float]:
    disease = clustered_normal(design, rng) < special.ndtri(design.prevalence)
    pair = [_calls_of(disease, design, rng) for _ in range(2)]
    truth = _kappa_truth(design.prevalence)
    if method is None:
        return cohen_kappa(*pair, cluster=patients(design)), truth
    return cohen_kappa(*pair, cluster=patients(design), method=method), truth


YES_NO = (
    Interval("proportion, mean over nearby truths", _share_near),
    *(
        Interval(f"proportion, {method}", partial(_share, method=method), is_default=False)
        for method in ("wilson", "clopper-pearson", "jeffreys", "wald")
    ),
    Interval("proportion_difference", _difference, clusters=False),
    Interval("paired_proportion_difference", _paired),
    Interval("positive_likelihood_ratio", partial(_likelihood_ratio, positive=True)),
    Interval("negative_likelihood_ratio", partial(_likelihood_ratio, positive=False)),
    Interval("negative_predictive_value, at prevalence 0.1", partial(_predictive, positive=False)),
    Interval("positive_predictive_value, at prevalence 0.1", partial(_predictive, positive=True)),
    Interval("auroc", _area),
    Interval("auroc, delong", partial(_area, method="delong"), is_default=False),
    Interval("delong_test, difference", _areas_differ),
    Interval("delong_test_unpaired, difference", _areas_of_two_groups, runs=0.5),
    Interval("partial_auroc, to 0.1", partial(_partial, top=0.1)),
    Interval("partial_auroc, to 0.2", partial(_partial, top=0.2)),
    Interval("average_precision", _precision),
    Interval("brier_score", partial(_of_risks, which="brier"), runs=0.5),
    Interval("log_loss", partial(_of_risks, which="loss"), runs=0.5),
    Interval("observed_expected_ratio", partial(_of_risks, which="ratio")),
    Interval("calibration_in_the_large", partial(_of_risks, which="large")),
    Interval("calibration_intercept", partial(_of_risks, which="intercept")),
    Interval("calibration_slope", partial(_of_risks, which="slope")),
    Interval("expected_calibration_error", partial(_bins, spread=1.0), runs=0.2),
    Interval("expected_calibration_error, slope 0.5", partial(_bins, spread=2.0), runs=0.2),
    Interval("cohen_kappa", _kappa),
    Interval("cohen_kappa, large-sample", partial(_kappa, method="large-sample"), is_default=False),
)
