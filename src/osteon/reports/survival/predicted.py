"""What a model says of some patients, beside what became of them: checked once, then arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.schemas import (
    FOLLOW_UP,
    RISK_SCORES,
    SUBSEQUENT_FRACTURE,
    SURVIVAL_CURVES,
)
from osteon.errors import TableError
from osteon.prediction.risk_curves import RiskCurves
from osteon.reports.survival.plan import CEILING
from osteon.reports.survival.wording import MODEL_TITLES

__all__ = ["Predicted", "SurvivalTables"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
_NAME = {"risk_score": "risk scores", "curves": "survival curves"}


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """One model on some patients; rows are cases.

    Parameters
    ----------
    subset, model
        Whose, and which.
    case_ids, patient_ids
        Shapes (n,).
    time_days, cause
        Follow-up of the case's patient: float64 (n,); 0 censored, 1 fracture, 2 death, (n,).
    risk_score
        Higher is worse, (n,).
    curves
        Curves over time, ``None`` where the model has none (it only ranks).
    """

    subset: str
    model: str
    case_ids: NDArray[np.str_]
    patient_ids: NDArray[np.str_]
    time_days: Floats
    cause: Codes
    risk_score: Floats
    curves: RiskCurves | None = None

    def __len__(self) -> int:
        return len(self.case_ids)

    @property
    def event(self) -> Codes:
        """1 where the fracture happened; death ends follow-up as if censored (cause-specific)."""
        return np.asarray((self.cause == SUBSEQUENT_FRACTURE).astype(np.intp))

    def risk(self, horizon_days: float) -> Floats | None:
        """Risk of the fracture by a horizon, (n,); ``None`` without curves that reach it."""
        if self.curves is None or horizon_days > self.curves.time_days[-1]:
            return None
        return self.curves.risk(horizon_days)

    def where(self, chosen: NDArray[np.bool_], *, subset: str | None = None) -> "Predicted":
        """Keep some of the rows, under another name of the subset where one is given."""
        return replace(
            self,
            subset=self.subset if subset is None else subset,
            case_ids=self.case_ids[chosen],
            patient_ids=self.patient_ids[chosen],
            time_days=self.time_days[chosen],
            cause=self.cause[chosen],
            risk_score=self.risk_score[chosen],
            curves=None if self.curves is None else self.curves.where(chosen),
        )


class SurvivalTables:
    """The checked tables of a study, from which the rows of a model and subset are taken.

    Parameters
    ----------
    follow_up, risk_scores, survival_curves
        Tables of these schemas. ``survival_curves`` may lack models that only rank.
    ceiling_log_hazard
        True log hazard by patient, where patients are simulated: becomes the model ``ceiling``.

    Raises
    ------
    TableError
        If a table does not fit its schema, a scored patient has no follow-up, a case stands in
        several folds of one subset, the cases of a model differ from those of another, or a curve
        is not one of falling probabilities from time 0.
    """

    def __init__(
        self,
        follow_up: pd.DataFrame,
        risk_scores: pd.DataFrame,
        survival_curves: pd.DataFrame,
        ceiling_log_hazard: Mapping[str, float] | None = None,
    ) -> None:
        self.follow_up = FOLLOW_UP.checked(follow_up).set_index("patient_id")
        scores = RISK_SCORES.checked(risk_scores)
        if absent := sorted(set(scores["patient_id"]) - set(self.follow_up.index)):
            raise TableError(
                f"table risk_scores: patient {absent[0]} has no follow-up",
                remedy="leave patients without follow-up out at the cohort stage, and count them",
            )
        _once(scores, ["subset", "model", "case_id"], "risk_score")
        self._scores = scores.sort_values(["model", "case_id"], kind="stable")
        self._curves = SURVIVAL_CURVES.checked(survival_curves)
        _once(self._curves, ["subset", "model", "case_id", "time_days"], "curves")
        self._ceiling = ceiling_log_hazard

    def subsets(self) -> tuple[str, ...]:
        """Subsets that are scored."""
        return tuple(self._scores["subset"].unique())

    def predicted(self, subset: str) -> tuple[Predicted, ...]:
        """Give every model of a subset, on the same cases in the same order."""
        rows = self._scores[self._scores["subset"] == subset]
        by_name = {str(name): own for name, own in rows.groupby("model")}
        found = [self._one(subset, name, by_name[name]) for name in sorted(by_name, key=_place)]
        if found and (worst := next((p for p in found if not _alike(p, found[0])), None)):
            raise TableError(
                f"table risk_scores, {subset}: the cases of model {worst.model} are not those of"
                f" {found[0].model}",
                remedy="score the same cases with every model: comparisons are paired",
            )
        if found and self._ceiling is not None:
            known = pd.Series(self._ceiling, dtype=float).reindex(found[0].patient_ids)
            if known.isna().any():
                raise TableError(f"patient {known.index[known.isna()][0]} has no true log hazard")
            found.append(
                replace(
                    found[0], model=CEILING, risk_score=np.asarray(known, np.float64), curves=None
                )
            )
        return tuple(found)

    def _one(self, subset: str, model: str, rows: pd.DataFrame) -> Predicted:
        patients = rows["patient_id"].to_numpy(np.str_)
        known = self.follow_up.loc[patients]
        is_own = (self._curves["subset"] == subset) & (self._curves["model"] == model)
        curves = self._curves[is_own.to_numpy(bool)]
        cases = rows["case_id"].to_numpy(np.str_)
        return Predicted(
            subset,
            model,
            cases,
            patients,
            known["time_days"].to_numpy(np.float64),
            known["cause"].to_numpy(np.intp),
            rows["risk_score"].to_numpy(np.float64),
            None if curves.empty else RiskCurves.of(curves, cases, model),
        )


def _place(model: str) -> tuple[int, str]:
    """Known models in the order of their titles, others behind them by name."""
    known = tuple(MODEL_TITLES)
    return (known.index(model) if model in known else len(known)), model


def _once(table: pd.DataFrame, key: list[str], kind: str) -> None:
    if (repeated := table.duplicated(key)).any():
        case = table.loc[repeated, "case_id"].iloc[0]
        raise TableError(
            f"{_NAME[kind]}: case {case} stands in several folds of one subset",
            remedy="average over the folds, or evaluate fold by fold",
        )


def _alike(first: Predicted, second: Predicted) -> bool:
    return np.array_equal(first.case_ids, second.case_ids)
