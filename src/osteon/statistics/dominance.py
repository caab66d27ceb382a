"""Counting who comes earlier and ranks lower, in O(n log n) and for many weights at once.

The rows before a position are cut into blocks of powers of two; within each block rows are sorted
by rank, so that a cumulative sum answers every question. The sorting depends on the data alone and
serves all replicates. Source: the merge-sort tree, e.g. Knuth, The Art of Computer Programming 3,
5.2.4.
"""

import numpy as np

from osteon.statistics.checks import Codes, Floats

__all__ = ["sums_below"]


def sums_below(
    rank: Codes, weights: Floats, before: Codes, rank_asked: Codes
) -> tuple[Floats, Floats]:
    """Sum weights of the rows before a position that rank lower, and that rank alike.

    Parameters
    ----------
    rank
        Rank number of every row in its order, at least 0, shape (n,).
    weights
        Shape (replicates, n).
    before
        Each question takes rows 0 to ``before - 1``; shape (q,), 0 to n.
    rank_asked
        The rank each question compares with, shape (q,).

    Returns
    -------
    lower, equal
        Shapes (replicates, q).

    Examples
    --------
    >>> rank, ones = np.array([2, 0, 1, 1]), np.ones((1, 4))
    >>> lower, equal = sums_below(rank, ones, np.array([2, 4]), np.array([1, 1]))
    >>> lower.tolist(), equal.tolist()
    ([[1.0, 1.0]], [[0.0, 2.0]])
    """
    n, replicates = rank.size, weights.shape[0]
    lower = np.zeros((replicates, before.size))
    equal = np.zeros((replicates, before.size))
    span = int(max(rank.max(initial=0), rank_asked.max(initial=0))) + 2
    rows = np.arange(n)
    for level in range(max(n, 1).bit_length()):
        asked = np.flatnonzero((before >> level) & 1)
        if not asked.size:
            continue
        keys = (rows >> level) * span + rank
        order = np.argsort(keys, kind="stable")
        total = np.zeros((replicates, n + 1))
        np.cumsum(weights[:, order], axis=1, out=total[:, 1:])
        block = ((before[asked] >> (level + 1)) << 1) * span
        ranked = keys[order]
        start = np.searchsorted(ranked, block)
        below = np.searchsorted(ranked, block + rank_asked[asked])
        above = np.searchsorted(ranked, block + rank_asked[asked] + 1)
        lower[:, asked] += total[:, below] - total[:, start]
        equal[:, asked] += total[:, above] - total[:, below]
    return lower, equal
