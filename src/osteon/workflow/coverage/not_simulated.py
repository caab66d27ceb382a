"""Statistics with an interval that is not simulated under their own name, and why not."""

__all__ = ["NOT_SIMULATED", "as_list"]

_NONE = "gives no interval"
_READS = "reads an interval it is given and makes none"
_PART = "a part of the functions above and below, and simulated as that"
_BOOT = "holds or not as the statistic it is handed has it: a method to name, no default"

NOT_SIMULATED = {
    "accuracy": "`proportion` of right calls",
    "analyse_readers": "the intervals of `obuchowski_rockette`, from figures and a covariance: its"
    " default where the number of cases is given, else the named method",
    "area_estimate": _PART,
    "at_threshold": "`proportion` of the positives and of the negatives",
    "bootstrap": _BOOT,
    "bounded_mean": _PART,
    "calibration_errors_of": _PART,
    "chi_square_result": _PART,
    "chi_square_test": _NONE,
    "choose_threshold": "`proportion` of the rows that the threshold was chosen on; speaks of no"
    " others",
    "clustered_auroc": "`auroc` with clusters",
    "concordance_test": _PART,
    "confusion_matrix": "`proportion` within every class",
    "contrast_test": _PART,
    "dorfman_berbaum_metz": "a check of `obuchowski_rockette`, with Hillis' freedom by name",
    "fisher_exact_test": _NONE,
    "fleiss_kappa_by_category": _NONE,
    "fleiss_kappa_test": _NONE,
    "gray_test": _NONE,
    "hosmer_lemeshow_test": _NONE,
    "icc_test": _NONE,
    "inside_unit": _PART,
    "integrated_calibration_index": "the ICI of `calibration_errors`",
    "kappa_test": _NONE,
    "krogue_margin": _NONE,
    "kruskal_wallis_test": _NONE,
    "log_rank_test": _NONE,
    "mcnemar_test": "the interval of `paired_proportion_difference`",
    "mover_test": _PART,
    "noninferiority": _READS,
    "one_image_per_patient": _BOOT,
    "per_class": "`proportion`, `positive_predictive_value`, `negative_predictive_value` and"
    " `auroc` of every class",
    "permutation_test": _NONE,
    "precision_recall_curve": _NONE,
    "proportion_from_counts": _PART,
    "proportional_hazards_test": _NONE,
    "replicates_as_patients": _NONE,
    "roc_curve": _NONE,
    "sensitivity": "`proportion` of the positives",
    "smooth_calibration_of": _PART,
    "specificity": "`proportion` of the negatives",
    "spiegelhalter_test": _NONE,
    "summarise": _PART,
    "summarise_iou": "`mean_over_cases` of the overlaps and `proportion` of those found",
    "summarise_values": "`mean_interval` of the values",
    "superior_to_reader": _READS,
    "superiority": _READS,
    "undefined_test": _PART,
    "wald_result": _PART,
    "warned_of_few": _PART,
    "whole_patient": _BOOT,
    "without_intervals": _PART,
}


def as_list() -> str:
    """Write the reasons as Markdown: one item for each reason, with its functions."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in sorted(NOT_SIMULATED.items()):
        by_reason.setdefault(reason, []).append(f"`{name}`")
    return "\n".join(f"- {', '.join(names)}: {why}." for why, names in by_reason.items())
