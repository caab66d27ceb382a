import json

import numpy as np
import pandas as pd
import pytest
import torch
from tests.training.drawn_projections import DrawnCohort

from osteon.core.manifest import Manifest
from osteon.errors import DataError, SettingsError, TableError
from osteon.models.checkpoint import load_checkpoint
from osteon.models.hazards import event_free, interpolation_of, interval_hazards
from osteon.models.projections import load_projections
from osteon.models.spec import SurvivalSpec
from osteon.training.projection_augmentation import ProjectionAugmentation
from osteon.training.settings import SurvivalFit, SurvivalTraining
from osteon.training.survival import SurvivalSet, SurvivalTask, train_survival
from osteon.training.survival_cases import SurvivalTables, survival_cases
from osteon.training.survival_presets import SURVIVAL_PRESETS, survival_preset

SPEC = SurvivalSpec(encoder="densenet16_g8", image_size_px=32, time_effects="proportional")
FIT = SurvivalFit(
    optimiser="adamw", learning_rate=5e-3, batch_size=16, epochs=2, device="cpu", warmup_steps=4
)
HEADS = ("logistic_hazard", "cox", "piecewise_exponential")


def tables_of(cohort, **changes):
    parts = {"projections": cohort.projections, "follow_up": cohort.follow_up}
    return SurvivalTables(**{**parts, "splits": cohort.splits, "is_synthetic": True, **changes})


def trained(cohort, folder, spec=SPEC, fit=FIT, **changes):
    return train_survival(tables_of(cohort, **changes), cohort.folder, spec, fit, folder, seed=1)


@pytest.mark.parametrize("head", HEADS)
def test_every_head_learns_to_rank_and_to_give_absolute_risks(tmp_path, head):
    cohort = DrawnCohort(
        tmp_path, patients=300, size=32, subsets=("training", "training", "tuning")
    )
    fit = FIT.changed({"epochs": 12, "metric": "concordance", "average_decay": 0.9})
    spec = SPEC.changed({"head": head})
    result = trained(cohort, tmp_path / "run", spec, fit)
    assert result.best > 0.65
    model, found = load_checkpoint(tmp_path / "run")
    assert found == spec
    rows = cohort.projections[cohort.projections["view"] == "frontal"]
    with torch.inference_mode():
        hazards = interval_hazards(model(load_projections(rows, tmp_path, 32)), head)
    times = torch.tensor([730.0, 1825.0])
    free = event_free(hazards, spec.cuts_days, times, interpolation_of(head))[:, 0]
    # mean predicted risk beside the truth: hazard exp(1.5 w) / 2500 of a normal weakness
    truth = [np.exp(-np.exp(1.5 * cohort.weakness) / 2500 * t).mean() for t in (730, 1825)]
    np.testing.assert_allclose(free.mean(dim=0), truth, atol=0.08)


def test_the_manifest_says_what_it_was_trained_on(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=40, size=32)
    trained(cohort, tmp_path / "run")
    manifest = Manifest.read(tmp_path / "run" / "manifest.json")
    assert manifest["synthetic"]
    counts = manifest["counts"]
    assert counts["training_projections"] == 24
    assert counts["tuning_projections"] == 8
    assert counts["training_fractures"] == (cohort.cause[cohort.subset == "training"] == 1).sum()
    assert not any("hips" in name for name in counts)
    before = (tmp_path / "run" / "model.safetensors").stat().st_mtime_ns
    trained(cohort, tmp_path / "run")  # nothing changed: nothing is done
    assert (tmp_path / "run" / "model.safetensors").stat().st_mtime_ns == before


def test_no_picture_of_a_test_patient_is_read_and_no_test_outcome_moves_a_weight(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=40, size=32)
    trained(cohort, tmp_path / "with")
    tested = cohort.splits.loc[cohort.splits["subset"] == "internal_test", "patient_id"]
    for patient in tested:
        (tmp_path / "cache" / f"{patient}-frontal.npy").unlink()
    changed = cohort.follow_up.copy()
    changed.loc[changed["patient_id"].isin(tested), ["time_days", "cause"]] = [1.0, 1]
    trained(cohort, tmp_path / "without", follow_up=changed)
    one, two = ((tmp_path / n / "model.safetensors").read_bytes() for n in ("with", "without"))
    assert one == two


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.mark.parametrize("head", ["logistic_hazard", "cox"])
def test_a_killed_training_ends_bit_for_bit_as_if_it_had_not_been(tmp_path, monkeypatch, head):
    cohort = DrawnCohort(tmp_path, patients=40, size=32)
    spec = SPEC.changed({"head": head, "dropout": 0.2})
    trained(cohort, tmp_path / "whole", spec)
    loss, calls = SurvivalTask.loss, []

    def killing(self, model, batch):
        calls.append(1)
        if len(calls) == 4:
            raise Killed
        return loss(self, model, batch)

    monkeypatch.setattr(SurvivalTask, "loss", killing)
    fit = FIT.changed({"checkpoint_every_steps": 1})
    with pytest.raises(Killed):
        trained(cohort, tmp_path / "killed", spec, fit)
    trained(cohort, tmp_path / "killed", spec, fit)
    files = [(tmp_path / n / "model.safetensors").read_bytes() for n in ("whole", "killed")]
    assert files[0] == files[1]
    assert len(calls) == 5  # four steps in all, one of them begun twice


def test_who_lacks_a_picture_or_follow_up_is_left_out_with_a_reason(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=20, size=32)
    pictures = cohort.projections[cohort.projections["patient_id"] != "P0000"]
    followed = cohort.follow_up[cohort.follow_up["patient_id"] != "P0001"]
    cases = survival_cases(tables_of(cohort, projections=pictures, follow_up=followed), SPEC, 0)
    told = [(item.key, item.reason) for item in cases.exclusions]
    assert told == [("P0000", "no_projection"), ("P0001", "no_follow_up")]
    assert cases.trained_on(True).counts["patients_left_out"] == 2
    assert len(cases.training) == 10


def test_clinical_variables_join_and_scale_by_training_patients_alone(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=40, size=32)
    age = np.where(cohort.subset == "training", 70.0 + np.arange(40) % 2, 900.0)
    clinical = pd.DataFrame({"patient_id": cohort.follow_up["patient_id"], "age_years": age})
    clinical.loc[0, "age_years"] = None
    spec = SPEC.changed({"clinical": ["age_years"]})
    trained(cohort, tmp_path / "run", spec, clinical=clinical)
    model, _ = load_checkpoint(tmp_path / "run")
    assert 70 <= model.clinical_mean.item() <= 71
    with pytest.raises(TableError, match="the network takes age_years: no clinical table"):
        trained(cohort, tmp_path / "none", spec)
    with pytest.raises(TableError, match="column age_years is missing"):
        trained(cohort, tmp_path / "none", spec, clinical=clinical[["patient_id"]])
    words = clinical.astype({"age_years": "object"})
    words.loc[3, "age_years"] = "old"
    with pytest.raises(TableError, match="columns of 0 and 1"):
        trained(cohort, tmp_path / "none", spec, clinical=words)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cause": 3}, "has cause 3, wanted 0, 1 or 2"),
        ({"time_days": -1.0}, "neither below 0"),
        ({"entry_days": 5000.0}, "an end after the entry"),
    ],
)
def test_impossible_follow_up_is_refused_and_the_patient_named(tmp_path, values, message):
    cohort = DrawnCohort(tmp_path, patients=20, size=32)
    wrong = cohort.follow_up.copy()
    for name, value in values.items():
        wrong.loc[0, name] = value
    with pytest.raises(DataError, match=f"patient P0000.*{message}"):
        survival_cases(tables_of(cohort, follow_up=wrong), SPEC, 0)


def test_a_study_without_fractures_is_refused(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=20, size=32)
    nobody = cohort.follow_up.assign(cause=0)
    with pytest.raises(DataError, match="no training patient of fold 0 had"):
        survival_cases(tables_of(cohort, follow_up=nobody), SPEC, 0)
    tuned = cohort.splits.loc[cohort.splits["subset"] == "tuning", "patient_id"]
    untold = cohort.follow_up.copy()
    untold.loc[untold["patient_id"].isin(tuned), "cause"] = 0
    with pytest.raises(DataError, match="no two tuning patients compare"):
        trained(
            cohort, tmp_path / "run", fit=FIT.changed({"metric": "concordance"}), follow_up=untold
        )
    trained(cohort, tmp_path / "loss", follow_up=untold)  # the loss is there all the same
    row = json.loads((tmp_path / "loss" / "metrics.jsonl").read_text().splitlines()[0])
    assert "tuning_concordance" not in row


def test_a_picture_is_the_same_for_the_same_epoch_and_another_for_the_next(tmp_path):
    cohort = DrawnCohort(tmp_path, patients=20, size=32)
    cases = survival_cases(tables_of(cohort), SPEC, 0)
    part = SurvivalSet.of(cases.training, tmp_path, SPEC)
    task = SurvivalTask(part, part, SPEC, FIT, seed=3)
    first, again, later = task.load(2, 0), task.load(2, 0), task.load(2, 1)
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], later[0])
    assert torch.equal(part.pictures, SurvivalSet.of(cases.training, tmp_path, SPEC).pictures)
    none = ProjectionAugmentation(shift=0, rotation_degrees=0, scale=0, intensity=0, mirror=False)
    plain = SurvivalTask(part, part, SPEC, FIT.changed({"augmentation": none.resolved()}), seed=3)
    assert torch.equal(plain.load(2, 0)[0], part.pictures[2])


def test_settings_that_do_not_fit_together_are_refused():
    with pytest.raises(SettingsError, match="Cox's risk sets are those of the batch"):
        SurvivalTraining().changed({"model": {"head": "cox"}, "fit": {"accumulate": 2}})
    with pytest.raises(SettingsError, match="beyond the last cut point"):
        SurvivalTraining().changed({"model": {"last_cut_days": 700}})
    with pytest.raises(SettingsError, match="wanted one of paper, modern, demo"):
        survival_preset("kept")


@pytest.mark.parametrize("name", SURVIVAL_PRESETS)
def test_presets_start_from_scratch_with_the_papers_time_axis(name):
    training = survival_preset(name, "lateral")
    assert training.model.view == "lateral"
    assert training.fit.initial.source == "scratch"
    assert (training.model.cut_points, training.model.last_cut_days) == (13, 3650)
    assert training.model.encoder.startswith("densenet")
