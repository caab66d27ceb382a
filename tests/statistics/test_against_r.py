"""Fresh random data, the same numbers from R: pROC, survival and R's own tests."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from osteon.statistics.association import (
    chi_square_test,
    fisher_exact_test,
    kruskal_wallis_test,
)
from osteon.statistics.cause_specific import breslow_baseline
from osteon.statistics.comparison import delong_test
from osteon.statistics.competing import aalen_johansen
from osteon.statistics.concordance import concordance_index_harrell, concordance_index_uno
from osteon.statistics.cox import cox_regression
from osteon.statistics.multiplicity import benjamini_hochberg, bonferroni, hochberg, holm
from osteon.statistics.paired import mcnemar_test
from osteon.statistics.partial_area import partial_auroc
from osteon.statistics.proportion import proportion
from osteon.statistics.roc import auroc
from osteon.statistics.survival_comparison import log_rank_test
from osteon.statistics.survival_curves import median_survival, nelson_aalen, survival_at

pytestmark = pytest.mark.referee

SCRIPT = Path(__file__).with_name("referee.R")
SEEDS = (1, 2, 3, 4, 5)
Z = 1.959963984540054


def data(seed):
    """Rows with ties, two for each patient; columns by name."""
    rng = np.random.default_rng(seed)
    n = 90 + 20 * seed
    truth = rng.integers(0, 2, n)
    shared = rng.normal(size=n)
    x = np.round(rng.normal(size=n), 1)
    time = np.ceil(40 * rng.exponential(np.exp(-0.4 * x))) / 10
    censored = np.ceil(10 * rng.uniform(1, 12, n)) / 10
    end = np.minimum(time, censored)
    late = np.random.default_rng(100 + seed)
    return {
        "truth": truth,
        "a": np.round(1.2 * truth + shared + rng.normal(size=n), 1),
        "b": np.round(0.8 * truth + shared + rng.normal(size=n), 1),
        "patient": np.arange(n) // 2,
        "time": end,
        "status": (time <= censored).astype(int),
        "x": x,
        "z": rng.integers(0, 2, n),
        "group": rng.integers(0, 3, n),
        "p": rng.uniform(size=n) ** 3,
        "entry": np.where(late.random(n) < 0.6, np.floor(10 * end * late.random(n)) / 10, 0),
        "untied": end + 1e-5 * np.arange(n),
        "cause": np.where(time <= censored, late.integers(1, 3, n), 0),
    }


@pytest.fixture(scope="module")
def from_r(referee, tmp_path_factory):
    """Everything R computed, by seed and name; R is started once."""
    folder, program = tmp_path_factory.mktemp("r"), referee("Rscript")
    for seed in SEEDS:
        columns = data(seed)
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        lines = [",".join(columns), *(",".join(map(repr, row)) for row in rows)]
        (folder / f"rows{seed}.csv").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [program, str(SCRIPT), str(folder)], capture_output=True, text=True, check=False
    )
    if "there is no package called" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("R lacks a package: " + done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def areas(d):
    area = auroc(d["truth"], d["a"], method="delong")
    test = delong_test(d["truth"], d["a"], d["b"], method="wald")
    yield "auc", area.value
    yield "delong", (area.low, area.high)
    yield "paired", (test.statistic, test.p_value)
    for name, standardised in (("partial", False), ("mcclish", True)):
        part = partial_auroc(
            d["truth"], d["a"], max_false_positive_fraction=0.2, standardised=standardised,
            replicates=2, rng=np.random.default_rng(0),
        )  # fmt: skip
        yield name, part.value


def follow_up(d):
    t, event = d["time"], d["status"]
    for scale in ("plain", "log", "log-log"):
        at = survival_at(t, event, 5, scale=scale)
        yield f"km.{scale}", (at.value, at.low, at.high)
    yield "median", median_survival(t, event).value
    x = np.column_stack([d["x"], d["z"]])
    for ties in ("efron", "breslow"):
        fit = cox_regression(t, event, x, ties=ties)
        errors = np.sqrt(np.diag(fit.covariance))
        parts = (*fit.coefficients, *errors, fit.log_likelihood_null, fit.log_likelihood)
        yield f"cox.{ties}", parts
    robust = cox_regression(t, event, x, cluster=d["patient"], method="sandwich")
    yield "cox.robust", [(e.high - e.low) / 2 / Z for e in robust.log_hazard_ratios]
    for rho in (0, 1):
        yield f"logrank.{rho}", log_rank_test(t, event, d["group"], rho=rho).statistic
    harrell = concordance_index_harrell(t, event, d["x"], method="jackknife")
    yield "harrell", (harrell.value, (harrell.high - harrell.low) / 2 / Z)
    yield "uno", concordance_index_uno(t, event, d["x"], tau=6).value


def late_entry(d):
    t, event, entry = d["time"], d["status"], d["entry"]
    for horizon in (1, 2, 4):
        at = survival_at(t, event, horizon, entry=entry)
        yield f"late.km.{horizon}", (at.value, at.low, at.high)
        yield f"late.hazard.{horizon}", last_by(nelson_aalen(t, event, entry=entry), horizon)
        incidence = aalen_johansen(t, d["cause"], entry=entry)
        yield f"late.incidence.{horizon}", last_by(incidence, horizon)
    x = np.column_stack([d["x"], d["z"]])
    for ties in ("efron", "breslow"):
        fit = cox_regression(t, event, x, ties=ties, entry=entry)
        errors = np.sqrt(np.diag(fit.covariance))
        parts = (*fit.coefficients, *errors, fit.log_likelihood_null, fit.log_likelihood)
        yield f"late.cox.{ties}", parts
    robust = cox_regression(t, event, x, cluster=d["patient"], entry=entry, method="sandwich")
    yield "late.cox.robust", [(e.high - e.low) / 2 / Z for e in robust.log_hazard_ratios]
    fit = cox_regression(t, event, x[:, :1], ties="breslow", entry=entry)
    baseline = breslow_baseline(t, event, fit.log_hazard(x[:, :1]), entry=entry)
    yield "late.baseline", baseline.at(4)
    yield "late.logrank", log_rank_test(d["untied"], event, d["z"], entry=entry).statistic
    for name, strata in (("late.harrell", None), ("late.harrell.strata", d["group"])):
        found = concordance_index_harrell(
            t, event, d["x"], entry=entry, stratum=strata, method="jackknife"
        )
        yield name, (found.value, (found.high - found.low) / 2 / Z)
    strata = concordance_index_harrell(t, event, d["x"], stratum=d["group"], method="jackknife")
    yield "harrell.strata", (strata.value, (strata.high - strata.low) / 2 / Z)


def last_by(curve, horizon):
    return curve.y[np.searchsorted(curve.x, horizon, side="right") - 1]


def tables(d):
    truth = d["truth"]
    called_a, called_b = d["a"] > 1, d["b"] > 1
    counts = np.array([[np.sum((truth == i) & (called_a == j)) for j in (0, 1)] for i in (0, 1)])
    yield "fisher", fisher_exact_test(counts).p_value
    right = (called_a == truth, called_b == truth)
    yield "mcnemar", mcnemar_test(*right, method="asymptotic").p_value
    yield "mcnemar.corrected", mcnemar_test(*right, method="corrected").p_value
    groups = [[np.sum((d["group"] == g) & (called_a == j)) for j in (0, 1)] for g in range(3)]
    yield "chisq", chi_square_test(groups).p_value
    other = [[np.sum((truth == i) & (called_b == j)) for j in (0, 1)] for i in (0, 1)]
    yield "yates", chi_square_test(other, correction=True).p_value
    for name, method in (("binom", "clopper-pearson"), ("wilson", "wilson")):
        share = proportion(called_a, method=method)
        yield name, (share.low, share.high)
    for name, adjust in (
        ("holm", holm), ("hochberg", hochberg), ("BH", benjamini_hochberg),
        ("bonferroni", bonferroni),
    ):  # fmt: skip
        yield name, adjust(d["p"][:12])
    test = kruskal_wallis_test(d["a"], d["group"])
    yield "kruskal", (test.statistic, test.p_value)


@pytest.mark.parametrize(
    "part", [areas, follow_up, late_entry, tables], ids=lambda part: part.__name__
)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_numbers(seed, part, from_r):
    compared = 0
    for name, values in part(data(seed)):
        one = np.ndim(values) == 0
        for place, value in enumerate(np.atleast_1d(values)):
            key = f"{seed}.{name}" if one else f"{seed}.{name}.{place}"
            assert value == pytest.approx(from_r[key], rel=1e-6, abs=1e-9), key
            compared += 1
    assert compared > 5
