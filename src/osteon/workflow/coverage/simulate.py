"""Counting how often an interval holds the truth, design by design."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from osteon.core.parallel import map_parallel
from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.limits import WARNING

__all__ = ["DESIGNS", "LEVEL", "Coverage", "Design", "Interval", "covered", "simulate"]

LEVEL = 0.95
ERRORS = 3.0  # Monte Carlo standard errors a share may lie below the level


@dataclass(frozen=True, slots=True)
class Design:
    """A study: rows, share of rows with the event, and whether two rows belong to a patient."""

    n: int
    prevalence: float
    clustered: bool = False

    @property
    def positives(self) -> int:
        """Rows with the event where their number is fixed, at least 2."""
        return max(2, round(self.n * self.prevalence))


DESIGNS = tuple(
    Design(n, prevalence, clustered)
    for clustered in (False, True)
    for n in (30, 100, 500)
    for prevalence in (0.05, 0.2, 0.5)
)


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval to be examined.

    Parameters
    ----------
    name
        Function and method, as the table shows it.
    draw
        Called with a design and a generator: simulates one study, returns its estimate and the
        truth.
    runs
        Studies for each design, of the quoted number; slow intervals take fewer.
    is_default
        Whether a caller who chooses nothing gets it.
    clusters
        Whether it takes patients.
    largest
        Rows of the largest design that is simulated: slow intervals leave out the larger ones.
    """

    name: str
    draw: Callable[[Design, np.random.Generator], tuple[Estimate, float]]
    runs: float = 1.0
    is_default: bool = True
    clusters: bool = True
    largest: int = 500

    def fits(self, design: Design) -> bool:
        """Whether the interval is examined in this design."""
        return (self.clusters or not design.clustered) and design.n <= self.largest


@dataclass(frozen=True, slots=True)
class Coverage:
    """What came out for one interval in one design.

    Parameters
    ----------
    name, is_default, design
        What was examined.
    share
        Of the intervals that are there, those that hold the truth.
    warned
        Share of the intervals that say in their method that they may be too narrow.
    withheld
        Share of the studies without an interval.
    runs
        Studies simulated.
    """

    name: str
    is_default: bool
    design: Design
    share: float
    warned: float
    withheld: float
    runs: int

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the share, were the level held."""
        counted = max(self.runs * (1 - self.withheld), 1.0)
        return math.sqrt(LEVEL * (1 - LEVEL) / counted)

    @property
    def holds(self) -> bool:
        """Whether the level is held within Monte Carlo error."""
        return math.isnan(self.share) or self.share >= LEVEL - ERRORS * self.error

    @property
    def passes(self) -> bool:
        """Whether it holds; one that is no default, and is asked for by name, need not."""
        return self.holds or not self.is_default


def simulate(interval: Interval, design: Design, runs: int) -> Coverage:
    """Simulate studies of one design and count."""
    rng = generator(1, "coverage", design.n, round(1000 * design.prevalence), int(design.clustered))
    held = there = warned = 0
    for _ in range(runs):
        estimate, truth = interval.draw(design, rng)
        if not math.isnan(estimate.low):
            there += 1
            warned += WARNING in estimate.method
            held += estimate.low <= truth <= estimate.high
    return Coverage(
        name=interval.name,
        is_default=interval.is_default,
        design=design,
        share=held / there if there else math.nan,
        warned=warned / max(there, 1),
        withheld=1 - there / runs,
        runs=runs,
    )


def covered(
    intervals: Sequence[Interval],
    *,
    runs: int = 2000,
    designs: Sequence[Design] = DESIGNS,
    workers: int | None = None,
    description: str | None = None,
) -> Iterator[Coverage]:
    """Examine intervals in every design, in parallel; results in order."""
    tasks = [
        partial(simulate, interval, design, max(50, round(runs * interval.runs)))
        for interval in intervals
        for design in designs
        if interval.fits(design)
    ]
    return map_parallel(_call, tasks, workers=workers, description=description)


def _call(task: "partial[Coverage]") -> Coverage:
    return task()
