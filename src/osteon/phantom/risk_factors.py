"""What a hospital knows of a synthetic patient without a look at the CT, and what it lacks.

History and medication follow the truth of the bones loosely, so a model of them knows less than the
body. What is missing depends on things that are there (age, sex, earlier fracture), never on the
missing value or on what happens later.
"""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from osteon.phantom.clinical import Person
from osteon.phantom.refracture_settings import CohortSite, RefractureSettings

__all__ = ["CLINICAL_SCHEMA", "COMPLETE_FACTORS", "draw_risk_factors"]

COMPLETE_FACTORS = (
    "patient_age_years",
    "is_male",
    "bmi_kg_m2",
    "prior_fracture",
    "glucocorticoids",
    "secondary_osteoporosis",
)
"""Risk factors that every patient has, before any goes missing."""

_T_SCORE_ERROR = 0.35  # densitometry of another day, another device, one hip

CLINICAL_SCHEMA: Mapping[str, Any] = {
    "table": "clinical",
    "key": ["patient_id"],
    "missing": ["", "unknown"],
    "columns": [
        {"name": "patient_id", "required": True},
        {"name": "patient_sex", "type": "category", "allowed": ["F", "M"], "required": True},
        {"name": "patient_age_years", "type": "age", "range": [18, 120], "required": True},
        {"name": "bmi_kg_m2", "type": "number", "unit": "kg/m2", "range": [10, 80]},
        {"name": "prior_fracture", "type": "boolean"},
        {"name": "glucocorticoids", "type": "boolean"},
        {"name": "secondary_osteoporosis", "type": "boolean"},
        {"name": "t_score", "type": "number", "unit": "1", "range": [-8, 6]},
        {"name": "dxa_date", "type": "date"},
    ],
}
"""Declaration of ``clinical.csv`` as :mod:`osteon.sources.clinical_schema` reads it."""


def draw_risk_factors(
    person: Person,
    log_hazard: float,
    index_date: date,
    site: CohortSite,
    settings: RefractureSettings,
    rng: np.random.Generator,
) -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Draw a patient's risk factors.

    Parameters
    ----------
    person, log_hazard, index_date
        Whose, the truth they follow loosely, and when they are asked.
    site, settings
        Densitometry and what is missing.
    rng
        Draws.

    Returns
    -------
    tuple
        The factors of :data:`COMPLETE_FACTORS` with the T-score, nothing missing; and the row of
        the clinical table, ``None`` where something is.
    """
    draws = rng.random(8)
    older = (person.age_years - 75.0) / 10.0
    complete = {
        "patient_age_years": float(person.age_years),
        "is_male": float(person.sex == "M"),
        "bmi_kg_m2": round(person.bmi_kg_m2, 1),
        "prior_fracture": float(draws[0] < _chance(-1.0 + 0.25 * log_hazard)),
        "glucocorticoids": float(draws[1] < _chance(-2.6 + 0.15 * log_hazard)),
        "secondary_osteoporosis": float(draws[2] < _chance(-2.0 + 0.15 * log_hazard)),
        "t_score": round(person.t_score + _T_SCORE_ERROR * float(rng.standard_normal()), 1),
    }
    is_measured = draws[3] < _dxa_chance(site.dxa_share, complete, older)
    days = int(rng.integers(1, 731))
    is_late = draws[4] < settings.late_dxa_share
    missing = settings.missing_share * math.exp(0.4 * older)
    row = {
        "patient_sex": person.sex,
        "patient_age_years": person.age_years,
        "bmi_kg_m2": None if draws[5] < missing else complete["bmi_kg_m2"],
        "prior_fracture": bool(complete["prior_fracture"]),
        "glucocorticoids": None if draws[6] < missing else bool(complete["glucocorticoids"]),
        "secondary_osteoporosis": (
            None if draws[7] < missing else bool(complete["secondary_osteoporosis"])
        ),
        "t_score": complete["t_score"] if is_measured else None,
        "dxa_date": (
            (index_date + timedelta(days=days if is_late else -days)).isoformat()
            if is_measured
            else None
        ),
    }
    return complete, row


def _dxa_chance(share: float, factors: Mapping[str, float], older: float) -> float:
    if share in (0.0, 1.0):
        return share
    usual = math.log(share / (1.0 - share)) + 0.1
    return _chance(usual + 0.7 * factors["prior_fracture"] - 0.9 * factors["is_male"] - 0.3 * older)


def _chance(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
