"""What the results are worth: pure functions of arrays, each answering with an interval.

Patients are an argument (``cluster``) everywhere; a value that cannot be had is NaN with the
reason; resampling takes its generator.
"""

from osteon.core.records import Curve, Estimate, TestResult
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_groups import group_kappa, kappa_difference
from osteon.statistics.agreement_many import (
    agreement_parts,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
)
from osteon.statistics.agreement_tests import (
    fleiss_kappa_by_category,
    fleiss_kappa_test,
    icc_test,
    kappa_test,
)
from osteon.statistics.association import chi_square_test, fisher_exact_test, kruskal_wallis_test
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.calibration import (
    brier_decomposition,
    expected_calibration_error,
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
    conclude,
    delong_test,
    delong_test_unpaired,
    krogue_margin,
    noninferiority,
    superior_to_reader,
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
from osteon.statistics.detection import box_iou, iou_matrix, match_boxes, summarise_iou
from osteon.statistics.detection_average_precision import mean_average_precision
from osteon.statistics.detection_matching import BoxTable
from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)
from osteon.statistics.froc import figure_of_merit
from osteon.statistics.froc_curves import froc_curve, froc_sensitivity
from osteon.statistics.gray import gray_test
from osteon.statistics.losses import brier_score, log_loss
from osteon.statistics.marks import Marks, inferred_ratings
from osteon.statistics.measurement import bland_altman, intraclass_correlation, lin_concordance
from osteon.statistics.mrmc import analyse_readers, obuchowski_rockette
from osteon.statistics.mrmc_covariance import BootstrapCovariance
from osteon.statistics.mrmc_lists import Readings, read_imrmc, write_imrmc
from osteon.statistics.mrmc_pseudovalues import dorfman_berbaum_metz
from osteon.statistics.mrmc_sizing import reader_study_cases, reader_study_plan, reader_study_power
from osteon.statistics.mrmc_standalone import standalone_against_readers
from osteon.statistics.mrmc_u_statistics import u_statistic_analysis
from osteon.statistics.multiclass import confusion_matrix, per_class
from osteon.statistics.multiplicity import benjamini_hochberg, bonferroni, hochberg, holm
from osteon.statistics.overlap import (
    dice,
    identification_rate,
    jaccard,
    mean_over_cases,
    surface_dice,
    surface_distances,
)
from osteon.statistics.paired import mcnemar_test, paired_proportion_difference, permutation_test
from osteon.statistics.partial_area import partial_auroc
from osteon.statistics.precision_recall import average_precision, precision_recall_curve
from osteon.statistics.proportion import (
    accuracy,
    proportion,
    proportion_difference,
    sensitivity,
    specificity,
)
from osteon.statistics.proportional_hazards import proportional_hazards_test
from osteon.statistics.rate import incidence_rate
from osteon.statistics.recalibration import (
    calibration_in_the_large,
    calibration_slope,
    observed_expected_ratio,
)
from osteon.statistics.restricted_mean import restricted_mean
from osteon.statistics.roc import auroc, clustered_auroc
from osteon.statistics.roc_bands import roc_band
from osteon.statistics.roc_curve import hand_till, roc_curve
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
    survival_at,
)
from osteon.statistics.thresholds import OperatingPoint, at_threshold, choose_threshold
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw, integrated_brier_score

__all__ = [
    "BootstrapCovariance",
    "BoxTable",
    "Curve",
    "Estimate",
    "Marks",
    "OperatingPoint",
    "Readings",
    "TestResult",
    "aalen_johansen",
    "accuracy",
    "agreement_parts",
    "analyse_readers",
    "at_threshold",
    "auroc",
    "average_precision",
    "benjamini_hochberg",
    "bland_altman",
    "bonferroni",
    "bootstrap",
    "box_iou",
    "brennan_prediger",
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
    "conclude",
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
    "dorfman_berbaum_metz",
    "expected_calibration_error",
    "figure_of_merit",
    "fisher_exact_test",
    "fleiss_kappa",
    "fleiss_kappa_by_category",
    "fleiss_kappa_test",
    "froc_curve",
    "froc_sensitivity",
    "gray_test",
    "group_kappa",
    "gwet_ac",
    "hand_till",
    "hochberg",
    "holm",
    "icc_test",
    "identification_rate",
    "incidence_rate",
    "inferred_ratings",
    "integrated_brier_score",
    "integrated_calibration_index",
    "intraclass_correlation",
    "iou_matrix",
    "jaccard",
    "kaplan_meier",
    "kappa_difference",
    "kappa_test",
    "krippendorff_alpha",
    "krogue_margin",
    "kruskal_wallis_test",
    "lin_concordance",
    "log_loss",
    "log_rank_test",
    "match_boxes",
    "mcnemar_test",
    "mean_average_precision",
    "mean_over_cases",
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
    "permutation_test",
    "positive_likelihood_ratio",
    "positive_predictive_value",
    "precision_recall_curve",
    "proportion",
    "proportion_difference",
    "proportional_hazards_test",
    "read_imrmc",
    "reader_study_cases",
    "reader_study_plan",
    "reader_study_power",
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
    "superior_to_reader",
    "superiority",
    "surface_dice",
    "surface_distances",
    "survival_at",
    "u_statistic_analysis",
    "write_imrmc",
]
