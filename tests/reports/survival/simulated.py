"""A simulated survival study: known hazard, death competing, several models, two hospitals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteon.core.schemas import FOLLOW_UP, RISK_SCORES, SPLITS, SURVIVAL_CURVES

CUTS_DAYS = np.linspace(0, 3650, 13)
NOISE = {
    "ensemble": 0.55, "frontal": 1.2, "lateral": 1.5, "axial": 1.8, "frontal+lateral": 0.85,
    "frontal+axial": 0.9, "lateral+axial": 1.1, "clinical": 1.9, "ensemble+clinical": 0.5,
    "mean_brightness": 4.0,
}  # fmt: skip
WITHOUT_CURVES = {"mean_brightness"}
SIZES = {"training": 300, "tuning": 160, "internal_test": 260, "external_test": 300}


@dataclass(frozen=True)
class SimulatedSurvival:
    """The tables of a study, and the true log hazard by patient."""

    follow_up: pd.DataFrame
    splits: pd.DataFrame
    risk_scores: pd.DataFrame
    survival_curves: pd.DataFrame
    log_hazard: dict

    def tables(self):
        return self.follow_up, self.splits, self.risk_scores, self.survival_curves


def simulate(seed=1, sizes=SIZES, external_rate=0.45, models=tuple(NOISE), study_days=2600.0):
    rng = np.random.default_rng(seed)
    subsets = np.repeat(list(sizes), list(sizes.values()))
    n = len(subsets)
    ids = np.array([f"SYN{i:05d}" for i in range(n)])
    beta = rng.normal(0, 1.0, n)
    rate = 0.055 / 365.25 * np.where(subsets == "external_test", external_rate, 1.0)
    hazard, death_hazard = rate * np.exp(beta), np.full(n, 0.05 / 365.25)
    fracture = np.ceil(rng.exponential(1 / hazard))
    death = np.ceil(rng.exponential(1 / death_hazard))
    end = np.ceil(np.minimum(rng.uniform(700, study_days, n), rng.exponential(9000, n)))
    time = np.maximum(np.minimum.reduce([fracture, death, end]), 1)
    cause = np.where(time == end, 0, np.where(fracture <= death, 1, 2))
    reasons = np.where(cause == 1, "subsequent_fracture", np.where(cause == 2, "death", "lost"))
    start = pd.Timestamp("2010-01-01")
    follow_up = pd.DataFrame(
        {
            "patient_id": ids, "index_date": "2010-01-01", "entry_days": 0.0, "time_days": time,
            "cause": cause, "end_reason": reasons,
            "end_date": [(start + pd.Timedelta(days=d)).strftime("%Y-%m-%d") for d in time],
        }
    )  # fmt: skip
    splits = pd.DataFrame({"patient_id": ids, "fold": 0, "subset": subsets})
    scores, curves = [], []
    base = 0.055 / 365.25
    for model in models:
        score = beta + rng.normal(0, NOISE[model], n)
        shrink = 1 / (1 + NOISE[model] ** 2)
        keys = {"case_id": [f"{i}:ct" for i in ids], "patient_id": ids, "subset": subsets}
        scores.append(pd.DataFrame({**keys, "fold": 0, "model": model, "risk_score": score}))
        if model not in WITHOUT_CURVES:
            spread = shrink * score + NOISE[model] ** 2 * shrink / 2
            curves.append(_curves(keys, model, base * np.exp(spread)))
    return SimulatedSurvival(
        FOLLOW_UP.checked(follow_up),
        SPLITS.checked(splits),
        RISK_SCORES.checked(pd.concat(scores, ignore_index=True)),
        SURVIVAL_CURVES.checked(pd.concat(curves, ignore_index=True)),
        dict(zip(ids.tolist(), beta.tolist(), strict=True)),
    )


def _curves(keys, model, hazard):
    death = 0.05 / 365.25
    t = CUTS_DAYS[None, :]
    free = np.exp(-hazard[:, None] * t)
    total = hazard[:, None] + death
    incidence = hazard[:, None] / total * (1 - np.exp(-total * t))
    n, k = free.shape
    return pd.DataFrame(
        {
            **{name: np.repeat(values, k) for name, values in keys.items()},
            "fold": 0, "model": model, "time_days": np.tile(CUTS_DAYS, n),
            "event_free": free.ravel(), "event_free_low": (free**1.3).ravel(),
            "event_free_high": (free**0.75).ravel(), "cumulative_incidence": incidence.ravel(),
        }
    )  # fmt: skip
