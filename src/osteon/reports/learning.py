"""Learning curves of every training that a run left."""

import json
from pathlib import Path

from osteon.reports.figure import Figure
from osteon.reports.other_figures import learning_figure

__all__ = ["read_learning"]


def read_learning(run: Path) -> tuple[Figure, ...]:
    """Draw a figure from every ``metrics.jsonl`` below a run's folder."""
    found = []
    for path in sorted(run.rglob("metrics.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        part = " ".join(path.relative_to(run).parts[:-1]).replace("-", " ").replace("_", " ")
        name = "learning" + (f"_{part.replace(' ', '_')}" if part else "")
        figure = learning_figure(name, f"Training: {part}" if part else "Training", rows)
        if figure is not None:
            found.append(figure)
    return tuple(found)
