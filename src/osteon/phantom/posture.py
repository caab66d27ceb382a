"""How the body lies: poses of pelvis, femurs and thighs."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.phantom.frames import Motion, rotation
from osteon.phantom.specs import BodySpec

__all__ = ["femur_pose", "pelvis_pose", "thigh_axis"]

_CARRYING_DEG = 5.0  # the knee lies nearer the midline than the hip


def pelvis_pose(spec: BodySpec) -> Motion:
    """From the pelvis's own axes to the body's: tilt, then turn, then roll, about the origin."""
    x, y, z = np.eye(3)
    matrix = rotation(y, spec.roll_deg) @ rotation(z, spec.turn_deg) @ rotation(x, spec.tilt_deg)
    return Motion.about(np.zeros(3), matrix)


def femur_pose(spec: BodySpec, laterality: Laterality) -> Motion:
    """From a femur's own axes (medial, posterior, superior) to the body's LPS.

    The thigh is rotated about its own axis, flexed, then abducted; the anteversion of the neck
    turns the trochanters behind the head.
    """
    hip = spec.hip(laterality)
    x, y, z = np.eye(3)
    posture = hip.posture
    version = rotation(z, -posture.external_rotation_deg - hip.femur.anteversion_deg)
    flex = rotation(x, -posture.flexion_deg)
    lean = rotation(y, posture.abduction_deg - _CARRYING_DEG)
    mirror = np.diag([-1.0 if laterality is Laterality.LEFT else 1.0, 1.0, 1.0])
    center = pelvis_pose(spec)(spec.pelvis.head_center_mm(laterality))
    return Motion(mirror @ lean @ flex @ version, center)


def thigh_axis(spec: BodySpec, laterality: Laterality) -> NDArray[np.float64]:
    """Hip and knee end of a thigh's axis, float64 (6,): x, y, z of each in LPS mm."""
    pose, femur = femur_pose(spec, laterality), spec.hip(laterality).femur
    own = np.array([[-0.55 * femur.offset_mm, 8.0, -20.0], [-femur.offset_mm, 0.0, -420.0]])
    return pose(own).reshape(6)
