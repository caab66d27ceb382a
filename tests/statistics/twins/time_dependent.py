"""timeROC 0.4.1, riskRegression 2022.11.28, survival and cmprsk of R 4.2.2."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.censoring import censoring_survival
from osteon.statistics.competing import aalen_johansen
from osteon.statistics.cox import cox_regression
from osteon.statistics.survival_curves import kaplan_meier, survival_at
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw

Z = 1.959963984540054
PEC = {"Null model": "Reference", "full": "full", "age": "age"}
NOT_OURS = {
    "*.times": "input",
    "*.times.*": "input",
    "*.n": "input",
    "score_pbc_test.Brier.[012].*": "null model estimated from the same data: not offered",
    "competing.score_test.Brier.[01].*": "null model estimated from the same data: not offered",
    "timeROC_paquid.compare_p_values_DSST_vs_MMSE.*.1.*": "p values adjusted by simulation",
    "timeROC_pbc_bili_cox_weighting_with_albumin": "weights from a Cox model: not offered",
    "survivalROC_mayo": "areas by nearest neighbours or unweighted Kaplan-Meier: not offered",
    "score_pbc_test.Brier_contrasts": "tests of differences of Brier scores: not offered",
    "score_pbc_test.Brier.*.IBS": "integrated by steps, ours by trapezoids of the user's horizons",
    "score_pbc_test.Brier.*.IPA": "1 minus a ratio of two scores that are compared: not offered",
    "pec_ibs_*": "integrated by steps over all times, ours by trapezoids",
    "survAUC_*": "censoring from other data, and other estimators: not offered",
    "competing.gray_test": "Gray's test: not offered",
    "competing.cuminc.var": "another variance estimator than survival's, compared there",
    "competing.fine_gray": "Fine and Gray's regression: not offered",
    "competing.csc_absolute_risk": "risk from the Cox models of two causes: not offered",
    "competing.score_test.*_contrasts": "tests of differences of Brier scores: not offered",
}


def _by(curve, horizon):
    """Value of a curve of steps at a horizon."""
    return curve.y[np.searchsorted(curve.x, horizon, side="right") - 1]


def _areas(values, prefix, columns, horizons, *, competing):
    t, event, score = columns
    for i, horizon in enumerate(horizons):
        happened = _by(aalen_johansen(t, event), horizon)
        values[f"{prefix}.prevalence_cuminc_or_1_minus_S.{i}"] = happened
        if not competing:
            found = cumulative_dynamic_auroc(t, event, score, horizon, method="jackknife")
            values[f"{prefix}.AUC.{i}"] = found.value
            values[f"{prefix}.se.{i}"] = (found.value - found.low) / Z
            continue
        for number, kind in ((1, "excluded"), (2, "controls")):
            found = cumulative_dynamic_auroc(
                t, event, score, horizon, competing=kind, method="jackknife"
            )
            name = "event_free" + ("_or_competing" if number == 2 else "")
            values[f"{prefix}.AUC_{number}_controls_{name}.{i}"] = found.value
            values[f"{prefix}.se_{number}.{i}"] = (found.value - found.low) / Z


def _paquid(values, data):
    table = read_csv(data / "paquid.csv")
    t, event, dsst, mmse = (numbers(table[c]) for c in ("time", "status", "DSST", "MMSE"))
    for name, marker in (("DSST", dsst), ("MMSE", mmse)):
        prefix = f"timeROC_paquid.marker_minus_{name}"
        _areas(values, prefix, (t, event, -marker), (3, 5, 10), competing=True)
    for horizon in (3, 5, 10):
        for number, kind in ((1, "excluded"), (2, "controls")):
            test = cumulative_dynamic_auroc_difference(
                t, event, -dsst, -mmse, horizon, competing=kind, method="wald"
            )
            prefix = f"timeROC_paquid.compare_p_values_DSST_vs_MMSE.p_values_AUC_{number}"
            values[f"{prefix}.0.t={horizon}"] = test.p_value


def _pbc(values, data):
    table = read_csv(data / "pbc_randomised_event_death_or_transplant.csv")
    t, event, status = (numbers(table[c]) for c in ("time", "event", "status"))
    bili, albumin = numbers(table["bili"]), numbers(table["albumin"])
    horizons = (730.5, 1826.25, 2922)
    _areas(values, "timeROC_pbc_bili", (t, event, bili), horizons, competing=False)
    _areas(values, "timeROC_pbc_minus_albumin", (t, event, -albumin), horizons, competing=False)
    for i, horizon in enumerate(horizons):
        test = cumulative_dynamic_auroc_difference(t, event, bili, -albumin, horizon, method="wald")
        values[f"timeROC_pbc_compare_p.cb$p_values_AUC.{i}"] = test.p_value
    death_first = np.select([status == 2, status == 1], [1, 2], 0)
    prefix = "timeROC_pbc_competing_bili_cause2_death"
    _areas(values, prefix, (t, death_first, bili), (1826.25, 2922), competing=True)


def _score(values, data):
    table = read_csv(data / "pbc_test_predictions.csv")
    t, event = numbers(table["time"]), numbers(table["event"])
    horizons = (730, 1461, 2191)
    survival = kaplan_meier(t, event)
    followed = censoring_survival(t, event == 0, np.ones((1, t.size)))
    path = "score_pbc_test.censoring_survival_at_times"
    values |= listed(path, followed.before(np.array(horizons, float))[0])
    for j, model in enumerate(("Null model", "full", "age")):
        for i, horizon in enumerate(horizons):
            if j == 0:
                risk = np.full(t.size, 1 - _by(survival, horizon))
            else:
                risk = numbers(table[f"risk_{model}_{horizon}"])
                area = cumulative_dynamic_auroc(t, event, risk, horizon, method="jackknife")
                row = f"score_pbc_test.AUC.{3 * (j - 1) + i}"
                values |= {f"{row}.AUC": area.value, f"{row}.lower": area.low}
                values |= {f"{row}.upper": area.high, f"{row}.se": (area.value - area.low) / Z}
            brier = brier_score_ipcw(t, event, risk, horizon, method="jackknife")
            row = f"score_pbc_test.Brier.{3 * j + i}"
            values[f"{row}.Brier"] = brier.value
            values[f"pec_brier_at_times.{PEC[model]}.{i}"] = brier.value
            if j > 0:  # Score holds the null model's risk as estimated, ours as given
                values |= {f"{row}.lower": brier.low, f"{row}.upper": brier.high}
                values[f"{row}.se"] = (brier.value - brier.low) / Z

    for i, horizon in enumerate(horizons):
        risks = (numbers(table[f"risk_{model}_{horizon}"]) for model in ("age", "full"))
        test = cumulative_dynamic_auroc_difference(t, event, *risks, horizon, method="wald")
        row, gap = f"score_pbc_test.AUC_contrasts.{i}", test.difference
        values |= {f"{row}.delta.AUC": gap.value, f"{row}.se": (gap.value - gap.low) / Z}
        values |= {f"{row}.lower": gap.low, f"{row}.upper": gap.high, f"{row}.p": test.p_value}


def _trained(values, data):
    """Cox models of the training half."""
    train = read_csv(data / "pbc_train.csv")
    models = {"full": ("age", "log(bili)", "log(albumin)", "edema"), "age": ("age",)}
    for model, names in models.items():
        x = _columns(train, names)
        fitted = cox_regression(numbers(train["time"]), numbers(train["event"]), x, names=names)
        for name, value in zip(names, fitted.coefficients, strict=True):
            values[f"cox_train_coef.{model}.{name}"] = value


def _columns(table, names):
    """Columns of a table, ``log(x)`` the logarithm of one."""
    return np.column_stack(
        [np.log(numbers(table[n[4:-1]])) if n.startswith("log(") else numbers(table[n])
         for n in names]
    )  # fmt: skip


def _competing(values, data):
    table = read_csv(data / "mgus2_competing.csv")
    t, event = numbers(table["etime"]), numbers(table["ev"])
    women = np.array([sex == "F" for sex in table["sex"]])
    for cause in (1, 2):
        curve = aalen_johansen(t, event, cause=cause)
        place = np.searchsorted(curve.x, (60, 120, 240), side="right") - 1
        rest = 1 - curve.y[place]
        half = np.log(np.log(1 - curve.high[place]) / np.log(rest))
        se = half / Z * rest * np.abs(np.log(rest))
        for i, p in enumerate(place):
            values[f"competing.aalen_johansen_all.p.{i}.{cause}"] = curve.y[p]
            values[f"competing.aalen_johansen_all.se.{i}.{cause}"] = se[i]
        for row, group in enumerate((women, ~women)):
            own = aalen_johansen(t[group], event[group], cause=cause)
            place = np.searchsorted(own.x, (60, 120, 240), side="right") - 1
            values |= listed(f"competing.cuminc.est.{2 * (cause - 1) + row}", own.y[place])
    for i, horizon in enumerate((60, 120, 240)):
        free = survival_at(t, (event > 0).astype(int), horizon, scale="plain")
        values[f"competing.aalen_johansen_all.p.{i}.0"] = free.value
        values[f"competing.aalen_johansen_all.se.{i}.0"] = (free.high - free.value) / Z
    x, names = np.column_stack([numbers(table["age"]), ~women]), ("age", "sexM")
    model = cox_regression(t, event == 1, x, names=names)
    for name, e in zip(names, model.log_hazard_ratios, strict=True):
        values[f"competing.cause_specific_cox_cause1.coef.{name}"] = e.value
        values[f"competing.cause_specific_cox_cause1.se.{name}"] = (e.high - e.value) / Z
    table = read_csv(data / "mgus2_test_predictions.csv")
    t, event = numbers(table["etime"]), numbers(table["ev"])
    for i, horizon in enumerate((60, 120)):
        risk = numbers(table[f"risk_{horizon}"])
        area = cumulative_dynamic_auroc(t, event, risk, horizon, method="jackknife")
        row = f"competing.score_test.AUC.{i}"
        values |= {f"{row}.AUC": area.value, f"{row}.se": (area.value - area.low) / Z}
        values |= {f"{row}.lower": area.low, f"{row}.upper": area.high}
        brier = brier_score_ipcw(t, event, risk, horizon, method="jackknife")
        null = np.full(t.size, _by(aalen_johansen(t, event), horizon))
        own = brier_score_ipcw(t, event, null, horizon, method="jackknife")
        values[f"competing.score_test.Brier.{i}.Brier"] = own.value
        row = f"competing.score_test.Brier.{2 + i}"
        values |= {f"{row}.Brier": brier.value, f"{row}.se": (brier.value - brier.low) / Z}
        values |= {f"{row}.lower": brier.low, f"{row}.upper": brier.high}


def answers(data):
    """Every number of time_dependent.json that is ours."""
    values = {}
    _paquid(values, data)
    _pbc(values, data)
    table = read_csv(data / "melano.csv")
    t, status, thick = (numbers(table[c]) for c in ("time", "status", "thick"))
    horizons = (730.5, 1095.75, 1826.25)
    _areas(values, "timeROC_melano_thickness", (t, status, thick), horizons, competing=True)
    _score(values, data)
    _trained(values, data)
    _competing(values, data)
    # both errors estimate the same variance; timeROC sums martingales, ours differentiates
    errors = ("se", "se_1", "se_2", "lower", "upper", "t=5")
    for path, value in values.items():
        last_two = path.split(".")[-2:]
        if any(part in errors for part in last_two) or "p_values" in path:
            values[path] = (value, 3e-4) if "aalen" not in path else value
    return values
