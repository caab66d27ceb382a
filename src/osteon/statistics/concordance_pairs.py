"""Which pairs a concordance counts, and what each row owes to them, in O(n log n).

A pair is comparable when the earlier time is an event and the later patient was under observation
at it: had entered before, and left after (or was censored at the same time). With strata both
belong to one. Sources: Harrell et al. 1996 (Stat Med 15:361); Therneau and Atkinson 2020
(survival's vignette on concordance: tie rules, late entry, strata, infinitesimal jackknife).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import UsageError
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import Codes, Floats, cluster_codes
from osteon.statistics.dominance import sums_below
from osteon.statistics.follow_up import entry_array, follow_up_arrays

__all__ = [
    "ComparablePairs",
    "Followed",
    "comparable_pairs",
    "concordance_influence",
    "refuse_late_uno",
]


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Follow-up that was checked: times, events, entries and strata, shapes (n,)."""

    time: Floats
    status: Codes
    entry: Floats | None = None
    stratum: Codes | None = None

    @classmethod
    def of(
        cls,
        time: ArrayLike,
        event: ArrayLike,
        entry: ArrayLike | None,
        stratum: ArrayLike | None,
    ) -> "Followed":
        """Check the arrays."""
        t, status = follow_up_arrays(time, event)
        codes = None if stratum is None else cluster_codes(stratum, t.size)
        return cls(t, status, entry_array(entry, t), codes)

    @property
    def told(self) -> str:
        """What an estimate's method says of late entry and strata."""
        late = "" if self.entry is None else ", late entry"
        return late + ("" if self.stratum is None else ", within strata")

    def concordance(self, score: Floats, tau: float, uno: bool, w: Floats) -> Floats:
        """Concordance for every row of weights (replicates, n); NaN where no pair compares."""
        refuse_late_uno(self, uno)
        pairs, won = np.zeros(len(w)), np.zeros(len(w))
        for part in comparable_pairs(self, score, tau):
            own = w[:, part.events]
            if uno:
                own = own * self.censoring_weights(part.events, w)
            partners, beaten = part.sums(w)
            pairs += np.einsum("re,re->r", own, partners)
            won += np.einsum("re,re->r", own, beaten)
        return np.asarray(np.divide(won, pairs, out=np.full(len(w), np.nan), where=pairs > 0))

    def censoring_weights(self, events: Codes, w: Floats) -> Floats:
        """``1 / G(t-)**2`` of events, G Kaplan-Meier of censoring; (replicates, events)."""
        g = censoring_survival(self.time, self.status == 0, w).before(self.time[events])
        with np.errstate(divide="ignore"):
            return np.where(g > 0, 1 / g**2, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Partners:
    """Whom each event compares with: the first ``before`` of the rows in an order.

    ``rows`` sorts the data, ``rank`` the risk ranks in that order (both (m,)); ``before`` (events,)
    and ``asked``, the events' own ranks (events,).
    """

    rows: Codes
    rank: Codes
    before: Codes
    asked: Codes

    def sums(self, w: Floats) -> tuple[Floats, Floats]:
        """Weight of the partners, and of those that rank lower, ties half; (replicates, events)."""
        ordered = w[:, self.rows]
        lower, equal = sums_below(self.rank, ordered, self.before, self.asked)
        total = np.hstack([np.zeros((len(w), 1)), np.cumsum(ordered, axis=1)])[:, self.before]
        return total, lower + equal / 2

    def seen_back(self, own: Floats) -> tuple[Floats, Floats]:
        """Sum the events' weights over each row's pairs, and over those it loses; (m,), in order.

        The same pairs from the partner's side: events sorted so that each row's form a prefix.
        """
        turn = np.argsort(-self.before, kind="stable")
        places = np.arange(self.rows.size) + 1
        prefix = np.searchsorted(-self.before[turn], -places, side="right")
        weights = own[turn][None, :]
        below, alike = sums_below(self.asked[turn], weights, prefix, self.rank)
        every = np.concatenate([[0.0], np.cumsum(weights[0])])[prefix]
        return every, every - below[0] - alike[0] / 2


@dataclass(frozen=True, slots=True, eq=False)
class ComparablePairs:
    """The comparable pairs of one stratum, as what its events ask.

    ``events`` are rows of the data; ``later`` those followed beyond each event, ``absent`` those
    of them who had not yet entered (``None`` where everybody is observed from the start).
    """

    events: Codes
    later: _Partners
    absent: _Partners | None

    def sums(self, w: Floats) -> tuple[Floats, Floats]:
        """Weight of each event's pairs, and of those it wins; (replicates, events)."""
        pairs, won = self.later.sums(w)
        if self.absent is None:
            return pairs, won
        fewer, fewer_won = self.absent.sums(w)
        return pairs - fewer, won - fewer_won


def comparable_pairs(data: Followed, score: Floats, tau: float) -> list[ComparablePairs]:
    """Find the comparable pairs, a part for each stratum."""
    rank = np.unique(score, return_inverse=True)[1].reshape(-1)
    if data.stratum is None:
        return [_pairs_of(np.arange(score.size), data, rank, tau)]
    strata = np.unique(data.stratum)
    return [_pairs_of(np.flatnonzero(data.stratum == s), data, rank, tau) for s in strata]


def _pairs_of(rows: Codes, data: Followed, rank: Codes, tau: float) -> ComparablePairs:
    # latest first, events after the censorings of their time: an event's partners are a prefix
    order = rows[np.lexsort((data.status[rows], -data.time[rows]))]
    time, event = data.time[order], data.status[order] == 1
    places = np.flatnonzero(event & (time <= tau))
    events, at = order[places], time[places]
    censored = np.concatenate([[0], np.cumsum(~event)])
    start = np.searchsorted(-time, -at, side="left")
    end = np.searchsorted(-time, -at, side="right")
    before = start + censored[end] - censored[start]
    later = _Partners(order, rank[order], before, rank[events])
    if data.entry is None:
        return ComparablePairs(events, later, None)
    by_entry = rows[np.argsort(-data.entry[rows], kind="stable")]
    missing = np.searchsorted(-data.entry[by_entry], -at, side="right")
    return ComparablePairs(
        events, later, _Partners(by_entry, rank[by_entry], missing, rank[events])
    )


def refuse_late_uno(data: Followed, uno: bool) -> None:
    """Refuse Uno's weights under late entry.

    Raises
    ------
    UsageError
        If somebody entered late: the weights would need the joint law of entry and censoring.
    """
    if uno and data.entry is not None:
        raise UsageError(
            "Uno's concordance got late entries: its weights for censoring count everybody as"
            " observed from the start",
            remedy="use Harrell's, which takes them",
        )


def concordance_influence(
    data: Followed, score: Floats, tau: float, uno: bool
) -> tuple[float, Floats]:
    """Concordance and every row's influence on it (weights of time held), shape (n,)."""
    n = score.size
    ones = np.ones((1, n))
    won, pairs = np.zeros(n), np.zeros(n)
    total_won = total_pairs = 0.0
    for part in comparable_pairs(data, score, tau):
        own = np.ones(part.events.size)
        if uno:
            own = data.censoring_weights(part.events, ones)[0]
        partners, beaten = (own * sums[0] for sums in part.sums(ones))
        won[part.events] += beaten
        pairs[part.events] += partners
        total_won, total_pairs = total_won + beaten.sum(), total_pairs + partners.sum()
        for side, sign in ((part.later, 1.0), (part.absent, -1.0)):
            if side is not None:
                every, lost = side.seen_back(own)
                pairs[side.rows] += sign * every
                won[side.rows] += sign * lost
    if not total_pairs > 0:
        return math.nan, np.zeros(n)
    value = float(total_won / total_pairs)
    return value, (won - value * pairs) / total_pairs
