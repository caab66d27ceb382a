"""Agreement of annotators: the numbers of the statistics room, on the right rows."""

import numpy as np
import pytest
from cohort_tables import instances_of, labels_of

from osteon.cohort.annotator_agreement import annotator_agreement
from osteon.core.labels import HIP_CLASSES
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_many import fleiss_kappa

CLASSES = HIP_CLASSES.classes


def cohort(films=30, *, missing=()):
    draw = np.random.default_rng(3)
    instances = instances_of(
        [{"sop_instance_uid": f"f{n:02d}", "patient_id": f"P{n // 2}"} for n in range(films)]
    )
    rows = []
    for n in range(films):
        truth = int(draw.integers(len(CLASSES)))
        for who in ("anna", "bert", "carla"):
            if (n, who) in missing:
                continue
            label = CLASSES[truth if draw.random() < 0.8 else int(draw.integers(len(CLASSES)))]
            shift = 5.0 if who == "bert" else 0.0
            rows.append(
                {
                    "sop_instance_uid": f"f{n:02d}", "laterality": "L", "annotator": who,
                    "label": label, "x_min_px": 10.0 + shift, "x_max_px": 50.0 + shift,
                }
            )  # fmt: skip
    return labels_of(rows), instances


def measure(labels, instances):
    rng = np.random.default_rng(0)
    return annotator_agreement(labels, instances, HIP_CLASSES, rng=rng, replicates=100)


def test_kappas_are_those_of_the_statistics():
    labels, instances = cohort()
    found = measure(labels, instances)
    table = labels.pivot(index="sop_instance_uid", columns="annotator", values="label")
    patients = [f"P{n // 2}" for n in range(30)]
    rated = table.to_numpy(dtype=object)
    assert found.fleiss == fleiss_kappa(rated, categories=list(CLASSES), cluster=patients)
    anna_bert = found.pairs[0]
    assert (anna_bert.first, anna_bert.second, anna_bert.hips) == ("anna", "bert", 30)
    assert anna_bert.kappa == cohen_kappa(
        rated[:, 0], rated[:, 1], categories=list(CLASSES), cluster=patients
    )
    binary = np.where(rated == "arthroplasty", 1, 0)
    wanted = fleiss_kappa(binary, cluster=patients)
    assert found.per_class["arthroplasty"].value == pytest.approx(wanted.value)
    assert found.per_class["arthroplasty"].low == pytest.approx(wanted.low)


def test_boxes_are_held_against_one_another():
    found = measure(*cohort())
    anna_bert, anna_carla, _ = found.pairs
    assert anna_bert.boxes.mean_iou.value == pytest.approx(35 / 45)
    assert anna_carla.boxes.min_iou == 1.0


def test_a_missing_annotator_leaves_the_others():
    found = measure(*cohort(missing={(0, "anna"), (0, "bert"), (1, "carla")}))
    assert found.hips == 29
    assert [pair.hips for pair in found.pairs] == [29, 28, 28]


def test_one_annotator_has_no_agreement_and_the_reason_is_told():
    labels, instances = cohort()
    found = measure(labels[labels["annotator"] == "anna"], instances)
    assert found.hips == 0
    assert not found.fleiss.is_defined
    assert found.fleiss.reason == "no hip was labelled by two annotators"
    assert found.pairs == ()
    assert found.as_json()["fleiss"]["value"] is None
