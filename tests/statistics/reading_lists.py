"""Small reader studies made by a formula, so that other programs can be given the same ones.

``python -m tests.statistics.reading_lists FOLDER`` writes them as CSV files for iMRMC's R package.
"""

import sys
from pathlib import Path

import numpy as np

SHAPE = (2, 4, 24)
DESIGNS = (
    "factorial", "missing", "split_plot", "readers_in_treatments", "cases_in_treatments",
    "cases_in_readers",
)  # fmt: skip


def study(design):
    """Truth (24,) and ratings (2, 4, 24) from 0 to 12, NaN where the design has no reading."""
    i, j, k = np.indices(SHAPE)
    truth = np.arange(SHAPE[2]) % 2
    case = (7 * k + k * k) % 10
    ratings = (case + (5 * j + 3 * i * k + 11 * j * k) % 7 + (5 - j + i) * truth[k]) % 13.0
    read = {
        "factorial": np.ones(SHAPE, bool),
        "missing": (3 * k + 5 * j + 7 * i) % 11 > 1,
        "split_plot": (j < 2) == (k < 12),
        "readers_in_treatments": (j < 2) == (i == 0),
        "cases_in_treatments": (k < 12) == (i == 0),
        "cases_in_readers": k // 6 == j,
    }[design]
    return truth, np.where(read, ratings, np.nan)


def as_csv(truth, ratings):
    """Rows as iMRMC's R package takes them."""
    lines = ["readerID,caseID,modalityID,score"]
    lines += [f"truth,c{k},truth,{int(t)}" for k, t in enumerate(truth)]
    for i, j, k in np.argwhere(~np.isnan(ratings)).tolist():
        lines.append(f"r{j},c{k},m{i},{ratings[i, j, k]:g}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in DESIGNS:
        Path(sys.argv[1], f"{name}.csv").write_text(as_csv(*study(name)))
