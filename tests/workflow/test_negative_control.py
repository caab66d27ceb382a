"""The control on tiny networks: chance where outcomes were dealt out, not where they leak."""

import numpy as np
import pandas as pd
import pytest
from tests.training.drawn_projections import DrawnCohort

from osteon.cohort.dealt_out import deal_out_outcomes
from osteon.prediction.settings import SurvivalSettings
from osteon.reports.survival.negative_control import control_sentences, negative_control_table
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.training.settings import SurvivalTraining
from osteon.training.survival_cases import SurvivalTables
from osteon.workflow.negative_control import control_scores

TRAINING = SurvivalTraining().changed(
    {
        "model": {
            "encoder": "densenet16_g8", "image_size_px": 32, "time_effects": "proportional",
        },
        "fit": {
            "optimiser": "adamw", "learning_rate": 5e-3, "batch_size": 16, "epochs": 8,
            "device": "cpu", "warmup_steps": 4, "metric": "concordance", "average_decay": 0.9,
        },
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    subsets = ("training", "training", "tuning", "internal_test", "external_test")
    return DrawnCohort(
        tmp_path_factory.mktemp("drawn"), patients=300, size=32, strength=2.5, subsets=subsets
    )


def control(cohort, follow_up, folder):
    tables = SurvivalTables(cohort.projections, follow_up, cohort.splits, is_synthetic=True)
    scores = control_scores(
        tables, cohort.folder, TRAINING, SurvivalSettings(), folder, [1], fold=0, workers=1
    )
    return negative_control_table(scores, follow_up, SurvivalAnalysisPlan())


def test_dealt_out_outcomes_cannot_be_told(cohort, tmp_path):
    rng = np.random.default_rng(7)
    table = control(cohort, deal_out_outcomes(cohort.follow_up, cohort.splits, rng), tmp_path)
    assert table.data["model"].tolist() == ["ensemble (seed 1)", "ensemble"] * 2
    assert table.data["covers_chance"].all()
    assert all("holds 0.5" in text for text in control_sentences(table))
    assert "Check of the pipeline" in table.title


def test_intervals_of_dealt_out_outcomes_hold_chance_as_often_as_they_say(cohort):
    """The best score there is, on true outcomes: C far from 0.5 before they are dealt out."""
    scores = pd.DataFrame(
        {
            "case_id": cohort.follow_up["patient_id"], "patient_id": cohort.follow_up["patient_id"],
            "subset": cohort.subset, "fold": 0, "model": "ensemble", "risk_score": cohort.weakness,
        }
    )  # fmt: skip
    plan = SurvivalAnalysisPlan()
    assert not negative_control_table(scores, cohort.follow_up, plan).data["covers_chance"].any()
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        dealt = deal_out_outcomes(cohort.follow_up, cohort.splits, rng)
        held += negative_control_table(scores, dealt, plan).data["covers_chance"].tolist()
    assert np.mean(held) > 0.9


def test_outcomes_that_leak_are_seen(cohort, tmp_path):
    """The planted leak: the outcomes were not dealt out, so that the pictures tell them."""
    table = control(cohort, cohort.follow_up, tmp_path)
    assert not table.data["covers_chance"].any()
    assert (table.data["c"] > 0.6).all()
    assert all("DOES NOT HOLD 0.5" in text for text in control_sentences(table))
    assert [row.cells[-1].text for row in table.rows if row.kind != "group"] == ["NO"] * 4
