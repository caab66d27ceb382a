from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tests.prediction.conftest import PREPROCESSING, TINY_CLASSIFIER, TINY_DETECTOR

from osteon.core.geometry import Box
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import CASES, SPLITS
from osteon.errors import DataError, PackageError
from osteon.models.build import build
from osteon.models.package import open_package
from osteon.pixels.cache import PixelCache
from osteon.prediction.networks import networks_from_models, networks_from_package
from osteon.prediction.predict import predict_cases
from osteon.prediction.settings import PredictSettings

SUBSETS = ("training", "tuning", "internal_test")


class MemoryCache(PixelCache):
    """Films that are drawn instead of read; counts how often."""

    def __init__(self, folder):
        super().__init__(folder, 128)
        self.loads = 0

    def load(self, content_hash):
        self.loads += 1
        seed = int(content_hash[:8], 16)
        return np.random.default_rng(seed).random((100, 128)).astype(np.float32), 0.5

    def pixel_spacing_mm(self, content_hash):
        return None


@pytest.fixture(scope="module")
def networks():
    return networks_from_models(
        [build(TINY_CLASSIFIER, 2)], build(TINY_DETECTOR, 1), HIP_CLASSES, PREPROCESSING
    )


@pytest.fixture(scope="module")
def cases():
    rows = []
    for film in range(6):
        for side, x in (("R", 20), ("L", 150)):
            rows.append(
                {
                    "case_id": f"film{film}:{side}",
                    "patient_id": f"p{film // 2}",
                    "sop_instance_uid": f"film{film}",
                    "laterality": side,
                    "x_min_px": x,
                    "y_min_px": 40,
                    "x_max_px": x + 80,
                    "y_max_px": 130,
                    "label": HIP_CLASSES.classes[film % 6],
                    "label_source": "phantom",
                    "content_hash": f"{film:064x}",
                    "path": f"/films/{film}",
                }
            )
    frame = pd.DataFrame(rows)
    for name in CASES.names:
        if name not in frame:
            frame[name] = None
    return CASES.checked(frame)


def predicted(*arguments, **settings):
    return predict_cases(*arguments, **settings).predictions


@pytest.fixture(scope="module")
def splits():
    rows = [{"patient_id": f"p{i}", "fold": 0, "subset": SUBSETS[i]} for i in range(3)]
    return SPLITS.checked(pd.DataFrame(rows))


def test_every_case_has_a_row_for_each_box_source(cases, splits, networks, tmp_path):
    table = predicted(cases, splits, MemoryCache(tmp_path), networks)
    assert len(table) == 2 * len(cases)
    assert set(table["case_id"]) == set(cases["case_id"])
    manual = table[table["box_source"] == "manual"]
    assert (manual["iou"] == 1).all()
    assert manual["detection_score"].isna().all()
    assert manual["x_min_px"].tolist() == cases.sort_values("case_id")["x_min_px"].tolist()
    found = table[(table["box_source"] == "automatic") & table["x_min_px"].notna()]
    assert found["detection_score"].between(0, 1).all()
    for row in found.merge(cases, on="case_id", suffixes=("", "_true")).itertuples():
        box = Box(row.x_min_px, row.y_min_px, row.x_max_px, row.y_max_px)
        true = Box(row.x_min_px_true, row.y_min_px_true, row.x_max_px_true, row.y_max_px_true)
        assert row.iou == pytest.approx(box.iou(true))


def test_a_box_without_a_labelled_hip_is_kept_as_extra(cases, splits, networks, tmp_path):
    some = cases[cases["laterality"] == "L"].reset_index(drop=True)
    boxes = predict_cases(some, splits, MemoryCache(tmp_path), networks).detections
    assert set(boxes["sop_instance_uid"]) <= set(some["sop_instance_uid"])
    right, left = (boxes[boxes["laterality"] == side] for side in ("R", "L"))
    assert len(right) > 0
    assert right["case_id"].isna().all()
    assert set(left["case_id"]) <= set(some["case_id"])


def test_manual_rows_are_the_classifier_on_the_reference_crop(cases, splits, networks, tmp_path):
    cache = MemoryCache(tmp_path)
    table = predicted(cases, splits, cache, networks, subsets=["tuning"])
    row = table[(table["case_id"] == "film2:L") & (table["box_source"] == "manual")].iloc[0]
    grey, factor = cache.load(f"{2:064x}")
    crop = networks.crop(grey, Box(150, 40, 230, 130).scaled(factor), "L")
    wanted = networks.logits([crop])[0]
    got = [row[f"logit_{name}"] for name in HIP_CLASSES.classes]
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    assert row["probability_fracture"] == pytest.approx(
        sum(row[f"probability_{name}"] for name in HIP_CLASSES.positive)
    )


def test_left_hips_are_mirrored_to_look_like_right_ones(networks):
    film = np.random.default_rng(0).random((100, 120)).astype(np.float32)
    right = networks.crop(film, Box(10, 20, 50, 70), "R")
    left = networks.crop(
        np.ascontiguousarray(film[:, ::-1]), Box(10, 20, 50, 70).mirrored(120), "L"
    )
    np.testing.assert_allclose(left, right, atol=1e-6)


def test_only_the_subsets_asked_for_are_predicted(cases, splits, networks, tmp_path):
    table = predicted(cases, splits, MemoryCache(tmp_path), networks, subsets=["tuning"])
    assert set(table["subset"]) == {"tuning"}
    assert set(table["patient_id"]) == {"p1"}
    none = predicted(cases, splits, MemoryCache(tmp_path), networks, subsets=["external_test"])
    assert len(none) == 0
    assert "probability_no_fracture" in none.columns


def test_a_missed_hip_is_a_row_without_box_or_probability(cases, splits, tmp_path):
    blind = TINY_DETECTOR.changed({"score_threshold": 1.0})
    networks = networks_from_models(
        [build(TINY_CLASSIFIER, 2)], build(blind, 1), HIP_CLASSES, PREPROCESSING
    )
    table = predicted(cases, splits, MemoryCache(tmp_path), networks)
    missed = table[table["box_source"] == "automatic"]
    assert len(missed) == len(cases)
    for name in ("x_min_px", "iou", "predicted_label", "probability_fracture"):
        assert missed[name].isna().all()


def test_chunks_do_not_change_the_answer_and_finished_ones_are_kept(
    cases, splits, networks, tmp_path
):
    cache = MemoryCache(tmp_path)
    settings = PredictSettings(films_per_chunk=2)
    first = predicted(cases, splits, cache, networks, settings=settings, keep_in=tmp_path)
    assert cache.loads == 6
    assert len(list(tmp_path.glob("*.parquet"))) == 3
    next(tmp_path.glob("*.parquet")).unlink()  # as if killed in this chunk
    again = predicted(cases, splits, cache, networks, settings=settings, keep_in=tmp_path)
    assert cache.loads == 8
    pd.testing.assert_frame_equal(first, again)
    whole = predicted(cases, splits, MemoryCache(tmp_path), networks)
    merged = first.merge(whole, on=["case_id", "box_source"], suffixes=("", "_whole"))
    np.testing.assert_allclose(
        merged["logit_arthroplasty"].astype(float),
        merged["logit_arthroplasty_whole"].astype(float),
        atol=1e-5,
    )


def test_other_weights_do_not_take_up_kept_chunks(cases, splits, networks, tmp_path):
    predict_cases(cases, splits, MemoryCache(tmp_path), networks, keep_in=tmp_path)
    other = networks_from_models(
        [build(TINY_CLASSIFIER, 7)], build(TINY_DETECTOR, 1), HIP_CLASSES, PREPROCESSING
    )
    assert other.digest != networks.digest
    cache = MemoryCache(tmp_path)
    predict_cases(cases, splits, cache, other, keep_in=tmp_path)
    assert cache.loads == 6


def test_an_ensemble_gives_the_mean_probability(cases, splits, networks, tmp_path):
    models = [build(TINY_CLASSIFIER, seed) for seed in (2, 3)]
    both = networks_from_models(models, None, HIP_CLASSES, PREPROCESSING)
    settings = PredictSettings(box_sources=("manual",))

    def share(used):
        table = predicted(cases, splits, MemoryCache(tmp_path), used, settings=settings)
        return table["probability_arthroplasty"].astype(float).to_numpy()

    one, other = (
        networks_from_models([model], None, HIP_CLASSES, PREPROCESSING) for model in models
    )
    np.testing.assert_allclose(share(both), (share(one) + share(other)) / 2, atol=1e-6)
    with pytest.raises(PackageError, match="no detector"):
        predict_cases(cases, splits, MemoryCache(tmp_path), both)


def test_averaging_box_sizes_and_mirrors_changes_answers_but_not_rows(
    cases, splits, networks, tmp_path
):
    settings = PredictSettings(search="windows")
    sized = PREPROCESSING.changed({"box_factors": [0.9, 1.0, 1.1]})
    averaging = replace(networks, preprocessing=sized)
    plain = predicted(cases, splits, MemoryCache(tmp_path), networks)
    table = predicted(cases, splits, MemoryCache(tmp_path), averaging, settings=settings)
    manual = table["box_source"] == "manual"
    assert len(table) == len(plain)
    assert not np.allclose(
        table.loc[manual, "probability_fracture"].astype(float),
        plain.loc[manual, "probability_fracture"].astype(float),
    )


def test_a_box_size_no_package_can_have_is_refused_before_anything_is_trained():
    with pytest.raises(ValidationError, match="less than 5"):
        PredictSettings(box_factors=(1.0, 9.0))


def test_films_of_another_size_are_refused(cases, splits, networks, tmp_path):
    with pytest.raises(DataError, match="prepared at 256 px"):
        predict_cases(cases, splits, PixelCache(tmp_path, 256), networks)


def test_a_package_gives_the_networks_it_was_made_of(tiny_package, networks):
    loaded = networks_from_package(open_package(tiny_package))
    crops = [np.random.default_rng(0).random((64, 64)).astype(np.float32)]
    np.testing.assert_array_equal(loaded.logits(crops), networks.logits(crops))
