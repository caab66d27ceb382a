"""How an evaluation is made, and what every step of it needs to know."""

from dataclasses import dataclass

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.reports.measures import BootstrapSettings
from osteon.reports.records import FrozenThreshold

__all__ = ["TEST_SUBSETS", "EvaluationSettings", "Task"]

TEST_SUBSETS = ("internal_test", "external_test")


class EvaluationSettings(BootstrapSettings):
    """How an evaluation is made.

    Parameters
    ----------
    subgroup_columns
        Columns of the table of cases, ``age_band`` or ``fracture`` (the kinds of it).
    age_edges_years
        Ages at which a new band begins.
    iou_found
        Overlap with the reference box from which a hip counts as found.
    calibration_bins
        Groups of equal size on the calibration curve.
    target_sensitivity
        Sensitivity that the fixed rule asks of a threshold on tuning data.
    own_class
        The hard class that is also reported at a threshold of its own.
    """

    subgroup_columns: tuple[str, ...] = (
        "age_band",
        "patient_sex",
        "view_position",
        "manufacturer",
        "institution_name",
        "fracture",
    )
    age_edges_years: tuple[int, ...] = (65, 75, 85)
    iou_found: float = 0.5
    calibration_bins: int = 10
    target_sensitivity: float = 0.95
    own_class: str | None = "nondisplaced_femoral_neck"


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The classes, the checked cases, the frozen thresholds, the seed and the settings."""

    label_set: LabelSet
    cases: pd.DataFrame
    thresholds: tuple[FrozenThreshold, ...]
    seed: int
    settings: EvaluationSettings
