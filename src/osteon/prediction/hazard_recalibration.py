"""A change of an ensemble's hazard, fitted on patients and applied to others' curves."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.errors import DataError
from osteon.models.card_survival import HazardRecalibration
from osteon.prediction.risk_curves import RiskCurves
from osteon.statistics.hazard_update import HazardUpdate, hazard_factor, hazard_update

__all__ = ["fit_hazard_update", "fit_recalibration", "recalibrated_curves"]

Floats = NDArray[np.float64]


def fit_hazard_update(
    curves: RiskCurves,
    time_days: Floats,
    event: NDArray[np.int64],
    at_days: float,
    *,
    with_slope: bool,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> HazardUpdate:
    """Fit :func:`osteon.statistics.hazard_update.hazard_update` to curves and follow-up.

    Parameters
    ----------
    curves
        Of n cases.
    time_days, event
        End of each case's follow-up, and 1 where the event ended it; what comes after the curves'
        end does not count.
    at_days
        Time up to which a case's log hazard is that of.
    with_slope, cluster, level
        As there.
    """
    end = float(curves.time_days[-1])
    seen = np.where(time_days > end, 0, event)
    hazard = curves.cumulative_hazard(np.minimum(time_days, end))
    return hazard_update(
        seen, hazard, curves.log_hazard(at_days), with_slope=with_slope, cluster=cluster,
        level=level,
    )  # fmt: skip


def fit_recalibration(
    curves: RiskCurves,
    time_days: Floats,
    event: NDArray[np.int64],
    at_days: float,
    kind: Literal["level", "level_and_spread"],
) -> HazardRecalibration:
    """Fit a package's recalibration on tuning patients, one row for each.

    Raises
    ------
    DataError
        If nothing can be fitted; says why.
    """
    update = fit_hazard_update(
        curves, time_days, event, at_days, with_slope=kind == "level_and_spread"
    )
    if not update.intercept.is_defined:
        raise DataError(
            f"the hazard cannot be recalibrated on {len(time_days)} tuning patients:"
            f" {update.intercept.reason}",
            remedy="package.recalibration=none",
        )
    return HazardRecalibration(
        kind=kind,
        intercept=update.intercept.value,
        slope=update.slope.value,
        centre=update.centre,
        at_days=at_days,
        n_patients=len(time_days),
        n_events=update.n_events,
    )


def recalibrated_curves(curves: RiskCurves, change: HazardRecalibration | None) -> RiskCurves:
    """Apply a package's recalibration; curves come back as they are without one."""
    if change is None:
        return curves
    log_hazard = curves.log_hazard(change.at_days)
    factor = hazard_factor(log_hazard, change.intercept, change.slope, change.centre)
    return curves.scaled(factor)
