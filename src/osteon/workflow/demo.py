"""The demonstration: synthetic patients of two hospitals, and the study made of them."""

from pathlib import Path

import yaml

from osteon.core.files import write_text
from osteon.errors import StudyError
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.workflow.study import read_study_file

__all__ = ["SYNTHETIC_LINE", "demo_films", "prepare_demo_study"]

SYNTHETIC_LINE = "SYNTHETIC PATIENTS: a demonstration, no evidence of clinical value."
_EXTERNAL_SHARE = 0.3
_EXTERNAL_PREFIX = "EXT"


def demo_films(patients: int) -> dict[str, HipsSettings]:
    """Make the settings of two hospitals: small films, the second with other machines.

    Parameters
    ----------
    patients
        Patients of the first hospital; the second has 0.3 times as many (at least 10).
    """
    small = HipsSettings(
        n=patients,
        pixel_size_mm=0.8,
        spacing_mm=2.0,
        films_per_study=(1, 2),
        follow_up_share=0.0,
        masks=False,
    )
    external = small.changed(
        {
            "n": max(10, round(_EXTERNAL_SHARE * patients)),
            "site": "external",
            "films_per_study": [1, 1],
            "patient_prefix": _EXTERNAL_PREFIX,
        }
    )
    return {"internal": small, "external": external}


def prepare_demo_study(folder: Path, *, patients: int, seed: int, workers: int) -> Path:
    """Make the films and the study folder; what is there from a stopped run is kept.

    Returns
    -------
    Path
        The study folder, ready for :func:`osteon.workflow.run.run_study`.

    Raises
    ------
    StudyError
        If the folder holds a demonstration with other settings.
    """
    cohorts = demo_films(patients)
    for number, (name, settings) in enumerate(cohorts.items()):
        make_hips(settings, folder / "films" / name, seed + number, workers)
    study = folder / "study"
    text = f"# {SYNTHETIC_LINE}\n" + yaml.safe_dump(
        _study_file(list(cohorts), seed, workers), sort_keys=False
    )
    if not (study / "study.yaml").exists():
        write_text(study / "study.yaml", text)
    elif read_study_file(study) != yaml.safe_load(text):
        raise StudyError(
            f"{folder} holds a demonstration with other settings", remedy="choose another folder"
        )
    return study


def _study_file(cohorts: list[str], seed: int, workers: int) -> dict[str, object]:
    return {
        "recipe": "hip_fracture",
        "preset": "demo",
        "sources": [f"../films/{name}/films" for name in cohorts],
        "annotations": [f"../films/{name}/labels.csv" for name in cohorts],
        "seed": seed,
        "workers": workers,
        "split": {
            "proportions": {"training": 0.55, "tuning": 0.15, "internal_test": 0.30},
            "external": [f"patient_id~^{_EXTERNAL_PREFIX}"],
        },
    }
