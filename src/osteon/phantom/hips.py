"""Make a synthetic hip study: films as DICOM with their truth beside them.

Folder::

    films/<patient>/<visit>/<number>.dcm    DX or CR
    ct/<patient>/<visit>/*.dcm              with ``ct``; masks.nii.gz beside the slices
    masks/<patient>/<visit>/<number>.png    shadows: bit 1 right femur, 2 left, 4 and 8 implants
    patients/<patient>.json                 one patient's truth, written when all its files are
    labels.csv clinical.csv via.json        the tables of all patients
    manifest.json                           written last

Every patient is made from the seed and its number alone, so neither the number of workers nor an
interruption changes a bit of any file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from osteon.core.files import hash_bytes, hash_file, write_json
from osteon.core.rng import generator
from osteon.dicom.write import PatientTags
from osteon.phantom.anatomy import build_body
from osteon.phantom.body import Body
from osteon.phantom.ct import write_body_ct
from osteon.phantom.film import FilmSpec, draw_film_spec, expose, write_film
from osteon.phantom.hip_records import hip_record, hip_shadows, write_png
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hip_tables import SYNTHETIC_LINE, write_tables
from osteon.phantom.patient_run import PatientTask, make_patients
from osteon.phantom.patients import FilmPlan, PatientPlan, Visit, body_for, plan_patient

__all__ = ["HipsReport", "make_hips", "make_patient"]

_STAGE = "phantom hips"
_CT_POSTURE, _CT_SERIES = "straight", 900


@dataclass(frozen=True, slots=True)
class HipsReport:
    """What a run made: counts, and whether there was nothing to do."""

    folder: Path
    patients: int
    visits: int
    films: int
    hips: int
    made_now: int
    hips_by_class: Mapping[str, int]
    wall_time_s: float
    is_up_to_date: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values for a program to read."""
        return {
            "synthetic": SYNTHETIC_LINE,
            "folder": str(self.folder),
            "patients": self.patients,
            "visits": self.visits,
            "films": self.films,
            "hips": self.hips,
            "patients_made_now": self.made_now,
            "hips_by_class": dict(self.hips_by_class),
            "wall_time_s": round(self.wall_time_s, 2),
            "is_up_to_date": self.is_up_to_date,
        }


_Task = PatientTask[HipsSettings]


def make_hips(
    settings: HipsSettings, folder: Path, seed: int, workers: int | None = None
) -> HipsReport:
    """Make a synthetic hip study, or what is still missing of it.

    Parameters
    ----------
    settings
        What to make.
    folder
        Where; may hold the remains of a stopped run of the same settings and seed.
    seed
        Decides everything together with the settings.
    workers
        Processes; ``None`` or 0 means one for each core.

    Returns
    -------
    HipsReport
        Counts.

    Raises
    ------
    StudyError
        If the folder holds patients of other settings, another seed or another version.
    """
    run = make_patients(
        _STAGE, settings, folder, seed, workers,
        make=make_patient,
        is_whole=_is_whole,
        write=lambda records: write_tables(records, folder),
    )  # fmt: skip
    counts = run.counts
    classes = {name[6:]: count for name, count in counts.items() if name.startswith("class_")}
    return HipsReport(
        folder,
        counts["patients"],
        counts["visits"],
        counts["films"],
        counts["hips"],
        run.made_now,
        classes,
        run.wall_time_s,
        run.is_up_to_date,
    )


def _is_whole(task: _Task, record: dict[str, Any]) -> bool:
    """Whether the films are as recorded and the volumes are there."""
    files = {film["path"]: film["content_hash"] for film in record.get("films", [])}
    volumes = record.get("volumes", [])
    return all(
        (task.folder / name).exists() and hash_file(task.folder / name) == wanted
        for name, wanted in files.items()
    ) and all((task.folder / volume["masks"]).exists() for volume in volumes)


def make_patient(task: _Task) -> str:
    """Make one patient's files, its record last; give back the patient's id."""
    plan = plan_patient(task.settings, task.seed, task.index)
    films, volumes = [], []
    for visit in plan.visits:
        numbered = list(enumerate(visit.films, start=1))
        postures = list(dict.fromkeys(film.posture for _, film in numbered))
        if task.settings.ct and _CT_POSTURE not in postures:
            postures.append(_CT_POSTURE)
        for posture in postures:  # one body at a time: at 1 mm it takes 200 MB
            body = build_body(body_for(plan, visit, posture), task.settings.spacing_mm)
            films += [
                _make_film(task, plan, visit, number, film, body)
                for number, film in numbered
                if film.posture == posture
            ]
            if task.settings.ct and posture == _CT_POSTURE:
                volumes.append(_make_ct(task, plan, visit, body))
    films.sort(key=lambda film: film["path"])
    record = {
        "synthetic": SYNTHETIC_LINE,
        "key": task.key,
        "patient_id": plan.patient_id,
        "clinical": dict(plan.person.as_row()),
        "films": films,
        "volumes": volumes,
    }
    write_json(task.record_path, record)
    return plan.patient_id


def _film_spec(
    settings: HipsSettings, plan: FilmPlan, vendor: str, rng: np.random.Generator
) -> FilmSpec:
    spec = draw_film_spec(
        plan.view, vendor, rng, laterality=plan.laterality, spacing_mm=settings.pixel_size_mm
    )
    site = settings.site_settings
    return spec.changed(
        {
            "detector_kerma_ugy": spec.detector_kerma_ugy * site.kerma_factor,
            "scatter_to_primary": spec.scatter_to_primary * site.scatter_factor,
        }
    )


def _make_film(
    task: _Task, plan: PatientPlan, visit: Visit, number: int, film_plan: FilmPlan, body: Body
) -> dict[str, Any]:
    purpose = ("film", visit.number, number)
    spec = _film_spec(
        task.settings, film_plan, visit.vendor, generator(plan.seed, *purpose, "technique")
    )
    film = expose(body, spec, generator(plan.seed, *purpose, "noise"))
    tags = _tags(task, plan, visit, number)
    name = f"{plan.patient_id}/{visit.number}/{number}"
    path = task.folder / "films" / f"{name}.dcm"
    uid = write_film(film, tags, path)
    mask_path = None
    if task.settings.masks:
        mask_path = f"masks/{name}.png"
        write_png(hip_shadows(body, film), task.folder / mask_path)
    return {
        "sop_instance_uid": uid,
        "study_instance_uid": tags.uid("study"),
        "visit": visit.number,
        "study_date": visit.study_date,
        "view": film_plan.view,
        "laterality_aimed": film_plan.laterality,
        "vendor": visit.vendor,
        "path": f"films/{name}.dcm",
        "mask": mask_path,
        "rows": spec.rows,
        "columns": spec.columns,
        "size_bytes": path.stat().st_size,
        "content_hash": hash_bytes(path.read_bytes()),
        "heads_px": {
            hip.laterality: [round(v, 2) for v in hip.landmarks_px["head_center"]]
            for hip in film.hips
        },
        "hips": [hip_record(hip) for hip in film.hips if hip.box is not None],
    }


def _tags(task: _Task, plan: PatientPlan, visit: Visit, series: int) -> PatientTags:
    return PatientTags(
        patient_id=plan.patient_id,
        sex=plan.person.sex,
        age_years=visit.age_years,
        study_date=visit.study_date,
        study_time=visit.study_time,
        study_key=str(visit.number),
        series_number=series,
        instance_number=series if series < _CT_SERIES else 1,
        uid_seed=task.seed,
    )


def _make_ct(task: _Task, plan: PatientPlan, visit: Visit, body: Body) -> dict[str, Any]:
    name = f"ct/{plan.patient_id}/{visit.number}"
    rng = generator(plan.seed, "ct", visit.number)
    uids = write_body_ct(body, _tags(task, plan, visit, _CT_SERIES), task.folder / name, rng)
    return {
        "visit": visit.number,
        "path": name,
        "slices": len(uids),
        "masks": f"{name}/masks.nii.gz",
        "landmarks_lps_mm": {
            hip.laterality: {key: list(value) for key, value in hip.landmarks_lps_mm.items()}
            for hip in body.hips
        },
    }
