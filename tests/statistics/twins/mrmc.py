"""What the files of multi-reader studies share."""

import math

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.mrmc import obuchowski_rockette

MRMCAOV_NOT_OURS = {
    "*.design": "a code of the program, our design has a name",
    "*.fixed": "input",
    "*.binormal_jackknife": "binormal area by maximum likelihood: not offered",
}


def table(path, case="case"):
    """Truth (n,) and ratings (treatments, readers, n), NaN where there was no reading."""
    rows = read_csv(path)
    treatment, reader = numbers(rows["treatment"]), numbers(rows["reader"])
    names = (treatment, reader, np.array(rows[case]))
    axes = [np.unique(column, return_inverse=True) for column in names]
    ratings = np.full([found.size for found, _ in axes], np.nan)
    ratings[tuple(place for _, place in axes)] = numbers(rows["rating"])
    truth = np.zeros(ratings.shape[2])
    truth[axes[2][1]] = numbers(rows["truth"])
    return truth, ratings


def mrmcaov(prefix, analysis, metric, order=None):
    """Numbers named as MRMCaov prints them; ``order`` sorts the treatments as it does."""
    values, a = {}, analysis
    t, r = a.values.shape
    order = list(range(t)) if order is None else order
    for place, value in enumerate(a.values[order].ravel()):
        values[f"{prefix}.performances.{place}.{metric}"] = value
    c, fixed_cases = a.components, "fixed cases" in a.equality.method
    if not fixed_cases:
        parts = (c.reader, c.treatment_reader, c.error, c.cov1, c.cov2, c.cov3)
        values |= listed(f"{prefix}.components.Estimate", parts)
        ratios = (c.cov1, c.cov2, c.cov3)
        for k, part in enumerate(ratios, start=3):
            values[f"{prefix}.components.Correlation.{k}"] = part / c.error
    test, z_test = a.equality, "chi-square" in a.equality.method
    row = f"{prefix}.test_equality.0"
    values[f"{row}.{'X2' if z_test else 'F'}"] = test.statistic
    values[f"{row}.p-value"], values[f"{row}.MS(T)"] = test.p_value, a.mean_squares.treatment
    values[f"{row}.{'df' if z_test else 'df1'}"] = t - 1
    if not fixed_cases:
        values |= {f"{row}.Cov2": c.cov2, f"{row}.Cov3": c.cov3}
        values[f"{row}.Denominator"] = a.error.term
    if z_test:
        values[f"{row}.Cov1"] = c.cov1
    else:
        values[f"{row}.df2"] = a.error.df
        values[f"{row}.MS(T:R)"] = a.mean_squares.interaction
    pairs = [(i, j) for place, i in enumerate(order) for j in order[place + 1 :]]
    for place, (i, j) in enumerate(pairs):
        row, sign = f"{prefix}.differences.{place}", 1 if i < j else -1
        found = a.differences[min(i, j), max(i, j)]
        gap = found.difference
        limits = sorted((sign * gap.low, sign * gap.high))
        values |= {f"{row}.Estimate": sign * gap.value, f"{row}.p-value": found.p_value}
        values |= listed(f"{row}.CI", limits)
        values[f"{row}.{'z' if z_test else 't'}"] = sign * found.statistic
        values[f"{row}.StdErr"] = gap.value / found.statistic
        if not z_test:
            values[f"{row}.df"] = a.error.df
    for place, i in enumerate(order):
        row, mean, error = f"{prefix}.means.{place}", a.means[i], a.mean_errors[i]
        values[f"{row}.Estimate"], values[f"{row}.StdErr"] = mean.value, error.standard_error
        values |= listed(f"{row}.CI", (mean.low, mean.high))
        if not fixed_cases:
            shared = error.covariance / max(sharers(a) - (1 if z_test else 0), 1)
            values[f"{row}.Cov2"] = shared
        values[f"{row}.{'Var(Error)' if z_test else 'MS(R)'}"] = error.mean_square
        if not z_test:
            values[f"{row}.df"] = error.df
    if z_test:
        values |= _single_readers(prefix, a, metric, t, r)
    return {k: v for k, v in values.items() if not math.isnan(v)}


def sharers(analysis):
    """Readers that share cases within a treatment."""
    return 1 if analysis.design == "cases_in_readers" else analysis.values.shape[1]


def _single_readers(prefix, analysis, metric, t, r):
    values = {}
    for place, k in enumerate(range(r)):
        found = analysis.reader_differences[0, 1, k]
        row, gap = f"{prefix}.reader_differences.{place}", found.difference
        values |= {f"{row}.Estimate": gap.value, f"{row}.p-value": found.p_value}
        values |= {f"{row}.z": found.statistic, f"{row}.StdErr": gap.value / found.statistic}
        values |= listed(f"{row}.CI", (gap.low, gap.high))
    for place, (i, k) in enumerate((i, k) for i in range(t) for k in range(r)):
        row, mean = f"{prefix}.reader_means.{place}", analysis.reader_means[i, k]
        values[f"{row}.{metric}"] = mean.value
        values |= listed(f"{row}.CI", (mean.low, mean.high))
        values[f"{row}.StdErr"] = (mean.value - mean.low) / 1.959963984540054
    return values


def designs(truth, ratings):
    """The analyses of both files: name, analysis, metric."""
    yield (
        "empirical_jackknife",
        obuchowski_rockette(truth, ratings, method="hillis"),
        "empirical_auc",
    )
    for name, covariance in (("delong", "delong"), ("unbiased_Ustat", "unbiased")):
        analysis = obuchowski_rockette(truth, ratings, covariance=covariance, method="hillis")
        yield f"empirical_{name}", analysis, "empirical_auc"
    fixed = obuchowski_rockette(truth, ratings, readers="fixed", method="hillis")
    yield "fixed_readers_jackknife", fixed, "empirical_auc"
    fixed = obuchowski_rockette(truth, ratings, cases="fixed", method="hillis")
    yield "fixed_cases", fixed, "empirical_auc"
    calls = (ratings >= 3).astype(float)
    for figure, metric in (("sensitivity", "binary_sens"), ("specificity", "binary_spec")):
        analysis = obuchowski_rockette(truth, calls, figure=figure, method="hillis")
        yield f"{figure}_rating_ge3_jackknife", analysis, metric
