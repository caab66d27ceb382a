"""timeROC 0.4.1, riskRegression 2022.11.28, survival and cmprsk of R 4.2.2."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.competing import aalen_johansen
from osteon.statistics.survival_curves import kaplan_meier
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
    cumulative_dynamic_auroc_replicates,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw

Z = 1.959963984540054
NOT_OURS = {
    "*.times": "input",
    "*.times.*": "input",
    "*.n": "input",
    "*.prevalence_cuminc_or_1_minus_S": "curves, compared in survival",
    "timeROC_paquid.*.se_?.0": "one of three horizons is compared, for the time it takes",
    "timeROC_paquid.*.se_?.2": "one of three horizons is compared, for the time it takes",
    "timeROC_paquid.compare_p_values_DSST_vs_MMSE.*.t=3": "as the errors",
    "timeROC_paquid.compare_p_values_DSST_vs_MMSE.*.t=10": "as the errors",
    "score_pbc_test.Brier.[012].*": "null model estimated from the same data: not offered",
    "competing.score_test.Brier.[01].*": "null model: not offered",
    "timeROC_paquid.compare_p_values_DSST_vs_MMSE.*.1.*": "p values adjusted by simulation",
    "timeROC_pbc_bili_cox_weighting_with_albumin": "weights from a Cox model: not offered",
    "survivalROC_mayo": "areas by nearest neighbours or unweighted Kaplan-Meier: not offered",
    "score_pbc_test.*_contrasts": "the difference test is compared under timeROC",
    "score_pbc_test.Brier.*.IBS": "integrated from 0: the user gives the horizons",
    "score_pbc_test.Brier.*.IPA": "1 - score / score of the null model",
    "score_pbc_test.censoring_survival_at_times": "part of the weights",
    "cox_train_coef": "Cox regression: not yet offered",
    "pec_*": "the same Brier scores by another package",
    "survAUC_*": "censoring from other data, and other estimators: not offered",
    "competing.gray_test": "Gray's test: not offered",
    "competing.cuminc.var": "another variance estimator than survival's, compared there",
    "competing.fine_gray": "Fine and Gray's regression: not offered",
    "competing.cause_specific_cox_cause1": "Cox regression: not yet offered",
    "competing.csc_absolute_risk": "Cox regression: not yet offered",
    "competing.aalen_johansen_all.p.*.0": "1 minus the other two",
    "competing.aalen_johansen_all.se.*.0": "the standard error of the first state",
    "competing.score_test.*_contrasts": "not offered",
}


def _areas(values, prefix, columns, horizons, *, competing):
    t, event, score = columns
    for i, horizon in enumerate(horizons):
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
        found, prefix = {}, f"timeROC_paquid.marker_minus_{name}"
        _areas(found, "x", (t, event, -marker), (5,), competing=True)
        for path, value in found.items():
            values[path.replace("x.", f"{prefix}.", 1)[:-1] + "1"] = value
        for i, horizon in ((0, 3), (2, 10)):
            for number, kind, other in ((1, "excluded", ""), (2, "controls", "_or_competing")):
                area = cumulative_dynamic_auroc_replicates(
                    t, event, -marker, horizon=horizon, competing=kind
                )
                values[f"{prefix}.AUC_{number}_controls_event_free{other}.{i}"] = area[0]
    for number, kind in ((1, "excluded"), (2, "controls")):
        test = cumulative_dynamic_auroc_difference(t, event, -dsst, -mmse, 5, competing=kind)
        prefix = f"timeROC_paquid.compare_p_values_DSST_vs_MMSE.p_values_AUC_{number}"
        values[f"{prefix}.0.t=5"] = test.p_value


def _pbc(values, data):
    table = read_csv(data / "pbc_randomised_event_death_or_transplant.csv")
    t, event, status = (numbers(table[c]) for c in ("time", "event", "status"))
    bili, albumin = numbers(table["bili"]), numbers(table["albumin"])
    horizons = (730.5, 1826.25, 2922)
    _areas(values, "timeROC_pbc_bili", (t, event, bili), horizons, competing=False)
    _areas(values, "timeROC_pbc_minus_albumin", (t, event, -albumin), horizons, competing=False)
    for i, horizon in enumerate(horizons):
        test = cumulative_dynamic_auroc_difference(t, event, bili, -albumin, horizon)
        values[f"timeROC_pbc_compare_p.cb$p_values_AUC.{i}"] = test.p_value
    death_first = np.select([status == 2, status == 1], [1, 2], 0)
    prefix = "timeROC_pbc_competing_bili_cause2_death"
    _areas(values, prefix, (t, death_first, bili), (1826.25, 2922), competing=True)


def _score(values, data):
    table = read_csv(data / "pbc_test_predictions.csv")
    t, event = numbers(table["time"]), numbers(table["event"])
    horizons = (730, 1461, 2191)
    survival = kaplan_meier(t, event)
    for j, model in enumerate(("Null model", "full", "age")):
        for i, horizon in enumerate(horizons):
            if j == 0:
                place = np.searchsorted(survival.x, horizon, side="right") - 1
                risk = np.full(t.size, 1 - survival.y[place])
            else:
                risk = numbers(table[f"risk_{model}_{horizon}"])
                area = cumulative_dynamic_auroc(t, event, risk, horizon, method="jackknife")
                row = f"score_pbc_test.AUC.{3 * (j - 1) + i}"
                values |= {f"{row}.AUC": area.value, f"{row}.lower": area.low}
                values |= {f"{row}.upper": area.high, f"{row}.se": (area.value - area.low) / Z}
            brier = brier_score_ipcw(t, event, risk, horizon, method="jackknife")
            row = f"score_pbc_test.Brier.{3 * j + i}"
            values[f"{row}.Brier"] = brier.value
            if j > 0:  # Score holds the null model's risk as estimated, ours as given
                values |= {f"{row}.lower": brier.low, f"{row}.upper": brier.high}
                values[f"{row}.se"] = (brier.value - brier.low) / Z


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
    table = read_csv(data / "mgus2_test_predictions.csv")
    t, event = numbers(table["etime"]), numbers(table["ev"])
    for i, horizon in enumerate((60, 120)):
        risk = numbers(table[f"risk_{horizon}"])
        area = cumulative_dynamic_auroc(t, event, risk, horizon, method="jackknife")
        row = f"competing.score_test.AUC.{i}"
        values |= {f"{row}.AUC": area.value, f"{row}.se": (area.value - area.low) / Z}
        values |= {f"{row}.lower": area.low, f"{row}.upper": area.high}
        brier = brier_score_ipcw(t, event, risk, horizon, method="jackknife")
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
    _competing(values, data)
    # both errors estimate the same variance; timeROC sums martingales, ours differentiates
    errors = ("se", "se_1", "se_2", "lower", "upper", "t=5")
    for path, value in values.items():
        last_two = path.split(".")[-2:]
        if any(part in errors for part in last_two) or "p_values" in path:
            values[path] = (value, 3e-4) if "aalen" not in path else value
    return values
