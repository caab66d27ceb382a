import numpy as np
import pytest
import torch

from osteon.core.manifest import Manifest
from osteon.core.schemas import SPLITS
from osteon.errors import DataError
from osteon.models.checkpoint import load_checkpoint
from osteon.models.detector import detect
from osteon.models.hip_size import largest_hip_mm
from osteon.models.spec import ClassifierSpec, DetectorSpec
from osteon.training.augmentation import CropAugmentation, FilmAugmentation
from osteon.training.classification import ClassificationTask, plain_crops, train_classifier
from osteon.training.detection import train_detector
from osteon.training.films import load_hips
from osteon.training.settings import ClassifierFit, DetectorFit
from osteon.training.subsets import training_cases

CLASSES = ("no_fracture", "displaced_femoral_neck")
DETECTOR = DetectorSpec(
    encoder="resnet10_w16", image_size_px=64, levels=(3, 4), extra_levels=False, fpn_channels=16,
    anchor_stride_ratio=1.5, aspect_ratios=(1.3,), box_loss="giou",
    head_normalisation="group",
)  # fmt: skip
CLASSIFIER = ClassifierSpec(encoder="resnet10_w16", image_size_px=32, classes=CLASSES)
DETECTOR_FIT = DetectorFit(
    learning_rate=3e-3, batch_size=4, epochs=2, device="cpu",
    augmentation=FilmAugmentation(window_scales=(0.9, 1.1)),
)  # fmt: skip
CLASSIFIER_FIT = ClassifierFit(
    learning_rate=3e-3, batch_size=8, epochs=2, device="cpu",
    augmentation=CropAugmentation(mixture_mask=False, cutout=False),
)  # fmt: skip


def test_a_detector_learns_from_the_tables(tmp_path, drawn_study):
    cases, splits, films = drawn_study(patients=24)
    fit = DETECTOR_FIT.changed({"epochs": 30})
    result = train_detector(cases, splits, films, DETECTOR, fit, tmp_path, seed=0)
    assert result.best > 0.5
    model, spec = load_checkpoint(tmp_path)
    assert spec == DETECTOR  # too few hips to say how large they get
    image = torch.from_numpy(films.films["hash-002"])[None, None]
    found = {hip.laterality: hip.box for hip in detect(model, image)[0]}
    assert found["R"].center[0] < found["L"].center[0]


def test_how_large_hips_get_is_learned_from_the_training_patients(tmp_path, drawn_study):
    cases, splits, films = drawn_study(patients=60)
    subset = cases["patient_id"].map(splits.set_index("patient_id")["subset"])
    cases.loc[subset != "training", "x_max_px"] += 60.0
    train_detector(cases, splits, films, DETECTOR, DETECTOR_FIT, tmp_path, seed=0)
    mine = cases[subset == "training"]
    area = (mine["x_max_px"] - mine["x_min_px"]) * (mine["y_max_px"] - mine["y_min_px"])
    sizes = 0.5 * np.sqrt(area.astype(float))  # films of 0.5 mm
    assert load_checkpoint(tmp_path)[1].largest_hip_mm == pytest.approx(largest_hip_mm(sizes))
    given = DETECTOR.changed({"largest_hip_mm": 77.0})
    train_detector(cases, splits, films, given, DETECTOR_FIT, tmp_path / "given", seed=0)
    assert load_checkpoint(tmp_path / "given")[1].largest_hip_mm == 77.0


def test_a_classifier_learns_from_the_tables(tmp_path, drawn_study):
    cases, splits, films = drawn_study(patients=40)
    fit = CLASSIFIER_FIT.changed({"epochs": 30})
    result = train_classifier(cases, splits, films, CLASSIFIER, fit, tmp_path, seed=0)
    assert result.best >= 0.9
    manifest = Manifest.read(tmp_path / "manifest.json")
    assert manifest["synthetic"]
    assert manifest["settings"]["fit"]["epochs"] == 30
    assert manifest["counts"]["training_hips"] == 40


@pytest.mark.parametrize("train", ["detector", "classifier"])
def test_no_pixel_of_a_test_patient_is_read(tmp_path, drawn_study, train):
    cases, splits, films = drawn_study(patients=8)
    run(train, cases, splits, films, tmp_path)
    test_patients = set(splits.loc[splits["subset"] == "internal_test", "patient_id"])
    seen = set(cases.loc[cases["content_hash"].isin(films.read), "patient_id"])
    assert test_patients
    assert not seen & test_patients
    assert len(seen) == 6


@pytest.mark.parametrize("train", ["detector", "classifier"])
def test_test_patients_cannot_move_a_weight(tmp_path, drawn_study, train):
    cases, splits, films = drawn_study(patients=8)
    run(train, cases, splits, films, tmp_path / "with")
    kept = cases[~cases["patient_id"].isin({"P003", "P007"})]
    run(train, kept, splits, films, tmp_path / "without")
    one, two = ((tmp_path / n / "model.safetensors").read_bytes() for n in ("with", "without"))
    assert one == two


def run(train, cases, splits, films, folder, **changes):
    if train == "detector":
        fit = DETECTOR_FIT.changed(changes)
        return train_detector(cases, splits, films, DETECTOR, fit, folder, seed=0)
    fit = CLASSIFIER_FIT.changed(changes)
    return train_classifier(cases, splits, films, CLASSIFIER, fit, folder, seed=0)


def test_a_finished_training_is_not_repeated(tmp_path, drawn_study):
    cases, splits, films = drawn_study()
    first = run("classifier", cases, splits, films, tmp_path)
    films.read.clear()
    again = run("classifier", cases, splits, films, tmp_path)
    assert again == first
    assert films.read == []
    assert not (tmp_path / "resume.safetensors").exists()
    other = run("classifier", cases, splits, films, tmp_path, epochs=1)
    assert other.epochs == 1


def test_a_label_that_the_model_does_not_know_is_refused(tmp_path, drawn_study):
    cases, splits, films = drawn_study()
    cases.loc[0, "label"] = "osteophyte"
    with pytest.raises(DataError, match=r"case hash-000:R is labelled 'osteophyte'"):
        run("classifier", cases, splits, films, tmp_path)


def test_an_empty_subset_is_refused(drawn_study):
    cases, splits, _ = drawn_study()
    with pytest.raises(DataError, match="fold 1 has no training case"):
        training_cases(cases, splits, 1)
    no_tuning = splits[splits["subset"] != "tuning"]
    with pytest.raises(DataError, match="fold 0 has no tuning case"):
        training_cases(cases, no_tuning, 0)


def test_folds_are_kept_apart(drawn_study):
    cases, splits, _ = drawn_study()
    other = splits.assign(fold=1, subset=splits["subset"].map(
        {"training": "tuning", "tuning": "training", "internal_test": "internal_test"}
    ))  # fmt: skip
    import pandas as pd

    both = SPLITS.checked(pd.concat([splits, other]))
    zero, one = training_cases(cases, both, 0), training_cases(cases, both, 1)
    assert zero[0].equals(one[1])
    assert zero[1].equals(one[0])


def test_left_hips_look_like_right_ones(drawn_study):
    cases, _, films = drawn_study(patients=4)
    hips = load_hips(cases, films, 32)
    task = ClassificationTask(hips, hips, CLASSIFIER, CLASSIFIER_FIT, seed=0)
    edges = task._tuning_images[:, 0, 12:20]
    for hip, edge in zip(hips, edges, strict=True):
        if hip.laterality == "L":  # its brighter edge was drawn at the right of the film
            assert edge[:, 4:8].mean() > edge[:, -8:-4].mean() + 0.05


def test_the_papers_expansion_makes_an_epoch_of_fourteen(drawn_study):
    cases, _, films = drawn_study(patients=4)
    hips = load_hips(cases, films, 32)
    fit = ClassifierFit(augmentation=CropAugmentation(expansion="every"))
    task = ClassificationTask(hips, hips, CLASSIFIER, fit, seed=0)
    assert task.training_size == 14 * 8
    labels = [task.load(index, 0)[1].item() for index in range(28)]
    assert len(set(labels[:14])) == len(set(labels[14:])) == 1
    images = [task.load(index, 0)[0] for index in range(14)]
    assert len({image.numpy().tobytes() for image in images}) == 14
    assert torch.equal(task.load(5, 3)[0], task.load(5, 3)[0])


def test_box_growth_shows_more_around_the_hip(drawn_study):
    cases, _, films = drawn_study(patients=4)
    tight, wide = (
        plain_crops(load_hips(cases, films, 32, growth), CLASSIFIER, growth)
        for growth in (1.0, 1.6)
    )
    bright = [(crops > 0.3).float().mean().item() for crops in (tight, wide)]
    assert bright[1] < 0.7 * bright[0]
