"""Patients, what became of them, person-years: the cohort of each subset."""

import numpy as np
import pandas as pd

from osteon.core.schemas import DEATH, FOLLOW_UP, SUBSEQUENT_FRACTURE
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.records import SurvivalCounts
from osteon.statistics.rate import incidence_rate
from osteon.statistics.survival_curves import median_survival

__all__ = ["DAYS_PER_YEAR", "subset_counts"]

DAYS_PER_YEAR = 365.25


def subset_counts(
    subset: str, patients: pd.DataFrame, cases: int, plan: SurvivalAnalysisPlan
) -> SurvivalCounts:
    """Count a subset from its patients' rows of FOLLOW_UP.

    Time is counted from the index date; person-years from the start of observation (``entry_days``)
    to the end of follow-up.
    """
    rows = FOLLOW_UP.checked(patients)
    time, entry = (rows[name].to_numpy(np.float64) for name in ("time_days", "entry_days"))
    cause = rows["cause"].to_numpy(np.intp)
    is_event = cause == SUBSEQUENT_FRACTURE
    years = float(np.maximum(time - entry, 0).sum() / DAYS_PER_YEAR)
    events = int(is_event.sum())
    return SurvivalCounts(
        subset=subset,
        patients=len(rows),
        cases=cases,
        events=events,
        deaths=int((cause == DEATH).sum()),
        censored=int((cause == 0).sum()),
        person_years=years,
        rate=incidence_rate(events, years / 100, level=plan.level),
        median_follow_up_days=median_survival(
            time, (cause == 0).astype(int), entry=entry, level=plan.level
        ),
        last_day=float(time.max()),
        late_entries=int((entry > 0).sum()),
        events_by={f"{h:g}": int((is_event & (time <= h)).sum()) for h in plan.horizons_days},
    )
