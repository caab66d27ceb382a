"""Do probabilities mean what they say? The curve, and how the probabilities lie."""

import pandas as pd

from osteon.reports.figure import (
    COLOURS,
    INK,
    PAPER_WIDTH_IN,
    Figure,
    drawn,
    plain_axes,
    svg_text,
    unit_square,
)
from osteon.reports.records import Evaluation, Series
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["calibration_figure"]


def calibration_figure(evaluation: Evaluation) -> Figure | None:
    """Draw observed shares against summed probabilities, over the counts of the probabilities."""
    parts = []
    for subset in evaluation.subsets:
        series = Series(subset, "model", "manual")
        curve = evaluation.curve(series, "calibration.positive")
        if curve is not None:
            columns = {"probability": curve.x, "observed": curve.y}
            limits = {"low": curve.low, "high": curve.high}
            parts.append(pd.DataFrame({"subset": subset, "kind": "curve", **columns, **limits}))
    if not parts:
        return None
    counts = _score_counts(evaluation)
    with drawn(PAPER_WIDTH_IN, 6.2) as canvas:
        upper, lower = canvas.subplots(2, 1, height_ratios=(4, 1.15), sharex=True)
        unit_square(upper)
        for index, part in enumerate(parts):
            colour, words = COLOURS[index], SUBSET_TITLES[str(part["subset"].iloc[0])]
            upper.vlines(part["probability"], part["low"], part["high"], color=colour, lw=1)
            upper.plot(part["probability"], part["observed"], "o-", color=colour, ms=4, label=words)
        upper.set_ylabel("Hips with a fracture, %")
        upper.legend(loc="upper left")
        plain_axes(lower, grid=False)
        for index, (_, rows) in enumerate(counts.groupby("subset", sort=False)):
            for sign, kind in ((1, "positive"), (-1, "negative")):
                own = rows[rows["kind"] == f"count {kind}"]
                lower.stairs(
                    sign * own["hips"].to_numpy(),
                    [*own["from"], 1.0],
                    color=COLOURS[index],
                    fill=index == 0,
                    alpha=0.5 if index == 0 else 1,
                )
        lower.axhline(0, color=INK, lw=0.8)
        lower.set(xlabel="Probability of fracture, %", yticks=[])
        lower.set_ylabel("none | fracture", fontsize=8)
        svg = svg_text(canvas)
    return Figure(
        "calibration",
        "Calibration: do probabilities mean what they say?",
        "Groups of equal size with 95 % intervals; on the diagonal, probabilities are right."
        " Beneath: hips with a fracture (up) and without (down). Manual boxes.",
        "Calibration curve of the summed probability of a fracture, by test subset.",
        svg,
        pd.concat([*parts, counts], ignore_index=True),
    )


def _score_counts(evaluation: Evaluation) -> pd.DataFrame:
    parts = []
    for item in evaluation.histograms:
        series = item.series
        if item.id.startswith("score.") and series == Series(series.subset, "model", "manual"):
            kind = f"count {item.id.removeprefix('score.')}"
            columns = {"from": item.edges[:-1], "to": item.edges[1:], "hips": item.counts}
            parts.append(pd.DataFrame({"subset": series.subset, "kind": kind, **columns}))
    return pd.concat(parts, ignore_index=True)
