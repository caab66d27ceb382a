import pytest
from tests.training.drawn_projections import DrawnCohort

from osteon.models.checkpoint import load_checkpoint
from osteon.training.settings import SurvivalTraining
from osteon.training.survival_cases import SurvivalTables
from osteon.training.survival_ensemble import train_survival_ensemble

TRAINING = SurvivalTraining().changed(
    {
        "model": {"encoder": "densenet16_g8", "image_size_px": 32},
        "fit": {"epochs": 1, "device": "cpu"},
    }
)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_view_is_trained_with_every_seed(tmp_path, workers):
    cohort = DrawnCohort(tmp_path, patients=20, size=32)
    tables = SurvivalTables(cohort.projections, cohort.follow_up, cohort.splits)
    views = ("frontal", "axial")
    found = train_survival_ensemble(
        tables, tmp_path, TRAINING, tmp_path / "run", (3, 4), views=views, workers=workers
    )
    assert set(found) == {(view, seed) for view in views for seed in (3, 4)}
    folders = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert folders == ["axial-seed3", "axial-seed4", "frontal-seed3", "frontal-seed4"]
    for (view, _), result in found.items():
        assert load_checkpoint(result.folder)[1].view == view
    assert found["axial", 3].best != found["axial", 4].best
