"""Negative log-likelihoods of survival networks: censoring, competing causes and delayed entry.

A patient is observed from ``entry_days`` (0 when from the index date) to ``time_days``. Every cause
has a factor of its own, in which an event of the other cause counts as a censoring: with
cause-specific hazards the likelihood is the product of these factors (Kalbfleisch and Prentice
2002, The Statistical Analysis of Failure Time Data, section 8.2). With one cause, for an event in
interval k at the share u of its width, densities being per width of an interval:

logistic hazard
    event ``S(t_{k-1}) h_k``, censoring ``S(t) = S(t_{k-1}) (1 - u h_k)``. This is the likelihood of
    Gensheimer and Narasimhan 2019 (doi 10.7717/peerj.6257), but for censorings inside an interval:
    they count as followed through it when past its middle, pycox ignores the begun interval; here
    the share that was observed counts, under the constant density with which curves are drawn.
piecewise exponential
    event ``S(t) r_k``, censoring ``S(t) = S(t_{k-1}) exp(-u r_k)``, the begun interval counting by
    its exposure (Friedman 1982, doi 10.1214/aos/1176345693).
Cox
    the partial likelihood; ties by Efron (1977, JASA 72:557) or Breslow (1974). Risk sets hold who
    is under observation in the batch: ``entry < t <= time``.

Delayed entry divides the first two by ``S(entry)``. Time beyond the last cut point is censored at
it, but for Cox. Losses are means over the patients of a batch.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from osteon.models.hazards import locate
from osteon.models.spec import SurvivalSpec

__all__ = [
    "FollowUp",
    "Ties",
    "breslow_increments",
    "calibration_shift",
    "cox_loss",
    "life_table",
    "logistic_hazard_loss",
    "piecewise_exponential_loss",
    "survival_loss",
]

Ties = Literal["efron", "breslow"]
_SHRINKAGE = 5.0  # patient-intervals at the overall rate that join each interval of a life table
_SMALLEST_LOG_HAZARD = -18.0  # of an interval in which nothing happened


class FollowUp(NamedTuple):
    """Entry and end of observation in days, float (n,), and the cause of the end, int64 (n,)."""

    entry_days: Tensor
    time_days: Tensor
    cause: Tensor


def survival_loss(raw: Tensor, follow_up: FollowUp, spec: SurvivalSpec, ties: Ties) -> Tensor:
    """Mean negative log-likelihood of a network's output (n, causes, K) under its head."""
    if spec.head == "cox":
        return cox_loss(raw[..., 0], follow_up, ties)
    if spec.head == "logistic_hazard":
        return logistic_hazard_loss(raw, follow_up, spec.cuts_days)
    return piecewise_exponential_loss(raw, follow_up, spec.cuts_days)


def logistic_hazard_loss(raw: Tensor, follow_up: FollowUp, cuts_days: Sequence[float]) -> Tensor:
    """Discrete time, ``h = sigmoid(raw)``.

    Parameters
    ----------
    raw
        (n, causes, K).
    follow_up
        Of the n patients.
    cuts_days
        K + 1 cut points from 0.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> followed = FollowUp(torch.zeros(2), torch.tensor([5.0, 15.0]), torch.tensor([1, 0]))
    >>> loss = logistic_hazard_loss(torch.zeros(2, 1, 2), followed, (0.0, 10.0, 20.0))
    >>> round(torch.exp(-2 * loss).item(), 4)  # 0.5 times 0.5 (1 - 0.5 * 0.5)
    0.1875
    """
    gone = _before(-functional.softplus(raw))

    def log_free(days: Tensor) -> Tensor:
        place, share = locate(days, cuts_days)
        begun = _picked(raw, place)
        left = torch.log1p(-share)[:, None]
        return _picked(gone, place) + functional.softplus(begun + left) - functional.softplus(begun)

    place, _ = locate(follow_up.time_days, cuts_days)
    log_density = _picked(gone, place) - functional.softplus(-_picked(raw, place))
    return _mean_loss(log_density, log_free, follow_up, cuts_days)


def piecewise_exponential_loss(
    raw: Tensor, follow_up: FollowUp, cuts_days: Sequence[float]
) -> Tensor:
    """Constant hazard within intervals, ``exp(raw)`` per width of an interval.

    Parameters and result are as of :func:`logistic_hazard_loss`.
    """
    rates = raw.exp()
    gone = _before(-rates)

    def log_free(days: Tensor) -> Tensor:
        place, share = locate(days, cuts_days)
        return _picked(gone, place) - share[:, None] * _picked(rates, place)

    place, _ = locate(follow_up.time_days, cuts_days)
    log_density = log_free(follow_up.time_days) + _picked(raw, place)
    return _mean_loss(log_density, log_free, follow_up, cuts_days)


def cox_loss(log_hazard: Tensor, follow_up: FollowUp, ties: Ties = "efron") -> Tensor:
    """Minus the log partial likelihood over the number of patients; 0 where no event is.

    Parameters
    ----------
    log_hazard
        (n, causes), each up to a constant.
    follow_up
        Of the n patients, who are each other's risk sets: in training those of the batch, which
        makes the loss an approximation for large sets (Kvamme, Borgan and Scheike 2019, JMLR
        20:129).
    ties
        ``efron`` or ``breslow``.

    Examples
    --------
    >>> time, cause = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1, 1, 0])
    >>> loss = cox_loss(torch.zeros(3, 1), FollowUp(torch.zeros(3), time, cause))
    >>> round(torch.exp(3 * loss).item(), 4)  # risk sets of three and of two
    6.0
    """
    total = log_hazard.sum() * 0.0
    for column in range(log_hazard.shape[1]):
        dead = (follow_up.cause == column + 1).nonzero()[:, 0]
        if not len(dead):
            continue
        weights = _risk_weights(follow_up, dead, ties)
        risk = log_hazard[:, column]
        total = total - (risk[dead] - (risk[None] + weights.log()).logsumexp(dim=1)).sum()
    return total / len(log_hazard)


def breslow_increments(
    log_hazard: Tensor, follow_up: FollowUp, cuts_days: Sequence[float]
) -> Tensor:
    """Logarithm of what Breslow's cumulative baseline hazard gains in every interval.

    ``sum over the interval's events of 1 / sum over their risk sets of exp(log_hazard)`` (Breslow
    1972, JRSS B 34:216).

    Parameters are as of :func:`logistic_hazard_loss` and :func:`cox_loss`; the patients are those
    of the training set. Gives float64 (causes, K), at least -18: an interval without an event
    keeps a hazard of 1.5e-8, so that logarithms stay finite.
    """
    hazard = log_hazard.double().exp()
    gained = torch.zeros(hazard.shape[1], len(cuts_days) - 1, dtype=torch.float64)
    for column in range(hazard.shape[1]):
        within = follow_up.time_days <= cuts_days[-1]
        dead = ((follow_up.cause == column + 1) & within).nonzero()[:, 0]
        at_risk = _risk_weights(follow_up, dead, "breslow").double()
        place, _ = locate(follow_up.time_days[dead], cuts_days)
        gained[column].index_add_(0, place, 1 / (at_risk @ hazard[:, column]))
    return gained.log().clamp_min(_SMALLEST_LOG_HAZARD)


def calibration_shift(raw: Tensor, follow_up: FollowUp, spec: SurvivalSpec) -> Tensor:
    """Find what to add to every output of a cause so that the likelihood is largest.

    Calibration in the large: batch normalisation behaves otherwise in training than in use, and
    this takes the difference out. For heads with a baseline of their own; ``raw`` is (n, causes,
    K). Gives float64 (causes,).
    """
    fixed = raw.detach().double()
    shift = torch.zeros(fixed.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([shift], max_iter=100, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimiser.zero_grad()
        loss = survival_loss(fixed + shift[None, :, None], follow_up, spec, "efron")
        loss.backward()
        return loss

    optimiser.step(step)
    return shift.detach()


def life_table(follow_up: FollowUp, spec: SurvivalSpec) -> Tensor:
    """Give the head's output when all have the training set's hazards, float64 (causes, K).

    Events over exposure in every interval, five patient-intervals at the cause's overall rate
    joined to each: where a training starts. Zero for Cox, which has no baseline then.
    """
    start = torch.zeros(spec.causes, spec.cut_points - 1, dtype=torch.float64)
    if spec.head == "cox":
        return start
    exposure = _exposure(follow_up, spec.cuts_days)
    within = follow_up.time_days <= spec.cuts_days[-1]
    place, _ = locate(follow_up.time_days, spec.cuts_days)
    for column in range(spec.causes):
        dead = (follow_up.cause == column + 1) & within
        events = torch.bincount(place[dead], minlength=len(exposure)).double()
        overall = (events.sum() + 0.5) / exposure.sum().clamp_min(1.0)
        rate = (events + _SHRINKAGE * overall) / (exposure + _SHRINKAGE)
        is_discrete = spec.head == "logistic_hazard"
        start[column] = torch.expm1(rate).log() if is_discrete else rate.log()
    return start


def _exposure(follow_up: FollowUp, cuts_days: Sequence[float]) -> Tensor:
    """Patient-intervals under observation, float64 (K,)."""
    cuts = torch.tensor(cuts_days, dtype=torch.float64)
    start, end = follow_up.entry_days.double()[:, None], follow_up.time_days.double()[:, None]
    seen = torch.minimum(end, cuts[1:]) - torch.maximum(start, cuts[:-1])
    return (seen.clamp_min(0) / cuts.diff()).sum(dim=0)


def _risk_weights(follow_up: FollowUp, dead: Tensor, ties: Ties) -> Tensor:
    """Share of each patient in the risk set of each event, (events, n).

    1 for who is under observation, 0 else; of d events at one time the l-th (from 0) leaves
    l / d of each of them out (Efron).
    """
    at = follow_up.time_days[dead][:, None]
    entered = (follow_up.entry_days[None] < at) | (follow_up.entry_days[None] == 0)
    weights = (entered & (follow_up.time_days[None] >= at)).to(follow_up.time_days.dtype)
    if ties == "breslow" or not len(dead):
        return weights
    tied = at == follow_up.time_days[dead][None]
    earlier = tied.tril(-1).sum(dim=1)
    share = (earlier / tied.sum(dim=1)).to(weights.dtype)[:, None]
    weights[:, dead] -= share * tied.to(weights.dtype)
    return weights


def _before(log_left: Tensor) -> Tensor:
    """Sum over all earlier intervals, shaped (n, causes, K)."""
    return functional.pad(log_left.cumsum(dim=-1), (1, 0))[..., :-1]


def _picked(values: Tensor, place: Tensor) -> Tensor:
    """One interval of each patient, (n, causes) from (n, causes, K)."""
    index = place[:, None, None].expand(-1, values.shape[1], 1)
    return values.gather(-1, index)[..., 0]


def _mean_loss(
    log_density: Tensor,
    log_free: Callable[[Tensor], Tensor],
    follow_up: FollowUp,
    cuts_days: Sequence[float],
) -> Tensor:
    causes = torch.arange(1, log_density.shape[1] + 1, device=log_density.device)
    within = (follow_up.time_days <= cuts_days[-1])[:, None]
    happened = (follow_up.cause[:, None] == causes) & within
    end = torch.where(happened, log_density, log_free(follow_up.time_days))
    return (log_free(follow_up.entry_days) - end).sum(dim=1).mean()
