"""What the results are worth: pure functions of arrays, each answering with an interval.

Patients are an argument (``cluster``) everywhere; a value that cannot be had is NaN with the
reason; resampling takes its generator.
"""

from osteon.core.records import Curve, Estimate, TestResult
from osteon.statistics.agreement import cohen_kappa, kappa_difference
from osteon.statistics.agreement_many import fleiss_kappa, gwet_ac, krippendorff_alpha
from osteon.statistics.association import chi_square_test, fisher_exact_test
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.calibration import (
    brier_decomposition,
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_curve,
)
from osteon.statistics.calibration_censored import (
    calibration_curve_censored,
    calibration_errors_censored,
    calibration_slope_censored,
    observed_expected_ratio_censored,
    smooth_calibration_curve_censored,
)
from osteon.statistics.calibration_smooth import (
    calibration_errors,
    integrated_calibration_index,
    smooth_calibration_curve,
)
from osteon.statistics.comparison import (
    delong_test,
    delong_test_unpaired,
    noninferiority,
    superiority,
)
from osteon.statistics.competing import aalen_johansen, cumulative_incidence
from osteon.statistics.concordance import (
    concordance_difference,
    concordance_index_harrell,
    concordance_index_uno,
)
from osteon.statistics.cox import cox_regression
from osteon.statistics.decision_curve import decision_curve, decision_curve_censored
from osteon.statistics.detection import box_iou, iou_matrix, summarise_iou
from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)
from osteon.statistics.measurement import bland_altman, intraclass_correlation
from osteon.statistics.mrmc import obuchowski_rockette, standalone_against_readers
from osteon.statistics.multiclass import confusion_matrix, per_class
from osteon.statistics.multiplicity import benjamini_hochberg, hochberg, holm
from osteon.statistics.overlap import dice, surface_distances
from osteon.statistics.paired import mcnemar_test, paired_proportion_difference
from osteon.statistics.precision_recall import average_precision, precision_recall_curve
from osteon.statistics.proportion import (
    accuracy,
    proportion,
    proportion_difference,
    sensitivity,
    specificity,
)
from osteon.statistics.proportional_hazards import proportional_hazards_test
from osteon.statistics.recalibration import (
    calibration_in_the_large,
    calibration_slope,
    observed_expected_ratio,
)
from osteon.statistics.roc import auroc, clustered_auroc
from osteon.statistics.roc_curve import hand_till, partial_auroc, roc_band, roc_curve
from osteon.statistics.sample_size import (
    sample_size_auroc,
    sample_size_auroc_difference,
    sample_size_kappa,
    sample_size_proportion,
)
from osteon.statistics.sample_size_model import (
    sample_size_external,
    sample_size_prediction_model,
    sample_size_survival_model,
    sample_size_validation,
)
from osteon.statistics.summary import outliers_iqr
from osteon.statistics.survival_comparison import log_rank_test
from osteon.statistics.survival_curves import (
    kaplan_meier,
    median_survival,
    nelson_aalen,
    restricted_mean,
    survival_at,
)
from osteon.statistics.thresholds import OperatingPoint, at_threshold, choose_threshold
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw, integrated_brier_score

__all__ = [
    "Curve",
    "Estimate",
    "OperatingPoint",
    "TestResult",
    "aalen_johansen",
    "accuracy",
    "at_threshold",
    "auroc",
    "average_precision",
    "benjamini_hochberg",
    "bland_altman",
    "bootstrap",
    "box_iou",
    "brier_decomposition",
    "brier_score",
    "brier_score_ipcw",
    "calibration_curve_censored",
    "calibration_errors",
    "calibration_errors_censored",
    "calibration_in_the_large",
    "calibration_slope",
    "calibration_slope_censored",
    "chi_square_test",
    "choose_threshold",
    "clustered_auroc",
    "cohen_kappa",
    "concordance_difference",
    "concordance_index_harrell",
    "concordance_index_uno",
    "confusion_matrix",
    "cox_regression",
    "cumulative_dynamic_auroc",
    "cumulative_dynamic_auroc_difference",
    "cumulative_incidence",
    "decision_curve",
    "decision_curve_censored",
    "delong_test",
    "delong_test_unpaired",
    "dice",
    "expected_calibration_error",
    "fisher_exact_test",
    "fleiss_kappa",
    "gwet_ac",
    "hand_till",
    "hochberg",
    "holm",
    "integrated_brier_score",
    "integrated_calibration_index",
    "intraclass_correlation",
    "iou_matrix",
    "kaplan_meier",
    "kappa_difference",
    "krippendorff_alpha",
    "log_loss",
    "log_rank_test",
    "mcnemar_test",
    "median_survival",
    "negative_likelihood_ratio",
    "negative_predictive_value",
    "nelson_aalen",
    "noninferiority",
    "observed_expected_ratio",
    "observed_expected_ratio_censored",
    "obuchowski_rockette",
    "outliers_iqr",
    "paired_proportion_difference",
    "partial_auroc",
    "per_class",
    "positive_likelihood_ratio",
    "positive_predictive_value",
    "precision_recall_curve",
    "proportion",
    "proportion_difference",
    "proportional_hazards_test",
    "reliability_curve",
    "restricted_mean",
    "roc_band",
    "roc_curve",
    "sample_size_auroc",
    "sample_size_auroc_difference",
    "sample_size_external",
    "sample_size_kappa",
    "sample_size_prediction_model",
    "sample_size_proportion",
    "sample_size_survival_model",
    "sample_size_validation",
    "sensitivity",
    "smooth_calibration_curve",
    "smooth_calibration_curve_censored",
    "specificity",
    "standalone_against_readers",
    "summarise_iou",
    "superiority",
    "surface_distances",
    "survival_at",
]
