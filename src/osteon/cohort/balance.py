"""Divide groups among parts so that no class is empty anywhere and all keep their proportions.

Patients with the same number of hips in each class are interchangeable, so the problem is one of
counts: how many patients of each kind go into each part. A greedy pass (rarest class first) is
improved by single moves and swaps until none helps. Where that leaves a class empty in a part, a
small integer programme says exactly how many of the (class, part) cells can be filled at all, and
the search starts again from its answer.

The objective is lexicographic: first the filled cells (a part's ``priority`` decides which, where
not all can be), then the chi-square distance of hips and patients from their proportions. Further
columns behind the classes (hips by class, site and sex, say) count in the distance alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

__all__ = ["Parts", "balance"]

_MAX_STEPS = 20_000
_GAIN = 1e-6  # an improvement smaller than this is rounding
_MAX_KINDS_FOR_SWAPS = 400
_MAX_NODES = 20_000  # of the integer programme: a bound in nodes, unlike one in time, is repeatable
Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The parts to fill.

    Parameters
    ----------
    proportions
        Share of each part, shape (parts,), positive, sum 1.
    priority
        Weight of a filled cell in each part, shape (parts,), positive whole numbers.
    hips, patients
        What is in the parts already and stays: shapes (parts, columns) and (parts,).
    classes
        How many columns, from the first, are classes that no part should lack; ``None`` for all.
    """

    proportions: Values
    priority: Counts
    hips: Counts
    patients: Counts
    classes: int | None = None


def balance(kinds: Counts, numbers: Counts, order: Counts, parts: Parts) -> Counts:
    """Decide how many patients of each kind go into each part.

    Parameters
    ----------
    kinds
        Hips in each column that a patient of this kind has, shape (kinds, columns); the classes
        come first.
    numbers
        Patients of each kind, shape (kinds,).
    order
        Kinds, patient by patient, in the order in which ties are broken, shape (patients,).
    parts
        The parts, and what is in them already.

    Returns
    -------
    Patients of each kind in each part, shape (kinds, parts); rows sum to ``numbers``.
    """
    search = _Search(kinds, numbers, parts)
    nothing = np.zeros((len(kinds), len(parts.proportions)), dtype=np.int64)
    found = search.improved(search.greedy(nothing, order))
    if search.coverage(found) < search.most_coverage() - 0.5:
        pinned = _cover(kinds[:, : search.classes], numbers, parts)
        other = search.improved(search.greedy(pinned, order))
        if search.coverage(other) > search.coverage(found) + 0.5:
            return other
    return found


class _Search:
    """Objective and moves of one problem; the objective is a sum over the parts."""

    def __init__(self, kinds: Counts, numbers: Counts, parts: Parts) -> None:
        self.kinds = kinds.astype(np.float64)
        self.numbers = numbers
        self.parts = parts
        total = numbers @ kinds + parts.hips.sum(axis=0)
        patients = numbers.sum() + parts.patients.sum()
        weights = parts.proportions[:, None]
        self._wanted = np.concatenate(
            [weights * total, weights * patients], axis=1, dtype=np.float64
        )
        self._scale = np.where(self._wanted > 0, self._wanted, 1.0)
        self._rows = np.concatenate([self.kinds, np.ones((len(kinds), 1))], axis=1)
        self._base = np.concatenate([parts.hips, parts.patients[:, None]], axis=1, dtype=np.float64)
        self.classes = kinds.shape[1] if parts.classes is None else parts.classes
        beside = kinds.shape[1] - self.classes
        self._weights = np.ones(kinds.shape[1] + 1)
        self._weights[self.classes : -1] = 1 / max(beside, 1)  # all of them count as one class
        worst = (np.append(total, patients) ** 2 / self._scale).sum()
        self._step = 1.0 + worst  # one unit of coverage outweighs every distance

    def state(self, counts: Counts) -> Values:
        """Hips in each column, and patients, in each part: shape (parts, columns + 1)."""
        return np.asarray(self._base + counts.T @ self._rows)

    def coverage(self, counts: Counts) -> float:
        """Sum of the priorities of the filled cells."""
        return float(
            self.parts.priority @ (self.state(counts)[:, : self.classes] > 0.5).sum(axis=1)
        )

    def most_coverage(self) -> float:
        """Bound on the coverage: each class alone, in as many parts as it has patients."""
        holders = (self.kinds[:, : self.classes] > 0).T @ self.numbers
        bound = 0.0
        for index, holder in enumerate(holders):
            filled = self.parts.hips[:, index] > 0
            free = np.sort(self.parts.priority[~filled])[::-1]
            bound += self.parts.priority[filled].sum() + free[: int(holder)].sum()
        return float(bound)

    def cost(self, state: Values, part: int) -> Values:
        """Objective of a part for states of shape (..., columns + 1); lower is better."""
        distance = ((state - self._wanted[part]) ** 2 / self._scale[part]) @ self._weights
        filled = (state[..., : self.classes] > 0.5).sum(axis=-1)
        return np.asarray(distance - self._step * self.parts.priority[part] * filled)

    def greedy(self, pinned: Counts, order: Counts) -> Counts:
        """Place patients one by one, the rarest class first, where it helps most."""
        counts = pinned.copy()
        state = self.state(counts)
        waiting = self.numbers - pinned.sum(axis=1)
        has = self.kinds[:, : self.classes] > 0
        holders = np.maximum(has.T @ self.numbers, 1)
        rarest = np.where(has, holders, np.inf).min(axis=1, initial=np.inf)
        size = self.kinds.sum(axis=1)
        ranked = order[np.lexsort((-size[order], rarest[order]))]
        for kind in ranked:
            if waiting[kind] == 0:
                continue
            waiting[kind] -= 1
            row = self._rows[kind]
            gains = [
                float(self.cost(state[part] + row, part) - self.cost(state[part], part))
                for part in range(len(state))
            ]
            part = int(np.argmin(gains))
            counts[kind, part] += 1
            state[part] += row
        return counts

    def improved(self, counts: Counts) -> Counts:
        """Apply the best move or swap until none helps."""
        counts = counts.copy()
        for _ in range(_MAX_STEPS):
            state = self.state(counts)
            step = self._best_move(counts, state) or self._best_swap(counts, state)
            if step is None:
                break
            for kind, source, target in step:
                counts[kind, source] -= 1
                counts[kind, target] += 1
        return counts

    def _best_move(self, counts: Counts, state: Values) -> list[tuple[int, int, int]] | None:
        count = len(state)
        now = [float(self.cost(state[part], part)) for part in range(count)]
        without = np.stack(
            [self.cost(state[p] - self._rows, p) - now[p] for p in range(count)], axis=1
        )
        without = np.where(counts > 0, without, np.inf)
        added = np.stack(
            [self.cost(state[p] + self._rows, p) - now[p] for p in range(count)], axis=1
        )
        gain = without[:, :, None] + added[:, None, :]
        gain[:, np.arange(count), np.arange(count)] = np.inf
        if gain.size == 0 or gain.min() > -_GAIN:
            return None
        kind, source, target = np.unravel_index(int(np.argmin(gain)), gain.shape)
        return [(int(kind), int(source), int(target))]

    def _best_swap(self, counts: Counts, state: Values) -> list[tuple[int, int, int]] | None:
        if len(self.kinds) > _MAX_KINDS_FOR_SWAPS:
            return None
        change = self._rows[None, :, :] - self._rows[:, None, :]  # [t, u]: u comes, t goes
        best, step = -_GAIN, None
        for source in range(len(state)):
            for target in range(source + 1, len(state)):
                here = self.cost(state[source] + change, source)
                there = self.cost(state[target] - change, target)
                gain = here + there - self.cost(state[source], source)
                gain -= self.cost(state[target], target)
                possible = (counts[:, source] > 0)[:, None] & (counts[:, target] > 0)[None, :]
                gain = np.where(possible, gain, np.inf)
                if gain.min() < best:
                    best = float(gain.min())
                    goes, comes = np.unravel_index(int(np.argmin(gain)), gain.shape)
                    step = [(int(goes), source, target), (int(comes), target, source)]
        return step


def _cover(kinds: Counts, numbers: Counts, parts: Parts) -> Counts:
    """Fewest patients that fill as many (class, part) cells as can be filled.

    Integer programme: x[t, s] patients of kind t pinned to part s, y[k, s] whether cell (k, s) is
    filled; maximise the priorities of filled cells, then minimise the pins, subject to
    ``sum_s x[t, s] <= numbers[t]`` and ``y[k, s] <= sum over the kinds t with class k of x[t, s]``.
    """
    count_kinds, count_classes = kinds.shape
    count_parts = len(parts.proportions)
    pins, cells = count_kinds * count_parts, count_classes * count_parts
    has = kinds > 0
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for kind in range(count_kinds):
        for part in range(count_parts):
            rows.append(kind)
            columns.append(kind * count_parts + part)
            values.append(1.0)
    for index in range(count_classes):
        for part in range(count_parts):
            row = count_kinds + index * count_parts + part
            rows.append(row)
            columns.append(pins + index * count_parts + part)
            values.append(1.0)
            holders = np.flatnonzero(has[:, index]).tolist()
            rows += [row] * len(holders)
            columns += [holder * count_parts + part for holder in holders]
            values += [-1.0] * len(holders)
    matrix = coo_array((values, (rows, columns)), shape=(count_kinds + cells, pins + cells))
    filled = (parts.hips[:, :count_classes].T > 0).astype(np.float64).ravel()  # (class, part)
    upper = np.concatenate([numbers.astype(np.float64), filled])
    reward = np.tile(parts.priority, count_classes) * (cells + 1.0)  # outweighs every pin
    answer = milp(
        np.concatenate([np.ones(pins), -reward]),
        integrality=np.ones(pins + cells),
        bounds=Bounds(0, np.concatenate([np.repeat(numbers, count_parts), np.ones(cells)])),
        constraints=LinearConstraint(matrix.tocsr(), -np.inf, upper),
        options={"node_limit": _MAX_NODES, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return np.zeros((count_kinds, count_parts), dtype=np.int64)
    pinned: Counts = np.rint(answer.x[:pins]).astype(np.int64)
    return pinned.reshape(count_kinds, count_parts)
