"""survival 3.5-3 of R 4.2.2: curves, log-rank, concordance, Cox regression."""

import re

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv, rounded

from osteon.statistics.concordance import (
    concordance_difference,
    concordance_index_harrell,
    concordance_index_uno,
    concordance_replicates,
)
from osteon.statistics.cox import cox_regression
from osteon.statistics.proportional_hazards import proportional_hazards_test
from osteon.statistics.restricted_mean import restricted_mean
from osteon.statistics.survival_comparison import log_rank_parts, log_rank_test
from osteon.statistics.survival_curves import (
    median_survival,
    nelson_aalen,
    survival_at,
)

Z = 1.959963984540054
NOT_OURS = {
    "km_*.n_risk": "numbers at risk are not returned",
    "km_*.time": "input",
    "km_*.quantiles_25_50_75": "the median is compared; other quantiles: not offered",
    "km_*.logit": "interval on the logit scale: not offered",
    "km_*.arcsin": "interval on the arcsine scale: not offered",
    "nelson_aalen_lung.time": "input",
    "*.rho": "input",
    "cox_lung_age_sex_ecog.exact": "exact ties: not offered",
    "cox_zph_veteran": "one factor is tested as a whole there, which ours has no term for",
    "cox_pbc_published": "text",
    "predicted_survival_lung.newdata": "input",
    "predicted_survival_lung.times": "input",
    "predicted_survival_lung.se": "errors of predicted survival: not offered",
    "baseline_hazard_lung.time": "input",
    "concordance_*.counts": "counts of pairs are not returned",
    "concordance_*.S": "weights other than n and n/G2: not offered",
    "concordance_*.S/G": "weights other than n and n/G2: not offered",
    "concordance_*.I": "weights other than n and n/G2: not offered",
    "concordance_flchain_age_flc": "the score made of two variables is not on file",
    "concordance_compare_age_vs_ecog_lung.vcov.0.1": "the covariance is not returned",
    "concordance_compare_age_vs_ecog_lung.vcov.1.0": "the covariance is not returned",
    "uno_c_lung_lp.*.tau": "input",
    "uno_c_lung_lp.*.survC1_Est.Cval": "survC1 counts ties of the score otherwise",
    "uno_c_lung_lp.*.survAUC_UnoC": "survAUC counts ties of the score as lost",
}


def _curves(values, name, t, event, groups, times):
    for scale in ("log", "log-log", "plain"):
        prefix = f"{name}.{scale}"
        found = [survival_at(t[g], event[g], h, scale=scale) for g in groups for h in times]
        values |= listed(f"{prefix}.surv", [e.value for e in found])
        values |= listed(f"{prefix}.lower", [e.low for e in found])
        values |= listed(f"{prefix}.upper", [e.high for e in found])
        values |= listed(f"{prefix}.greenwood_se", [_greenwood(e, scale) for e in found])


def _greenwood(e, scale):
    """Standard error behind an interval that is symmetric on its scale."""
    if scale == "plain":
        return (e.high - e.value) / Z
    if scale == "log":
        return e.value * np.log(e.value / e.low) / Z
    log = np.log(e.value)
    return e.value * abs(log) * np.log(np.log(e.low) / log) / Z


def df_of(method):
    """Degrees of freedom named in a test's method: ``"log-rank, 1 df"``."""
    return float(re.search(r"(\d+) df", method)[1])


def _medians(values, name, t, event, groups):
    """Medians of groups by their label, and again among the quantiles, group by group."""
    for scale in ("log", "log-log", "plain"):
        for i, (label, rows) in enumerate(groups.items()):
            found = median_survival(t[rows], event[rows], scale=scale)
            limits = (found.value, found.low, found.high)
            values |= listed(f"{name}.{scale}.median_lcl_ucl{label}", limits)
            for part, value in zip(("quantile", "lower", "upper"), limits, strict=True):
                values[f"{name}.{scale}.quantiles_25_50_75.{part}.{len(groups) + i}"] = value


def _lung(values, data):
    lung = read_csv(data / "lung.csv")
    t, event, sex = (numbers(lung[c]) for c in ("time", "status", "sex"))
    event = event - 1
    everyone, both = np.ones(t.size, bool), [sex == 1, sex == 2]
    _curves(values, "km_lung", t, event, [everyone], (100, 180, 365, 730))
    _curves(values, "km_lung_by_sex", t, event, both, (100, 180, 365, 730))
    _medians(values, "km_lung", t, event, {"": everyone})
    _medians(values, "km_lung_by_sex", t, event, {".sex=1": both[0], ".sex=2": both[1]})
    hazard = nelson_aalen(t, event)
    place = np.searchsorted(hazard.x, [100, 365, 700], side="right") - 1
    values |= listed("nelson_aalen_lung.cumhaz", hazard.y[place])
    se = hazard.y * np.log(hazard.high / np.maximum(hazard.y, 1e-300)) / Z
    values |= listed("nelson_aalen_lung.se", se[place])
    for horizon in (365, 730):
        for code, rows in zip((1, 2), both, strict=True):
            mean = restricted_mean(t[rows], event[rows], horizon, method="log")
            lost = horizon - mean.value
            pair = (mean.value, lost * np.log((horizon - mean.low) / lost) / Z)
            values |= listed(f"rmst_lung_sex_{horizon}.sex={code}", pair)
    for name, rho in (("logrank_lung_sex", 0), ("peto_peto_lung_sex", 1)):
        _log_rank(values, name, (t, event, sex), rho)
    ecog = numbers(lung["ph.ecog"])
    known = ~np.isnan(ecog)
    test = log_rank_test(t[known], event[known], sex[known], stratum=ecog[known])
    values["stratified_logrank_lung_sex_by_ecog.chisq"] = test.statistic


def _log_rank(values, name, columns, rho):
    test, parts = log_rank_test(*columns, rho=rho), log_rank_parts(*columns, rho=rho)
    values |= {f"{name}.chisq": test.statistic, f"{name}.p": test.p_value}
    values[f"{name}.df"] = df_of(test.method)
    values |= listed(f"{name}.obs", parts.observed) | listed(f"{name}.exp", parts.expected)
    values[f"{name}.var11"] = parts.covariance[0, 0]


def answers(data):
    """Every number of survival.json that is ours."""
    values = {}
    _lung(values, data)
    _concordance(values, data)
    _cox(values, data)
    veteran = read_csv(data / "veteran.csv")
    t, event, arm = (numbers(veteran[c]) for c in ("time", "status", "trt"))
    arms = [arm == 1, arm == 2]
    _curves(values, "km_veteran_by_trt", t, event, arms, (30, 90, 180, 365))
    _medians(values, "km_veteran_by_trt", t, event, {".trt=1": arms[0], ".trt=2": arms[1]})
    order = {"squamous": 0, "smallcell": 1, "adeno": 2, "large": 3}
    cells = np.array([order[c] for c in veteran["celltype"]])
    _log_rank(values, "logrank_veteran_celltype", (t, event, cells), 0)
    return values


def _concordance(values, data):
    lung, scored = read_csv(data / "lung.csv"), read_csv(data / "lung_cox_lp.csv")
    veteran = read_csv(data / "veteran.csv")
    designs = {
        "lung_age": (numbers(lung["time"]), numbers(lung["status"]) - 1, numbers(lung["age"])),
        "lung_cox_lp": tuple(numbers(scored[c]) for c in ("time", "event", "lp")),
        "veteran_karno": (
            numbers(veteran["time"]),
            numbers(veteran["status"]),
            -numbers(veteran["karno"]),
        ),
    }
    for name, columns in designs.items():
        for kind, function in (("n", concordance_index_harrell), ("n/G2", concordance_index_uno)):
            found = function(*columns, method="jackknife")
            values[f"concordance_{name}.{kind}.C"] = found.value
            values[f"concordance_{name}.{kind}.se"] = (found.high - found.value) / Z
    columns = designs["lung_cox_lp"]
    for i, tau in enumerate((365, 730)):
        prefix = f"uno_c_lung_lp.{i}.survival"
        uno = concordance_index_uno(*columns, tau=tau).value
        harrell = concordance_replicates(*columns, tau=tau)[0]
        values |= {f"{prefix}_concordance_nG2_ymax": uno, f"{prefix}_harrell_ymax": harrell}
    ecog = numbers(lung["ph.ecog"])
    known = ~np.isnan(ecog)
    t, event, age = (column[known] for column in designs["lung_age"])
    test = concordance_difference(t, event, ecog[known], age, method="wald")
    gap = test.difference
    prefix = "concordance_compare_age_vs_ecog_lung"
    values |= {f"{prefix}.diff_ecog_minus_age": gap.value, f"{prefix}.z": test.statistic}
    values[f"{prefix}.se_diff"] = (gap.high - gap.value) / Z
    each = [concordance_index_harrell(t, event, x, method="jackknife") for x in (age, ecog[known])]
    values |= listed(f"{prefix}.C", [e.value for e in each])
    for i, e in enumerate(each):
        values[f"{prefix}.vcov.{i}.{i}"] = ((e.high - e.value) / Z) ** 2


def _model(values, prefix, t, event, x, **options):
    model = cox_regression(t, event, x, **options)
    for name, estimate, ratio in zip(
        model.names, model.log_hazard_ratios, model.hazard_ratios, strict=True
    ):
        values[f"{prefix}.coef.{name}"] = estimate.value
        values[f"{prefix}.se.{name}"] = (estimate.high - estimate.low) / 2 / Z
        values |= listed(f"{prefix}.hr_ci95.{name}", (ratio.low, ratio.high))
    values |= listed(f"{prefix}.loglik", (model.log_likelihood_null, model.log_likelihood))
    tests = {"lrt": model.likelihood_ratio, "score": model.score, "wald": model.wald}
    for name, test in tests.items():
        values[f"{prefix}.{name}.test"] = test.statistic
        values[f"{prefix}.{name}.pvalue"] = test.p_value
        values[f"{prefix}.{name}.df"] = df_of(test.method)
    values |= rounded({f"{prefix}.wald.test": model.wald.statistic}, 2)
    values |= {f"{prefix}.n": model.n, f"{prefix}.nevent": model.n_events}
    columns = (t, event, model.log_hazard(x))
    ordered = concordance_index_harrell(*columns, method="jackknife")
    values[f"{prefix}.concordance.C"] = ordered.value
    values[f"{prefix}.concordance.se(C)"] = (ordered.high - ordered.value) / Z


def _cox(values, data):
    lung = read_csv(data / "lung.csv")
    known = np.array([v not in ("", "NA") for v in lung["ph.ecog"]])
    t, event = numbers(lung["time"])[known], numbers(lung["status"])[known] - 1
    names = ("age", "sex", "ph.ecog")
    x = np.column_stack([numbers(lung[name])[known] for name in names])
    for ties in ("efron", "breslow"):
        _model(values, f"cox_lung_age_sex_ecog.{ties}", t, event, x, names=names, ties=ties)
    model = cox_regression(t, event, x, names=names)
    place = np.searchsorted(model.baseline_time, [183, 291, 524], side="right") - 1
    values |= listed("baseline_hazard_lung.cumhaz", model.baseline_hazard[place])
    for i, horizon in enumerate((180, 365, 730)):
        predicted = model.survival_probability([[50, 1, 1], [70, 2, 0]], horizon)
        values |= listed(f"predicted_survival_lung.surv.{i}", predicted)
    tests = proportional_hazards_test(t, event, x, names=names)
    for i, name in enumerate((*names, "GLOBAL")):
        values[f"cox_zph_lung.{i}.chisq"] = tests[name].statistic
        values[f"cox_zph_lung.{i}.p"] = tests[name].p_value
        values[f"cox_zph_lung.{i}.df"] = df_of(tests[name].method)
    _more_cox(values, data)


def _more_cox(values, data):
    veteran = read_csv(data / "veteran.csv")
    cells = {f"celltype{c}": [float(v == c) for v in veteran["celltype"]] for c in
             ("smallcell", "adeno", "large")}  # fmt: skip
    rest = {c: numbers(veteran[c]) for c in ("karno", "diagtime", "age")}
    prior = numbers(veteran["prior"])
    columns = {"trt": numbers(veteran["trt"])} | cells | rest | {"prior": prior}
    x = np.column_stack(list(columns.values()))
    t, event = numbers(veteran["time"]), numbers(veteran["status"])
    names = tuple(columns)
    for ties in ("efron", "breslow"):
        _model(values, f"cox_veteran.{ties}", t, event, x, names=names, ties=ties)
    chain = read_csv(data / "flchain.csv")
    t = numbers(chain["futime"])
    later = t > 0
    men = np.array([sex == "M" for sex in chain["sex"]], float)
    x = np.column_stack([numbers(chain["age"]), men, numbers(chain["kappa"]),
                         numbers(chain["lambda"])])[later]  # fmt: skip
    names = ("age", "sexM", "kappa", "lambda")
    _model(values, "cox_flchain", t[later], numbers(chain["death"])[later], x, names=names)
    pbc = read_csv(data / "pbc.csv")
    raw = {name: numbers(pbc[name]) for name in ("age", "edema", "bili", "albumin", "protime")}
    columns = {"age": raw["age"], "edema": raw["edema"]}
    columns |= {f"log({name})": np.log(raw[name]) for name in ("bili", "albumin", "protime")}
    x = np.column_stack(list(columns.values()))
    t, event = numbers(pbc["time"]), (numbers(pbc["status"]) == 2).astype(float)
    full = np.isfinite(x).all(axis=1)
    _model(values, "cox_pbc", t[full], event[full], x[full], names=tuple(columns))
