"""The best concordance there is to reach: that of the true log hazard, and of what a clinic knows.

No model can be expected above the first; a model of risk factors alone not above the second. Both
are measured on the patients made, with their censoring, as a model will be.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.schemas import SUBSEQUENT_FRACTURE
from osteon.phantom.hazards import QUANTITIES
from osteon.phantom.risk_factors import COMPLETE_FACTORS
from osteon.statistics import concordance_index_harrell, concordance_index_uno

__all__ = ["UNO_TAU_DAYS", "ceilings"]

UNO_TAU_DAYS = 1825.0

Floats = NDArray[np.float64]


def ceilings(truth: pd.DataFrame) -> Mapping[str, Any]:
    """Measure the ceilings of all patients and of each site.

    Parameters
    ----------
    truth
        Table of the truth: the columns of :data:`QUANTITIES` and :data:`COMPLETE_FACTORS`,
        ``t_score_known`` (NaN where there is none), ``log_hazard_fracture``, ``time_days``,
        ``cause``, ``site``.

    Returns
    -------
    mapping
        For ``all`` and each site: patients, fractures, deaths, and for each predictor Harrell's C
        and Uno's (events until 1,825 days) with intervals. ``log_hazard``: the truth; ``image``:
        its least-squares share in bone and muscle; ``clinical``: in the risk factors, nothing but
        densitometry missing; ``age_and_sex``. Death is censoring.
    """
    log_hazard = truth["log_hazard_fracture"].to_numpy(np.float64)
    image = [name for name in QUANTITIES if name not in ("age_years", "is_male")]
    t_score = truth["t_score_known"].to_numpy(np.float64)
    known = np.nan_to_num(t_score + 1.5, nan=0.0)
    factors = truth[list(COMPLETE_FACTORS)].to_numpy(np.float64)
    scores = {
        "log_hazard": log_hazard,
        "image": _share(log_hazard, truth[image].to_numpy(np.float64)),
        "clinical": _share(log_hazard, np.c_[factors, known, np.isnan(t_score)]),
        "age_and_sex": _share(log_hazard, factors[:, :2]),
    }
    groups = {"all": np.ones(len(truth), dtype=bool)}
    groups |= {str(site): (truth["site"] == site).to_numpy() for site in truth["site"].unique()}
    return {name: _group(truth[rows], scores, rows) for name, rows in groups.items()}


def _share(log_hazard: Floats, columns: Floats) -> Floats:
    """Least-squares fit of the log hazard on columns."""
    design = np.c_[np.ones(len(columns)), columns]
    return np.asarray(design @ np.linalg.lstsq(design, log_hazard, rcond=None)[0])


def _group(
    truth: pd.DataFrame, scores: Mapping[str, Floats], rows: NDArray[np.bool_]
) -> Mapping[str, Any]:
    time = truth["time_days"].to_numpy(np.float64)
    cause = truth["cause"].to_numpy()
    event = (cause == SUBSEQUENT_FRACTURE).astype(int)
    return {
        "patients": len(truth),
        "fractures": int(event.sum()),
        "deaths": int((cause == SUBSEQUENT_FRACTURE + 1).sum()),
    } | {
        name: {
            "concordance_index_harrell": _plain(
                concordance_index_harrell(time, event, score[rows])
            ),
            "concordance_index_uno": _plain(
                concordance_index_uno(time, event, score[rows], tau=UNO_TAU_DAYS)
            ),
        }
        for name, score in scores.items()
    }


def _plain(estimate: Estimate) -> Sequence[float | None] | str:
    if not estimate.is_defined:
        return str(estimate.reason)
    values = (estimate.value, estimate.low, estimate.high)
    return [None if np.isnan(value) else round(value, 4) for value in values]
