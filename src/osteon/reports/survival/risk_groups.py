"""Groups of low to high risk: cut on patients who are not tested, followed on those who are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Curve, TestResult
from osteon.core.schemas import DEATH, SUBSEQUENT_FRACTURE
from osteon.errors import UsageError
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import AtRisk, RiskGroup, RiskGroups
from osteon.reports.task import TEST_SUBSETS
from osteon.statistics.competing import aalen_johansen, cumulative_incidence
from osteon.statistics.gray import gray_test
from osteon.statistics.survival_comparison import log_rank_test

__all__ = ["CutPoints", "cut_points", "risk_groups"]

Floats = NDArray[np.float64]
_TITLES = {
    2: ("Low risk", "High risk"),
    3: ("Low risk", "Middle risk", "High risk"),
    4: ("Low risk", "Lower middle", "Upper middle", "High risk"),
}


@dataclass(frozen=True, slots=True)
class CutPoints:
    """Where scores are cut, rising: by fold, because scores of two folds have no common scale."""

    by_fold: Mapping[int, tuple[float, ...]]

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of the folds, where the mean of their scores is cut."""
        return tuple(np.mean(list(self.by_fold.values()), axis=0).tolist())

    def group_of(self, one: Predicted) -> NDArray[np.intp]:
        """Give each case's group a number, (n,); a score equal to a cut point belongs above it."""
        if one.stratum is None and len(self.by_fold) > 1:
            return np.searchsorted(np.array(self.mean), one.risk_score, side="right")
        found = np.zeros(len(one), dtype=np.intp)
        for fold, cuts in self.by_fold.items():
            own = one.fold == fold
            found[own] = np.searchsorted(np.array(cuts), one.risk_score[own], side="right")
        return found


def cut_points(one: Predicted, plan: SurvivalAnalysisPlan) -> CutPoints:
    """Choose where scores are cut: the plan's quantiles of these patients' scores, fold by fold.

    Raises
    ------
    UsageError
        If they are test patients.
    """
    if one.subset in TEST_SUBSETS:
        raise UsageError(
            f"cut points were asked of {one.subset}: what is chosen is chosen on patients who are"
            " not tested",
            remedy="score the tuning or training patients too",
        )
    return CutPoints({
        int(fold): tuple(
            np.quantile(one.risk_score[one.fold == fold], plan.risk_group_shares).tolist()
        )
        for fold in np.unique(one.fold)
    })  # fmt: skip


def risk_groups(one: Predicted, cuts: CutPoints, plan: SurvivalAnalysisPlan) -> RiskGroups:
    """Follow each group of a test subset.

    Two tests: the log-rank test of the cause-specific hazard (death ends follow-up as if censored)
    asks whether fracture rates differ, Gray's whether the shares who ever fracture do.
    """
    place, shown = cuts.group_of(one), cuts.mean
    count = len(shown) + 1
    titles = _TITLES.get(count, tuple(f"Group {i + 1}" for i in range(count)))
    step = 365.0 if plan.horizons_days[-1] <= 3650 else 730.0
    days = tuple(np.arange(0, plan.horizons_days[-1] + 1, step).tolist())
    groups = tuple(_group(one, place == i, titles[i], days, plan) for i in range(count))
    test = log_rank_test(one.time_days, one.event, place, entry=one.entry)
    return RiskGroups(
        one.subset, one.model, shown, plan.cut_points_from, groups, test, _gray(one, place)
    )


def _gray(one: Predicted, place: NDArray[np.intp]) -> TestResult:
    if one.entry is not None:
        reason = "late entry: the variance of Gray's test is for patients observed from the start"
        return TestResult(math.nan, math.nan, "Gray", None, reason)
    return gray_test(one.time_days, one.cause, place)


def _group(
    one: Predicted,
    chosen: NDArray[np.bool_],
    title: str,
    days: tuple[float, ...],
    plan: SurvivalAnalysisPlan,
) -> RiskGroup:
    time, cause, entry = one.time_days[chosen], one.cause[chosen], one.entry_days[chosen]
    curve: Curve | None = None
    if time.size:
        curve = aalen_johansen(time, cause, entry=entry, level=plan.level)
    return RiskGroup(
        title=title,
        patients=int(np.unique(one.patient_ids[chosen]).size),
        events=int((cause == SUBSEQUENT_FRACTURE).sum()),
        deaths=int((cause == DEATH).sum()),
        curve=curve,
        at_risk=AtRisk(days, tuple(_observed(time, entry, day) for day in days)),
        incidence={
            f"{h:g}": cumulative_incidence(time, cause, h, entry=entry, level=plan.level)
            for h in plan.horizons_days
        },
    )


def _observed(time: Floats, entry: Floats, day: float) -> int:
    """Patients under observation at a day: entered by it, and not yet gone."""
    return int(np.sum((time >= day) & (entry <= day)))
