"""Groups of low to high risk: cut on patients who are not tested, followed on those who are."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Curve
from osteon.core.schemas import DEATH, SUBSEQUENT_FRACTURE
from osteon.errors import UsageError
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import AtRisk, RiskGroup, RiskGroups
from osteon.reports.task import TEST_SUBSETS
from osteon.statistics.competing import aalen_johansen, cumulative_incidence
from osteon.statistics.survival_comparison import log_rank_test

__all__ = ["cut_points", "risk_groups"]

_TITLES = {
    2: ("Low risk", "High risk"),
    3: ("Low risk", "Middle risk", "High risk"),
    4: ("Low risk", "Lower middle", "Upper middle", "High risk"),
}


def cut_points(one: Predicted, plan: SurvivalAnalysisPlan) -> tuple[float, ...]:
    """Choose where scores are cut: the plan's quantiles of these patients' scores.

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
    return tuple(float(x) for x in np.quantile(one.risk_score, plan.risk_group_shares))


def risk_groups(one: Predicted, cuts: tuple[float, ...], plan: SurvivalAnalysisPlan) -> RiskGroups:
    """Follow each group of a test subset; a score equal to a cut point belongs above it.

    The test is the log-rank test of the cause-specific hazard: death ends follow-up as if
    censored, so that it asks whether fracture rates differ, not whether incidences do.
    """
    place = np.searchsorted(np.array(cuts), one.risk_score, side="right")
    count = len(cuts) + 1
    titles = _TITLES.get(count, tuple(f"Group {i + 1}" for i in range(count)))
    step = 365.0 if plan.horizons_days[-1] <= 3650 else 730.0
    days = tuple(np.arange(0, plan.horizons_days[-1] + 1, step).tolist())
    groups = tuple(_group(one, place == i, titles[i], days, plan) for i in range(count))
    test = log_rank_test(one.time_days, one.event, place)
    return RiskGroups(one.subset, one.model, cuts, plan.cut_points_from, groups, test)


def _group(
    one: Predicted,
    chosen: NDArray[np.bool_],
    title: str,
    days: tuple[float, ...],
    plan: SurvivalAnalysisPlan,
) -> RiskGroup:
    time, cause = one.time_days[chosen], one.cause[chosen]
    curve: Curve | None = aalen_johansen(time, cause, level=plan.level) if time.size else None
    return RiskGroup(
        title=title,
        patients=int(np.unique(one.patient_ids[chosen]).size),
        events=int((cause == SUBSEQUENT_FRACTURE).sum()),
        deaths=int((cause == DEATH).sum()),
        curve=curve,
        at_risk=AtRisk(days, tuple(int((time >= day).sum()) for day in days)),
        incidence={
            f"{h:g}": cumulative_incidence(time, cause, h, level=plan.level)
            for h in plan.horizons_days
        },
    )
