"""Obuchowski-Rockette analyses named as RJafroc 2.1.2 prints them."""

import numpy as np
from tests.statistics.twins.shared import listed

Z = 1.959963984540054


def common(found, readers=None):
    """Numbers that are printed alike for both ways: figures, means, differences."""
    values = {}
    t, r = found.values.shape
    for reader, column in zip(readers or range(r), found.values.T, strict=True):
        values |= listed(f"FOMs.foms.rdr{reader}", column)
    values |= listed("FOMs.trtMeans.Estimate", [m.value for m in found.means])
    gaps = [test.difference.value for test in found.differences.values()]
    row = "FOMs.trtMeanDiffs.Estimate"
    return values | (listed(row, gaps) if t > 2 else {row: gaps[0]})


def intervals(kind, found, *, same_quantile=True):
    """The differences and means of one kind of analysis."""
    tests = list(found.differences.values())
    gaps = [test.difference for test in tests]
    letter = "z" if kind == "FRRC" and same_quantile else "t"
    columns = {
        "Estimate": [g.value for g in gaps],
        "StdErr": [g.value / t.statistic for g, t in zip(gaps, tests, strict=True)],
        letter: [t.statistic for t in tests],
    }
    if same_quantile:
        columns[f"PrGT{letter}"] = [t.p_value for t in tests]
        columns["CILower"], columns["CIUpper"] = [g.low for g in gaps], [g.high for g in gaps]
        if kind != "FRRC":
            columns["DF"] = [found.error.df] * len(gaps)
    values, row = {}, f"{kind}.ciDiffTrt"
    for name, column in columns.items():
        one = {f"{row}.{name}": column[0]}
        values |= one if len(column) == 1 else listed(f"{row}.{name}", column)
    row = f"{kind}.ciAvgRdrEachTrt"
    values |= listed(f"{row}.Estimate", [m.value for m in found.means])
    values |= listed(f"{row}.StdErr", [e.standard_error for e in found.mean_errors])
    if not same_quantile:
        return values
    values |= listed(f"{row}.CILower", [m.low for m in found.means])
    values |= listed(f"{row}.CIUpper", [m.high for m in found.means])
    if kind != "FRRC":
        values |= listed(f"{row}.DF", [e.df for e in found.mean_errors])
    return values


def equality(kind, found):
    """The test that all treatments are equal."""
    t, row, squares = len(found.values), f"{kind}.FTests", found.mean_squares
    statistic = {"RRRC": "FStat", "FRRC": "Chisq", "RRFC": "F"}[kind]
    values = {f"{row}.{statistic}.0": found.equality.statistic}
    values |= {f"{row}.p.0": found.equality.p_value, f"{row}.DF.0": t - 1}
    values |= listed(f"{row}.MS", (squares.treatment, found.error.term))
    return values | ({} if kind == "FRRC" else {f"{row}.DF.1": found.error.df})


def anova(found):
    """Variance components, mean squares, and what each treatment and reader adds."""
    t, r = found.values.shape
    c, squares = found.components, found.mean_squares
    parts = (c.reader, c.treatment_reader, c.cov1, c.cov2, c.cov3, c.error)
    values = listed("ANOVA.VarCom.Estimates", parts)
    for k, part in enumerate((c.cov1, c.cov2, c.cov3), start=2):
        values[f"ANOVA.VarCom.Rhos.{k}"] = part / c.error
    mean = (squares.treatment, squares.reader, squares.interaction)
    df = (t - 1, r - 1, squares.interaction_df)
    values |= listed("ANOVA.TRanova.MS", mean) | listed("ANOVA.TRanova.DF", df)
    values |= listed("ANOVA.TRanova.SS", [m * k for m, k in zip(mean, df, strict=True)])
    row, errors = "ANOVA.IndividualTrt", found.mean_errors
    values |= listed(f"{row}.msREachTrt", [e.mean_square for e in errors])
    shared = [e.covariance / r for e in errors]
    values |= listed(f"{row}.cov2EachTrt", shared) | listed(f"{row}.DF", [r - 1] * t)
    own = np.array([[_variance(found.reader_means[i, k]) for k in range(r)] for i in range(t)])
    values |= listed(f"{row}.varEachTrt", own.mean(axis=1))
    values |= each_reader("ANOVA.IndividualRdr", found, own.mean(axis=0))
    values |= listed("ANOVA.IndividualRdr.msTEachRdr", found.values.var(axis=0, ddof=1))
    values |= listed("ANOVA.IndividualRdr.DF", [t - 1] * r)
    return values | listed("RRRC.ciAvgRdrEachTrt.Cov2", shared)


def each_reader(row, found, spread):
    """Variance and Cov1 of single readers."""
    t, r = found.values.shape
    gaps = np.zeros(r)
    for (_, _, k), test in found.reader_differences.items():
        gaps[k] += (test.difference.value / test.statistic) ** 2 / (t * (t - 1) / 2)
    shared = spread - gaps / 2
    values = listed(f"{row}.varEachRdr", spread)
    return values | {k: (v, 1e-6, 1e-12) for k, v in listed(f"{row}.cov1EachRdr", shared).items()}


def _variance(mean):
    """Variance behind an interval; the lower limit is never cut here, the upper may be."""
    return ((mean.value - mean.low) / Z) ** 2
