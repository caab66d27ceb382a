"""RJafroc 2.1.2: power and size of reader studies; Hanley and McNeil 1982."""

from tests.statistics.twins.mrmc import study

from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.sample_size import (
    hanley_mcneil_se,
    reader_study_cases,
    reader_study_power,
)

NOT_OURS = {
    "*.ncpRRRC": "part of the power, not returned",
    "*.df2RRRC": "part of the power, not returned",
    "*.fRRRC": "part of the power, not returned",
    "hanley_mcneil_se.*.A": "input",
    "hanley_mcneil_se.*.n_abnormal": "input",
    "hanley_mcneil_se.*.n_normal": "input",
}


def answers(data):
    """Every number of reader_study_power.json that is ours."""
    pilot = obuchowski_rockette(*study(data / "mrmc_vandyke.csv")).components
    power = reader_study_power(0.05, pilot, pilot_cases=114, readers=6, cases=251)
    size = reader_study_cases(0.05, pilot, pilot_cases=114, readers=6)
    again = reader_study_power(0.05, pilot, pilot_cases=114, readers=6, cases=size.n)
    return {
        "dbm_J6_K251.powerRRRC": power,
        "or_J6_K251.powerRRRC": power,
        "cases_for_power_.8_J6.KRRRC": size.n,
        "cases_for_power_.8_J6.powerRRRC": again,
        "hanley_mcneil_se.0.se": hanley_mcneil_se(0.893, 51, 58),
        "hanley_mcneil_se.1.se": hanley_mcneil_se(0.9, 138, 138),
    }
