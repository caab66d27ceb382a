"""Who else computes each number: the software or second route, the tolerance, the test.

A twin is never our own output: another program's numbers on file, a published table, or a slow
second implementation by another route together with simulated data whose truth is known. Sources:
the tests named here, and ``tests/reference`` for versions and calls.
"""

from dataclasses import dataclass

__all__ = ["Twin", "twin_of"]

TESTS = "tests/statistics"


@dataclass(frozen=True, slots=True)
class Twin:
    """Where a module's or a function's numbers are compared.

    Parameters
    ----------
    who
        Package and function of R or Python, or the second route.
    tolerance
        Largest relative difference that passes, unless it says otherwise.
    test
        The test's path in the repository.
    """

    who: str
    tolerance: str
    test: str


def _r(who: str, stem: str, tolerance: str = "1e-6") -> Twin:
    return Twin(f"R: {who}", tolerance, f"{TESTS}/twins/{stem}.py")


def _route(who: str, test: str, tolerance: str = "1e-6; simulation within its error") -> Twin:
    return Twin(who, tolerance, f"{TESTS}/test_{test}.py")


_SURVIVAL = "survival"
_HORIZON = "time_dependent"
_MISC = "calibration_dca_misc"
_BY_MODULE = {
    "agreement": _r("irr, psych, vcd", "agreement"),
    "agreement_groups": _route(
        "kappas of every pair averaged by hand; resampled studies", "agreement_groups"
    ),
    "agreement_tests": _r("irr (kappa2, kappam.fleiss, icc)", "agreement"),
    "agreement_many": _r("irr, irrCAC", "agreement"),
    "association": _route("SciPy chi2_contingency, fisher_exact", "tables_of_numbers", "1e-9"),
    "bootstrap": _r("boot::boot.ci (percentile, BCa)", _MISC, "0.02 absolute (Monte Carlo)"),
    "calibration": _r("val.prob of rms, formulas in base R", _MISC),
    "losses": _r("val.prob of rms, formulas in base R", _MISC),
    "calibration_censored": _route(
        "complete follow-up gives the binary answer; true risks", "calibration_censored"
    ),
    "calibration_smooth": _r("loess of base R (ICI, E50, E90)", _MISC),
    "cause_specific": _route(
        "Cox baseline; Aalen-Johansen without covariates; closed form of constant hazards",
        "cause_specific", "1e-9; 2e-3",
    ),
    "comparison": _r("pROC::roc.test", "roc_asah_pROC"),
    "competing": _r("survival::survfit (multistate), cmprsk::cuminc", _HORIZON),
    "concordance": _r("survival::concordance", _SURVIVAL),
    "concordance_pairs": _route("R: survival::concordance, late entry, strata", "against_r"),
    "concordance_contrast": _route(
        "differences of the two concordances; the jackknife's error", "concordance_contrast",
        "1e-9; Monte Carlo",
    ),
    "cox": _r("survival::coxph, basehaz", _SURVIVAL),
    "decision_curve": _r("dcurves::dca", _MISC),
    "detection": _route("pycocotools; Padilla's published table", "detection"),
    "detection_average_precision": _route(
        "pycocotools; Padilla's published table", "detection_average_precision"
    ),
    "diagnostic": _r("epiR::epi.tests, DTComPair", "binary_accuracy"),
    "froc": _r("RJafroc (dataset 04)", "froc_dataset04"),
    "froc_curves": _r("RJafroc (dataset 04, points)", "froc_dataset04"),
    "measurement": _r("psych::ICC, irr; Bland and Altman 1986", "agreement"),
    "gray": _route("R: cmprsk::cuminc; simulated level", "gray"),
    "hazard_update": _route("R: glm(poisson, offset), HC0 sandwich by hand", "hazard_update"),
    "imputation": _route(
        "R: mice (norm, logreg), pooled Cox model", "imputation", "4 Monte Carlo errors"
    ),
    "marks": _r("RJafroc (dataset 04, inferred ROC)", "froc_dataset04"),
    "mrmc": _r("MRMCaov (VanDyke)", "mrmc_vandyke"),
    "mrmc_lists": _route("iMRMC 2.1.2 in R on the same files", "mrmc_lists"),
    "mrmc_pseudovalues": _r("RJafroc (Dorfman, Berbaum and Metz)", "mrmc_vandyke"),
    "mrmc_sizing": _r("RJafroc, Hillis, Obuchowski and Berbaum 2011", "reader_study_power"),
    "mrmc_standalone": _route(
        "scikit-learn's areas, each case left out (Chakraborty 2017, ch. 22)", "mrmc_standalone"
    ),
    "mrmc_u_statistics": _route("iMRMC 2.1.2 in R, iMRMC 4.0.0 (Java)", "mrmc_u_statistics"),
    "multiclass": _route("one class against the rest by hand", "multiclass"),
    "multiplicity": _r("p.adjust", _MISC),
    "overlap": _route("MedPy's numbers on file", "overlap"),
    "paired": _r("DTComPair, mcnemar.test", "binary_accuracy"),
    "precision_recall": _route("scikit-learn average_precision_score",
                               "precision_recall"),
    "proportion": _r("binom::binom.confint, epiR, survey::svyciprop", "binary_accuracy"),
    "proportional_hazards": _r("survival::cox.zph", _SURVIVAL),
    "pooling": _route("R: mice::pool.scalar", "imputation", "1e-9"),
    "pseudo_values": _route("each row left out in turn", "pseudo_values", "1e-9"),
    "rate": _route("R: poisson.test", "rate", "1e-7"),
    "recalibration": _r("glm, rms::val.prob, ResourceSelection", _MISC),
    "roc": _r("pROC::auc, var, ci.auc", "roc_asah_pROC"),
    "partial_area": _r("pROC::auc(partial.auc)", "roc_asah_pROC"),
    "restricted_mean": _r("survRM2's estimator", _SURVIVAL),
    "roc_curve": _r("pROC::roc", "roc_asah_pROC"),
    "sample_size": _r("pROC::power.roc.test; SD of simulated studies", "roc_asah_pROC"),
    "sample_size_model": _route(
        "R: pmsampsize, pmvalsampsize (published values); simulated validations",
        "sample_size_model", "1 patient",
    ),
    "summary": _route("SciPy t.interval, NumPy quantiles", "tables_of_numbers", "1e-9"),
    "survival_comparison": _r("survival::survdiff", _SURVIVAL),
    "survival_curves": _r("survival::survfit", _SURVIVAL),
    "thresholds": _r("pROC::coords", "roc_asah_pROC"),
    "time_dependent": _r("timeROC, riskRegression::Score", _HORIZON, "1e-6; errors 3e-4"),
    "time_dependent_brier": _r("riskRegression::Score", _HORIZON, "1e-6; errors 3e-4"),
}  # fmt: skip
_BY_NAME = {
    "cohen_kappa": _r("irr::kappa2, psych::cohen.kappa", "agreement"),
    "clustered_auroc": _route("sums over all pairs of rows (Obuchowski 1997)", "roc"),
    "hand_till": _route("scikit-learn roc_auc_score(multi_class='ovo')", "roc_curve"),
    "integrated_brier_score": _route("trapezoids of the single scores", "time_dependent"),
    "noninferiority": _route("Krogue et al. 2020, Table 4", "comparison", "printed digits"),
    "roc_band": _route("vertical averaging written out, replicate by replicate", "roc_bands"),
}


def twin_of(module: str, name: str) -> Twin | None:
    """Find the twin of a function: its own, or its module's; ``None`` where none is on file.

    Examples
    --------
    >>> twin_of("cox", "cox_regression").who
    'R: survival::coxph, basehaz'
    """
    return _BY_NAME.get(name, _BY_MODULE.get(module))
