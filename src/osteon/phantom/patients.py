"""Plan synthetic patients: what their hips have, when they come, which films are taken.

Posture, person, films, machines and the side aimed at are drawn without a look at the class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from osteon.core.geometry import Laterality
from osteon.core.rng import generator, seed_for
from osteon.drr.pose import VIEWS
from osteon.phantom.clinical import (
    Person,
    draw_person,
    femur_shape,
    pelvis_shape,
    soft_tissue_shape,
)
from osteon.phantom.fracture import IntertrochantericFracture, NeckFracture
from osteon.phantom.garden import draw_intertrochanteric, draw_neck_fracture
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.implant import Implant, ImplantKind, draw_implant
from osteon.phantom.pelvis import PelvisShape
from osteon.phantom.soft_tissue import SoftTissueShape
from osteon.phantom.specs import BodySpec, HipSpec, LegPosture

__all__ = [
    "FilmPlan",
    "Finding",
    "PatientPlan",
    "Visit",
    "base_body",
    "body_for",
    "pick",
    "plan_patient",
]

T = TypeVar("T", bound=str)
Finding = tuple[NeckFracture | IntertrochantericFracture | None, Implant | None]
_INTACT: Finding = (None, None)


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """One film to take; ``posture`` names the body it is taken of."""

    view: str
    laterality: Laterality | None
    posture: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One imaging study: when, how the hips are, which films."""

    number: int
    study_date: str
    study_time: str
    age_years: int
    vendor: str
    findings: Mapping[Laterality, Finding]
    films: tuple[FilmPlan, ...]


@dataclass(frozen=True, slots=True)
class PatientPlan:
    """All that will be made of one patient."""

    index: int
    patient_id: str
    seed: int
    person: Person
    base: BodySpec
    visits: tuple[Visit, ...]


def plan_patient(settings: HipsSettings, seed: int, index: int) -> PatientPlan:
    """Plan a patient: the same settings, seed and index give the same plan."""
    site = settings.site_settings
    own = seed_for(seed, "hips", settings.site, index)
    person = draw_person(
        generator(own, "person"),
        age_mean_years=site.age_mean_years,
        age_sd_years=site.age_sd_years,
        female_share=site.female_share,
    )
    base = base_body(person, own)
    findings = _findings(settings, generator(own, "findings"))
    visits = _visits(settings, person, findings, own)
    name = f"{settings.patient_prefix}-{index:05d}"
    return PatientPlan(index, name, own, person, base, visits)


def base_body(person: Person, seed: int) -> BodySpec:
    """Give the body of a person: hips intact, posture straight."""
    rng = generator(seed, "shape")
    femurs = femur_shape(person, rng)
    pelvis = pelvis_shape(person, femurs, rng)
    soft = soft_tissue_shape(person, rng)
    scale = float(np.mean([shape.trabecular_scale for shape in femurs.values()]))
    left, right = (
        HipSpec(femur=femurs[side], bmd_g_cm2=density)
        for side, density in zip((Laterality.LEFT, Laterality.RIGHT), person.bmd_g_cm2, strict=True)
    )
    return BodySpec(
        seed=seed,
        pelvis=pelvis,
        left=left,
        right=right,
        soft=soft,
        trabecular_scale=scale,
        cortex_scale=float(np.clip(0.55 + 0.5 * scale, 0.6, 1.25)),
        half_width_mm=float(min(_half_width_mm(pelvis, soft) + 8.0, 230.0)),
        calcification=person.calcification,
    )


def _half_width_mm(pelvis: PelvisShape, soft: SoftTissueShape) -> float:
    """How far the skin reaches to the side: at the trunk or at the thighs."""
    thigh = pelvis.half_width_mm + 26.0 + soft.thigh_radius_mm
    return max(soft.half_width_mm, thigh)


def pick(weights: Mapping[T, float], rng: np.random.Generator) -> T:
    """Draw a name by its weight."""
    names = list(weights)
    values = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=values / values.sum()))]


def _finding(label: str, settings: HipsSettings, rng: np.random.Generator) -> Finding:
    """Draw what makes a hip belong to a class."""
    if label == "no_fracture":
        return _INTACT
    if label == "intertrochanteric":
        return draw_intertrochanteric(rng), None
    if label == "nondisplaced_femoral_neck":
        stage = 1 if rng.random() < settings.garden_stage_one_share else 2
        return draw_neck_fracture(stage, rng), None
    if label == "displaced_femoral_neck":
        stage = 3 if rng.random() < settings.garden_stage_three_share else 4
        return draw_neck_fracture(stage, rng), None
    fixed = label == "internal_fixation"
    kinds = settings.fixation_kinds if fixed else settings.arthroplasty_kinds
    return _treated(pick(kinds, rng), rng)


def _treated(kind: ImplantKind, rng: np.random.Generator) -> Finding:
    """Draw an implant, and under a fixation the reduced fracture with what is left of its line."""
    implant = draw_implant(kind, rng)
    line = float(rng.uniform(0.0, 1.2)) if rng.random() < 0.5 else 0.0
    if kind == "cannulated_screws":
        return NeckFracture(garden_stage=2, gap_mm=line), implant
    if implant.label == "internal_fixation":
        still = IntertrochantericFracture("A1", 0.0, 0.0, 0.0, 0.0, 0.0, line)
        return still, implant
    return None, implant


def _findings(settings: HipsSettings, rng: np.random.Generator) -> dict[Laterality, Finding]:
    index_side = Laterality.LEFT if rng.random() < 0.5 else Laterality.RIGHT
    label = pick(settings.site_settings.class_mix, rng)
    other = "no_fracture"
    chance = rng.random()
    if chance < settings.contralateral_hardware_share:
        other = "arthroplasty" if rng.random() < 0.55 else "internal_fixation"
    elif chance > 1 - settings.contralateral_fracture_share:
        other = "intertrochanteric"
    return {
        index_side: _finding(label, settings, rng),
        index_side.other: _finding(other, settings, rng),
    }


def _operated(finding: Finding, rng: np.random.Generator) -> Finding:
    """Treat a fracture as its class is treated."""
    fracture, implant = finding
    if fracture is None or implant is not None:
        return finding
    kind: ImplantKind
    if isinstance(fracture, IntertrochantericFracture):
        kind = "cephalomedullary_nail" if rng.random() < 0.75 else "sliding_hip_screw"
    elif fracture.garden_stage <= 2:
        kind = "cannulated_screws"
    else:
        kind = "hemiarthroplasty" if rng.random() < 0.65 else "total_arthroplasty"
    return _treated(kind, rng)


def _visits(
    settings: HipsSettings,
    person: Person,
    findings: dict[Laterality, Finding],
    seed: int,
) -> tuple[Visit, ...]:
    rng = generator(seed, "visits")
    surgery = generator(seed, "surgery")  # its own stream: what is operated on moves no other draw
    count = 2 if rng.random() < settings.follow_up_share else 1
    text = settings.first_study_date
    day = date(int(text[:4]), int(text[4:6]), int(text[6:])) + timedelta(
        days=int(rng.integers(0, 1826))
    )
    visits = []
    for number in range(1, count + 1):
        if number == 2:
            findings = {side: _operated(value, surgery) for side, value in findings.items()}
            day += timedelta(days=int(rng.integers(2, 400)))
        visits.append(
            Visit(
                number=number,
                study_date=day.strftime("%Y%m%d"),
                study_time=f"{int(rng.integers(0, 24)):02d}{int(rng.integers(0, 60)):02d}00",
                age_years=person.age_years,
                vendor=pick(settings.site_settings.vendors, rng),
                findings=findings,
                films=_films(settings, rng),
            )
        )
    return tuple(visits)


def _films(settings: HipsSettings, rng: np.random.Generator) -> tuple[FilmPlan, ...]:
    low, high = settings.films_per_study
    count = int(rng.integers(low, high + 1))
    first = {name: weight for name, weight in settings.views.items() if name == "ap_pelvis"}
    films = []
    for number in range(count):
        use_first = number == 0 and count > 1 and sum(first.values()) > 0
        view = pick(first if use_first else settings.views, rng)
        side = Laterality.LEFT if rng.random() < 0.5 else Laterality.RIGHT
        aimed = None if VIEWS[view].shows_both_hips else side
        posture = {"frog_leg": f"frog_{side}", "cross_table_lateral": f"cross_{side}"}
        films.append(FilmPlan(view, aimed, posture.get(view, "straight")))
    return tuple(films)


def _posture(name: str, side: Laterality, rng: np.random.Generator) -> LegPosture:
    draws = rng.standard_normal(3)
    both = rng.random() < 0.3
    kind, _, aimed = name.partition("_")
    if kind == "frog" and (side == aimed or both):
        return LegPosture(
            flexion_deg=float(35.0 + 9.0 * draws[0]),
            abduction_deg=float(48.0 + 10.0 * draws[1]),
            external_rotation_deg=float(40.0 + 12.0 * draws[2]),
        )
    if kind == "cross" and side != aimed:
        return LegPosture(70.0 + 5.0 * draws[0], 15.0, 0.0)
    return LegPosture(
        flexion_deg=float(np.clip(3.0 + 4.0 * draws[0], 0.0, 15.0)),
        abduction_deg=float(3.0 + 3.0 * draws[1]),
        external_rotation_deg=float(-6.0 + 9.0 * draws[2]),
    )


def body_for(plan: PatientPlan, visit: Visit, posture: str) -> BodySpec:
    """Give the body of a visit in a posture, ready to be built."""
    rng = generator(plan.seed, "posture", visit.number, posture)
    hips = {}
    for side in (Laterality.LEFT, Laterality.RIGHT):
        fracture, implant = visit.findings[side]
        hips[side] = replace(
            plan.base.hip(side),
            fracture=fracture,
            implant=implant,
            posture=_posture(posture, side, rng),
        )
    tilt, roll, turn = rng.normal(0.0, (6.0, 1.5, 2.5))
    wide = 25.0 if posture.startswith("frog") else 0.0
    return replace(
        plan.base,
        left=hips[Laterality.LEFT],
        right=hips[Laterality.RIGHT],
        tilt_deg=float(tilt),
        half_width_mm=plan.base.half_width_mm + wide,
        roll_deg=float(roll),
        turn_deg=float(turn),
    )
