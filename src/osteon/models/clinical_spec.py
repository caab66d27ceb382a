"""Settings of the model of known risk factors; plain data, no torch."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from osteon.core.settings import Settings
from osteon.statistics.imputation import VariableKind

__all__ = ["CUT_DAYS", "RISK_FACTORS", "ClinicalSpec"]

RISK_FACTORS: dict[str, VariableKind] = {
    "patient_age_years": "number",
    "is_male": "binary",
    "bmi_kg_m2": "number",
    "prior_fracture": "binary",
    "glucocorticoids": "binary",
    "secondary_osteoporosis": "binary",
    "t_score": "number",
}
"""Known risk factors and their kinds; ``is_male`` is made of ``patient_sex``."""

CUT_DAYS = tuple(round(3650.0 * k / 12, 6) for k in range(13))
"""Times of the curves: 13 equidistant on 0 to 3,650 days."""


class ClinicalSpec(Settings):
    """How the model is made.

    Parameters
    ----------
    risk_factors
        Which of :data:`RISK_FACTORS`.
    imputations
        How often missing values are imputed.
    rounds
        How often each chain goes through the variables.
    cut_days
        Times of the curves, ascending from 0.
    """

    risk_factors: tuple[str, ...] = tuple(RISK_FACTORS)
    imputations: Annotated[int, Field(ge=2)] = 20
    rounds: Annotated[int, Field(ge=1)] = 10
    cut_days: tuple[float, ...] = CUT_DAYS

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := sorted(set(self.risk_factors) - set(RISK_FACTORS)):
            raise ValueError(
                f"risk_factors has {unknown[0]!r}, wanted some of {', '.join(RISK_FACTORS)}"
            )
        if not self.risk_factors:
            raise ValueError("risk_factors is empty")
        if list(self.cut_days) != sorted(set(self.cut_days)) or self.cut_days[:1] != (0.0,):
            raise ValueError("cut_days have to ascend from 0")
        return self
