"""Packages of untrained survival networks, small enough for a test."""

import numpy as np
import torch

from osteon.cohort.volume_choice import VolumeRules
from osteon.core.schemas import PROJECTED_VIEWS
from osteon.drr.settings import ProjectionSettings
from osteon.models.build import build
from osteon.models.card import PartCard, TrainingData, preprocessing_hash
from osteon.models.card_survival import ClinicalInput, CtPreprocessing, SurvivalCard
from osteon.models.package import write_package
from osteon.models.spec import SurvivalSpec
from osteon.pixels.volume_settings import VolumeSettings
from osteon.prediction.package_parts import arrays_of
from osteon.prediction.patient_risk import reference_cohort
from osteon.prediction.risk_curves import RiskCurves
from osteon.prediction.survival_curves import curve_times

SPEC = SurvivalSpec(encoder="densenet16_g8", image_size_px=32, time_effects="proportional")
HORIZONS = (730.0, 1095.0, 1825.0)
CAUSES = ("subsequent fracture", "death")
PREPROCESSING = CtPreprocessing(
    projection=ProjectionSettings(rows=32, columns=32, pixel_mm=14.0),
    reading=VolumeSettings(),
    volumes=VolumeRules(fewest_slices=10, widest_spacing_mm=10.0),
)


def untrained(view, seed, spec=SPEC):
    """A network whose answer depends on the picture, with a plausible baseline."""
    model = build(spec.changed({"view": view}), seed=seed).eval()
    with torch.no_grad():
        model.risk.weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(seed))
        model.full_scale.fill_(10.0)
        model.baseline.fill_(-3.0)
    return model


def reference(spec=SPEC, patients=40, subset="training"):
    times = curve_times(spec.cuts_days, HORIZONS)
    rates = np.linspace(0.02, 0.3, patients) / 365
    free = np.exp(-np.outer(rates, times))
    incidence = 0.9 * (1 - free) if spec.causes == 2 else None
    return reference_cohort(RiskCurves(times, free, incidence), subset, 2900.0, HORIZONS)


def make_survival_card(models, **changes):
    spec = next(iter(models.values())).spec
    values = {
        "name": "tiny-times",
        "version": "1.0.0",
        "synthetic": True,
        "recipe": "refracture",
        "parts": {
            name: PartCard(kind="survival", spec=model.spec.resolved(), parameters=1)
            for name, model in models.items()
        },
        "training_data": TrainingData(
            summary="nobody", counts={}, film_hashes_sha256="", data_hash="0"
        ),
        "intended_use": "Tests.",
        "known_failures": ("Everything.",),
        "licence": "Apache-2.0",
        "causes": CAUSES[: spec.causes],
        "head": spec.head,
        "cuts_days": spec.cuts_days,
        "image_size_px": spec.image_size_px,
        "views": tuple(v for v in PROJECTED_VIEWS if v in {m.spec.view for m in models.values()}),
        "seeds": {name: int(name.rpartition("seed")[2]) for name in models},
        "preprocessing": PREPROCESSING,
        "preprocessing_hash": preprocessing_hash(PREPROCESSING),
        "clinical": tuple(
            ClinicalInput(name=name, mean=75.0, deviation=10.0) for name in spec.clinical
        ),
        "reference": reference(spec),
    }
    return SurvivalCard(**{**values, **changes})


def make_survival_package(folder, *, spec=SPEC, seeds=(1, 2), volumes=(), onnx=None, **changes):
    models = {
        f"{view}-seed{seed}": untrained(view, seed, spec)
        for view in PROJECTED_VIEWS
        for seed in seeds
    }
    write_package(
        folder,
        make_survival_card(models, **changes),
        {name: arrays_of(model) for name, model in models.items()},
        training_inputs=tuple(volumes),
        onnx=onnx,
    )
    return folder
