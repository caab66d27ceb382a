"""The negative control: networks that learned dealt-out outcomes must rank as chance does."""

import pandas as pd

from osteon.core.records import Estimate
from osteon.core.schemas import RISK_SCORES
from osteon.core.tables import rows_of
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.score_rows import flat, score_rows
from osteon.reports.table import Row, Table, estimate_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["CHANCE", "control_sentences", "negative_control_table"]

CHANCE = 0.5
_MAIN = "ensemble"


def negative_control_table(
    scores: pd.DataFrame, follow_up: pd.DataFrame, plan: SurvivalAnalysisPlan
) -> Table:
    """Tell the concordance of networks trained on dealt-out outcomes, and whether it is chance.

    Parameters
    ----------
    scores
        Table RISK_SCORES of those networks; models ``ensemble`` and ``ensemble (seed <n>)``.
    follow_up
        Table FOLLOW_UP as it was dealt out: the one they were trained and are tested on.
    plan
        Level of the intervals.

    Returns
    -------
    Table
        A row for each seed and for the ensemble, on each test subset: Harrell's C with its
        interval, and whether that holds 0.5. A row without an interval says no.
    """
    checked = RISK_SCORES.checked(scores)
    models = [name for name in checked["model"].unique() if name.startswith(f"{_MAIN} (seed")]
    rows: list[Row] = []
    kept: list[dict[str, object]] = []
    for subset, title in SUBSET_TITLES.items():
        own = checked[(checked["subset"] == subset) & checked["model"].isin([*models, _MAIN])]
        if not subset.endswith("_test") or own.empty:
            continue
        data = score_rows(own, follow_up)
        events = int(data.event.sum())
        rows.append(Row((text_cell(f"{title}: {events} fractures"),), "group"))
        for model in (*models, _MAIN):
            c = data.concordance(model, plan.level)
            holds = _holds_chance(c)
            cells = (text_cell(_title(model)), estimate_cell(c, "concordance"))
            answer = text_cell("yes" if holds else "NO")
            rows.append(Row((*cells, answer), "main" if model == _MAIN else "body"))
            kept.append({
                "subset": subset, "model": model, **flat("c", c), "covers_chance": holds,
                "patients": len(data.wide), "events": events, "reason": c.reason,
            })  # fmt: skip
    return Table(
        name="negative_control",
        title="Check of the pipeline: outcomes dealt out at random",
        note="The same networks, trained, tuned and tested on outcomes dealt out among the patients"
        " of each subset: there is nothing to learn, and Harrell’s C (95 % interval) has to hold"
        " 0.5. A C beside it means that outcomes of test patients reach the networks. One interval"
        " in twenty misses 0.5 by chance; the rows of one subset share their patients, so that they"
        " miss together.",
        head=("", "C", "Holds 0.5"),
        rows=tuple(rows),
        data=pd.DataFrame(kept),
    )


def control_sentences(table: Table) -> list[str]:
    """Say each row of the table in a line, for a terminal."""
    sentences = []
    for row in rows_of(table.data):
        where = f"{SUBSET_TITLES[row['subset']]}, {_title(row['model']).lower()}"
        if row["c_low"] is None:
            sentences.append(f"{where}: no interval, {row['reason']}")
            continue
        answer = "holds 0.5" if row["covers_chance"] else "DOES NOT HOLD 0.5"
        limits = f"{row['c_low']:.3f} to {row['c_high']:.3f}"
        sentences.append(f"{where}: C {row['c']:.3f} ({limits}), {answer}")
    return sentences


def _holds_chance(c: Estimate) -> bool:
    return bool(c.low <= CHANCE <= c.high)


def _title(model: str) -> str:
    _, is_seed, number = model.partition(" (seed ")
    return f"Seed {number.rstrip(')')}" if is_seed else "Ensemble of all seeds"
