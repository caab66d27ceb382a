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
from osteon.reports.survival.folds import at_common_times, external_means
from osteon.reports.survival.plan import CEILING
from osteon.reports.survival.wording import MODEL_TITLES

__all__ = ["Predicted", "SurvivalTables"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


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
    entry_days
        When the patient came under observation, 0 from the index date; float64 (n,).
    fold
        Whose model scored the case, (n,): scores of several models have no common scale.
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
    entry_days: Floats
    fold: Codes
    risk_score: Floats
    curves: RiskCurves | None = None

    def __len__(self) -> int:
        return len(self.case_ids)

    @property
    def event(self) -> Codes:
        """1 where the fracture happened; death ends follow-up as if censored (cause-specific)."""
        return np.asarray((self.cause == SUBSEQUENT_FRACTURE).astype(np.intp))

    @property
    def stratum(self) -> Codes | None:
        """Folds, within which scores compare; ``None`` where one model scored everybody."""
        return self.fold if np.unique(self.fold).size > 1 else None

    @property
    def entry(self) -> Floats | None:
        """Entries where somebody was late, else ``None``."""
        return self.entry_days if (self.entry_days > 0).any() else None

    @property
    def no_weights(self) -> str | None:
        """Why nothing that weighs for censoring is told; ``None`` where it can be."""
        late = np.unique(self.patient_ids[self.entry_days > 0]).size
        if not late:
            return None
        return (
            f"{late} patients come under observation after their index date: no weights for"
            " censoring are settled under late entry"
        )

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
            entry_days=self.entry_days[chosen],
            fold=self.fold[chosen],
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
        If a table does not fit its schema, a scored patient has no follow-up, an internal test
        case was scored in several folds, the cases of a model differ from those of another, or a
        curve is not one of falling probabilities from time 0.

    Notes
    -----
    Of a study with folds the internal test is pooled: each patient once, scored by the fold he was
    not trained or tuned in. External patients get the mean of the folds, see
    :func:`osteon.reports.survival.folds.external_means`.
    """

    def __init__(
        self,
        follow_up: pd.DataFrame,
        risk_scores: pd.DataFrame,
        survival_curves: pd.DataFrame,
        ceiling_log_hazard: Mapping[str, float] | None = None,
    ) -> None:
        self.follow_up = FOLLOW_UP.checked(follow_up).set_index("patient_id")
        scores = RISK_SCORES.checked(external_means(risk_scores))
        if absent := sorted(set(scores["patient_id"]) - set(self.follow_up.index)):
            raise TableError(
                f"table risk_scores: patient {absent[0]} has no follow-up",
                remedy="leave patients without follow-up out at the cohort stage, and count them",
            )
        _require_one_fold(scores)
        self._scores = scores.sort_values(["model", "case_id", "fold"], kind="stable")
        self._curves = at_common_times(SURVIVAL_CURVES.checked(external_means(survival_curves)))
        self._ceiling = ceiling_log_hazard

    def subsets(self) -> tuple[str, ...]:
        """Subsets that are scored."""
        return tuple(self._scores["subset"].unique())

    @property
    def n_folds(self) -> int:
        """How many folds the internal test (or else any subset) was scored in."""
        inside = self._scores[self._scores["subset"] == "internal_test"]
        return int((inside if len(inside) else self._scores)["fold"].nunique())

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
        cases, folds = rows["case_id"].to_numpy(np.str_), rows["fold"].to_numpy(np.intp)
        return Predicted(
            subset,
            model,
            cases,
            patients,
            known["time_days"].to_numpy(np.float64),
            known["cause"].to_numpy(np.intp),
            known["entry_days"].to_numpy(np.float64),
            folds,
            rows["risk_score"].to_numpy(np.float64),
            None if curves.empty else RiskCurves.of(curves, cases, model, folds),
        )


def _place(model: str) -> tuple[int, str]:
    """Known models in the order of their titles, others behind them by name."""
    known = tuple(MODEL_TITLES)
    return (known.index(model) if model in known else len(known)), model


def _require_one_fold(scores: pd.DataFrame) -> None:
    inside = scores[scores["subset"] == "internal_test"]
    if (repeated := inside.duplicated(["model", "case_id"])).any():
        case = inside.loc[repeated, "case_id"].iloc[0]
        raise TableError(
            f"risk scores: internal test case {case} was scored in several folds, wanted one",
            remedy="nested folds test a patient several times: evaluate them one by one",
        )


def _alike(first: Predicted, second: Predicted) -> bool:
    return np.array_equal(first.case_ids, second.case_ids) and np.array_equal(
        first.fold, second.fold
    )
