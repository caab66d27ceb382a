"""Tuning data of a known kind, and networks small enough for a test."""

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from osteon.core.labels import HIP_CLASSES
from osteon.models.build import build
from osteon.models.card import Metric, PartCard, TrainingData, preprocessing_hash
from osteon.models.card_classifier import (
    CROP_VERSION,
    ClassifierCard,
    LabelCard,
    OperatingPoint,
    Preprocessing,
)
from osteon.models.gate import build_gate
from osteon.models.gate_spec import GateSpec
from osteon.models.package import write_package
from osteon.models.spec import ClassifierSpec, DetectorSpec
from osteon.pixels.render import RENDER_HASH
from osteon.prediction.runtime import export_onnx
from osteon.prediction.tuning import TuningSet


def draw_logits(labels, rng, *, signal=3.0, scale=1.0, bias=0.0):
    """Logits of a model that knows the truth with some noise, then distorted."""
    k = len(HIP_CLASSES)
    honest = rng.normal(size=(len(labels), k)) + signal * np.eye(k)[labels]
    return honest * scale + bias


def make_tuning(n=300, seed=0, **distortion):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(HIP_CLASSES), n)
    patients = np.array([f"p{i // 2}" for i in range(n)])
    logits = draw_logits(labels, rng, **distortion)
    return TuningSet(HIP_CLASSES, logits, labels, patients, np.full(n, "tuning"))


@pytest.fixture
def tuning():
    return make_tuning()


TINY_DETECTOR = DetectorSpec(
    encoder="resnet10_w16",
    image_size_px=64,
    levels=(3, 4),
    extra_levels=False,
    fpn_channels=16,
    score_threshold=0.0,
)
TINY_CLASSIFIER = ClassifierSpec(encoder="resnet10_w16", image_size_px=64)
TINY_GATE = GateSpec(image_size_px=64, width=4)
PREPROCESSING = Preprocessing(
    render_version=RENDER_HASH,
    crop_version=CROP_VERSION,
    film_side_px=128,
    classifier_size_px=64,
    box_growth=1.1,
    gate_size_px=64,
)


def arrays(model):
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def make_package(folder, *, films=(), gate=False, onnx=False, **changes):
    """A package of untrained networks whose operating points call everything suspicious."""
    models = {"detector": build(TINY_DETECTOR, 1), "classifier": build(TINY_CLASSIFIER, 2)}
    specs = {"detector": TINY_DETECTOR, "classifier": TINY_CLASSIFIER}
    if gate:
        models["gate"], specs["gate"] = build_gate(TINY_GATE), TINY_GATE
    points = tuple(
        OperatingPoint(
            name=name,
            question=question,
            threshold=threshold,
            rule="given",
            sensitivity=Metric(name="sensitivity", subset="tuning", value=0.9),
            specificity=Metric(name="specificity", subset="tuning", value=0.8),
            n_cases=10,
            n_patients=10,
        )
        for name, question, threshold in (
            ("suspicious", "fracture", 0.1),
            ("definite", "fracture", 0.9),
            ("nondisplaced_possible", "nondisplaced_femoral_neck", 0.1),
        )
    )
    values = {
        "name": "tiny",
        "version": "1.0.0",
        "synthetic": True,
        "recipe": "hip_fracture",
        "labels": LabelCard.of(HIP_CLASSES),
        "parts": {
            name: PartCard(
                kind=spec.kind,
                spec=spec.resolved(),
                parameters=sum(p.numel() for p in models[name].parameters()),
            )
            for name, spec in specs.items()
        },
        "preprocessing": PREPROCESSING,
        "preprocessing_hash": preprocessing_hash(PREPROCESSING),
        "training_data": TrainingData(
            summary="nothing", counts={}, film_hashes_sha256="", data_hash="0"
        ),
        "operating_points": points,
        "intended_use": "Tests.",
        "known_failures": ("Everything.",),
        "licence": "Apache-2.0",
    }
    exported = {
        name: export_onnx(model, specs[name].image_size_px) for name, model in models.items()
    }
    card = ClassifierCard(**{**values, **changes})
    write_package(
        folder,
        card,
        {name: arrays(model) for name, model in models.items()},
        training_inputs=films,
        onnx=exported if onnx else None,
    )
    return folder


@pytest.fixture(scope="session")
def tiny_package(tmp_path_factory):
    return make_package(tmp_path_factory.mktemp("packages") / "tiny", gate=True, onnx=True)


def make_film(path, *, shape=(200, 160), seed=0, **attributes):
    """A plain DX-like file of blobs, any attribute replaced (``None`` takes it away)."""
    rng = np.random.default_rng(seed)
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] / max(shape)
    pixels = 800 + 600 * np.sin(9 * x + seed) * np.cos(7 * y) + rng.normal(0, 30, shape)
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[path.name, str(seed)])
    ds.Modality, ds.PatientID = "DX", "p1"
    ds.Rows, ds.Columns = rows, columns
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.ImagerPixelSpacing = [0.4, 0.4]
    ds.PixelData = np.clip(pixels, 0, 4095).astype("<u2").tobytes()
    for name, value in attributes.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(path, enforce_file_format=True)
    return path
