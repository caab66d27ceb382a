"""Intervals of detection: figures of merit of marks."""

from functools import partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.froc import FigureOfMerit, figure_of_merit
from osteon.statistics.marks import Marks
from osteon.workflow.coverage.draws import (
    AREA,
    SHIFT,
    both_classes,
    clustered_normal,
    patients,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["DETECTION"]

FOUND, FALSE = 0.8, 0.4  # lesions that are marked; cases with a false mark, half of them with two
FIGURES: tuple[FigureOfMerit, ...] = ("wAFROC", "AFROC")
MARKED = FOUND * (1 - FALSE + FALSE * AREA) + (1 - FOUND) * (1 - FALSE) / 2  # both figures


def _marks(design: Design, rng: np.random.Generator) -> Marks:
    """Draw one lesion or two in cases with disease; ratings are binormal, alike in a case."""
    n = design.n
    lesions = np.where(both_classes(design), rng.integers(1, 3, n), 0)
    of_lesion = np.repeat(np.arange(n), lesions)
    number = np.arange(of_lesion.size) - np.repeat(np.cumsum(lesions) - lesions, lesions)
    common = clustered_normal(design, rng)[of_lesion]
    rating = (common + rng.normal(size=of_lesion.size)) / np.sqrt(2) + SHIFT
    marked = rng.random(of_lesion.size) < FOUND
    alarmed = np.flatnonzero(clustered_normal(design, rng) < special.ndtri(FALSE))
    alarm = clustered_normal(design, rng)[alarmed]
    twice = rng.random(alarmed.size) < 0.5
    return Marks.of(
        lesions,
        np.concatenate([of_lesion[marked], alarmed, alarmed[twice]]),
        np.concatenate([rating[marked], alarm, alarm[twice] - 1]),
        np.concatenate([number[marked], np.full(alarmed.size + int(twice.sum()), -1)]),
    )


def _figure(
    design: Design, rng: np.random.Generator, figure: FigureOfMerit
) -> tuple[Estimate, float]:
    return figure_of_merit(_marks(design, rng), figure=figure, cluster=patients(design)), MARKED


DETECTION = (
    *(
        Interval(
            f"figure_of_merit, {figure}",
            partial(_figure, figure=figure),
            runs=0.1,
            largest=100,
        )
        for figure in FIGURES
    ),
)
