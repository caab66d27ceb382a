"""Intervals of multi-reader studies: 3, 5 and 10 readers, drawn anew as the cases are."""

import math
from functools import partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.checks import Floats
from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_error import Quantile
from osteon.statistics.mrmc_result import ReaderAnalysis
from osteon.statistics.mrmc_standalone import standalone_against_readers
from osteon.statistics.mrmc_u_statistics import u_statistic_analysis
from osteon.workflow.coverage.draws import AREA, both_classes, clustered_normal, patients
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["READERS"]

OTHER = 0.80  # mean area of the second treatment, and of the readers against the model
READER, BOTH = 0.06, 0.02  # variance of a reader's shift, and of its part in one treatment
CASE, CASE_TREATMENT, CASE_READER = 0.3, 0.1, 0.2  # of a rating's variance of 1


def _shift(area: float, variance: float) -> float:
    """Mean shift of readers whose areas have this mean when their shifts have this variance."""
    return math.sqrt(2 + variance) * float(special.ndtri(area))


def _normal(design: Design, rng: np.random.Generator, *shape: int) -> Floats:
    flat = [clustered_normal(design, rng) for _ in range(math.prod(shape))]
    return np.stack(flat).reshape(*shape, design.n)


def _study(
    design: Design, rng: np.random.Generator, readers: int, areas: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Ratings (treatments, readers, n) after Roe and Metz 1997 (Acad Radiol 4:298), the cases."""
    t, case = len(areas), _normal(design, rng)
    skill = math.sqrt(READER) * rng.normal(size=readers)
    skill = skill + math.sqrt(BOTH) * rng.normal(size=(t, readers))
    shifts = np.array([_shift(area, READER + BOTH) for area in areas])[:, None] + skill
    noise = (
        math.sqrt(CASE) * case
        + math.sqrt(CASE_TREATMENT) * _normal(design, rng, t, 1)
        + math.sqrt(CASE_READER) * _normal(design, rng, 1, readers)
        + math.sqrt(1 - CASE - CASE_TREATMENT - CASE_READER) * _normal(design, rng, t, readers)
    )
    return noise + shifts[:, :, None] * both_classes(design), case


def _analysis(
    design: Design, rng: np.random.Generator, readers: int, method: Quantile
) -> ReaderAnalysis:
    ratings, _ = _study(design, rng, readers, (AREA, OTHER))
    truth, who = both_classes(design), patients(design)
    return obuchowski_rockette(truth, ratings, cluster=who, method=method)


def _treatments(
    design: Design, rng: np.random.Generator, readers: int, method: Quantile = "cochran"
) -> tuple[Estimate, float]:
    gap = _analysis(design, rng, readers, method).differences[0, 1].difference
    assert gap is not None
    return gap, AREA - OTHER


def _mean(
    design: Design, rng: np.random.Generator, readers: int, method: Quantile = "cochran"
) -> tuple[Estimate, float]:
    return _analysis(design, rng, readers, method).means[0], AREA


def _moments(design: Design, rng: np.random.Generator, readers: int) -> tuple[Estimate, float]:
    ratings, _ = _study(design, rng, readers, (AREA, OTHER))
    gap = u_statistic_analysis(both_classes(design), ratings).differences[0, 1].difference
    assert gap is not None
    return gap, AREA - OTHER


def _standalone(
    design: Design, rng: np.random.Generator, readers: int, method: Quantile = "cochran"
) -> tuple[Estimate, float]:
    """Let a model of a fixed area read the same cases, as alike as a reader in a treatment."""
    truth = both_classes(design)
    ratings, case = _study(design, rng, readers, (OTHER,))
    model = math.sqrt(CASE) * case + math.sqrt(1 - CASE) * clustered_normal(design, rng)
    model = model + _shift(AREA, 0.0) * truth
    gap = standalone_against_readers(
        truth, model, ratings[0], cluster=patients(design), method=method
    ).difference
    assert gap is not None
    return gap, AREA - OTHER


READERS = (
    *(
        Interval(
            f"{name}, {readers} readers",
            partial(draw, readers=readers),
            runs=0.3 if readers == 3 and draw is not _moments else 0.2,
            clusters=draw is not _moments,
        )
        for name, draw in (
            ("obuchowski_rockette, difference", _treatments),
            ("obuchowski_rockette, mean", _mean),
            ("u_statistic_analysis, difference", _moments),
            ("standalone_against_readers", _standalone),
        )
        for readers in (3, 5, 10)
    ),
    *(
        Interval(
            f"{name}, hillis, 3 readers",
            partial(draw, readers=3, method="hillis"),
            runs=0.3,
            is_default=False,
        )
        for name, draw in (
            ("obuchowski_rockette, difference", _treatments),
            ("obuchowski_rockette, mean", _mean),
            ("standalone_against_readers", _standalone),
        )
    ),
)
