"""Subgroups of a subset: by age, sex, view, manufacturer, site and kind of fracture."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.errors import TableError
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
    scored: Scored, cases: pd.DataFrame, columns: tuple[str, ...], age_edges_years: tuple[int, ...]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Give every subgroup as ``column=value`` with the cases in it, shape (n,).

    ``columns`` are columns of the table of cases, ``age_band``, or ``fracture``: every positive
    class, laid against all hips without one, so that it has both kinds.

    Raises
    ------
    TableError
        If the table of cases has no such column.
    """
    table = cases.set_index("case_id").loc[list(scored.case_ids)]
    for column in columns:
        if column == "fracture":
            names = [name for name in scored.label_set.classes if name in scored.label_set.positive]
            groups = {name: scored.is_class(name) | ~scored.is_positive for name in names}
            groups = {name: g for name, g in groups.items() if scored.is_class(name).any()}
        elif column == "age_band":
            groups = _by_age(table, age_edges_years)
        elif column in table.columns:
            values = table[column].astype("string").fillna(UNKNOWN).to_numpy(np.str_)
            groups = {str(value): values == value for value in np.unique(values)}
        else:
            raise TableError(f"subgroups: table cases has no column {column}")
        yield from ((f"{column}={value}", chosen) for value, chosen in groups.items())


def _by_age(table: pd.DataFrame, age_edges_years: tuple[int, ...]) -> dict[str, NDArray[np.bool_]]:
    ages = table["patient_age_years"].to_numpy(float, na_value=np.nan)
    bands = np.array([age_band(age, age_edges_years) for age in ages])
    ordered = [age_band(age, age_edges_years) for age in (-1.0, *map(float, age_edges_years))]
    return {band: bands == band for band in [*ordered, UNKNOWN] if (bands == band).any()}
