"""Chi-square tests of a table of counts, as a paper prints them under its Table 1."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats.contingency import expected_freq

from osteon.core.records import TestResult
from osteon.statistics.association import chi_square_test

__all__ = ["chi_square"]

_METHOD = "Pearson chi-square of independence, no continuity correction"


def chi_square(table: NDArray[np.int64]) -> TestResult:
    """Test whether rows (classes) and columns (subsets) are independent.

    Counts are taken as independent, as in the papers; two hips of one patient are not quite.

    Parameters
    ----------
    table
        Counts, shape (classes, subsets). Rows and columns of zeros are left out.

    Examples
    --------
    >>> import numpy as np
    >>> chi_square(np.array([[10, 20], [10, 20]])).p_value
    1.0
    """
    result = chi_square_test(table)
    if math.isnan(result.p_value):
        return replace(result, method=_METHOD)
    expected = expected_freq(table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0])
    few = float((expected < 5).mean())
    remark = f"{few:.0%} of the expected counts are below 5" if few > 0.2 else None
    return replace(result, method=_METHOD, reason=remark)
