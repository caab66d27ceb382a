"""What is said of one patient: a curve beside the cohort's, absolute risks, a percentile."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from osteon.errors import UsageError
from osteon.models.card_survival import HorizonRisks, ReferenceCohort
from osteon.prediction.risk_curves import RiskCurves

__all__ = ["HorizonRisk", "PatientCurve", "PatientRisk", "patient_risk", "reference_cohort"]

Floats = NDArray[np.float64]
_VALUES = 200  # a share of half a per cent each: finer ranks than any page shows


@dataclass(frozen=True, slots=True)
class HorizonRisk:
    """Risk of a subsequent fracture by a horizon.

    Parameters
    ----------
    days
        The horizon.
    risk
        Absolute, in [0, 1]: what share of patients like this one would have a fracture by then.
        ``None`` beyond what is known, with ``reason``.
    low, high
        Over the ensemble's members, in [0, 1]; ``None`` where there is one member.
    reference_risk
        Mean predicted risk of the reference patients.
    percentile
        Share of the reference patients with a lower risk (ties half), 0 to 100. A rank, no risk.
    reason
        Why there is no risk.
    """

    days: float
    risk: float | None
    low: float | None
    high: float | None
    reference_risk: float | None
    percentile: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PatientCurve:
    """Fracture-free probability (cause-specific), with limits, and the cohort's mean.

    Until the last day at which anything is known.
    """

    days: tuple[float, ...]
    event_free: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    reference_mean: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PatientRisk:
    """One patient's output, as a page shows it and a program reads it."""

    case_id: str
    model: str
    is_synthetic: bool
    death_competes: bool
    reference: str
    reference_patients: int
    known_until_days: float
    risks: tuple[HorizonRisk, ...]
    curve: PatientCurve

    @property
    def meaning(self) -> dict[str, str]:
        """What the numbers are, for those who read them without a page."""
        return {
            "risk": "absolute probability of a subsequent fracture by the horizon"
            + (", death competing" if self.death_competes else ", 1 - event_free"),
            "low, high": "over the ensemble's members: how much the models differ, no more",
            "percentile": f"share of the {self.reference} with a lower risk; a rank, not a risk",
            "event_free": "cause-specific probability of no fracture by then",
        }

    def to_json(self) -> dict[str, Any]:
        """As JSON types; ``None`` where there is no number. Risks and probabilities in [0, 1]."""
        first = "SYNTHETIC PATIENT" if self.is_synthetic else "Research software, no medical device"
        return {"note": first, **asdict(self), "meaning": self.meaning}


def reference_cohort(
    curves: RiskCurves,
    subset: Literal["training", "tuning"],
    followed_days: float,
    horizons_days: Sequence[float],
) -> ReferenceCohort:
    """Sum up the patients somebody is compared with.

    Parameters
    ----------
    curves
        What the model says of them, a row for each.
    subset
        Who they are.
    followed_days
        Longest follow-up among the patients the model learned from.
    horizons_days
        Horizons at which a risk is told.
    """
    horizons = []
    for days in sorted({float(horizon) for horizon in horizons_days}):
        risks = curves.risk(days)
        horizons.append(
            HorizonRisks(days=days, mean_risk=float(risks.mean()), risks=_few(np.sort(risks)))
        )
    return ReferenceCohort(
        subset=subset,
        n_patients=len(curves.event_free),
        followed_days=followed_days,
        times_days=tuple(curves.time_days.tolist()),
        mean_event_free=tuple(np.clip(curves.event_free.mean(axis=0), 0.0, 1.0).tolist()),
        death_competes=curves.incidence is not None,
        horizons=tuple(horizons),
    )


def _few(ascending: Floats) -> tuple[float, ...]:
    """Let at most 200 values stand for all, each for the same share of the patients."""
    if ascending.size > _VALUES:
        ascending = np.quantile(ascending, (np.arange(_VALUES) + 0.5) / _VALUES)
    return tuple(ascending.tolist())


def patient_risk(
    case_id: str, own: RiskCurves, reference: ReferenceCohort, *, model: str, is_synthetic: bool
) -> PatientRisk:
    """Put together what is said of one patient.

    Parameters
    ----------
    case_id, model
        Whose, and whose curve.
    own
        The patient's curve: one row, times as in the reference's.
    reference
        The cohort, with the horizons at which a risk is told.
    is_synthetic
        Whether the patient or the reference is synthetic.

    Raises
    ------
    UsageError
        If ``own`` is not one curve, its times are not the reference's, or one of the two knows of
        death and the other does not.
    """
    if len(own.event_free) != 1:
        raise UsageError(f"case {case_id}: {len(own.event_free)} curves, wanted one")
    if not np.array_equal(own.time_days, reference.times_days):
        raise UsageError(
            f"case {case_id}: the curve has other times than those of the reference",
            remedy="use curves of the same model package",
        )
    if (own.incidence is not None) != reference.death_competes:
        raise UsageError(
            f"case {case_id}: death competes in the curve or in the reference, not in both",
            remedy="use curves of the same model package",
        )
    known = min(float(own.time_days[-1]), reference.followed_days)
    return PatientRisk(
        case_id=case_id,
        model=model,
        is_synthetic=is_synthetic,
        death_competes=reference.death_competes,
        reference=reference.title,
        reference_patients=reference.n_patients,
        known_until_days=known,
        risks=tuple(_risk(horizon, own, known) for horizon in reference.horizons),
        curve=_curve(own, reference, known),
    )


def _curve(own: RiskCurves, reference: ReferenceCohort, known: float) -> PatientCurve:
    """Cut the curve where knowledge ends."""
    times = own.time_days
    days = np.unique(np.append(times[times <= known], known))

    def until(values: Floats | None) -> tuple[float, ...] | None:
        return None if values is None else tuple(np.interp(days, times, values[0]).tolist())

    return PatientCurve(
        tuple(days.tolist()),
        tuple(np.interp(days, times, own.event_free[0]).tolist()),
        until(own.low),
        until(own.high),
        tuple(np.interp(days, times, reference.mean_event_free).tolist()),
    )


def _risk(horizon: HorizonRisks, own: RiskCurves, known: float) -> HorizonRisk:
    days = horizon.days
    if days > known:
        reason = f"nothing is known beyond {known:g} days: nobody was followed, or curves end"
        return HorizonRisk(days, None, None, None, None, None, reason)
    value = float(own.risk(days)[0])
    others = np.asarray(horizon.risks)
    below = float(np.mean(others < value) + np.mean(others == value) / 2)
    low, high = _limits(days, own)
    return HorizonRisk(days, value, low, high, horizon.mean_risk, 100 * below)


def _limits(days: float, own: RiskCurves) -> tuple[float | None, float | None]:
    """Risks of the limits of the curve: the higher curve gives the lower risk."""
    if own.low is None or own.high is None:
        return None, None
    risks = [
        float(np.interp(days, own.time_days, own.incidence_with(limit)[0]))
        for limit in (own.high, own.low)
    ]
    return min(risks), max(risks)
