"""Marks with ratings on cases with lesions: what a free-response study collects.

Sources: Bunch et al. 1977 (free response); Chakraborty 2017, Observer Performance Methods for
Diagnostic Imaging (inferred ROC ratings).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import DataError
from osteon.statistics.checks import Bools, Codes, Floats, finite_array

__all__ = ["Marks", "inferred_ratings"]


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Marks of one reader (or model) on n cases.

    Parameters
    ----------
    n_lesions
        Lesions of every case, shape (n,); 0 for a case without disease.
    case
        Number of the case of every mark, 0 to n - 1, shape (m,).
    rating
        Rating of every mark, higher is more suspicious, shape (m,).
    lesion
        Number of the lesion within its case that the mark hit, -1 for a false mark, shape (m,).
    """

    n_lesions: Codes
    case: Codes
    rating: Floats
    lesion: Codes

    @classmethod
    def of(
        cls, n_lesions: ArrayLike, case: ArrayLike, rating: ArrayLike, lesion: ArrayLike
    ) -> "Marks":
        """Check and build.

        Raises
        ------
        DataError
            If a mark's case or lesion does not exist, or lengths differ.
        """
        counts = finite_array("n_lesions", n_lesions).astype(np.intp)
        of_case = finite_array("case", case).astype(np.intp)
        hit = finite_array("lesion", lesion).astype(np.intp)
        ratings = finite_array("rating", rating)
        if not of_case.size == hit.size == ratings.size:
            raise DataError(f"got {of_case.size} cases, {ratings.size} ratings, {hit.size} lesions")
        outside = of_case[(of_case < 0) | (of_case >= counts.size)]
        if outside.size:
            raise DataError(f"a mark is on case {outside[0]}, wanted 0 to {counts.size - 1}")
        if counts.size and counts.min() < 0:
            raise DataError(f"n_lesions is {counts.min()} for a case, wanted 0 or more")
        strange = np.flatnonzero(hit >= counts[of_case])
        if strange.size:
            first = strange[0]
            raise DataError(
                f"mark {first} hits lesion {hit[first]}, its case has {counts[of_case[first]]}"
            )
        return cls(counts, of_case, ratings, hit)

    @property
    def diseased(self) -> Bools:
        """Which cases have lesions, shape (n,)."""
        return np.asarray(self.n_lesions > 0)

    def highest_false(self) -> Floats:
        """Highest false mark of every case, -inf without one; shape (n,)."""
        highest = np.full(self.n_lesions.size, -np.inf)
        false = self.lesion < 0
        np.maximum.at(highest, self.case[false], self.rating[false])
        return highest

    def highest(self) -> Floats:
        """Highest mark of every case, -inf without one; shape (n,)."""
        highest = np.full(self.n_lesions.size, -np.inf)
        np.maximum.at(highest, self.case, self.rating)
        return highest

    def lesions(self) -> tuple[Codes, Floats]:
        """Case and highest rating (-inf unmarked) of every lesion; shapes (lesions,)."""
        starts = np.concatenate([[0], np.cumsum(self.n_lesions)])
        ratings = np.full(int(starts[-1]), -np.inf)
        hit = self.lesion >= 0
        np.maximum.at(ratings, starts[self.case[hit]] + self.lesion[hit], self.rating[hit])
        return np.repeat(np.arange(self.n_lesions.size), self.n_lesions), ratings


def inferred_ratings(marks: Marks) -> tuple[Bools, Floats]:
    """Rate whole cases by their highest mark, for ROC analysis (inferred ROC).

    Returns the reference standard of every case and its rating, both of shape (n,); a case without
    a mark is rated 1 below the lowest mark.

    Examples
    --------
    >>> marks = Marks.of([0, 1], [1, 1], [2.0, 3.0], [-1, 0])
    >>> inferred_ratings(marks)[1].tolist()
    [1.0, 3.0]
    """
    top = marks.highest()
    lowest = float(marks.rating.min(initial=np.inf))
    return marks.diseased, np.where(top > -np.inf, top, (lowest if lowest < np.inf else 1.0) - 1)
