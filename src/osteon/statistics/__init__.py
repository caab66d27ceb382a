"""What the results are worth: pure functions of arrays, each answering with an interval.

Patients are an argument (``cluster``) everywhere; a value that cannot be had is NaN with the
reason; resampling takes its generator.
"""

from osteon.core.records import Curve, Estimate, TestResult
from osteon.statistics.agreement import cohen_kappa, kappa_difference
from osteon.statistics.association import chi_square_test, fisher_exact_test
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.comparison import delong_test, mcnemar_test, noninferiority, superiority
from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)
from osteon.statistics.multiplicity import benjamini_hochberg, hochberg, holm
from osteon.statistics.proportion import accuracy, proportion, sensitivity, specificity
from osteon.statistics.roc import auroc, clustered_auroc
from osteon.statistics.roc_curve import partial_auroc, roc_band, roc_curve

__all__ = [
    "Curve",
    "Estimate",
    "TestResult",
    "accuracy",
    "auroc",
    "benjamini_hochberg",
    "bootstrap",
    "chi_square_test",
    "clustered_auroc",
    "cohen_kappa",
    "delong_test",
    "fisher_exact_test",
    "hochberg",
    "holm",
    "kappa_difference",
    "mcnemar_test",
    "negative_likelihood_ratio",
    "negative_predictive_value",
    "noninferiority",
    "partial_auroc",
    "positive_likelihood_ratio",
    "positive_predictive_value",
    "proportion",
    "roc_band",
    "roc_curve",
    "sensitivity",
    "specificity",
    "superiority",
]
