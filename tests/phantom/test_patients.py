"""Patients: drawn without a look at their hips' class, and as the reference tables say."""

import numpy as np
import pytest

from osteon.core.geometry import Laterality
from osteon.phantom.clinical import draw_person, reference
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.patients import body_for, plan_patient
from osteon.phantom.posture import femur_pose, thigh_axis
from osteon.phantom.specs import BodySpec, HipSpec, LegPosture

SIDES = (Laterality.LEFT, Laterality.RIGHT)


def with_mix(label):
    return HipsSettings().changed({"sites": {"internal": {"class_mix": {
        "no_fracture": 0.0, "displaced_femoral_neck": 0.0, "nondisplaced_femoral_neck": 0.0,
        "intertrochanteric": 0.0, "internal_fixation": 0.0, "arthroplasty": 0.0, label: 1.0,
    }}}})  # fmt: skip


def test_class_changes_nothing_but_the_hip():
    """Metamorphic: another class for the index hip leaves person, body and films as they were."""
    for index in range(20):
        healthy = plan_patient(with_mix("no_fracture"), 4, index)
        broken = plan_patient(with_mix("displaced_femoral_neck"), 4, index)
        assert healthy.person == broken.person
        assert healthy.base == broken.base
        for one, other in zip(healthy.visits, broken.visits, strict=True):
            assert one.films == other.films
            assert one.vendor == other.vendor
            mine, theirs = (
                body_for(healthy, one, one.films[0].posture),
                body_for(broken, other, one.films[0].posture),
            )
            assert mine.left.posture == theirs.left.posture
            assert mine.soft == theirs.soft


def test_follow_up_shows_the_treatment_of_the_class():
    settings = with_mix("nondisplaced_femoral_neck").changed(
        {"follow_up_share": 1.0, "contralateral_hardware_share": 0.0,
         "contralateral_fracture_share": 0.0}
    )  # fmt: skip
    for index in range(10):
        plan = plan_patient(settings, 1, index)
        first, second = plan.visits
        assert first.study_date < second.study_date
        side = next(s for s in SIDES if first.findings[s][0] is not None)
        assert second.findings[side][1].kind == "cannulated_screws"


def test_nondisplaced_are_at_least_a_fifth_of_the_fractures():
    settings, labels = HipsSettings(), []
    for index in range(400):
        plan = plan_patient(settings, 0, index)
        visit = plan.visits[0]
        body = body_for(plan, visit, "straight")
        labels += [body.hip(side).label for side in SIDES]
    broken = [name for name in labels if name.endswith("neck") or name == "intertrochanteric"]
    assert broken.count("nondisplaced_femoral_neck") / len(broken) > 0.2


def test_bone_density_follows_the_reference():
    rng = np.random.default_rng(0)
    people = [
        draw_person(rng, age_mean_years=75, age_sd_years=0.1, female_share=1.0) for _ in range(600)
    ]
    mean, spread = reference("femoral_neck_bmd_g_cm2", "F", 74.5)
    values = np.array([person.bmd_g_cm2[0] for person in people])
    assert values.mean() == pytest.approx(mean, abs=0.02)
    assert values.std() == pytest.approx(spread, rel=0.15)
    osteoporotic = np.mean([person.t_score <= -2.5 for person in people])
    assert 0.15 < osteoporotic < 0.45


def test_t_score_of_the_young_mean_is_zero():
    assert reference("femoral_neck_bmd_g_cm2", "F", 25) == (0.858, 0.120)


@pytest.mark.parametrize("side", SIDES)
def test_postures_turn_the_leg_the_right_way(side):
    sign = 1.0 if side is Laterality.LEFT else -1.0

    def pose(**angles):
        rest = {"flexion_deg": 0.0, "abduction_deg": 0.0, "external_rotation_deg": 0.0}
        hip = HipSpec(posture=LegPosture(**rest | angles))
        return BodySpec(seed=0, left=hip, right=hip)

    rest, lifted, spread = pose(), pose(flexion_deg=40.0), pose(abduction_deg=40.0)
    knee = {name: thigh_axis(spec, side)[3:] for name, spec in
            {"rest": rest, "lifted": lifted, "spread": spread}.items()}  # fmt: skip
    assert knee["lifted"][1] < knee["rest"][1] - 150  # forwards
    assert sign * (knee["spread"][0] - knee["rest"][0]) > 150  # outwards
    lesser = np.array([-26.0, 14, -58])
    inwards = femur_pose(pose(external_rotation_deg=-20.0), side)(lesser)
    outwards = femur_pose(pose(external_rotation_deg=40.0), side)(lesser)
    assert sign * (inwards[0] - outwards[0]) > 5  # turning out brings the lesser trochanter inwards
