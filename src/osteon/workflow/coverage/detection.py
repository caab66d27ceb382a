"""Intervals of detection: figures of merit of marks, and boxes."""

from functools import cache, partial

import numpy as np
from scipy import optimize, special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.checks import Floats
from osteon.statistics.detection_average_precision import RECALLS, mean_average_precision
from osteon.statistics.detection_matching import BoxTable
from osteon.statistics.froc import (
    FIGURES,
    FigureOfMerit,
    figure_of_merit,
    figure_of_merit_replicates,
)
from osteon.statistics.froc_curves import froc_sensitivity
from osteon.statistics.marks import Marks
from osteon.workflow.coverage.draws import (
    AREA,
    SHIFT,
    both_classes,
    clustered_normal,
    patients,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = [
    "ALLOWED",
    "DETECTION",
    "draw_boxes",
    "draw_marks",
    "figure_truth",
    "found_at",
    "precision_truth",
]

FOUND, FALSE = 0.8, 0.4  # lesions that are marked; cases with a false mark, half of them with two
LARGE = 200_000
ALLOWED = 0.2  # false marks for each case
REPLICATES = 400
MARKED = FOUND * (1 - FALSE + FALSE * AREA) + (1 - FOUND) * (1 - FALSE) / 2
TRUTHS = {
    **dict.fromkeys(("AFROC", "AFROC1", "wAFROC", "wAFROC1"), MARKED),
    "HrSe": 1 - (1 - FALSE) * ((1 - FOUND) + (1 - FOUND) ** 2) / 2,
    "HrSp": 1 - FALSE,
    "MaxLLF": FOUND,
    "MaxNLF": 1.5 * FALSE,
}


def draw_marks(design: Design, rng: np.random.Generator) -> Marks:
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


@cache
def figure_truth(figure: FigureOfMerit) -> float:
    """Figure of merit in all such studies; HrAuc has no closed form, one large study gives it."""
    if figure != "HrAuc":
        return TRUTHS[figure]
    marks = draw_marks(Design(LARGE, 0.5), generator(2, "coverage", "HrAuc"))
    return float(figure_of_merit_replicates(marks, "HrAuc")[0])


def _figure(
    design: Design, rng: np.random.Generator, figure: FigureOfMerit
) -> tuple[Estimate, float]:
    found = figure_of_merit(draw_marks(design, rng), figure=figure, cluster=patients(design))
    return found, figure_truth(figure)


@cache
def found_at(false_marks: float) -> float:
    """Share of lesions found at so many false marks for each case, in all such studies."""

    def excess(cut: float) -> float:
        return FALSE * float(special.ndtr(-cut) + special.ndtr(-1 - cut) / 2) - false_marks

    return FOUND * float(special.ndtr(SHIFT - optimize.brentq(excess, -10, 10)))


def _sensitivity(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = froc_sensitivity(
        draw_marks(design, rng), ALLOWED, rng=rng, cluster=patients(design), replicates=REPLICATES
    )
    return found, found_at(ALLOWED)


def draw_boxes(design: Design, rng: np.random.Generator) -> tuple[BoxTable, BoxTable]:
    """Draw one box in an image with the structure, found or not, and false boxes elsewhere."""
    there = np.flatnonzero(both_classes(design))
    hit = there[(clustered_normal(design, rng) < special.ndtri(FOUND))[there]]
    alarmed = np.flatnonzero(clustered_normal(design, rng) < special.ndtri(FALSE))
    of_hits, of_alarms = clustered_normal(design, rng), clustered_normal(design, rng)
    place = np.array([0.0, 0.0, 10.0, 10.0])

    def boxes(count: int, shift: float) -> tuple[list[str], Floats]:
        return ["hip"] * count, np.tile(place + shift, (count, 1))

    tables = [boxes(there.size, 0), boxes(hit.size, 1), boxes(alarmed.size, 50)]
    detected = BoxTable.of(
        np.concatenate([hit, alarmed]),
        tables[1][0] + tables[2][0],
        np.concatenate([tables[1][1], tables[2][1]]),
        score=np.concatenate([of_hits[hit] + SHIFT, of_alarms[alarmed]]),
    )
    return BoxTable.of(there, *tables[0]), detected


@cache
def precision_truth(prevalence: float) -> float:
    """Precision at each of COCO's recalls, averaged, in all such studies."""
    reached = RECALLS[RECALLS < FOUND] / FOUND
    cut = SHIFT - special.ndtri(reached)
    true = prevalence * FOUND * reached
    with np.errstate(invalid="ignore"):
        precision = true / (true + FALSE * special.ndtr(-cut))
    precision[reached == 0] = 1.0
    return float(precision.sum() / RECALLS.size)


def _precision(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    ids = patients(design)
    found = mean_average_precision(
        *draw_boxes(design, rng),
        ious=(0.5,),
        cluster_of_image=None if ids is None else dict(enumerate(ids.tolist())),
    )
    return found.mean, precision_truth(design.positives / design.n)


DETECTION = (
    *(
        Interval(
            f"figure_of_merit, {figure}",
            partial(_figure, figure=figure),
            runs=0.25 if "A" in figure else 1.0,
        )
        for figure in FIGURES
    ),
    Interval("froc_sensitivity, 0.2 false marks for each case", _sensitivity, runs=0.15),
    Interval("mean_average_precision", _precision, runs=0.25),
)
