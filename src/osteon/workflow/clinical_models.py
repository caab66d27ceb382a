"""The model of known risk factors beside the image models of a run, and the two joined."""

import numpy as np
import pandas as pd

from osteon.core.progress import say
from osteon.core.rng import seed_for
from osteon.errors import DataError
from osteon.prediction.clinical import CLINICAL, FUSED, fuse_with_clinical, predict_clinical
from osteon.workflow.context import Context
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import clinical_table

__all__ = ["with_clinical"]


def with_clinical(
    context: Context, scores: pd.DataFrame, curves: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add the rows of the clinical model and of its union with the ensemble.

    A study without risk factors keeps its tables as they are. The clinical model is fitted on
    training patients, the weights of the union on tuning patients; what they are too few for is
    left out, and this is said.
    """
    clinical = clinical_table(context)
    if clinical is None:
        return scores, curves
    study, settings = context.study, survival_settings(context)
    follow_up, splits = study.read("follow_up"), study.read("splits")
    main = settings.analysis.main_model
    image = scores[scores["model"] == main]
    cases = image[["case_id", "patient_id"]].drop_duplicates()
    try:
        own = predict_clinical(
            cases, clinical, follow_up, splits, settings.clinical_model,
            seed_for(settings.seed, CLINICAL),
        )  # fmt: skip
    except DataError as why:  # too few training fractures: a result, not a crash
        say(f"{CLINICAL} is left out: {why}")
        return scores, curves
    scores = pd.concat([scores, own.risk_scores], ignore_index=True)
    curves = pd.concat([curves, own.curves], ignore_index=True)
    log_hazards = image.assign(risk_score=_log_cumulative_hazard(image["risk_score"]))
    both = pd.concat([log_hazards, own.risk_scores], ignore_index=True)
    try:
        joined = fuse_with_clinical(
            both, follow_up, image=main, cut_days=settings.clinical_model.cut_days
        )
    except DataError as why:  # too few tuning patients to weigh the two
        say(f"{FUSED} is left out: {why}")
        return scores, curves
    return (
        pd.concat([scores, joined.risk_scores], ignore_index=True),
        pd.concat([curves, joined.curves], ignore_index=True),
    )


def _log_cumulative_hazard(risk: "pd.Series[float]") -> "pd.Series[float]":
    """Turn a risk by a horizon into the log of the cumulative hazard that gives it."""
    bounded = risk.astype(float).clip(1e-9, 1 - 1e-9)
    return pd.Series(np.log(-np.log1p(-bounded.to_numpy())), risk.index)
