"""RJafroc 2.1.2: power and size of reader studies; Hanley and McNeil 1982."""

from tests.statistics.twins.mrmc import table

from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.mrmc_sizing import reader_study_cases, reader_study_power
from osteon.statistics.sample_size import hanley_mcneil_se

NOT_OURS = {
    "hanley_mcneil_se.*.A": "input",
    "hanley_mcneil_se.*.n_abnormal": "input",
    "hanley_mcneil_se.*.n_normal": "input",
}


def answers(data):
    """Every number of reader_study_power.json that is ours."""
    pilot = obuchowski_rockette(*table(data / "mrmc_vandyke.csv")).components
    found = reader_study_power(0.05, pilot, pilot_cases=114, readers=6, cases=251)
    size = reader_study_cases(0.05, pilot, pilot_cases=114, readers=6)
    again = reader_study_power(0.05, pilot, pilot_cases=114, readers=6, cases=size.n)
    values = {
        "cases_for_power_.8_J6.KRRRC": size.n,
        "cases_for_power_.8_J6.powerRRRC": again.power,
        "hanley_mcneil_se.0.se": hanley_mcneil_se(0.893, 51, 58),
        "hanley_mcneil_se.1.se": hanley_mcneil_se(0.9, 138, 138),
    }
    for prefix in ("dbm_J6_K251", "or_J6_K251"):
        values |= {f"{prefix}.powerRRRC": found.power, f"{prefix}.ncpRRRC": found.noncentrality}
        values |= {f"{prefix}.df2RRRC": found.df, f"{prefix}.fRRRC": found.critical}
    return values
