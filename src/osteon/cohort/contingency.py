"""Chi-square tests of a table of counts, as a paper prints them under its Table 1."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from osteon.core.records import TestResult

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
    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(kept.shape, default=0) < 2:
        reason = "fewer than two classes or subsets hold anything"
        return TestResult(math.nan, math.nan, _METHOD, reason=reason)
    result = chi2_contingency(kept, correction=False)
    few = float((result.expected_freq < 5).mean())
    remark = f"{few:.0%} of the expected counts are below 5" if few > 0.2 else None
    return TestResult(float(result.statistic), float(result.pvalue), _METHOD, reason=remark)
