"""One simulated study, evaluated once, for all tests of survival reports."""

import pytest
from tests.reports.survival.simulated import simulate

from osteon.reports.survival.evaluation import evaluate_survival
from osteon.reports.survival.plan import SurvivalAnalysisPlan

MODELS = ("ensemble", "frontal", "lateral", "axial", "clinical", "mean_brightness")


@pytest.fixture(scope="session")
def plan():
    return SurvivalAnalysisPlan(
        replicates=60, decision_thresholds=(0.1, 0.2), calibrated_models=("ensemble",),
        brier_steps=3,
    )  # fmt: skip


@pytest.fixture(scope="session")
def survival_study():
    sizes = {"training": 60, "tuning": 80, "internal_test": 130, "external_test": 160}
    return simulate(seed=7, sizes=sizes, models=MODELS)


@pytest.fixture(scope="session")
def survival(survival_study, plan):
    return evaluate_survival(
        *survival_study.tables(), is_synthetic=True, seed=2, plan=plan,
        ceiling_log_hazard=survival_study.log_hazard,
    )  # fmt: skip
