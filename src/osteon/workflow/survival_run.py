"""Where the networks and predictions of a survival run lie, and the tables they rest on."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from osteon.core.rng import seed_for
from osteon.core.schemas import PROJECTED_VIEWS
from osteon.training.survival_cases import SurvivalTables
from osteon.workflow.context import Context
from osteon.workflow.survival import survival_settings
from osteon.workflow.training import folds_of

__all__ = [
    "CURVES_NAME",
    "SCORES_NAME",
    "Member",
    "clinical_table",
    "members_planned",
    "survival_tables",
]

SCORES_NAME = "risk_scores.parquet"
CURVES_NAME = "survival_curves.parquet"


@dataclass(frozen=True, slots=True)
class Member:
    """One network to be trained: fold, view, and the number and value of its seed."""

    fold: int
    view: str
    number: int
    seed: int

    def folder(self, run: Path) -> Path:
        """Where it lies below a run's folder."""
        return run / f"fold-{self.fold}" / "survival" / f"{self.view}-{self.number}"


def members_planned(context: Context) -> list[Member]:
    """List the networks of all folds, views and seeds."""
    settings = survival_settings(context)
    return [
        Member(fold, view, number, seed_for(settings.seed, "survival", number) % 2**31)
        for fold in folds_of(context)
        for number in range(1, settings.seeds + 1)
        for view in PROJECTED_VIEWS
    ]


def clinical_table(context: Context) -> pd.DataFrame | None:
    """Read the risk factors as they were known at the index date, if the study has them."""
    if not context.study.table_path("clinical").exists():
        return None
    return context.study.read("clinical")


def survival_tables(context: Context) -> SurvivalTables:
    """Read what survival models are trained on."""
    study = context.study
    return SurvivalTables(
        study.read("projections"),
        study.read("follow_up"),
        study.read("splits"),
        clinical_table(context),
        context.is_synthetic(),
    )
