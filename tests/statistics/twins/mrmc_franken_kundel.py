"""MRMCaov 0.3.0: Franken (2 treatments, 4 readers) and Kundel (3, 4 and two sets of cases)."""

from tests.statistics.twins.mrmc import MRMCAOV_NOT_OURS, designs, mrmcaov, table

from osteon.statistics.mrmc import obuchowski_rockette

NOT_OURS = MRMCAOV_NOT_OURS


def answers(data):
    """Every number of mrmc_franken_kundel.json that is ours."""
    values = {}
    for name, analysis, metric in designs(*table(data / "mrmc_franken.csv")):
        name = name.removesuffix("_Ustat")
        if name in ("empirical_jackknife", "empirical_delong", "empirical_unbiased"):
            values |= mrmcaov(f"franken.{name}", analysis, metric)
    kundel = obuchowski_rockette(*table(data / "mrmc_kundel.csv"), method="hillis")
    by_name = [2, 0, 1]  # hard copy, screen-film, soft copy: the program sorts them by name
    values |= mrmcaov("kundel.empirical_jackknife", kundel, "empirical_auc", by_name)
    return values
