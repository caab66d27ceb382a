"""What is said of one patient: a curve beside the cohort's, absolute risks, a percentile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.errors import UsageError
from osteon.reports.json_parts import plain
from osteon.reports.survival.risk_curves import RiskCurves

__all__ = ["HorizonRisk", "PatientCurve", "PatientRisk", "Reference", "patient_risk"]

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The patients somebody is compared with.

    Parameters
    ----------
    title
        Who they are, in words, e.g. ``"training patients"``.
    curves
        What the same model says of them.
    followed_days
        Longest follow-up among those the model learned from: beyond it no risk is told.
    """

    title: str
    curves: RiskCurves
    followed_days: float

    def __len__(self) -> int:
        return len(self.curves.event_free)


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

    def to_json(self) -> dict[str, Any]:
        """As JSON types; ``None`` where there is no number. Risks and probabilities in [0, 1]."""
        meaning = {
            "risk": "absolute probability of a subsequent fracture by the horizon"
            + (", death competing" if self.death_competes else ", 1 - event_free"),
            "low, high": "over the ensemble's members: how much the models differ, no more",
            "percentile": "share of the reference patients with a lower risk; a rank, not a risk",
            "event_free": "cause-specific probability of no fracture by then",
        }
        first = "SYNTHETIC PATIENT" if self.is_synthetic else "Research software, no medical device"
        record: dict[str, Any] = plain(self)
        return {"note": first, **record, "meaning": meaning}


def patient_risk(
    case_id: str,
    own: RiskCurves,
    reference: Reference,
    horizons_days: Sequence[float],
    *,
    model: str,
    is_synthetic: bool,
) -> PatientRisk:
    """Put together what is said of one patient.

    Parameters
    ----------
    case_id, model
        Whose, and whose curve.
    own
        The patient's curve: one row, times as in the reference's.
    reference
        The cohort.
    horizons_days
        Horizons at which a risk is told.
    is_synthetic
        Whether the patient or the reference is synthetic.

    Raises
    ------
    UsageError
        If ``own`` is not one curve, or its times are not the reference's.
    """
    if len(own.event_free) != 1:
        raise UsageError(f"case {case_id}: {len(own.event_free)} curves, wanted one")
    if not np.array_equal(own.time_days, reference.curves.time_days):
        raise UsageError(
            f"case {case_id}: the curve has other times than those of the reference",
            remedy="use curves of the same model package",
        )
    known = min(float(own.time_days[-1]), reference.followed_days)
    competes = own.incidence is not None and reference.curves.incidence is not None
    return PatientRisk(
        case_id=case_id,
        model=model,
        is_synthetic=is_synthetic,
        death_competes=competes,
        reference=reference.title,
        reference_patients=len(reference),
        known_until_days=known,
        risks=tuple(_risk(float(days), own, reference, known) for days in horizons_days),
        curve=_curve(own, reference, known),
    )


def _curve(own: RiskCurves, reference: Reference, known: float) -> PatientCurve:
    """Cut the curve where knowledge ends."""
    times = own.time_days
    days = np.unique(np.append(times[times <= known], known))

    def until(values: Floats | None) -> tuple[float, ...] | None:
        return None if values is None else tuple(np.interp(days, times, values[0]).tolist())

    mean = reference.curves.event_free.mean(axis=0)
    return PatientCurve(
        tuple(days.tolist()),
        tuple(np.interp(days, times, own.event_free[0]).tolist()),
        until(own.low),
        until(own.high),
        tuple(np.interp(days, times, mean).tolist()),
    )


def _risk(days: float, own: RiskCurves, reference: Reference, known: float) -> HorizonRisk:
    if days > known:
        reason = f"nothing is known beyond {known:g} days: nobody was followed, or curves end"
        return HorizonRisk(days, None, None, None, None, None, reason)
    value = float(own.risk(days)[0])
    others = reference.curves.risk(days)
    below = float(np.mean(others < value) + np.mean(others == value) / 2)
    low, high = _limits(days, own)
    return HorizonRisk(days, value, low, high, float(others.mean()), 100 * below)


def _limits(days: float, own: RiskCurves) -> tuple[float | None, float | None]:
    """Risks of the limits of the curve: the higher curve gives the lower risk."""
    if own.low is None or own.high is None:
        return None, None
    risks = [
        float(np.interp(days, own.time_days, own.incidence_with(limit)[0]))
        for limit in (own.high, own.low)
    ]
    return min(risks), max(risks)
