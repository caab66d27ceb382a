"""survival 3.5-3 of R 4.2.2: curves, log-rank; the models and concordances are not yet ours."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.survival_comparison import log_rank_parts, log_rank_test
from osteon.statistics.survival_curves import (
    median_survival,
    nelson_aalen,
    restricted_mean,
    survival_at,
)

Z = 1.959963984540054
NOT_OURS = {
    "km_*.n_risk": "numbers at risk are not returned",
    "km_*.time": "input",
    "km_*.quantiles_25_50_75": "quantiles other than the median: not offered",
    "km_*.logit": "interval on the logit scale: not offered",
    "km_*.arcsin": "interval on the arcsine scale: not offered",
    "km_*.log-log.greenwood_se": "the same as under log, compared there",
    "km_*.plain.surv": "the same as under log, compared there",
    "km_*.plain.greenwood_se": "the same as under log, compared there",
    "nelson_aalen_lung.time": "input",
    "*.rho": "input",
    "*.df": "part of the method's name",
    "cox_*": "Cox regression: not yet offered",
    "baseline_hazard_lung": "Cox regression: not yet offered",
    "predicted_survival_lung": "Cox regression: not yet offered",
    "concordance_*": "concordance: not yet offered",
    "uno_c_lung_lp": "concordance: not yet offered",
}


def _curves(values, name, t, event, groups, times):
    for scale in ("log", "log-log", "plain"):
        prefix = f"{name}.{scale}"
        found = [survival_at(t[g], event[g], h, scale=scale) for g in groups for h in times]
        if scale != "plain":
            values |= listed(f"{prefix}.surv", [e.value for e in found])
        values |= listed(f"{prefix}.lower", [e.low for e in found])
        values |= listed(f"{prefix}.upper", [e.high for e in found])
        if scale == "log":  # the interval's half width on the log scale is z times se / S
            se = [e.value * np.log(e.value / e.low) / Z for e in found]
            values |= listed(f"{prefix}.greenwood_se", se)
    return values


def _median(values, path, t, event, scale):
    found = median_survival(t, event, scale=scale)
    values |= listed(path, (found.value, found.low, found.high))


def _lung(values, data):
    lung = read_csv(data / "lung.csv")
    t, event, sex = (numbers(lung[c]) for c in ("time", "status", "sex"))
    event = event - 1
    everyone, both = np.ones(t.size, bool), [sex == 1, sex == 2]
    _curves(values, "km_lung", t, event, [everyone], (100, 180, 365, 730))
    _curves(values, "km_lung_by_sex", t, event, both, (100, 180, 365, 730))
    for scale in ("log", "log-log", "plain"):
        _median(values, f"km_lung.{scale}.median_lcl_ucl", t, event, scale)
        for code, rows in zip((1, 2), both, strict=True):
            path = f"km_lung_by_sex.{scale}.median_lcl_ucl.sex={code}"
            _median(values, path, t[rows], event[rows], scale)
    hazard = nelson_aalen(t, event)
    place = np.searchsorted(hazard.x, [100, 365, 700], side="right") - 1
    values |= listed("nelson_aalen_lung.cumhaz", hazard.y[place])
    se = hazard.y * np.log(hazard.high / np.maximum(hazard.y, 1e-300)) / Z
    values |= listed("nelson_aalen_lung.se", se[place])
    for horizon in (365, 730):
        for code, rows in zip((1, 2), both, strict=True):
            mean = restricted_mean(t[rows], event[rows], horizon)
            pair = (mean.value, (mean.high - mean.low) / 2 / Z)
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
    values |= listed(f"{name}.obs", parts.observed) | listed(f"{name}.exp", parts.expected)
    values[f"{name}.var11"] = parts.covariance[0, 0]


def answers(data):
    """Every number of survival.json that is ours."""
    values = {}
    _lung(values, data)
    veteran = read_csv(data / "veteran.csv")
    t, event, arm = (numbers(veteran[c]) for c in ("time", "status", "trt"))
    arms = [arm == 1, arm == 2]
    _curves(values, "km_veteran_by_trt", t, event, arms, (30, 90, 180, 365))
    for scale in ("log", "log-log", "plain"):
        for code, rows in zip((1, 2), arms, strict=True):
            path = f"km_veteran_by_trt.{scale}.median_lcl_ucl.trt={code}"
            _median(values, path, t[rows], event[rows], scale)
    order = {"squamous": 0, "smallcell": 1, "adeno": 2, "large": 3}
    cells = np.array([order[c] for c in veteran["celltype"]])
    _log_rank(values, "logrank_veteran_celltype", (t, event, cells), 0)
    return values
