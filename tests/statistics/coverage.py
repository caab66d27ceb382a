"""How often the intervals hold the truth, by simulation.

``python -m tests.statistics.coverage`` prints the table of docs/statistics.md.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.proportion import proportion
from osteon.statistics.roc import auroc

AREA = 0.85
SHIFT = math.sqrt(2) * float(special.ndtri(AREA))


@dataclass(frozen=True)
class Coverage:
    """Share of simulated intervals that hold the truth, and how it was got."""

    what: str
    n: int
    prevalence: float
    share: float
    undefined: float
    runs: int

    @property
    def error(self):
        """Monte Carlo standard error of the share."""
        return math.sqrt(max(self.share * (1 - self.share), 1e-4) / self.runs)


def clustered_normal(rng, n, cluster, correlation):
    """Standard normal values with this correlation within clusters."""
    shared = rng.normal(size=cluster.max() + 1)[cluster]
    return math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * rng.normal(size=n)


def pairs_of_hips(n):
    """Two rows for each patient."""
    return np.arange(n) // 2


def simulate(what, n, prevalence, runs, draw):
    """Run ``draw(rng) -> (estimate, truth)`` and count."""
    rng = np.random.default_rng([n, round(prevalence * 1000), runs])
    held = undefined = 0
    for _ in range(runs):
        estimate, truth = draw(rng)
        if math.isnan(estimate.low):
            undefined += 1
        else:
            held += estimate.low <= truth <= estimate.high
    defined = max(runs - undefined, 1)
    return Coverage(what, n, prevalence, held / defined, undefined / runs, runs)


def proportions(n, prevalence, runs, method, *, clustered):
    """Coverage of a proportion."""
    cluster = pairs_of_hips(n)
    cut = float(special.ndtri(prevalence))

    def draw(rng):
        values = clustered_normal(rng, n, cluster, 0.5 if clustered else 0.0)
        ids = cluster if clustered else None
        return proportion(values < cut, cluster=ids, method=method), prevalence

    name = f"proportion, {method}" + (", pairs of hips, correlation 0.5" if clustered else "")
    return simulate(name, n, prevalence, runs, draw)


def areas(n, prevalence, runs, method, *, clustered):
    """Coverage of the area under the ROC curve (binormal, 0.85)."""
    cluster = pairs_of_hips(n)
    positives = max(2, round(n * prevalence))
    truth = np.zeros(n, bool)
    truth[np.linspace(0, n - 1, positives).round().astype(int)] = True

    def draw(rng):
        noise = clustered_normal(rng, n, cluster, 0.5 if clustered else 0.0)
        ids = cluster if clustered else None
        found = auroc(truth, noise + SHIFT * truth, cluster=ids, method=method, rng=rng)
        return found, AREA

    name = f"auroc, {method}" + (", pairs of hips, correlation 0.5" if clustered else "")
    return simulate(name, n, prevalence, runs, draw)


def kappas(n, prevalence, runs):
    """Coverage of kappa of two readers who are right in nine of ten cases."""
    right = 0.9
    table = np.zeros((2, 2))
    for disease, share in ((1, prevalence), (0, 1 - prevalence)):
        calls = np.array([right, 1 - right]) if disease == 0 else np.array([1 - right, right])
        table += share * np.outer(calls, calls)
    observed, margin = np.trace(table), table.sum(axis=0)
    truth = (observed - margin @ margin) / (1 - margin @ margin)

    def draw(rng):
        disease = rng.random(n) < prevalence
        first, second = (np.where(rng.random(n) < right, disease, ~disease) for _ in range(2))
        return cohen_kappa(first, second), truth

    return simulate("cohen_kappa, large-sample", n, prevalence, runs, draw)


def table(runs=2000):
    """Every design: n 30, 100, 500; prevalence 0.05, 0.2, 0.5."""
    rows = []
    for n in (30, 100, 500):
        for prevalence in (0.05, 0.2, 0.5):
            for method in ("wilson", "clopper-pearson", "jeffreys", "wald"):
                rows.append(proportions(n, prevalence, runs, method, clustered=False))
            for method in ("wilson", "clopper-pearson"):
                rows.append(proportions(n, prevalence, runs, method, clustered=True))
            for method in ("delong", "logit"):
                rows.append(areas(n, prevalence, runs, method, clustered=False))
                rows.append(areas(n, prevalence, runs, method, clustered=True))
            rows.append(kappas(n, prevalence, runs))
    return rows


def as_markdown(rows):
    """One row for each method, one column for each design."""
    designs = sorted({(row.n, row.prevalence) for row in rows})
    found = {(row.what, row.n, row.prevalence): row for row in rows}
    lines = ["| interval | " + " | ".join(f"{n}, {p:g}" for n, p in designs) + " |"]
    lines.append("|---" * (len(designs) + 1) + "|")
    for what in dict.fromkeys(row.what for row in rows):
        cells = []
        for design in designs:
            row = found[(what, *design)]
            mark = "*" if row.undefined > 0.005 else ""
            cells.append(f"{row.share:.3f}{mark}")
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown(table()))
