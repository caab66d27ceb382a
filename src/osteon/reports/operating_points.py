"""Thresholds chosen on tuning data: the only door is a type that can hold nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.files import read_json, write_json
from osteon.core.labels import LabelSet
from osteon.errors import DataError, StudyError
from osteon.reports.records import FrozenThreshold
from osteon.reports.scored import Scored, checked_predictions
from osteon.reports.task import EvaluationSettings
from osteon.statistics.thresholds import Rule, choose_threshold

__all__ = [
    "RULES",
    "TuningScores",
    "choose_operating_points",
    "read_operating_points",
    "write_operating_points",
]

RULES: tuple[Rule, ...] = ("closest_to_corner", "youden", "fixed_sensitivity")


@dataclass(frozen=True, slots=True, eq=False)
class TuningScores:
    """Scores of tuning patients; made from a table by taking its tuning rows and no others."""

    scored: Scored

    def __post_init__(self) -> None:
        if self.scored.subset != "tuning":
            raise DataError(
                f"thresholds are chosen on tuning data, got {self.scored.subset}",
                remedy="make the scores with TuningScores.of(predictions, ...)",
            )

    @classmethod
    def of(
        cls,
        predictions: pd.DataFrame,
        label_set: LabelSet,
        *,
        predictor: str = "model",
        box_source: str = "manual",
    ) -> "TuningScores":
        """Take the tuning rows of a table of predictions; hips without a box are left out."""
        frame = checked_predictions(predictions, label_set)
        scored = Scored.of(
            frame, label_set, subset="tuning", predictor=predictor, box_source=box_source
        )
        return cls(scored.where(~scored.is_missed))

    @property
    def words(self) -> str:
        """What these data are, for a table."""
        patients = len(np.unique(self.scored.patient_ids))
        return f"tuning, {len(self.scored)} hips on films of {patients} patients"


def choose_operating_points(
    tuning: TuningScores, settings: EvaluationSettings
) -> tuple[FrozenThreshold, ...]:
    """Choose thresholds by closest-to-corner, Youden and fixed sensitivity.

    The summed probability of the positive classes gets one threshold by every rule, the class
    ``own_class`` one on its own probability, closest to the corner. What tuning data cannot
    decide (a group without a case) is left out.

    Examples
    --------
    See ``docs/reports.md``.
    """
    scored = tuning.scored
    points = [_chosen(tuning, "positive", rule, rule, settings) for rule in RULES]
    if settings.own_class in scored.label_set.classes:
        name = f"own_{settings.own_class}"
        points.append(_chosen(tuning, str(settings.own_class), name, "closest_to_corner", settings))
    return tuple(point for point in points if point is not None)


def _chosen(
    tuning: TuningScores, score: str, name: str, rule: Rule, settings: EvaluationSettings
) -> FrozenThreshold | None:
    scored = tuning.scored
    truth: NDArray[np.bool_] = scored.reference(score)
    if not truth.any() or truth.all():
        return None
    target = settings.target_sensitivity if rule == "fixed_sensitivity" else None
    found = choose_threshold(
        truth, scored.score(score), rule=rule, target=target, chosen_on=tuning.words
    )
    return FrozenThreshold(
        name, score, found.threshold, rule, tuning.words, scored.predictor, target
    )


def write_operating_points(points: Sequence[FrozenThreshold], path: Path) -> None:
    """Write thresholds as JSON."""
    write_json(path, {"operating_points": [asdict(point) for point in points]})


def read_operating_points(path: Path) -> tuple[FrozenThreshold, ...]:
    """Read thresholds that were frozen earlier, in this module's form or in a model card's.

    Raises
    ------
    StudyError
        If the file is absent or does not hold operating points.
    """
    if not path.exists():
        raise StudyError(
            f"no operating points at {path}",
            remedy="run the prediction stage; it chooses thresholds on tuning data",
        )
    try:
        content = read_json(path)
        items = content["operating_points"] if isinstance(content, dict) else content
        return tuple(
            _from_card(item) if "question" in item else FrozenThreshold(**item) for item in items
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(f"operating points at {path} cannot be read: {error}") from error


def _from_card(item: Mapping[str, Any]) -> FrozenThreshold:
    if item["subset"] != "tuning":
        raise ValueError(f"{item['name']} was chosen on {item['subset']}, wanted tuning")
    score = "positive" if item["question"] == "fracture" else item["question"]
    chosen_on = f"tuning, {item['n_cases']} hips on films of {item['n_patients']} patients"
    return FrozenThreshold(item["name"], score, item["threshold"], item["rule"], chosen_on)
