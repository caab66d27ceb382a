"""Person-years at risk, events and rates by subset, sex and age."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from osteon.core.schemas import DEATH, PERSON_YEARS, SUBSEQUENT_FRACTURE, SUBSETS
from osteon.statistics.rate import incidence_rate

__all__ = ["AGE_BANDS", "person_years"]

AGE_BANDS = (0, 65, 75, 85)
_DAYS_PER_YEAR = 365.25
_CAUSES = {"subsequent_fracture": SUBSEQUENT_FRACTURE, "death": DEATH}
_SEXES = ("F", "M", "O")


def person_years(
    follow_up: pd.DataFrame,
    *,
    clinical: pd.DataFrame | None = None,
    splits: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count time at risk and events, with exact Poisson intervals of the rates.

    Parameters
    ----------
    follow_up
        Table :data:`osteon.core.schemas.FOLLOW_UP`. Time is from entry to the end.
    clinical
        ``patient_sex`` and ``patient_age_years`` (at the index date: nobody changes bands).
    splits
        Table :data:`osteon.core.schemas.SPLITS`; its first fold is counted.

    Returns
    -------
    DataFrame
        Table :data:`osteon.core.schemas.PERSON_YEARS`.
    """
    rows = [
        _row(variable, group, name, cause, follow_up[follow_up["patient_id"].isin(patients)])
        for variable, group, patients in _groups(follow_up, clinical, splits)
        for name, cause in _CAUSES.items()
    ]
    return PERSON_YEARS.checked(pd.DataFrame(rows, columns=list(PERSON_YEARS.names)))


def _groups(
    follow_up: pd.DataFrame, clinical: pd.DataFrame | None, splits: pd.DataFrame | None
) -> Iterator[tuple[str, str, "pd.Series[Any]"]]:
    yield "all", "all", follow_up["patient_id"]
    if splits is not None and len(splits):
        first = splits[splits["fold"] == splits["fold"].min()]
        for subset in SUBSETS:
            if (chosen := first["subset"] == subset).any():
                yield "subset", subset, first.loc[chosen, "patient_id"]
    if clinical is None:
        return
    for sex in _SEXES:
        if (chosen := clinical["patient_sex"] == sex).fillna(False).any():
            yield "sex", sex, clinical.loc[chosen.fillna(False), "patient_id"]
    age = clinical["patient_age_years"].astype("Float64")
    for low, high in zip(AGE_BANDS, (*AGE_BANDS[1:], 200), strict=True):
        chosen = ((age >= low) & (age < high)).fillna(False)
        name = f"{low} and older" if high == 200 else f"{low} to {high - 1}"
        if chosen.any():
            yield "age", name if low else f"under {high}", clinical.loc[chosen, "patient_id"]


def _row(variable: str, group: str, name: str, cause: int, rows: pd.DataFrame) -> Mapping[str, Any]:
    years = float((rows["time_days"] - rows["entry_days"]).sum()) / _DAYS_PER_YEAR
    events = int((rows["cause"] == cause).sum())
    rate = incidence_rate(events, years / 1000.0)
    is_known = rate.is_defined
    return {
        "variable": variable,
        "group": group,
        "cause": name,
        "patients": len(rows),
        "events": events,
        "person_years": years,
        "rate_per_1000": rate.value if is_known else None,
        "rate_low": rate.low if is_known else None,
        "rate_high": rate.high if is_known else None,
    }
