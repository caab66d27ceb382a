"""binom, PropCIs, epiR, DTComPair and stats of R 4.2.2."""

import math

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv, rounded

from osteon.statistics.diagnostic import (
    negative_likelihood_ratio,
    negative_predictive_value,
    positive_likelihood_ratio,
    positive_predictive_value,
)
from osteon.statistics.paired import mcnemar_test, paired_proportion_difference
from osteon.statistics.proportion import (
    accuracy,
    proportion,
    proportion_difference,
    proportion_from_counts,
    sensitivity,
    specificity,
)

NOT_OURS = {
    "single_proportion.*.wilson_continuity_corrected": "continuity-corrected Wilson: not offered",
    "two_by_two_670_202_74_640.*.diag.or": "diagnostic odds ratio: not offered",
    "two_by_two_670_202_74_640.*.nndx": "number needed to diagnose: not offered",
    "two_by_two_670_202_74_640.*.youden": "Youden index as an estimate: not offered",
    "paired_tests.accuracy.*.tab": "counts of the table, input",
    "paired_tests.table_*": "counts of the table, input",
    "mcnemar_agresti1990.table": "counts of the table, input",
    "single_proportion_published.wilson_cc_method4": "continuity-corrected Wilson: not offered",
    "single_proportion_published.clopper_pearson_method5.15/148.0": (
        "printed 0.0579; R's binom and ours give 0.05784"
    ),
    "single_proportion.2.asymptotic": "0 of 20: our Wald has no interval there, and says so",
    "single_proportion.*.x": "input",
    "single_proportion.*.n": "input",
    "paired_tests.accuracy.*.alpha": "input",
    "paired_tests.*.alpha": "input",
    "paired_tests.sesp_diff_*": "the Wald interval of a paired difference: not offered",
    "paired_tests.pv_*": "regression comparison of predictive values: not offered",
    "paired_tests.dlr*": "regression comparison of likelihood ratios: not offered",
}


def _single(values):
    cases = [(81, 263), (15, 148), (0, 20), (1, 29)]
    names = {
        "wilson": "wilson",
        "exact": "clopper-pearson",
        "agresti-coull": "agresti-coull",
        "jeffreys_equal_tailed": "jeffreys",
        "asymptotic": "wald",
    }
    for i, (x, n) in enumerate(cases):
        for theirs, ours in names.items():
            found = proportion_from_counts(x, n, method=ours)
            if not math.isnan(found.low):
                values |= listed(f"single_proportion.{i}.{theirs}", (found.low, found.high))
        for theirs, ours in {
            "wilson_method3": "wilson",
            "clopper_pearson_method5": "clopper-pearson",
            "wald_method1": "wald",
        }.items():
            if ours == "wald" and x < 2:
                continue
            found = proportion_from_counts(x, n, method=ours)
            prefix = f"single_proportion_published.{theirs}.{x}/{n}"
            values |= rounded(listed(prefix, (found.low, found.high)), 4)
    del values["single_proportion_published.clopper_pearson_method5.15/148.0"]


def _two_by_two(values):
    truth = np.repeat([1, 0, 1, 0], [670, 202, 74, 640])
    called = np.repeat([1, 1, 0, 0], [670, 202, 74, 640])
    for theirs, method in (("exact", "clopper-pearson"), ("wilson", "wilson")):
        found = {
            "ap": proportion(called, method=method),
            "tp": proportion(truth, method=method),
            "se": sensitivity(truth, called, method=method),
            "sp": specificity(truth, called, method=method),
            "diag.ac": accuracy(truth, called, method=method),
            "pv.pos": positive_predictive_value(truth, called, method=method),
            "pv.neg": negative_predictive_value(truth, called, method=method),
            "lr.pos": positive_likelihood_ratio(truth, called, method="delta"),
            "lr.neg": negative_likelihood_ratio(truth, called, method="delta"),
            "p.rin": proportion(called, method=method),  # codespell:ignore rin
            "p.rout": proportion(1 - called, method=method),
            "p.tpdn": proportion(called[truth == 0], method=method),
            "p.tndp": proportion(1 - called[truth == 1], method=method),
            "p.dntp": proportion(1 - truth[called == 1], method=method),
            "p.dptn": proportion(truth[called == 0], method=method),
        }
        for name, e in found.items():
            prefix = f"two_by_two_670_202_74_640.{theirs}.{name}"
            values |= listed(prefix, (e.value, e.low, e.high))


def _se(estimate, quantile=1.959963984540054):
    return (estimate.high - estimate.low) / 2 / quantile


def _accuracy(values, name, truth, called):
    prefix = f"paired_tests.accuracy.{name}"
    wald = {"method": "wald"}
    for theirs, e in {
        "sensitivity": sensitivity(truth, called, **wald),
        "specificity": specificity(truth, called, **wald),
        "ppv": positive_predictive_value(truth, called, **wald),
        "npv": negative_predictive_value(truth, called, **wald),
    }.items():
        values |= listed(f"{prefix}.{theirs}", (e.value, _se(e), e.low, e.high))
    for theirs, e in {
        "pdlr": positive_likelihood_ratio(truth, called, method="delta"),
        "ndlr": negative_likelihood_ratio(truth, called, method="delta"),
    }.items():
        se_log = math.log(e.high / e.low) / 2 / 1.959963984540054
        values |= listed(f"{prefix}.{theirs}", (e.value, se_log, e.low, e.high))


def answers(data):
    """Every number of binary_accuracy.json that is ours."""
    values = {}
    _single(values)
    for text in ("56/70-48/80", "9/10-3/10", "10/10-0/10"):
        (a, m), (b, n) = (map(int, part.split("/")) for part in text.split("-"))
        e = proportion_difference([1] * a + [0] * (m - a), [1] * b + [0] * (n - b))
        values |= listed(f"difference_unpaired_newcombe.{text}", (e.low, e.high))
    _two_by_two(values)
    first = np.repeat([1, 1, 0, 0], [794, 150, 86, 570])
    second = np.repeat([1, 0, 1, 0], [794, 150, 86, 570])
    for theirs, method in (("with_continuity", "corrected"), ("without", "asymptotic")):
        test = mcnemar_test(first, second, method=method)
        values[f"mcnemar_agresti1990.{theirs}.chisq"] = test.statistic
        values[f"mcnemar_agresti1990.{theirs}.p"] = test.p_value
    exact = mcnemar_test(first, second, method="exact")
    values["mcnemar_agresti1990.exact_binomial_p"] = exact.p_value
    table = read_csv(data / "paired1_diagnostic_tests.csv")
    d, y1, y2 = (numbers(table[name]) for name in ("d", "y1", "y2"))
    _accuracy(values, "Test1", d, y1)
    _accuracy(values, "Test2", d, y2)
    for name, rows, one, two in (
        ("sensitivity", d == 1, y1, y2),
        ("specificity", d == 0, 1 - y1, 1 - y2),
    ):
        gap = paired_proportion_difference(two[rows], one[rows])
        means = (one[rows].mean(), two[rows].mean(), gap.value)
        plain = mcnemar_test(two[rows], one[rows], method="asymptotic")
        exact = mcnemar_test(two[rows], one[rows], method="exact")
        values |= listed(
            f"paired_tests.sesp_mcnemar.{name}", (*means, plain.statistic, plain.p_value)
        )
        values |= listed(f"paired_tests.sesp_exact.{name}", (*means, exact.p_value))
        tango = f"paired_tests.sesp_diff_tango.{name}"
        values |= listed(tango, means) | {f"{tango}.4": gap.low, f"{tango}.5": gap.high}
    return values
