"""A baseline that knows no anatomy: Cox's model of each picture's mean line integral."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon.core.settings import Settings
from osteon.models.hazards import event_free, interval_hazards
from osteon.models.projections import read_projection

__all__ = ["MeanBrightness", "mean_line_integrals"]


class MeanBrightness(Settings):
    """A fitted baseline; JSON by :meth:`resolved`.

    Parameters
    ----------
    views
        Views whose mean line integrals are the covariates.
    means, deviations
        Of the training set; covariates are standardised by them.
    log_hazard_ratios
        For one standard deviation of each view.
    log_baseline
        Logarithm of what Breslow's baseline gains in every interval, (K,).
    cuts_days
        K + 1 cut points.
    """

    views: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    log_hazard_ratios: tuple[float, ...]
    log_baseline: tuple[float, ...]
    cuts_days: tuple[float, ...]

    def log_hazard(self, brightness: NDArray[np.float64]) -> Tensor:
        """Log hazard ratio (n,) of mean line integrals (n, views)."""
        standard = (brightness - np.asarray(self.means)) / np.asarray(self.deviations)
        return torch.from_numpy(standard @ np.asarray(self.log_hazard_ratios))

    def event_free(self, brightness: NDArray[np.float64], times: Tensor) -> Tensor:
        """Event-free probability, float64 (n, m), at m times in days."""
        raw = self.log_hazard(brightness)[:, None, None] + torch.tensor(self.log_baseline)
        hazards = interval_hazards(raw, "cox")
        return event_free(hazards, self.cuts_days, times, "exponential")[:, 0]


def mean_line_integrals(rows: pd.DataFrame, root: Path, views: Sequence[str]) -> pd.DataFrame:
    """Average every projection of some views.

    Parameters
    ----------
    rows
        Rows of table PROJECTIONS.
    root
        The study folder.
    views
        Which.

    Returns
    -------
    DataFrame
        ``case_id``, ``patient_id`` and a column for each view, sorted by case; cases that lack
        one of the views are not in it.
    """
    chosen = rows[rows["view"].isin(list(views))].reset_index(drop=True)
    found = [
        float(read_projection(root / path, f"{case}, {view}", (height, width)).mean())
        for case, view, path, height, width in zip(
            *(chosen[name] for name in ("case_id", "view", "path", "rows", "columns")), strict=True
        )
    ]
    table = chosen[["case_id", "patient_id", "view"]].assign(value=found)
    wide = table.pivot(index=["case_id", "patient_id"], columns="view", values="value")
    return wide.reindex(columns=list(views)).dropna().reset_index().rename_axis(columns=None)
