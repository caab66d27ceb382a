import pytest

from osteon.core.settings import with_overrides
from osteon.errors import SettingsError
from osteon.models.build import build
from osteon.training.augmentation import VARIATIONS, listed_crops
from osteon.training.presets import PRESETS, classifier_preset, detector_preset

PACKAGE_BYTES = 12e6


def test_the_papers_numbers():
    classifier, detector = classifier_preset("paper"), detector_preset("paper")
    assert classifier.model.encoder == "densenet169"
    assert classifier.model.squeeze_excitation
    assert classifier.model.image_size_px == 224
    fit = classifier.fit
    assert (fit.optimiser, fit.learning_rate, fit.batch_size) == ("adam", 1e-5, 25)
    assert (fit.schedule, fit.decay_gamma, fit.decay_per) == ("exponential", 0.9, "epoch")
    assert (fit.patience, fit.metric, fit.class_weighting) == (10, "accuracy", "balanced")
    assert len(listed_crops(fit.augmentation)) == 14
    assert fit.augmentation.switched_on == VARIATIONS
    assert detector.model.encoder == "resnet50"
    assert detector.model.nms_iou == 0.3
    assert (detector.fit.max_steps, detector.fit.batch_size) == (25_000, 16)
    assert detector.fit.augmentation.crop


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_starts_from_scratch_unless_asked(name):
    assert detector_preset(name).fit.initial.source == "scratch"
    assert classifier_preset(name).fit.initial.source == "scratch"


@pytest.mark.parametrize("name", ["demo", "kept"])
def test_small_presets_fit_into_the_kept_package(name):
    models = build(detector_preset(name).model), build(classifier_preset(name).model)
    weights = sum(p.numel() for model in models for p in model.parameters())
    assert 2 * weights < PACKAGE_BYTES - 1.5e6  # room for a gate and the card


def test_every_setting_can_be_set_and_a_wrong_name_is_told_the_nearest():
    changed = with_overrides(
        classifier_preset("demo"),
        ["fit.learning_rate=0.1", "model.encoder=resnet18", "fit.augmentation.cutout=false"],
    )
    assert changed.fit.learning_rate == 0.1
    assert changed.model.encoder == "resnet18"
    assert "cutout" not in changed.fit.augmentation.switched_on
    with pytest.raises(SettingsError, match=r"fit\.lerning_rate is not a setting: did you mean"):
        with_overrides(changed, ["fit.lerning_rate=1"])
    with pytest.raises(SettingsError, match="wanted one of paper, modern, demo, kept"):
        classifier_preset("fast")
    with pytest.raises(SettingsError, match=r"initial\.path is for"):
        with_overrides(changed, ["fit.initial.source=file"])
