"""Make a synthetic cohort with hip CTs and follow-up.

Folder::

    ct/<patient>/*.dcm                    one hip CT of each patient at the index date
    imaging.csv events.csv                when CTs were made; diagnoses as claims have them
    vital_status.csv                      last contact and death
    clinical.csv clinical.schema.yaml     risk factors, and their declaration
    truth/truth.csv truth/ceiling.json    what drives the outcomes: for checks, never for a model
    patients/<patient>.json               one patient's record, written when its CT is there
    manifest.json                         written last
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from osteon.core.files import read_json, write_json
from osteon.core.rng import generator
from osteon.dicom.write import PatientTags
from osteon.phantom.hip_tables import SYNTHETIC_LINE
from osteon.phantom.outcomes import SiteHazards, site_hazards
from osteon.phantom.patient_run import PatientTask, make_patients
from osteon.phantom.patients import body_for
from osteon.phantom.refracture_patients import CohortPatient, plan_cohort_patient
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.phantom.refracture_tables import cohort_tables, write_cohort_tables
from osteon.phantom.scan import scan

__all__ = ["RefractureReport", "make_refracture", "plan_cohort"]

_STAGE = "phantom refracture"
_Task = PatientTask[RefractureSettings]
_Hazards = Mapping[str, SiteHazards]


@dataclass(frozen=True, slots=True)
class RefractureReport:
    """What a run made: counts, the known ceilings, and whether there was nothing to do."""

    folder: Path
    counts: Mapping[str, int]
    ceilings: Mapping[str, Any]
    made_now: int
    wall_time_s: float
    is_up_to_date: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values for a program to read."""
        return {
            "synthetic": SYNTHETIC_LINE,
            "folder": str(self.folder),
            **self.counts,
            "patients_made_now": self.made_now,
            "ceilings": dict(self.ceilings),
            "wall_time_s": round(self.wall_time_s, 2),
            "is_up_to_date": self.is_up_to_date,
        }


def plan_cohort(settings: RefractureSettings, seed: int) -> list[CohortPatient]:
    """Plan all patients without making a CT: some milliseconds for each."""
    hazards = _hazards(settings)
    return [plan_cohort_patient(settings, hazards, seed, index) for index in range(settings.n)]


def make_refracture(
    settings: RefractureSettings, folder: Path, seed: int, workers: int | None = None
) -> RefractureReport:
    """Make a synthetic cohort, or what is still missing of it.

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

    Raises
    ------
    StudyError
        If the folder holds patients of other settings, another seed or another version.
    """
    hazards = _hazards(settings)

    def write(records: list[dict[str, Any]]) -> Mapping[str, int]:
        planned = [
            plan_cohort_patient(settings, hazards, seed, index) for index in range(len(records))
        ]
        return write_cohort_tables(cohort_tables(planned), folder)

    run = make_patients(
        _STAGE, settings, folder, seed, workers,
        make=partial(_make_patient, hazards=hazards), is_whole=_is_whole, write=write,
    )  # fmt: skip
    told = read_json(folder / "truth" / "ceiling.json")
    return RefractureReport(
        folder,
        run.counts,
        {name: value for name, value in told.items() if name != "synthetic"},
        run.made_now,
        run.wall_time_s,
        run.is_up_to_date,
    )


def _hazards(settings: RefractureSettings) -> _Hazards:
    return {
        name: site_hazards(site, settings.quiet_days)
        for name, site in settings.sites.items()
        if site.weight > 0
    }


def _is_whole(task: _Task, record: dict[str, Any]) -> bool:
    folder = task.folder / "ct" / task.patient_id
    return bool(len(list(folder.glob("*.dcm"))) == record["slices"])


def _make_patient(task: _Task, hazards: _Hazards) -> str:
    """Make one patient's CT, its record last; give back the patient's id."""
    patient = plan_cohort_patient(task.settings, hazards, task.seed, task.index)
    plan, visit = patient.plan, patient.plan.visits[0]
    tags = PatientTags(
        patient_id=plan.patient_id,
        sex=plan.person.sex,
        age_years=visit.age_years,
        study_date=visit.study_date,
        study_time=visit.study_time,
        uid_seed=task.seed,
    )
    slices = 0
    if task.settings.ct:
        spec = replace(
            body_for(plan, visit, "straight"),
            below_mm=task.settings.below_mm,
            above_mm=task.settings.above_mm,
        )
        slices = scan(
            spec,
            task.settings.spacing_mm,
            patient.scan,
            tags,
            task.folder / "ct" / plan.patient_id,
            generator(plan.seed, "ct"),
        )
    record = {
        "synthetic": SYNTHETIC_LINE,
        "key": task.key,
        "patient_id": plan.patient_id,
        "series_instance_uid": tags.uid("series"),
        "slices": slices,
        "patient_position": patient.scan.patient_position,
        "has_contrast": patient.scan.has_contrast,
    }
    write_json(task.record_path, record)
    return plan.patient_id
