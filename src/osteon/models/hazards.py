"""Time in intervals: from hazards to event-free probability and cumulative incidence.

Time from 0 to the last cut point is cut into K intervals, each open at its start and closed at its
end: an event on a cut point belongs to the interval that ends there, an event on day 0 to the
first. Of every cause c a network gives the hazard of each interval,

    h_ck = P(event of cause c in interval k | none before),

and the event-free probability of that cause alone at the cut points is ``S_c(t_k) = prod_{j<=k}
(1 - h_cj)``. ``S_c(0) = 1``: nobody can have had an event before time began. (pycox puts a 13th
hazard on time 0, so that its curves start below 1; that is not copied.)

Within an interval, at the share u of its width:

``linear``
    Constant density: ``S_c = S_c(t_{k-1}) (1 - u h_ck)``, a straight line between cut points, for
    the logistic hazard (Kvamme and Borgan 2021, doi 10.1007/s10985-021-09532-6).
``exponential``
    Constant hazard: ``S_c = S_c(t_{k-1}) (1 - h_ck) ** u``, for Cox and piecewise exponential.

The likelihoods of :mod:`osteon.training.survival_losses` assume the same, so a network is read as
it was fitted. Cumulative incidence is exact under the assumption: with two causes it is the
integral of ``S_other(t) f_c(t)``, and over both causes it adds up to ``1 - S_1 S_2``.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from osteon.models.spec import SurvivalHead

__all__ = [
    "Interpolation",
    "cumulative_incidence",
    "event_free",
    "interpolation_of",
    "interval_hazards",
    "locate",
]

Interpolation = Literal["linear", "exponential"]


def interpolation_of(head: SurvivalHead) -> Interpolation:
    """Say what a head assumes between cut points."""
    return "linear" if head == "logistic_hazard" else "exponential"


def interval_hazards(raw: Tensor, head: SurvivalHead) -> Tensor:
    """Turn a network's output into the hazards of the intervals, float64 of the same shape.

    ``sigmoid(raw)`` for the logistic hazard (Gensheimer and Narasimhan 2019, doi
    10.7717/peerj.6257); ``1 - exp(-exp(raw))`` for the others, where raw is the logarithm of the
    cumulative hazard gained over the interval.

    Examples
    --------
    >>> interval_hazards(torch.zeros(1, 1, 2), "logistic_hazard").tolist()
    [[[0.5, 0.5]]]
    """
    raw = raw.double()
    return raw.sigmoid() if head == "logistic_hazard" else -torch.expm1(-raw.exp())


def locate(times: Tensor, cuts_days: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Find the interval of every time, and the share of its width that has passed.

    Parameters
    ----------
    times
        Days, any shape; those beyond the last cut point are put on it.
    cuts_days
        The cut points, rising from 0.

    Returns
    -------
    tuple
        int64 positions in 0..K-1 and shares in [0, 1], shaped as ``times``.

    Examples
    --------
    >>> place, share = locate(torch.tensor([0.0, 5.0, 10.0, 12.5]), (0, 10, 20))
    >>> place.tolist(), share.tolist()
    ([0, 0, 0, 1], [0.0, 0.5, 1.0, 0.25])
    """
    cuts = torch.tensor(cuts_days, dtype=times.dtype, device=times.device)
    place = (torch.searchsorted(cuts, times.contiguous()) - 1).clamp(0, len(cuts) - 2)
    share = (times - cuts[place]) / (cuts[place + 1] - cuts[place])
    return place, share.clamp(0, 1)


def event_free(
    hazards: Tensor, cuts_days: Sequence[float], times: Tensor, interpolation: Interpolation
) -> Tensor:
    """Cause-specific event-free probabilities.

    Parameters
    ----------
    hazards
        (n, causes, K) in [0, 1].
    cuts_days
        K + 1 cut points.
    times
        Days, (m,).
    interpolation
        Between cut points.

    Returns
    -------
    Tensor
        float64 (n, causes, m); NaN at times beyond the last cut point, where nothing was learned.

    Examples
    --------
    >>> hazards = torch.tensor([[[0.5, 0.2]]])
    >>> event_free(hazards, (0, 10, 20), torch.tensor([0.0, 5, 10, 21]), "linear").tolist()
    [[[1.0, 0.75, 0.5, nan]]]
    """
    hazards, times = hazards.double(), times.double().to(hazards.device)
    place, share = locate(times, cuts_days)
    before = _before(hazards)[..., place]
    within = hazards[..., place]
    left = 1 - share * within if interpolation == "linear" else (1 - within) ** share
    return _known(before * left, times, cuts_days)


def cumulative_incidence(
    hazards: Tensor, cuts_days: Sequence[float], times: Tensor, interpolation: Interpolation
) -> Tensor:
    """Probability of an event of each cause by a time, the other cause competing.

    Parameters and result are as of :func:`event_free`. With one cause it is 1 - event-free.

    Examples
    --------
    >>> hazards = torch.tensor([[[0.5], [0.5]]])
    >>> cumulative_incidence(hazards, (0, 10), torch.tensor([10.0]), "linear").tolist()
    [[[0.375], [0.375]]]
    """
    hazards, times = hazards.double(), times.double().to(hazards.device)
    place, share = locate(times, cuts_days)
    free = _before(hazards).prod(dim=1, keepdim=True)
    gained = free * _incidence(hazards, torch.ones_like(hazards[0, 0]), interpolation)
    done = functional.pad(gained.cumsum(dim=-1), (1, 0))[..., :-1]
    partly = _incidence(hazards[..., place], share, interpolation)
    return _known(done[..., place] + free[..., place] * partly, times, cuts_days)


def _before(hazards: Tensor) -> Tensor:
    """Event-free probability at the start of every interval, shaped as the hazards."""
    return functional.pad((1 - hazards).cumprod(dim=-1), (1, 0), value=1.0)[..., :-1]


def _incidence(hazards: Tensor, share: Tensor, interpolation: Interpolation) -> Tensor:
    """Events of each cause within intervals, among those free of all at their start."""
    if interpolation == "linear":
        others = hazards.sum(dim=1, keepdim=True) - hazards  # of one or two causes
        return hazards * (share - others * share**2 / 2)
    rates = -torch.log1p(-hazards.clamp(max=1 - 1e-15))
    total = rates.sum(dim=1, keepdim=True)
    portion = torch.where(total > 0, rates / total.clamp_min(1e-300), torch.zeros_like(rates))
    return portion * -torch.expm1(-total * share)


def _known(values: Tensor, times: Tensor, cuts_days: Sequence[float]) -> Tensor:
    return torch.where(times <= cuts_days[-1], values, torch.full_like(values, torch.nan))
