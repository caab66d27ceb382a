"""Who read what: designs of reader studies, and their mean squares and averaged covariances.

Sources: Obuchowski 1995 (Acad Radiol 2:709, designs with nested cases and readers); Obuchowski,
Gallas and Hillis 2012 (Acad Radiol 19:1508, split plots); Hillis 2014 (Stat Med 33:330, marginal
means in any balanced design).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from osteon.errors import DataError
from osteon.statistics.checks import Bools, Codes, Floats

__all__ = ["Design", "Layout", "MeanSquares", "make_layout", "study_design"]

Design = Literal[
    "factorial",
    "cases_in_readers",
    "cases_in_treatments",
    "readers_in_treatments",
    "split_plot",
    "incomplete",
]


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of the figures of merit; NaN where there is no freedom.

    ``interaction`` is treatment by reader, within groups in a split plot; where readers are nested
    in treatments it is readers within treatments.
    """

    treatment: float
    reader: float
    interaction: float
    interaction_df: int


def study_design(read: Bools) -> Design:
    """Name the design of a study from who read what.

    Parameters
    ----------
    read
        Shape (treatments, readers, cases): whether this reading took place.

    Returns
    -------
    str
        ``factorial`` (everybody read everything), ``cases_in_readers`` (every reader has cases of
        their own), ``cases_in_treatments``, ``readers_in_treatments``, ``split_plot`` (groups of
        readers with the group's own cases, all treatments) or ``incomplete`` (readings missing in
        no such pattern).

    Raises
    ------
    DataError
        If readers miss whole treatments without being nested in them.

    Examples
    --------
    >>> read = np.zeros((2, 4, 6), bool)
    >>> read[:, :2, :3] = read[:, 2:, 3:] = True
    >>> study_design(read)
    'split_plot'
    """
    if read.all():
        return "factorial"
    cells = read.any(axis=2)
    if not cells.all():
        if len(read) > 1 and (cells.sum(axis=0) == 1).all():
            return "readers_in_treatments"
        missing = np.argwhere(~cells)[0].tolist()
        raise DataError(
            f"reader {missing[1]} read nothing in treatment {missing[0]}",
            remedy="leave that reader out, or use the moments of u_statistic_analysis",
        )
    if (read == read[:1]).all():
        by_reader = read[0]
        if _equal_or_disjoint(by_reader):
            groups = np.unique(by_reader, axis=0)
            return "cases_in_readers" if len(groups) == len(by_reader) else "split_plot"
    if (read == read[:, :1]).all() and _disjoint(read[:, 0]):
        return "cases_in_treatments"
    return "incomplete"


def _equal_or_disjoint(sets: Bools) -> bool:
    return _disjoint(np.unique(sets, axis=0))


def _disjoint(sets: Bools) -> bool:
    return bool((sets.sum(axis=0) <= 1).all())


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Figures of merit of t treatments and r readers, their covariance, and who shares cases.

    Parameters
    ----------
    values
        Shape (t, r), NaN where a reader does not belong to a treatment.
    blocks
        Covariance over cases, shape (t, r, t, r).
    shared
        Whether two figures come from shared cases, shape (t, r, t, r).
    design
        As :func:`study_design` names it.
    groups
        Number of the group of every reader, shape (r,).
    """

    values: Floats
    blocks: Floats
    shared: Bools
    design: Design
    groups: Codes

    @property
    def t(self) -> int:
        """Number of treatments."""
        return int(self.values.shape[0])

    @property
    def readers(self) -> Codes:
        """Readers of every treatment, shape (t,)."""
        return np.asarray((~np.isnan(self.values)).sum(axis=1), dtype=np.intp)

    def mean_squares(self) -> MeanSquares:
        """Of treatments, readers and what is left."""
        rows = np.nanmean(self.values, axis=1)
        per_treatment = self.t / float(np.sum(1 / self.readers))
        own = per_treatment * float(np.sum((rows - rows.mean()) ** 2))
        own = own / (self.t - 1) if self.t > 1 else math.nan
        if self.design == "readers_in_treatments":
            squares = float(np.nansum((self.values - rows[:, None]) ** 2))
            df = int(self.readers.sum()) - self.t
            return MeanSquares(own, math.nan, squares / df if df else math.nan, df)
        within, between = 0.0, 0.0
        for group in np.unique(self.groups):
            part = self.values[:, self.groups == group]
            columns, mean = part.mean(axis=0), part.mean()
            within += float(np.sum((part - part.mean(axis=1)[:, None] - columns + mean) ** 2))
            between += self.t * float(np.sum((columns - mean) ** 2))
        df = self.values.shape[1] - np.unique(self.groups).size
        both = df * (self.t - 1)
        return MeanSquares(
            own,
            between / df if df else math.nan,
            within / both if both else math.nan,
            both,
        )

    def covariances(self) -> tuple[float, float, float, float]:
        """Variance, Cov1, Cov2, Cov3: averages over the pairs of figures that share cases."""
        there = ~np.isnan(self.values)
        count_t, count_r = self.values.shape
        same_t = np.eye(count_t, dtype=bool)[:, None, :, None]
        same_r = np.eye(count_r, dtype=bool)[None, :, None, :]
        use = there[:, :, None, None] & there[None, None] & self.shared
        picks = (same_t & same_r, ~same_t & same_r, same_t & ~same_r, ~same_t & ~same_r)
        found = [self.blocks[pick & use] for pick in picks]
        error, cov1, cov2, cov3 = (float(f.mean()) if f.size else 0.0 for f in found)
        return error, cov1, cov2, cov3

    def of_treatment(self, i: int) -> tuple[float, int, float, float]:
        """Mean square of readers, its freedom, variance and Cov2 within one treatment."""
        mine = ~np.isnan(self.values[i])
        values, groups = self.values[i, mine], self.groups[mine]
        block = self.blocks[i, :, i, :][np.ix_(mine, mine)]
        shared = self.shared[i, :, i, :][np.ix_(mine, mine)] & ~np.eye(len(values), dtype=bool)
        means = np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)
        df = len(values) - np.unique(groups).size
        spread = float(np.sum((values - means[groups]) ** 2)) / df if df else math.nan
        cov2 = float(block[shared].mean()) if shared.any() else 0.0
        return spread, df, float(np.trace(block) / len(values)), cov2

    def sharers(self, i: int) -> float:
        """How many readers of a treatment share cases, on average over its readers."""
        sizes = np.bincount(self.groups[~np.isnan(self.values[i])])
        return 1.0 if self.design == "cases_in_readers" else float(np.sum(sizes**2) / sizes.sum())


def make_layout(values: Floats, covariance: Floats, read: Bools, design: Design) -> Layout:
    """Put figures and their covariance into the layout of a design.

    Parameters
    ----------
    values
        Shape (t, r).
    covariance
        Shape (t * r, t * r), treatments slowest.
    read
        Shape (t, r, n).
    design
        The design.
    """
    t, r = values.shape
    flat = read.reshape(t * r, -1).astype(np.float64)
    shared = np.ones((t * r, t * r), bool) if design == "incomplete" else flat @ flat.T > 0
    groups = np.zeros(r, dtype=np.intp)
    if design == "split_plot":
        groups = np.unique(read[0], axis=0, return_inverse=True)[1].reshape(r).astype(np.intp)
    shape = (t, r, t, r)
    return Layout(values, covariance.reshape(shape), shared.reshape(shape), design, groups)
