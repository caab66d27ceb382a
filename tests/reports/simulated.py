"""Simulated cases, splits and predictions with the structure of a hip-fracture study.

Several films per patient, both hips on pelvis films, patients who are hard as a whole, an
external site with another vendor, automatic boxes that are now and then missed or superfluous.
"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteon.core.files import write_text
from osteon.core.geometry import Box
from osteon.core.labels import HIP_CLASSES
from osteon.core.manifest import Manifest
from osteon.core.schemas import BOX_COLUMNS, CASES, PREDICTIONS, SPLITS
from osteon.core.tables import write_table

PROBABILITIES = [f"probability_{name}" for name in HIP_CLASSES.classes]
_VENDORS = {"Centre A": ("Carestream", "Siemens"), "Centre B": ("Philips",)}
_FRACTURES = HIP_CLASSES.classes[1:4]


@dataclass(frozen=True)
class SimulatedStudy:
    """The tables of a study folder."""

    cases: pd.DataFrame
    splits: pd.DataFrame
    predictions: pd.DataFrame


def simulate(seed=0, patients=300, replicates_of_films=(1, 2, 3), synthetic=True):
    rng = np.random.default_rng(seed)
    subsets = _subsets(patients, rng)
    cases, splits, rows = [], [], []
    for number, subset in enumerate(subsets):
        patient_id = f"{'SYN' if synthetic else 'P'}{number:04d}"
        splits.append({"patient_id": patient_id, "fold": 0, "subset": subset})
        films = _patient(patient_id, subset, rng, int(rng.choice(replicates_of_films)))
        cases.extend(films)
        if subset != "training":
            difficulty = rng.normal(0, 0.7)
            for case in films:
                rows.extend(_predictions(case, subset, difficulty, rng))
    return SimulatedStudy(
        CASES.checked(pd.DataFrame(cases)),
        SPLITS.checked(pd.DataFrame(splits)),
        PREDICTIONS.checked(pd.DataFrame(rows)),
    )


def _subsets(patients, rng):
    external = patients // 5
    internal = patients - external
    counts = [round(internal * share) for share in (0.6, 0.25)]
    names = ["training"] * counts[0] + ["tuning"] * (internal - sum(counts))
    names += ["internal_test"] * counts[1] + ["external_test"] * external
    return list(rng.permutation(names))


def _patient(patient_id, subset, rng, films):
    site = "Centre B" if subset == "external_test" else "Centre A"
    sex = rng.choice(["F", "M"], p=[0.64, 0.36])
    hips = {side: _label(rng, site) for side in "LR"}
    if all(label in _FRACTURES for label in hips.values()):
        hips["L"] = "no_fracture"
    fractured = any(label in _FRACTURES for label in hips.values())
    age = float(np.clip(rng.normal(79 if fractured else 70, 11), 21, 104).round())
    vendor = str(rng.choice(_VENDORS[site]))
    rows = []
    for film in range(films):
        view = ("AP pelvis", "AP hip", "frog-leg lateral")[film % 3]
        sides = "LR" if view == "AP pelvis" else str(rng.choice(["L", "R"]))
        uid = f"1.2.826.0.1.{patient_id[-4:].lstrip('0') or '0'}.{film + 1}"
        rows.extend(
            {
                "case_id": f"{uid}:{side}",
                "patient_id": patient_id,
                "study_instance_uid": uid.rpartition(".")[0],
                "accession_number": f"A{patient_id}",
                "sop_instance_uid": uid,
                "laterality": side,
                "view_position": view,
                **dict(zip(BOX_COLUMNS, _box(side, rng).as_tuple(), strict=True)),
                "label": hips[side],
                "label_source": "phantom" if patient_id.startswith("SYN") else "film",
                "patient_sex": sex,
                "patient_age_years": age if rng.random() > 0.03 else None,
                "manufacturer": vendor,
                "manufacturer_model_name": f"{vendor} DX",
                "institution_name": site,
                "study_date": f"20{rng.integers(10, 20)}0{rng.integers(1, 9)}15",
                "content_hash": uid,
                "path": f"/films/{uid}.dcm",
                "archive_member": None,
            }
            for side in sides
        )
    return rows


def _label(rng, site):
    shares = [0.55, 0.13, 0.09, 0.11, 0.06, 0.06]
    if site == "Centre B":
        shares = [0.70, 0.08, 0.06, 0.08, 0.04, 0.04]
    return str(rng.choice(HIP_CLASSES.classes, p=shares))


def _box(side, rng):
    x = 250 if side == "R" else 750
    return Box.from_center(x + rng.normal(0, 15), 480 + rng.normal(0, 20), 260, 330)


def _predictions(case, subset, difficulty, rng):
    label = HIP_CLASSES.index(case["label"])
    strength = 2.4 if subset == "external_test" else 3.2
    logits = rng.normal(0, 1.0, len(HIP_CLASSES))
    logits[label] += strength - difficulty
    if case["label"] == "nondisplaced_femoral_neck":
        logits[0] += 1.9 + difficulty
    reference = Box(*(case[name] for name in BOX_COLUMNS))
    shift = rng.normal(0, 6, 4)
    found = Box(*(np.asarray(reference.as_tuple()) + shift))
    is_missed = rng.random() < (0.03 if subset == "external_test" else 0.008)
    yield _row(case, subset, "manual", reference, reference, logits)
    automatic = None if is_missed else found
    yield _row(case, subset, "automatic", automatic, reference, logits + rng.normal(0, 0.4, 6))


def _row(case, subset, source, box, reference, logits):
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    best = HIP_CLASSES.classes[int(probabilities.argmax())]
    missed = box is None
    positive = probabilities[list(HIP_CLASSES.positive_indices)].sum()
    return {
        **{name: case[name] for name in ("case_id", "patient_id", "sop_instance_uid")},
        "laterality": case["laterality"],
        "subset": subset,
        "fold": 0,
        "box_source": source,
        **dict(zip(BOX_COLUMNS, (None,) * 4 if missed else box.as_tuple(), strict=True)),
        "detection_score": None if missed or source == "manual" else 0.9,
        "iou": None if missed else reference.iou(box),
        "label": case["label"],
        "predicted_label": None if missed else best,
        "probability_fracture": None if missed else positive,
        **dict(zip(PROBABILITIES, (None,) * 6 if missed else probabilities, strict=True)),
    }


def write_study(folder, study, run_id="run-1", epochs=12):
    """Write a study folder as the stages leave it, up to the predictions."""
    tables, run = folder / "tables", folder / "runs" / run_id
    write_table(study.cases, CASES, tables / "cases.parquet")
    write_table(study.splits, SPLITS, tables / "splits.parquet")
    write_table(study.predictions, PREDICTIONS, run / "predictions.parquet")
    rows = [
        {
            "epoch": epoch,
            "step": 10 * epoch,
            "learning_rate": 1e-4,
            "training_loss": 0.2 + 1.6 * np.exp(-epoch / 4),
            "tuning_loss": 0.35 + 1.5 * np.exp(-epoch / 5),
            "tuning_accuracy": 0.92 - 0.6 * np.exp(-epoch / 4),
        }
        for epoch in range(epochs)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_text(run / "classifier" / "metrics.jsonl", text)
    Manifest(
        "train", {"cases": "00"}, {"epochs": epochs}, 7, {"cases": 1}, 1.0, True, {}, 0.0
    ).write(run / "train.manifest.json")
    return folder


class DrawnFilms:
    """Films with a bright square at each box whose texture depends a little on the class."""

    def __init__(self, cases, seed=0):
        self.cases = cases
        self.seed = seed

    def load(self, content_hash):
        rng = np.random.default_rng([self.seed, *content_hash.encode()])
        grey = rng.normal(0.3, 0.05, (384, 512)).astype(np.float32)
        factor = 0.5
        for _, case in self.cases[self.cases["content_hash"] == content_hash].iterrows():
            box = Box(*(float(case[name]) for name in BOX_COLUMNS)).scaled(factor)
            rows = slice(int(box.y_min), int(box.y_max))
            columns = slice(int(box.x_min), int(box.x_max))
            shift = 0.02 * HIP_CLASSES.index(case["label"])
            ramp = np.linspace(0, shift, rows.stop - rows.start, dtype=np.float32)
            grey[rows, columns] += ramp[:, None][: grey[rows, columns].shape[0]]
        return np.clip(grey, 0, 1), factor
