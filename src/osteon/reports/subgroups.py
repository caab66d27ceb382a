"""Subgroups of a subset: by age, sex, view, manufacturer, site and kind of fracture."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.reports.scored import Scored

__all__ = ["SUBGROUP_TITLES", "age_band", "subgroups"]

SUBGROUP_TITLES = {
    "age_band": "Age",
    "patient_sex": "Sex",
    "view_position": "View",
    "manufacturer": "Manufacturer",
    "institution_name": "Site",
    "fracture": "Fracture, against hips without one",
}
_COLUMNS = ("patient_sex", "view_position", "manufacturer", "institution_name")
UNKNOWN = "not recorded"


def age_band(age_years: float, edges_years: tuple[int, ...]) -> str:
    """Name the band of an age in years.

    Examples
    --------
    >>> age_band(74.0, (65, 75, 85)), age_band(75.0, (65, 75, 85)), age_band(20.0, (65, 75, 85))
    ('65–74 years', '75–84 years', 'under 65 years')
    """
    if np.isnan(age_years):
        return UNKNOWN
    below = [edge for edge in edges_years if edge <= age_years]
    above = [edge for edge in edges_years if edge > age_years]
    if not below:
        return f"under {edges_years[0]} years"
    if not above:
        return f"{edges_years[-1]} years and over"
    return f"{below[-1]}–{above[0] - 1} years"


def subgroups(
    scored: Scored, cases: pd.DataFrame, age_edges_years: tuple[int, ...]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Give every subgroup as ``column=value`` with the cases in it, shape (n,).

    A kind of fracture is laid against all hips without a fracture, so that it has both kinds.
    """
    table = cases.set_index("case_id").loc[list(scored.case_ids)]
    ages = table["patient_age_years"].to_numpy(float, na_value=np.nan)
    bands = np.array([age_band(age, age_edges_years) for age in ages])
    ordered = [age_band(age, age_edges_years) for age in (-1.0, *map(float, age_edges_years))]
    for band in [*ordered, UNKNOWN]:
        if (chosen := bands == band).any():
            yield f"age_band={band}", chosen
    for column in _COLUMNS:
        values = table[column].fillna(UNKNOWN).to_numpy(np.str_)
        for value in np.unique(values):
            yield f"{column}={value}", values == value
    for name in scored.label_set.classes:
        if name in scored.label_set.positive and scored.is_class(name).any():
            yield f"fracture={name}", scored.is_class(name) | ~scored.is_positive
