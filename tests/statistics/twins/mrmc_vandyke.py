"""MRMCaov 0.3.0 and RJafroc 2.1.2 on the Van Dyke data: 2 modalities, 5 readers, 114 cases."""

from tests.statistics.twins.mrmc import MRMCAOV_NOT_OURS, designs, mrmcaov, study
from tests.statistics.twins.shared import listed

from osteon.statistics.mrmc import obuchowski_rockette

NOT_OURS = MRMCAOV_NOT_OURS | {
    "published_table": "the numbers under MRMCaov with fewer digits",
    "*.means.*.StdErr": "half the interval over Student's quantile, its freedom is not returned",
    "*.means.*.df": "part of the interval, not returned",
    "RJafroc_dataset02.DBM": "the same analysis by pseudovalues; OR is compared",
    "RJafroc_dataset02.OR*.DF": "degrees of freedom, compared under MRMCaov",
    "RJafroc_dataset02.OR*.IndividualTrt": "parts of the error term, not returned",
    "RJafroc_dataset02.OR*.IndividualRdr*": "single readers: delong_test does them",
    "RJafroc_dataset02.OR*.ciDiffTrtEachRdr": "single readers: delong_test does them",
    "RJafroc_dataset02.OR*.TRanova": "mean squares, not returned",
    "RJafroc_dataset02.OR*.Rhos": "ratios of the components",
    "RJafroc_dataset02.OR*.MS": "part of F, not returned",
    "RJafroc_dataset02.OR*.Cov2": "part of the error term, not returned",
    "RJafroc_dataset02.OR*.trtMean*": "compared as ciAvgRdrEachTrt and ciDiffTrt",
    "RJafroc_dataset02.OR*.ciAvgRdrEachTrt.StdErr": "half the interval, compared as the interval",
    "RJafroc_dataset02.OR*.FRRC.ciAvgRdrEachTrt.CI*": "RJafroc takes the normal quantile, DF 113",
}


def _rjafroc(values, prefix, truth, ratings, covariance):
    for kind, options in {
        "RRRC": {},
        "FRRC": {"readers": "fixed"},
        "RRFC": {"cases": "fixed"},
    }.items():
        found = obuchowski_rockette(truth, ratings, covariance=covariance, **options)
        head, test = f"{prefix}.{kind}", found.differences[0, 1]
        gap = test.difference
        letter = "z" if kind == "FRRC" else "t"
        values |= {
            f"{head}.ciDiffTrt.Estimate": gap.value,
            f"{head}.ciDiffTrt.StdErr": gap.value / test.statistic,
            f"{head}.ciDiffTrt.{letter}": test.statistic,
            f"{head}.ciDiffTrt.PrGT{letter}": test.p_value,
            f"{head}.ciDiffTrt.CILower": gap.low,
            f"{head}.ciDiffTrt.CIUpper": gap.high,
            f"{head}.FTests.p.0": found.equality.p_value,
        }
        statistic = {"RRRC": "FStat", "FRRC": "Chisq", "RRFC": "F"}[kind]
        values[f"{head}.FTests.{statistic}.0"] = found.equality.statistic
        row = f"{head}.ciAvgRdrEachTrt"
        values |= listed(f"{row}.Estimate", [m.value for m in found.means])
        if kind != "FRRC":
            values |= listed(f"{row}.CILower", [m.low for m in found.means])
            values |= listed(f"{row}.CIUpper", [m.high for m in found.means])
    c = found.components
    parts = (c.reader, c.treatment_reader, c.cov1, c.cov2, c.cov3, c.error)
    values |= listed(f"{prefix}.ANOVA.VarCom.Estimates", parts)
    for reader, column in enumerate(found.values.T):
        values |= listed(f"{prefix}.FOMs.foms.rdr{reader}", column)


def answers(data):
    """Every number of mrmc_vandyke.json that is ours."""
    truth, ratings = study(data / "mrmc_vandyke.csv")
    values = {}
    for name, analysis, metric in designs(truth, ratings):
        values |= mrmcaov(f"MRMCaov.{name}", analysis, metric)
    for name, covariance in (("OR_jackknife", "jackknife"), ("OR_DeLong", "delong")):
        _rjafroc(values, f"RJafroc_dataset02.{name}", truth, ratings, covariance)
    return values
