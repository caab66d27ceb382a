"""Which projections a survival network may see, with what became of their patients."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from osteon.core.manifest import fingerprint
from osteon.core.records import Exclusion
from osteon.core.schemas import (
    CENSORED,
    DEATH,
    FOLLOW_UP,
    PROJECTIONS,
    SPLITS,
    SUBSEQUENT_FRACTURE,
)
from osteon.errors import DataError
from osteon.models.clinical_inputs import join_clinical
from osteon.models.spec import SurvivalSpec
from osteon.training.subsets import TrainedOn, seen_rows
from osteon.training.survival_losses import FollowUp

__all__ = ["SurvivalCases", "SurvivalTables", "follow_up_of", "survival_cases"]

STAGE = "train survival network"
_FOLLOWED = ["patient_id", "entry_days", "time_days", "cause"]


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalTables:
    """Tables PROJECTIONS, FOLLOW_UP and SPLITS; clinical variables, one row for each patient.

    ``clinical`` is as :func:`osteon.models.clinical_inputs.join_clinical` takes it;
    ``is_synthetic`` says whether the patients were made up.
    """

    projections: pd.DataFrame
    follow_up: pd.DataFrame
    splits: pd.DataFrame
    clinical: pd.DataFrame | None = None
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCases:
    """Projections of one view with follow-up and clinical columns; who had to be left out."""

    training: pd.DataFrame
    tuning: pd.DataFrame
    exclusions: tuple[Exclusion, ...]

    def trained_on(self, is_synthetic: bool) -> TrainedOn:
        """Say what a training rests on."""
        parts = {"training": self.training, "tuning": self.tuning}
        counts = {f"{name}_projections": len(part) for name, part in parts.items()}
        for name, part in parts.items():
            counts[f"{name}_fractures"] = int((part["cause"] == SUBSEQUENT_FRACTURE).sum())
            counts[f"{name}_deaths"] = int((part["cause"] == DEATH).sum())
        counts["patients_left_out"] = len(self.exclusions)
        rows = [part.astype(object).to_numpy().tolist() for part in parts.values()]
        return TrainedOn({"cases": fingerprint(rows)}, counts, is_synthetic)


def survival_cases(tables: SurvivalTables, spec: SurvivalSpec, fold: int) -> SurvivalCases:
    """Select the projections of training and tuning patients; test patients are dropped here.

    Patients without a projection of the view, or without follow-up, become exclusions.

    Raises
    ------
    TableError
        If a table does not fit its schema, or a clinical column is missing or is no number.
    DataError
        If a subset is empty, a patient is in both, follow-up is impossible, or no training patient
        had the first cause.
    """
    splits = SPLITS.checked(tables.splits)
    projections = PROJECTIONS.checked(tables.projections)
    projections = projections[projections["view"] == spec.view]
    follow_up = FOLLOW_UP.checked(tables.follow_up)
    rows = projections.merge(follow_up[_FOLLOWED], on="patient_id")
    _refuse_impossible(rows)
    rows = join_clinical(rows, tables.clinical, spec)
    training, tuning = seen_rows(rows, splits, fold)
    if not (training["cause"] == SUBSEQUENT_FRACTURE).any():
        raise DataError(f"no training patient of fold {fold} had a subsequent fracture")
    seen = splits[(splits["fold"] == fold) & splits["subset"].isin(("training", "tuning"))]
    left_out = [
        *_absent(seen, projections, "no_projection", f"no {spec.view} projection of this patient"),
        *_absent(seen, follow_up, "no_follow_up", "no follow-up of this patient"),
    ]
    return SurvivalCases(training, tuning, tuple(left_out))


def follow_up_of(rows: pd.DataFrame) -> FollowUp:
    """Give follow-up as tensors: float32 days, int64 causes."""
    entry, time = (torch.tensor(rows[name].to_numpy(np.float32)) for name in _FOLLOWED[1:3])
    return FollowUp(entry, time, torch.tensor(rows["cause"].to_numpy(np.int64)))


def _refuse_impossible(rows: pd.DataFrame) -> None:
    known = rows["cause"].isin((CENSORED, SUBSEQUENT_FRACTURE, DEATH))
    if not known.all():
        row = rows[~known].iloc[0]
        raise DataError(f"patient {row['patient_id']} has cause {row['cause']}, wanted 0, 1 or 2")
    entry, time = rows["entry_days"], rows["time_days"]
    wrong = (entry < 0) | (time < 0) | ((time <= entry) & (entry > 0))
    if wrong.any():
        row = rows[wrong].iloc[0]
        raise DataError(
            f"patient {row['patient_id']} is observed from day {row['entry_days']:g} to day"
            f" {row['time_days']:g}, wanted an end after the entry, and neither below 0",
            remedy="let the stage of the follow-up leave such patients out",
        )


def _absent(seen: pd.DataFrame, table: pd.DataFrame, reason: str, detail: str) -> list[Exclusion]:
    patients = sorted(set(seen["patient_id"]) - set(table["patient_id"]))
    return [Exclusion("patient", str(key), STAGE, reason, detail) for key in patients]
