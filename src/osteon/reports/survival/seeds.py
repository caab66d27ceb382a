"""How much the ensemble's answer owes to the seed its networks were trained with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteon.core.records import Estimate, TestResult
from osteon.core.rng import generator
from osteon.core.schemas import FOLLOW_UP, RISK_SCORES, SUBSEQUENT_FRACTURE
from osteon.reports.survival.plan import SINGLE_VIEWS, SurvivalAnalysisPlan
from osteon.reports.table import Row, Table, difference_cell, estimate_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES
from osteon.statistics.concordance import concordance_index_harrell
from osteon.statistics.concordance_contrast import concordance_contrast

__all__ = ["seed_table"]

_BASELINES = ("clinical", "mean_brightness")
_HEAD = ("", "C", "− mean single view", "− clinical model", "− mean brightness")


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Scores of one subset, a column for each model, beside time and event."""

    wide: pd.DataFrame
    time_days: np.ndarray
    event: np.ndarray


def seed_table(
    seed_scores: pd.DataFrame,
    risk_scores: pd.DataFrame,
    follow_up: pd.DataFrame,
    plan: SurvivalAnalysisPlan,
    *,
    seed: int,
) -> Table | None:
    """Compare each seed's ensemble of views with its own single views and with the baselines.

    Parameters
    ----------
    seed_scores
        Table RISK_SCORES whose models are named ``<model> (seed <n>)``.
    risk_scores
        Table RISK_SCORES of the study, for the baselines.
    follow_up
        Table FOLLOW_UP.
    plan
        Level and replicates.
    seed
        Names the random numbers of the bootstraps.

    Returns
    -------
    Table or None
        A row for each seed and test subset: Harrell's C with its interval, and differences by the
        paired bootstrap of patients. ``None`` with fewer than two seeds.
    """
    names = RISK_SCORES.checked(seed_scores)["model"].str.extract(r" \(seed (\d+)\)$")[0]
    numbers = sorted({int(number) for number in names})
    if len(numbers) < 2:
        return None
    scores = pd.concat([seed_scores, risk_scores[risk_scores["model"].isin(_BASELINES)]])
    rows: list[Row] = []
    kept: list[dict[str, object]] = []
    for subset in ("internal_test", "external_test"):
        own = scores[scores["subset"] == subset]
        if own.empty:
            continue
        data = _rows(own, follow_up)
        rows.append(Row((text_cell(SUBSET_TITLES[subset]),), "group"))
        for number in numbers:
            c, gaps = _of_seed(data, number, plan, seed)
            cells = [difference_cell(gap) for gap in gaps.values()]
            rows.append(Row((text_cell(f"Seed {number}"), estimate_cell(c, "concordance"), *cells)))
            kept.append({"subset": subset, "seed": number, **_flat("c", c), **_gaps(gaps)})
    return Table(
        name="seeds",
        title="The ensemble of views, seed by seed",
        note="Networks of one seed alone. Differences of Harrell’s C on the same patients"
        " (95 % interval, paired bootstrap). One test set: the rows are not independent.",
        head=_HEAD,
        rows=tuple(rows),
        data=pd.DataFrame(kept),
    )


def _rows(scores: pd.DataFrame, follow_up: pd.DataFrame) -> _Rows:
    wide = scores.pivot_table(index="patient_id", columns="model", values="risk_score").dropna()
    known = FOLLOW_UP.checked(follow_up).set_index("patient_id").loc[wide.index]
    event = (known["cause"] == SUBSEQUENT_FRACTURE).to_numpy(np.int64)
    return _Rows(wide, known["time_days"].to_numpy(np.float64), event)


def _of_seed(
    data: _Rows, number: int, plan: SurvivalAnalysisPlan, seed: int
) -> tuple[Estimate, dict[str, TestResult | None]]:
    def of(model: str) -> np.ndarray:
        return data.wide[f"{model} (seed {number})"].to_numpy(np.float64)

    first = of("ensemble")
    rng = generator(seed, "survival", "seed", number)
    c = concordance_index_harrell(data.time_days, data.event, first, level=plan.level)
    others = {"mean_single_view": [of(view) for view in SINGLE_VIEWS]}
    for name in _BASELINES:
        if name in data.wide:
            others[name] = [data.wide[name].to_numpy(np.float64)]
    gaps: dict[str, TestResult | None] = dict.fromkeys(("mean_single_view", *_BASELINES))
    for name, scores in others.items():
        weights = [1.0, *(-1 / len(scores) for _ in scores)]
        gaps[name] = concordance_contrast(
            data.time_days, data.event, np.stack([first, *scores]), weights,
            rng=rng, replicates=plan.replicates, level=plan.level,
        ).test  # fmt: skip
    return c, gaps


def _flat(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _gaps(gaps: dict[str, TestResult | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, result in gaps.items():
        if result is not None and result.difference is not None:
            found |= _flat(f"minus_{name}", result.difference)
    return found
