"""Fit the baseline ``mean_brightness`` on the training patients."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from osteon.core.schemas import PROJECTED_VIEWS
from osteon.errors import DataError
from osteon.models.mean_brightness import MeanBrightness, mean_line_integrals
from osteon.models.spec import SurvivalSpec
from osteon.training.survival_cases import SurvivalTables, follow_up_of, survival_cases
from osteon.training.survival_losses import FollowUp, Ties, breslow_increments, cox_loss

__all__ = ["fit_mean_brightness"]

_LARGEST = 20.0  # a log hazard ratio of a standard deviation beyond it has run away


def fit_mean_brightness(
    tables: SurvivalTables,
    root: Path,
    spec: SurvivalSpec,
    *,
    views: Sequence[str] = PROJECTED_VIEWS[:1],
    ties: Ties = "efron",
    fold: int = 0,
) -> MeanBrightness:
    """Maximise Cox's partial likelihood of a subsequent fracture, death censoring.

    Parameters
    ----------
    tables, root, fold
        As of :func:`osteon.training.survival.train_survival`; tuning patients are not used.
    spec
        Its cut points are those of the baseline.
    views
        One covariate each: the mean line integral, standardised by the training set. Parallel
        projections of one volume all have the same, so that one view says everything.
    ties
        ``efron`` or ``breslow``.

    Raises
    ------
    DataError
        As :func:`osteon.training.survival_cases.survival_cases`; or if the likelihood has no
        finite maximum.
    """
    first = survival_cases(tables, spec.changed({"view": views[0], "clinical": []}), fold)
    seen = tables.projections
    of_training = seen[seen["patient_id"].isin(first.training["patient_id"])]
    brightness = mean_line_integrals(of_training, root, views)
    rows = brightness.merge(first.training.drop(columns="patient_id"), on="case_id")
    values = rows[list(views)].to_numpy(np.float64)
    means, deviations = values.mean(axis=0), values.std(axis=0)
    deviations = np.where(deviations > 0, deviations, 1.0)
    x = torch.from_numpy((values - means) / deviations)
    entry, time, cause = follow_up_of(rows)
    follow_up = FollowUp(entry.double(), time.double(), torch.where(cause == 1, 1, 0))
    beta = _maximised(x, follow_up, ties)
    log_hazard = (x @ beta)[:, None]
    return MeanBrightness(
        views=tuple(views),
        means=tuple(means.tolist()),
        deviations=tuple(deviations.tolist()),
        log_hazard_ratios=tuple(beta.tolist()),
        log_baseline=tuple(breslow_increments(log_hazard, follow_up, spec.cuts_days)[0].tolist()),
        cuts_days=spec.cuts_days,
    )


def _maximised(x: torch.Tensor, follow_up: FollowUp, ties: Ties) -> torch.Tensor:
    beta = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [beta], max_iter=200, tolerance_grad=1e-10, tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        loss = cox_loss((x @ beta)[:, None], follow_up, ties)
        loss.backward()
        return loss

    optimiser.step(step)
    found = beta.detach()
    if not torch.isfinite(found).all() or found.abs().max() > _LARGEST:
        raise DataError(
            "the partial likelihood of mean brightness has no finite maximum",
            remedy="give more training patients, or fewer views",
        )
    return found
