"""rms, Hmisc, ResourceSelection, dcurves, boot, survey and stats of R 4.2.2."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv, with_tolerance

from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.calibration import expected_calibration_error
from osteon.statistics.calibration_smooth import calibration_errors
from osteon.statistics.decision_curve import (
    net_benefit_censored_replicates,
    net_benefit_replicates,
)
from osteon.statistics.losses import brier_score, brier_skill, log_loss
from osteon.statistics.multiplicity import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    hochberg,
    holm,
)
from osteon.statistics.proportion import proportion
from osteon.statistics.recalibration import (
    calibration_in_the_large,
    calibration_intercept,
    calibration_slope,
    hosmer_lemeshow_test,
    observed_expected_ratio,
    spiegelhalter_test,
)

Z = 1.959963984540054
NOT_OURS = {
    "val_prob.C (ROC)": "rms rounds probabilities before it ranks them",
    "val_prob.Dxy": "2 C - 1",
    "val_prob.R2": "Nagelkerke's R2: not offered",
    "val_prob.[DUQ]*": "Harrell's D, U and Q: not offered",
    "val_prob.E*": "errors of a lowess curve: not offered",
    "calibration.Eavg*": "errors of a lowess curve: not offered",
    "nri_idi": "net reclassification: not offered, a misleading measure (Pepe 2015)",
    "bootstrap_city_ratio.normal": "normal bootstrap interval: not offered",
    "bootstrap_city_ratio.basic": "basic bootstrap interval: not offered",
    "bootstrap_city_ratio.R": "input",
    "clustered.ci.likelihood": "survey's likelihood interval: not offered",
    "clustered.ci.beta": "survey's beta interval: not offered",
    "clustered.ci.xlogit": "survey's xlogit interval: the logit one is offered",
    "clustered.rao_scott": "Rao-Scott test of a table: not offered",
    "clustered.gee_*": "generalised estimating equations: not offered",
    "p_adjust.p": "input",
    "dca_*.n": "input",
    "dca_*.threshold": "input",
    "dca_*.pos_rate": "part of the net benefit",
    "dca_*.tp_rate": "part of the net benefit",
    "dca_*.fp_rate": "part of the net benefit",
}


def _calibration(values, data):
    table = read_csv(data / "calibration_case.csv")
    y, p = numbers(table["y"]), numbers(table["p"])
    slope, intercept = calibration_slope(y, p), calibration_intercept(y, p)
    large, brier = calibration_in_the_large(y, p), brier_score(y, p)
    hl, spiegelhalter = hosmer_lemeshow_test(y, p), spiegelhalter_test(y, p)
    rng = np.random.default_rng(0)
    widths, numbers_alike = (
        expected_calibration_error(y, p, bins=bins, rng=rng, replicates=10)
        for bins in ("width", "quantile")
    )
    values |= with_tolerance(
        {
            "calibration.slope": slope.value,
            "calibration.intercept_joint": intercept.value,
            "calibration.calibration_in_the_large": large.value,
            "calibration.citl_se": (large.high - large.low) / 2 / Z,
            "calibration.O_over_E": observed_expected_ratio(y, p).value,
            "calibration.brier": brier.value,
            "calibration.brier_scaled": brier_skill(y, p),
            "calibration.log_loss": log_loss(y, p).value,
            "calibration.hosmer_lemeshow_g10.chisq": hl.statistic,
            "calibration.hosmer_lemeshow_g10.df": float(hl.method.split()[-2]),
            "calibration.hosmer_lemeshow_g10.p": hl.p_value,
            "calibration.ece_10_equal_width_bins_0_1": widths.value,
            "calibration.ece_10_quantile_bins": numbers_alike.value,
            "val_prob.Brier": brier.value,
            "val_prob.S:z": spiegelhalter.statistic,
            "val_prob.S:p": spiegelhalter.p_value,
        },
        1e-6,
    )
    # glm's standard error is of the iteration before the last
    values["calibration.slope_se"] = ((slope.high - slope.low) / 2 / Z, 3e-6)
    values |= {"val_prob.Intercept": intercept.value, "val_prob.Slope": slope.value}
    errors = calibration_errors(y, p, rng=rng, replicates=2)
    values["calibration.ICI_loess_degree2_span.75"] = errors.ici.value
    values["calibration.E50_loess"] = errors.e50.value
    values["calibration.E90_loess"] = errors.e90.value
    values |= listed("calibration.citl_ci95_wald", (large.low, large.high))
    values |= listed("calibration.slope_ci95_wald", (slope.low, slope.high))


def _bootstrap(values, data):
    table = read_csv(data / "boot_city.csv")
    u, x = numbers(table["u"]), numbers(table["x"])

    def ratio(a, b, *, weights):
        return (weights @ b) / (weights @ a)

    for method in ("percentile", "bca"):
        rng = np.random.default_rng(2)
        found = bootstrap(ratio, u, x, rng=rng, replicates=100_000, method=method)
        for i, limit in enumerate((found.low, found.high)):
            values[f"bootstrap_city_ratio.{method}.{i}"] = (limit, 0.0, 0.02)
    values["bootstrap_city_ratio.t0"] = found.value


def answers(data):
    """Every number of calibration_dca_misc.json that is ours."""
    values = {}
    _calibration(values, data)
    _bootstrap(values, data)
    _decision_curves(values, data)
    hips = read_csv(data / "clustered_hips.csv")
    right, ids = numbers(hips["correct"]), numbers(hips["patient"])
    mean = proportion(right, cluster=ids, method="wald")
    logit = proportion(right, cluster=ids, method="logit")
    values["clustered.naive"] = mean.value
    values["clustered.svymean_se"] = (mean.high - mean.low) / 2 / 2.0009953780882688  # t, 59 df
    values |= listed("clustered.ci.mean", (mean.low, mean.high))
    values |= listed("clustered.ci.logit", (logit.low, logit.high))
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.324, 0.4262, 0.5719, 0.6528, 0.759, 1]
    for theirs, function in {
        "bonferroni": bonferroni,
        "holm": holm,
        "hochberg": hochberg,
        "BH": benjamini_hochberg,
        "BY": benjamini_yekutieli,
    }.items():
        values |= listed(f"p_adjust.{theirs}", function(p))
    return values


def _decision_curves(values, data):
    table = read_csv(data / "dcurves_df_binary.csv")
    cancer = np.array([v == "TRUE" for v in table["cancer"]])
    cuts = np.array([0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5])
    all_cases = np.ones(cancer.size)
    none = np.zeros(cancer.size)
    model, family = numbers(table["cancerpredmarker"]), numbers(table["famhistory"])
    for i, chance in enumerate((all_cases, none, model, family)):
        benefit = net_benefit_replicates(cancer, chance, thresholds=cuts)[0]
        for j, value in enumerate(benefit):
            values[f"dca_binary.net_benefit.{10 * i + j}"] = value
    times = read_csv(data / "dcurves_df_surv.csv")
    t = numbers(times["ttcancer"])
    plain = np.array([float(v == "TRUE") for v in times["cancer"]])
    model = numbers(times["cancerpredmarker"])
    for i, chance in enumerate((all_cases, none, model)):
        benefit = net_benefit_censored_replicates(t, plain, chance, horizon=1.5, thresholds=cuts)[0]
        for j, value in enumerate(benefit):
            values[f"dca_survival_1.5y.net_benefit.{10 * i + j}"] = value
