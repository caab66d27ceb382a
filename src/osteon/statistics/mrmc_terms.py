"""Error terms of reader studies: what a difference or a mean varies by, in every design.

Sources: Obuchowski and Rockette 1995 (Communications in Statistics 24:285); Hillis 2007 (Stat Med
26:596, degrees of freedom); Obuchowski, Gallas and Hillis 2012 (Acad Radiol 19:1508) and Hillis
2014 (Stat Med 33:330, marginal means in any balanced design).
"""

import math
from typing import Literal

import numpy as np

from osteon.statistics.mrmc_designs import Layout
from osteon.statistics.mrmc_error import ErrorTerm

__all__ = ["Effect", "contrast_term", "mean_term", "overall_term"]

Effect = Literal["random", "fixed"]


def _added(spread: float, covariance: float, df: int, share: float) -> ErrorTerm:
    """Error term with random readers: Hillis' freedom grows as the covariance's part does."""
    term = spread + covariance
    freedom = df * (term / spread) ** 2 if spread > 0 else math.inf
    return ErrorTerm(term, freedom, share, spread, covariance, df)


def contrast_term(layout: Layout, effects: tuple[Effect, Effect], i: int, j: int) -> ErrorTerm:
    """Error term of the difference of treatments i and j.

    Parameters
    ----------
    layout
        Figures, their covariance, and the design.
    effects
        Of readers and of cases.
    i, j
        Two treatments.
    """
    readers, cases = effects
    error, cov1, cov2, cov3 = layout.covariances()
    squares = layout.mean_squares()
    share = 1 / int(layout.readers[i]) + 1 / int(layout.readers[j])
    sharers = layout.sharers(i)
    if layout.design == "readers_in_treatments":
        sharers, cov1 = 2 / share, cov3
    gap = max(cov2 - cov3, 0.0)
    if readers == "fixed":
        own = error - cov1
        return ErrorTerm(own + (sharers - 1) * gap, math.inf, share, own, (sharers - 1) * gap)
    added = 0.0 if cases == "fixed" else sharers * gap
    return _added(squares.interaction, added, squares.interaction_df, share)


def mean_term(layout: Layout, effects: tuple[Effect, Effect], i: int) -> ErrorTerm:
    """Error term of the mean of treatment i; arguments as in :func:`contrast_term`."""
    readers, cases = effects
    spread, df, error, cov2 = layout.of_treatment(i)
    share, sharers = 1 / int(layout.readers[i]), layout.sharers(i)
    gap = max(cov2, 0.0)
    if readers == "fixed":
        return ErrorTerm(error + (sharers - 1) * gap, math.inf, share, error, (sharers - 1) * gap)
    return _added(spread, 0.0 if cases == "fixed" else sharers * gap, df, share)


def overall_term(layout: Layout, effects: tuple[Effect, Effect]) -> ErrorTerm:
    """Judge all treatments at once when they have different numbers of readers: harmonic mean."""
    harmonic = layout.t / float(np.sum(1 / layout.readers))
    error, _, cov2, cov3 = layout.covariances()
    squares, gap = layout.mean_squares(), max(cov2 - cov3, 0.0)
    if effects[0] == "fixed":
        own, added = error - cov3, (harmonic - 1) * gap
        return ErrorTerm(own + added, math.inf, 2 / harmonic, own, added)
    added = 0.0 if effects[1] == "fixed" else harmonic * gap
    return _added(squares.interaction, added, squares.interaction_df, 2 / harmonic)
