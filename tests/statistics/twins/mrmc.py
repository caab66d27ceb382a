"""What the two files of multi-reader studies share."""

import math

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.mrmc import obuchowski_rockette

Z = 1.959963984540054
MRMCAOV_NOT_OURS = {
    "*.design": "input",
    "*.fixed": "input",
    "*.components.Correlation": "ratios of the components",
    "*.means.*.MS(R)": "part of the error term, not returned",
    "*.means.*.Cov2": "part of the error term, not returned",
    "*.means.*.Var(Error)": "part of the error term, not returned",
    "*.test_equality.0.MS(T)": "part of F, not returned",
    "*.test_equality.0.MS(T:R)": "part of F, not returned",
    "*.test_equality.0.Denominator": "part of F, not returned",
    "*.test_equality.0.df1": "number of treatments - 1",
    "*.test_equality.0.df": "number of treatments - 1",
    "*.reader_differences": "differences of single readers: delong_test does them",
    "*.reader_means": "single readers: auroc does them",
    "*.binormal_jackknife": "binormal area: not offered",
    "*_nested_in_*": "split-plot designs: not offered",
    "*kundel*": "split-plot designs: not offered",
}


def study(path):
    """Truth (n,) and ratings (treatments, readers, n) of a factorial study."""
    table = read_csv(path)
    treatment, reader, case = (numbers(table[c]) for c in ("treatment", "reader", "case"))
    order = np.lexsort((case, reader, treatment))
    shape = [np.unique(x).size for x in (treatment, reader, case)]
    truth = numbers(table["truth"])[order][: shape[2]]
    return truth, numbers(table["rating"])[order].reshape(shape)


def freedom(test):
    """Denominator degrees of freedom as printed are rounded: take them from t and p instead."""
    return float(test.method.rsplit(" df", 1)[0].rsplit(" ", 1)[1])


def mrmcaov(prefix, analysis, metric):
    """Numbers named as MRMCaov prints them."""
    values = {}
    for place, value in enumerate(analysis.values.ravel()):
        values[f"{prefix}.performances.{place}.{metric}"] = value
    c, fixed_cases = analysis.components, "fixed cases" in analysis.equality.method
    if not fixed_cases:
        parts = (c.reader, c.treatment_reader, c.error, c.cov1, c.cov2, c.cov3)
        values |= listed(f"{prefix}.components.Estimate", parts)
    test, z_test = analysis.equality, "chi-square" in analysis.equality.method
    row = f"{prefix}.test_equality.0"
    values[f"{row}.{'X2' if z_test else 'F'}"] = test.statistic
    values[f"{row}.p-value"] = test.p_value
    if not fixed_cases:
        values |= {f"{row}.Cov2": c.cov2, f"{row}.Cov3": c.cov3}
    if z_test:
        values[f"{row}.Cov1"] = c.cov1
    else:
        values[f"{row}.df2"] = (freedom(test), 0.0, 0.00501)  # our text has two decimals
    for place, found in enumerate(analysis.differences.values()):
        row, gap = f"{prefix}.differences.{place}", found.difference
        values |= {f"{row}.Estimate": gap.value, f"{row}.p-value": found.p_value}
        values |= listed(f"{row}.CI", (gap.low, gap.high))
        values[f"{row}.{'z' if z_test else 't'}"] = found.statistic
        values[f"{row}.StdErr"] = gap.value / found.statistic
        if not z_test:
            values[f"{row}.df"] = (freedom(found), 0.0, 0.00501)
    for place, mean in enumerate(analysis.means):
        row = f"{prefix}.means.{place}"
        values[f"{row}.Estimate"] = mean.value
        values |= listed(f"{row}.CI", (mean.low, mean.high))
        if z_test:
            values[f"{row}.StdErr"] = (mean.high - mean.low) / 2 / Z
    return {k: v for k, v in values.items() if not (isinstance(v, float) and math.isnan(v))}


def designs(truth, ratings):
    """The analyses of both files: name, analysis, metric."""
    yield "empirical_jackknife", obuchowski_rockette(truth, ratings), "empirical_auc"
    for name, covariance in (("delong", "delong"), ("unbiased_Ustat", "unbiased")):
        analysis = obuchowski_rockette(truth, ratings, covariance=covariance)
        yield f"empirical_{name}", analysis, "empirical_auc"
    fixed = obuchowski_rockette(truth, ratings, readers="fixed")
    yield "fixed_readers_jackknife", fixed, "empirical_auc"
    fixed = obuchowski_rockette(truth, ratings, cases="fixed")
    yield "fixed_cases", fixed, "empirical_auc"
    calls = (ratings >= 3).astype(float)
    for figure, metric in (("sensitivity", "binary_sens"), ("specificity", "binary_spec")):
        analysis = obuchowski_rockette(truth, calls, figure=figure)
        yield f"{figure}_rating_ge3_jackknife", analysis, metric
