"""The check for shortcuts finds one that is there, and none that is not."""

import numpy as np
import pytest

from osteon.errors import DataError
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.phantom.shortcut import check_shortcuts, cross_validated_scores, hide_hips
from osteon.statistics import auroc


def scored(features, truth, patients):
    scores = cross_validated_scores(features, truth, patients, np.random.default_rng(0))
    return auroc(truth, scores, cluster=patients)


@pytest.mark.parametrize("leak", [0.0, 1.5])
def test_a_planted_shortcut_is_found_and_noise_is_not(leak):
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(150), 2)
    truth = rng.random(300) < 0.3
    features = rng.standard_normal((300, 40))
    features[:, 7] += leak * truth
    area = scored(features, truth, patients)
    if leak:
        assert area.low > 0.6
    else:
        assert area.low < 0.5 < area.high


def test_a_patients_own_look_is_no_evidence():
    """Both hips of a patient share features and class: only patients apart make that harmless."""
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(120), 2)
    truth = np.repeat(rng.random(120) < 0.4, 2)
    look = np.repeat(rng.standard_normal((120, 30)), 2, axis=0)
    area = scored(look, truth, patients)
    assert area.low < 0.5


def test_hidden_region_depends_on_the_head_alone():
    grey = np.ones((100, 120), dtype=np.float32)
    hidden = hide_hips(grey, {"R": (30.0, 50.0), "L": (90.0, 50.0)}, pixel_mm=5.0)
    reach = 42 * 1.17 / 5.0
    assert (hidden[int(50 - reach) :, : int(30 + reach)] == 0).all()
    assert (hidden[int(50 - reach) :, int(90 - reach) + 1 :] == 0).all()
    assert (hidden[: int(50 - reach)] == 1).all()
    assert (hidden[:, int(30 + reach) + 1 : int(90 - reach)] == 1).all()
    assert grey.all()


def test_a_study_is_checked(tmp_path):
    with pytest.raises(DataError, match="no frontal"):
        check_shortcuts(tmp_path)
    settings = HipsSettings(
        n=6, spacing_mm=4.0, pixel_size_mm=3.0, films_per_study=(1, 1), masks=False, ct=False
    )
    make_hips(settings, tmp_path, seed=1, workers=1)
    check = check_shortcuts(tmp_path)
    assert check.hips >= check.films >= 1
    assert "fracture" in check.areas
