import json

import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.detection_average_precision import mean_average_precision
from osteon.statistics.detection_matching import BoxTable


def corners(xywh):
    x, y, w, h = xywh
    return [x, y, x + w, y + h]


@pytest.fixture(scope="module")
def coco(reference_data):
    folder = reference_data / "detection/coco100"
    truth = json.loads((folder / "instances_val2014_100.json").read_text())["annotations"]
    found = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    reference = BoxTable.of(
        [a["image_id"] for a in truth],
        [a["category_id"] for a in truth],
        [corners(a["bbox"]) for a in truth],
        crowd=[a["iscrowd"] for a in truth],
        area_px=[a["area"] for a in truth],
    )
    detected = BoxTable.of(
        [d["image_id"] for d in found],
        [d["category_id"] for d in found],
        [corners(d["bbox"]) for d in found],
        score=[d["score"] for d in found],
    )
    return reference, detected


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("AP", {}),
        ("AP50", {"ious": [0.5]}),
        ("AP75", {"ious": [0.75]}),
        ("AP_small", {"area_range": "small"}),
        ("AP_medium", {"area_range": "medium"}),
        ("AP_large", {"area_range": "large"}),
        ("AR_1", {"max_detections": 1}),
        ("AR_10", {"max_detections": 10}),
        ("AR_100", {}),
        ("AR_small", {"area_range": "small"}),
        ("AR_medium", {"area_range": "medium"}),
        ("AR_large", {"area_range": "large"}),
    ],
)
def test_coco_numbers(coco, reference, name, options):
    facts = reference("coco100.json")
    result = mean_average_precision(*coco, **options)
    value = result.recall if name.startswith("AR") else result.mean.value
    assert value == pytest.approx(facts["bbox"][name], abs=1e-12)
    if name == "AP":
        assert result.by_class == pytest.approx(facts["bbox_by_category"], abs=1e-12)


def test_padilla(reference_data, reference):
    sample = json.loads((reference_data / "detection/padilla/padilla.json").read_text())
    tables = []
    for rows, score in ((sample["ground_truth"], False), (sample["detections"], True)):
        tables.append(
            BoxTable.of(
                [r["image"] for r in rows],
                [r["label"] for r in rows],
                [corners(r["xywh"]) for r in rows],
                score=[r["score"] for r in rows] if score else None,
            )
        )
    facts = reference("padilla.json")
    got = mean_average_precision(*tables, ious=[0.3])
    assert got.mean.value == pytest.approx(facts["pycocotools_AP_0.3"], abs=1e-12)
    assert got.recall == pytest.approx(facts["pycocotools_recall_0.3"], abs=1e-12)
    stepped = mean_average_precision(*tables, ious=[0.3], every_step=True)
    assert stepped.mean.value == pytest.approx(facts["voc_every_step_plain_iou"], abs=1e-12)


def boxes(n, shift=0.0):
    return [[10.0 * i + shift, 0, 10.0 * i + 8 + shift, 8] for i in range(n)]


def test_perfect_detections_score_one_and_doubles_cost():
    truth = BoxTable.of(range(5), ["hip"] * 5, boxes(5))
    found = BoxTable.of(range(5), ["hip"] * 5, boxes(5), score=np.linspace(1, 0.6, 5))
    assert mean_average_precision(truth, found).mean.value == pytest.approx(1)
    doubled = BoxTable.of(
        [0, *range(5)], ["hip"] * 6, [boxes(1)[0], *boxes(5)], score=[2, *np.linspace(1, 0.6, 5)]
    )
    assert mean_average_precision(truth, doubled).mean.value < 1


def test_no_reference_box_and_no_detection():
    none = BoxTable.of([], [], [])
    found = BoxTable.of([1], ["hip"], boxes(1), score=[0.5])
    assert "no reference box" in mean_average_precision(none, found).mean.reason
    truth = BoxTable.of([1], ["hip"], boxes(1))
    missed = mean_average_precision(truth, BoxTable.of([], [], [], score=[]))
    assert (missed.mean.value, missed.recall) == (0.0, 0.0)
    with pytest.raises(DataError, match="no score"):
        mean_average_precision(truth, truth)


def test_interval_draws_patients_not_images():
    rng = np.random.default_rng(0)
    images = np.arange(40)
    shift = np.repeat(rng.uniform(0, 4, 10), 4)
    truth = BoxTable.of(images, ["hip"] * 40, boxes(40))
    found = BoxTable.of(
        images, ["hip"] * 40, [b for i, b in enumerate(boxes(40)) if True], score=rng.random(40)
    )
    found = BoxTable.of(
        images, ["hip"] * 40, found.box + shift[:, None] * [1, 0, 1, 0], score=found.score
    )
    patient = {int(i): int(i) // 4 for i in images}
    for method in ("bootstrap", "logit"):
        options = {"method": method, "replicates": 400, "rng": np.random.default_rng(1)}
        by_image = mean_average_precision(truth, found, **options).mean
        by_patient = mean_average_precision(truth, found, cluster_of_image=patient, **options).mean
        assert by_patient.high - by_patient.low > 1.3 * (by_image.high - by_image.low)


def test_one_class_at_one_overlap_has_the_limits_of_average_precision():
    rng = np.random.default_rng(4)
    images, hit = np.arange(60), rng.random(60) < 0.7
    score = rng.random(60) + 0.5 * hit
    shift = np.where(hit, 0.0, 100.0)[:, None] * [1, 0, 1, 0]
    truth = BoxTable.of(images, ["hip"] * 60, boxes(60))
    found = BoxTable.of(images, ["hip"] * 60, np.array(boxes(60)) + shift, score=score)
    got = mean_average_precision(truth, found, ious=[0.5], every_step=True).mean
    half = 1.959964 / np.sqrt(60 * got.value * (1 - got.value))
    boyd = 1 / (1 + np.exp(-(np.log(got.value / (1 - got.value)) - half)))
    assert got.low == pytest.approx(boyd, abs=0.05)
    assert got.low <= boyd + 1e-9  # the jackknife takes over where it is wider
    perfect = mean_average_precision(
        truth, BoxTable.of(images, ["hip"] * 60, boxes(60), score=score)
    )
    assert (perfect.mean.low, perfect.mean.high) == pytest.approx((0.025 ** (1 / 60), 1))
