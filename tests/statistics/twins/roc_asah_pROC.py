"""pROC 1.18.0 on the aSAH data (Turck et al. 2010)."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.comparison import delong_test, delong_test_unpaired
from osteon.statistics.partial_area import partial_auroc_replicates
from osteon.statistics.roc import auroc, auroc_covariance, auroc_replicates
from osteon.statistics.roc_curve import roc_curve
from osteon.statistics.sample_size import auroc_power, sample_size_auroc
from osteon.statistics.thresholds import choose_threshold

NOT_OURS = {
    "*.pauc_sens_1_to_0.9": "partial area over sensitivities: not offered",
    "*.n_case": "input",
    "*.n_control": "input",
    "*.bootstrap_percentile_ci95.B": "input",
    "unpaired_delong_*.n_*": "input",
    "hand_till_multiclass_auc_gos6_s100b": "pROC averages one score over pairs of ordered levels",
    "paired_bootstrap_s100b_vs_ndka": "pROC's D statistic from bootstrap variances: not offered",
    "*.youden_best.0.youden": "sum of the two that are compared",
    "*.youden_best.0.[tf][pn]": "counts behind the two that are compared",
    "power.ndka_vs_wfns_power90": "two areas by pROC's own covariance: not offered",
}


def _marker(values, name, truth, score):
    for level in (95, 90):
        found = auroc(truth, score, level=level / 100, method="delong")
        values |= listed(f"{name}.delong_ci{level}", (found.low, found.high))
    values[f"{name}.auc"] = found.value
    variance = float(auroc_covariance(truth, score[None, :])[1][0, 0])
    values[f"{name}.delong_var"], values[f"{name}.delong_se"] = variance, variance**0.5
    drawn = bootstrap(
        auroc_replicates, truth, score, strata=truth, replicates=10_000,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    for i, limit in enumerate((drawn.low, drawn.high)):
        values[f"{name}.bootstrap_percentile_ci95.value.{i}"] = (limit, 0.0, 0.005)
    area = partial_auroc_replicates(truth, score, max_false_positive_fraction=0.1)[0]
    values[f"{name}.pauc_spec_1_to_0.9"] = area
    values[f"{name}.pauc_spec_1_to_0.9_mcclish"] = (1 + (area - 0.005) / (0.1 - 0.005)) / 2
    point = choose_threshold(truth, score, rule="youden", chosen_on="aSAH")
    prefix = f"{name}.youden_best.0"
    values[f"{prefix}.threshold"] = point.threshold
    values[f"{prefix}.sensitivity"] = point.sensitivity.value
    values[f"{prefix}.specificity"] = point.specificity.value
    curve = roc_curve(truth, score)
    inner = curve.threshold[::-1]
    for i, cut in enumerate(inner):
        if np.isfinite(cut):
            values[f"{name}.roc_points.thresholds.{i}"] = cut
    values |= listed(f"{name}.roc_points.sensitivity", curve.y[::-1])
    values |= listed(f"{name}.roc_points.specificity", 1 - curve.x[::-1])


def answers(data):
    """Every number of roc_asah_pROC.json that is ours."""
    table = read_csv(data / "asah.csv")
    truth = np.array([outcome == "Poor" for outcome in table["outcome"]])
    scores = {name: numbers(table[name]) for name in ("s100b", "ndka", "wfns")}
    values = {}
    for name, score in scores.items():
        _marker(values, name, truth, score)
    for first, second in (("s100b", "ndka"), ("s100b", "wfns"), ("ndka", "wfns")):
        test = delong_test(truth, scores[first], scores[second], method="wald")
        both = np.stack([scores[first], scores[second]])
        areas, covariance = auroc_covariance(truth, both)
        prefix = f"paired_delong.{first}_vs_{second}"
        gap = test.difference
        values |= {f"{prefix}.Z": test.statistic, f"{prefix}.p": test.p_value}
        values |= listed(f"{prefix}.auc", areas) | listed(
            f"{prefix}.diff_ci95", (gap.low, gap.high)
        )
        values |= {f"{prefix}.diff": gap.value, f"{prefix}.cov": covariance[0, 1]}
    sexes = [np.array([sex == name for sex in table["gender"]]) for name in ("Male", "Female")]
    groups = [(truth[rows], scores["s100b"][rows]) for rows in sexes]
    test = delong_test_unpaired(*groups, method="welch")
    prefix = "unpaired_delong_s100b_male_vs_female"
    values |= listed(f"{prefix}.auc", [auroc(*group).value for group in groups])
    values |= {f"{prefix}.D": test.statistic, f"{prefix}.p": test.p_value}
    values[f"{prefix}.df"] = (float(test.method.split()[-2]), 0.0, 0.00501)
    one = sample_size_auroc(0.8, power=0.95, ratio=1.7)
    prefix = "power.one_auc_.8_power95_kappa1.7"
    values[f"{prefix}.ncases"] = one.unrounded
    values[f"{prefix}.ncontrols"] = 1.7 * one.unrounded
    values["power.one_auc_.73_power"] = auroc_power(0.73, 41, 72)
    return values
