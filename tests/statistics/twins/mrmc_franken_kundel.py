"""MRMCaov 0.3.0 on the Franken data (2 treatments, 4 readers, 100 cases)."""

from tests.statistics.twins.mrmc import MRMCAOV_NOT_OURS, designs, mrmcaov, study

NOT_OURS = MRMCAOV_NOT_OURS | {
    "*.means.*.StdErr": "half the interval over Student's quantile, its freedom is not returned",
    "*.means.*.df": "part of the interval, not returned",
}


def answers(data):
    """Every number of mrmc_franken_kundel.json that is ours."""
    truth, ratings = study(data / "mrmc_franken.csv")
    values = {}
    for name, analysis, metric in designs(truth, ratings):
        name = name.removesuffix("_Ustat")
        if name in ("empirical_jackknife", "empirical_delong", "empirical_unbiased"):
            values |= mrmcaov(f"franken.{name}", analysis, metric)
    return values
