"""MRMCaov 0.3.0 and RJafroc 2.1.2 on the Van Dyke data: 2 modalities, 5 readers, 114 cases."""

import math

import numpy as np
from tests.statistics.twins.mrmc import MRMCAOV_NOT_OURS, designs, mrmcaov, table
from tests.statistics.twins.rjafroc import anova, common, each_reader, equality, intervals
from tests.statistics.twins.shared import listed

from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_pseudovalues import dorfman_berbaum_metz, pseudovalues

NOT_OURS = MRMCAOV_NOT_OURS | {
    "published_table.binormal_jackknife": "binormal area by maximum likelihood: not offered",
    "RJafroc_dataset02.OR*.FRRC.ciAvgRdrEachTrt.DF": "RJafroc prints cases - 1, and takes normal",
    "RJafroc_dataset02.DBM.FRRC.ciDiffTrtEachRdr": (
        "single readers on Student's quantile with cases - 1: ours take the normal one, compared "
        "under OR"
    ),
    "RJafroc_dataset02.DBM.FRRC.ciDiffTrt.[DPC]*": "as above, ours with fixed readers is normal",
    "RJafroc_dataset02.DBM.FRRC.ciAvgRdrEachTrt.[DC]*": "as above",
}


KINDS = {"RRRC": {}, "FRRC": {"readers": "fixed"}, "RRFC": {"cases": "fixed"}}


def by_covariance(truth, ratings, covariance):
    """Everything RJafroc prints for the way of Obuchowski and Rockette."""
    values = {}
    for kind, options in KINDS.items():
        found = obuchowski_rockette(
            truth, ratings, covariance=covariance, method="hillis", **options
        )
        values |= intervals(kind, found) | equality(kind, found)
        if kind == "FRRC":
            values |= _single_readers(found)
        if kind == "RRRC":
            values |= common(found) | anova(found)
    spread = [values[f"ANOVA.IndividualRdr.varEachRdr.{k}"] for k in range(5)]
    return values | each_reader("FRRC.IndividualRdrVarCov1", found, np.array(spread))


def _single_readers(found):
    """The readers' own differences."""
    tests = list(found.reader_differences.values())
    gaps = [test.difference for test in tests]
    row = "FRRC.ciDiffTrtEachRdr"
    values = listed(f"{row}.Estimate", [g.value for g in gaps])
    errors = [g.value / t.statistic for g, t in zip(gaps, tests, strict=True)]
    values |= listed(f"{row}.StdErr", errors)
    values |= listed(f"{row}.z", [t.statistic for t in tests])
    values |= listed(f"{row}.PrGTz", [t.p_value for t in tests])
    values |= listed(f"{row}.CILower", [g.low for g in gaps])
    return values | listed(f"{row}.CIUpper", [g.high for g in gaps])


def by_pseudovalues(truth, ratings):
    """Everything RJafroc prints for the way of Dorfman, Berbaum and Metz."""
    values = {}
    for kind, options in KINDS.items():
        found = dorfman_berbaum_metz(truth, ratings, **options)
        same = found.same_by_covariance
        values |= intervals(kind, same, same_quantile=kind != "FRRC")
        row = f"{kind}.FTests"
        values[f"{row}.FStat.0"], values[f"{row}.p.0"] = (
            found.equality.statistic, found.equality.p_value,
        )  # fmt: skip
        values |= listed(f"{row}.DF", (1, found.error.df))
        values |= listed(f"{row}.MS", (found.mean_squares["T"], found.error.term))
        if kind == "FRRC":
            values |= _readers_errors(same)
    values |= common(same)
    squares, df = found.sums_of_squares, found.df
    total = (sum(squares.values()), sum(df.values()))
    row = "ANOVA.TRCanova"
    values |= listed(f"{row}.SS", [*squares.values(), total[0]])
    values |= listed(f"{row}.DF", [*df.values(), total[1]])
    values |= listed(f"{row}.MS", found.mean_squares.values())
    values |= listed("ANOVA.VarCom.Estimates", found.components.values())
    return values | _parts(pseudovalues(truth, ratings))


def _readers_errors(same):
    """Single readers as far as they do not depend on the quantile."""
    tests = list(same.reader_differences.values())
    row, gaps = "FRRC.ciDiffTrtEachRdr", [test.difference for test in tests]
    values = listed(f"{row}.Estimate", [g.value for g in gaps])
    values |= listed(f"{row}.t", [t.statistic for t in tests])
    errors = [g.value / t.statistic for g, t in zip(gaps, tests, strict=True)]
    return values | listed(f"{row}.StdErr", errors)


def _parts(y):
    """Two-way mean squares within each treatment and reader."""
    values = {}
    for i in range(2):
        values |= listed(f"ANOVA.IndividualTrt.Trt{i}", _two_way(y[i]))
    values |= listed("ANOVA.IndividualTrt.DF", (4, 113, 452))
    for k in range(5):
        values |= listed(f"ANOVA.IndividualRdr.rdr{k}", _two_way(y[:, k]))
    return values | listed("ANOVA.IndividualRdr.DF", (1, 113, 113))


def _two_way(table):
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    a, b = table.shape
    rest = table - rows[:, None] - columns + table.mean()
    return (
        b * rows.var(ddof=1), a * columns.var(ddof=1), np.sum(rest**2) / (a - 1) / (b - 1),
    )  # fmt: skip


def published(found):
    """The user guide's printed table: the numbers of MRMCaov with fewer digits."""
    values = {}
    for head, name in {
        "empirical_delong": "empirical_delong",
        "empirical_unbiased": "empirical_unbiased_Ustat",
        "fixed_readers_jackknife": "fixed_readers_jackknife",
        "fixed_cases": "fixed_cases",
        "sensitivity_ge3": "sensitivity_rating_ge3_jackknife",
    }.items():
        a = found[name]
        gap = a.differences[0, 1].difference
        c = a.components
        mine = {
            "error": c.error, "cov1": c.cov1, "cov2": c.cov2, "cov3": c.cov3, "df2": a.error.df,
            "F": a.equality.statistic, "X2": a.equality.statistic, "p": a.equality.p_value,
            "df": 1, "df1": 1, "estimate": gap.value, "se": a.error.standard_error,
            "ci.0": gap.low, "ci.1": gap.high, "means.0": a.means[0].value,
            "means.1": a.means[1].value,
        }  # fmt: skip
        digits = {"F": 4, "X2": 4} | dict.fromkeys(("p", "df2"), 4)
        values |= {
            f"published_table.{head}.{k}": (v, 5e-6, 0.5 * 10 ** -digits.get(k, 8))
            for k, v in mine.items()
        }
    return values


PRINTED = {
    "empirical_delong": ("error", "cov1", "cov2", "cov3", "F", "df2", "p", "estimate", "se",
                         "ci.0", "ci.1", "means.0", "means.1"),
    "empirical_unbiased": ("cov2", "cov3", "F", "df2", "p", "se"),
    "fixed_readers_jackknife": ("X2", "df", "p", "se", "ci.0", "ci.1"),
    "fixed_cases": ("F", "df1", "df2", "p", "se", "ci.0", "ci.1"),
    "sensitivity_ge3": ("cov1", "cov2", "cov3"),
}  # fmt: skip


def answers(data):
    """Every number of mrmc_vandyke.json that is ours."""
    truth, ratings = table(data / "mrmc_vandyke.csv")
    found, values = {}, {}
    for name, analysis, metric in designs(truth, ratings):
        found[name] = analysis
        values |= mrmcaov(f"MRMCaov.{name}", analysis, metric)
    for name, case in (("case_nested_in_reader", "case2"), ("case_nested_in_treatment", "case3")):
        analysis = obuchowski_rockette(*table(data / "mrmc_vandyke.csv", case), method="hillis")
        values |= mrmcaov(f"MRMCaov.{name}_jackknife", analysis, "empirical_auc")
    for name, covariance in (("OR_jackknife", "jackknife"), ("OR_DeLong", "delong")):
        for key, value in by_covariance(truth, ratings, covariance).items():
            values[f"RJafroc_dataset02.{name}.{key}"] = value
    for key, value in by_pseudovalues(truth, ratings).items():
        values[f"RJafroc_dataset02.DBM.{key}"] = value
    printed = {f"published_table.{h}.{k}" for h, keys in PRINTED.items() for k in keys}
    values |= {k: v for k, v in published(found).items() if k in printed}
    return {k: v for k, v in values.items() if isinstance(v, tuple) or not math.isnan(v)}
