"""The package that comes with Osteon: its synthetic patients and its study.

``osteon package keep`` makes it. The patients have a seed and a prefix of their own, so that no
demonstration tests the package on patients it was trained on.
"""

from pathlib import Path

import yaml

from osteon.core.files import write_text
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.workflow.demo import SYNTHETIC_LINE

__all__ = ["KEPT_SEED", "kept_films", "prepare_kept_study"]

KEPT_SEED = 7001
_PATIENTS = 360


def kept_films(patients: int = _PATIENTS) -> HipsSettings:
    """Give the settings of the films: more single hips and frog-leg views than a hospital has."""
    return HipsSettings(
        n=patients,
        pixel_size_mm=0.8,
        spacing_mm=1.6,
        films_per_study=(1, 2),
        masks=False,
        patient_prefix="KPT",
        views={"ap_pelvis": 0.45, "ap_hip": 0.27, "frog_leg": 0.23, "cross_table_lateral": 0.05},
    )


def prepare_kept_study(folder: Path, *, patients: int = _PATIENTS, workers: int = 0) -> Path:
    """Make the films and the study folder; what is there from a stopped run is kept."""
    make_hips(kept_films(patients), folder / "films", KEPT_SEED, workers)
    study = folder / "study"
    described = {
        "recipe": "hip_fracture",
        "preset": "kept",
        "sources": ["../films/films"],
        "annotations": ["../films/labels.csv"],
        "workers": workers,
        "split": {"stratify_by": ["label"]},  # one site, and sex is of no matter to a phantom
    }
    text = f"# {SYNTHETIC_LINE}\n" + yaml.safe_dump(described, sort_keys=False)
    write_text(study / "study.yaml", text)
    return study
