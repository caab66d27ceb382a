"""How much the ensemble's answer owes to the seed its networks were trained with."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from osteon.core.records import Estimate, TestResult
from osteon.core.rng import generator
from osteon.core.schemas import RISK_SCORES
from osteon.reports.survival.plan import SINGLE_VIEWS, SurvivalAnalysisPlan
from osteon.reports.survival.score_rows import ScoreRows, flat, score_rows
from osteon.reports.table import Row, Table, difference_cell, estimate_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES
from osteon.statistics.concordance_contrast import concordance_contrast

__all__ = ["named_by_seed", "seed_table"]

_BASELINES = ("clinical", "mean_brightness")
_HEAD = ("", "C", "− mean single view", "− clinical model", "− mean brightness")


def named_by_seed(by_seed: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Gather the scores of each seed's networks alone, as :func:`seed_table` takes them.

    Parameters
    ----------
    by_seed
        Seed to its table RISK_SCORES; may be empty.

    Returns
    -------
    DataFrame
        Table RISK_SCORES; each model is told with its seed's number from 1.
    """
    frames = [
        scores.assign(model=scores["model"] + f" (seed {number})")
        for number, scores in enumerate(by_seed.values(), start=1)
    ]
    return pd.concat(frames, ignore_index=True) if frames else RISK_SCORES.empty()


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
        data = score_rows(own, follow_up)
        rows.append(Row((text_cell(SUBSET_TITLES[subset]),), "group"))
        for number in numbers:
            c, gaps = _of_seed(data, number, plan, seed)
            cells = [difference_cell(gap) for gap in gaps.values()]
            rows.append(Row((text_cell(f"Seed {number}"), estimate_cell(c, "concordance"), *cells)))
            kept.append({"subset": subset, "seed": number, **flat("c", c), **_gaps(gaps)})
    return Table(
        name="seeds",
        title="The ensemble of views, seed by seed",
        note="Networks of one seed alone. Differences of Harrell’s C on the same patients"
        " (95 % interval, paired bootstrap). One test set: the rows are not independent.",
        head=_HEAD,
        rows=tuple(rows),
        data=pd.DataFrame(kept),
    )


def _of_seed(
    data: ScoreRows, number: int, plan: SurvivalAnalysisPlan, seed: int
) -> tuple[Estimate, dict[str, TestResult | None]]:
    def of(model: str) -> np.ndarray:
        return data.wide[f"{model} (seed {number})"].to_numpy(np.float64)

    first = of("ensemble")
    rng = generator(seed, "survival", "seed", number)
    c = data.concordance(f"ensemble (seed {number})", plan.level)
    others = {"mean_single_view": [of(view) for view in SINGLE_VIEWS]}
    for name in _BASELINES:
        if name in data.wide:
            others[name] = [data.wide[name].to_numpy(np.float64)]
    gaps: dict[str, TestResult | None] = dict.fromkeys(("mean_single_view", *_BASELINES))
    for name, scores in others.items():
        weights = [1.0, *(-1 / len(scores) for _ in scores)]
        gaps[name] = concordance_contrast(
            data.time_days, data.event, np.stack([first, *scores]), weights,
            entry=data.entry_days, stratum=data.stratum,
            rng=rng, replicates=plan.replicates, level=plan.level, method="bootstrap",
        ).test  # fmt: skip
    return c, gaps


def _gaps(gaps: dict[str, TestResult | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, result in gaps.items():
        if result is not None and result.difference is not None:
            found |= flat(f"minus_{name}", result.difference)
    return found
