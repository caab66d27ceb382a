"""What is true of a hip, from its specification and its fragments' motions."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.phantom.body import HipTruth
from osteon.phantom.fracture import BrokenFemur, NeckFracture
from osteon.phantom.frames import Femur, Motion
from osteon.phantom.implant import ARTHROPLASTIES
from osteon.phantom.specs import HipSpec

__all__ = ["BELOW_LESSER_TROCHANTER_MM", "make_truth"]

BELOW_LESSER_TROCHANTER_MM = 20.0
_LEVELS = ("subcapital", "transcervical", "basicervical")  # AO/OTA 2018: 31B1, 31B2, 31B3
Array = NDArray[np.float64]


def make_truth(
    hip: HipSpec, side: Laterality, frame: Femur, broken: BrokenFemur, pose: Motion
) -> HipTruth:
    """Gather landmarks, box points and numbers of a hip.

    Parameters
    ----------
    hip, side
        Which hip.
    frame
        The intact femur in its own volume.
    broken
        Its fragments (one when intact).
    pose
        From the femur's volume to LPS.
    """
    head, shaft = broken.motions[0], broken.motions[min(1, len(broken.motions) - 1)]
    lesser = broken.motions[2] if len(broken.motions) > 2 else shaft
    end = frame.to_own(frame.lesser_trochanter_mm)[2] - BELOW_LESSER_TROCHANTER_MM
    knee = frame.to_own(frame.shaft_point_mm)
    top = frame.head_center_mm + frame.head_radius_mm * _up(frame, pose.after(head))
    named = {
        "head_center": head(frame.head_center_mm),
        "head_top": head(top),
        "greater_trochanter_tip": shaft(frame.greater_trochanter_mm),
        "lesser_trochanter": lesser(frame.lesser_trochanter_mm),
        "shaft_center": shaft(frame.from_own(np.array([knee[0], knee[1], end]))),
    }
    landmarks = {name: _point(pose(value)) for name, value in named.items()}
    landmarks["film_aim"] = _point(_intact_middle(frame, pose, end))
    return HipTruth(
        laterality=side,
        label=hip.label,
        landmarks_lps_mm=landmarks,
        box_points_lps_mm=_box_points(hip, frame, broken, pose, end),
        details=_details(hip, frame, broken),
        implant=None if hip.implant is None else hip.implant.kind,
    )


def _up(frame: Femur, motion: Motion) -> Array:
    """Direction in the bone's own volume that is up in the body."""
    return np.asarray(motion.matrix.T @ np.array([0.0, 0.0, 1.0]))


def _point(value: Array) -> tuple[float, float, float]:
    return float(value[0]), float(value[1]), float(value[2])


def _intact_middle(frame: Femur, pose: Motion, end_mm: float) -> Array:
    """Middle of the box of the intact femur: where a film is aimed, whatever happened since."""
    trochanter = frame.to_own(frame.greater_trochanter_mm)
    radius = frame.head_radius_mm
    corners = np.array(
        [[m, p, s] for m in (trochanter[0] - 8.0, radius) for p in (-radius, radius)
         for s in (end_mm, radius)]
    )  # fmt: skip
    moved = pose(frame.from_own(corners))
    return np.asarray((moved.min(axis=0) + moved.max(axis=0)) / 2)


def _box_points(
    hip: HipSpec, frame: Femur, broken: BrokenFemur, pose: Motion, end_mm: float
) -> Array:
    solid = broken.bone.fraction
    index = np.argwhere((solid >= 0.5) & (solid < 1.0))  # the surface: its extent is the bone's
    codes = broken.fragments[tuple(index.T)]
    points = broken.bone.affine.to_lps_mm(index.astype(np.float64))
    kept = frame.to_own(points)[:, 2] >= end_mm
    points, codes = points[kept], codes[kept]
    step = max(1, len(points) // 20000)
    pieces = [
        pose(motion(points[codes == number][::step]))
        for number, motion in enumerate(broken.motions, start=1)
    ]
    if hip.implant is not None and hip.implant.kind in ARTHROPLASTIES:
        total = hip.implant.kind == "total_arthroplasty"
        pieces.append(pose(_sphere(frame.head_center_mm, frame.head_radius_mm + 5.5 * total)))
    return np.concatenate(pieces)


def _sphere(center_mm: Array, radius_mm: float) -> Array:
    n = 600
    k = np.arange(n) + 0.5
    polar, turn = np.arccos(1 - 2 * k / n), np.pi * (1 + 5**0.5) * k
    unit = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    return np.asarray(center_mm + radius_mm * unit)


def _details(hip: HipSpec, frame: Femur, broken: BrokenFemur) -> dict[str, float | str]:
    head, shaft = broken.motions[0], broken.motions[min(1, len(broken.motions) - 1)]
    neck, axis = head.matrix @ frame.neck_axis, shaft.matrix @ frame.shaft_axis
    angle = float(np.rad2deg(np.arccos(np.clip(-neck @ axis, -1.0, 1.0))))
    details: dict[str, float | str] = {
        "neck_shaft_angle_deg": angle,
        "anteversion_deg": float(hip.femur.anteversion_deg),
        "head_radius_mm": float(hip.femur.head_radius_mm),
        "bmd_g_cm2": float(hip.bmd_g_cm2),
    }
    if hip.fracture is None or hip.implant is not None:
        return details
    numbers = {name: value for name, value in asdict(hip.fracture).items() if name != "label"}
    details.update(numbers, displacement_mm=broken.displacement_mm)
    if isinstance(hip.fracture, NeckFracture):
        details["displaced"] = "yes" if hip.fracture.garden_stage >= 3 else "no"
        details["ao_ota"] = f"31B{_LEVELS.index(hip.fracture.level) + 1}"
    else:
        details["ao_ota"] = f"31{hip.fracture.pattern}"
    return details
