"""Where source and detector stand for a body, and where its hips come to lie on the film."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.drr.pose import VIEWS, Pose, Vector, view_pose
from osteon.errors import GeometryError, SettingsError
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.film_spec import FilmSpec

__all__ = ["FilmHip", "aim_at", "film_pose", "on_film"]

_PELVIS_ABOVE_HIPS_MM = 45.0


@dataclass(frozen=True, slots=True, eq=False)
class FilmHip:
    """One hip on one film.

    Parameters
    ----------
    truth
        What is true of the hip.
    box
        The proximal femur in pixels of the stored image, cut to the exposed field; ``None`` when
        less than half of it is in the field (the hip is then listed but not labelled).
    whole_box
        The same uncut.
    visible_share
        Area of the cut box over that of the whole one.
    landmarks_px
        Projected landmarks, (x, y).
    """

    truth: HipTruth
    box: Box | None
    whole_box: Box
    visible_share: float
    landmarks_px: Mapping[str, tuple[float, float]]

    @property
    def laterality(self) -> Laterality:
        """Side of the patient."""
        return self.truth.laterality


def film_pose(body: Body, spec: FilmSpec) -> Pose:
    """Set up source and detector as the film's specification says, aimed at the body's hips."""
    if spec.view not in VIEWS:
        raise SettingsError(f"got view {spec.view!r}, wanted one of {', '.join(VIEWS)}")
    view = VIEWS[spec.view]
    if not view.shows_both_hips and spec.laterality is None:
        raise SettingsError(f"a film of view {spec.view} needs the laterality it aims at")
    return view_pose(
        view,
        aim_at(body, spec),
        spec.laterality or Laterality.RIGHT,
        source_to_detector_mm=spec.source_to_detector_mm,
        object_to_detector_mm=spec.object_to_detector_mm,
        tilt_deg=spec.tilt_deg,
    )


def aim_at(body: Body, spec: FilmSpec) -> Vector:
    """Aim at the hip, or at the middle of the pelvis a little above both hips, with an error."""
    hips = tuple(hip for hip in body.hips if spec.laterality in (None, hip.laterality))
    if not body.hips and spec.laterality is None:  # a scan without known hips: aim at its middle
        center = body.affine.to_lps_mm((np.array(body.material.shape) - 1) / 2)
        x, y, z = (float(value) for value in center + spec.aim_error_mm)
        return x, y, z
    if not hips:
        raise GeometryError(f"the body has no hip of laterality {spec.laterality}")
    above = _PELVIS_ABOVE_HIPS_MM if VIEWS[spec.view].shows_both_hips else 0.0
    middle = np.mean([_middle(hip) for hip in hips], axis=0)
    x, y, z = (float(value) for value in middle + spec.aim_error_mm + (0.0, 0.0, above))
    return x, y, z


def _middle(hip: HipTruth) -> NDArray[np.float64]:
    """Middle of the hip as it was before anything happened to it, so that the aim tells nothing."""
    if "film_aim" in hip.landmarks_lps_mm:
        return np.asarray(hip.landmarks_lps_mm["film_aim"])
    return np.asarray((hip.box_points_lps_mm.min(axis=0) + hip.box_points_lps_mm.max(axis=0)) / 2)


def on_film(hip: HipTruth, pose: Pose, spec: FilmSpec) -> FilmHip:
    """Project a hip's box and landmarks; the box is cut to the open field."""
    points = pose.to_px(hip.box_points_lps_mm, spec.detector)
    (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
    whole = Box(float(x_min), float(y_min), float(x_max), float(y_max))
    left, top, right, bottom = spec.field_margin_px
    field = Box(left, top, spec.columns - right, spec.rows - bottom)
    visible = whole.intersection_area(field) / whole.area
    box = None
    if visible >= 0.5:
        box = Box(
            max(whole.x_min, field.x_min),
            max(whole.y_min, field.y_min),
            min(whole.x_max, field.x_max),
            min(whole.y_max, field.y_max),
        )
    names = list(hip.landmarks_lps_mm)
    places = pose.to_px(np.array([hip.landmarks_lps_mm[name] for name in names]), spec.detector)
    landmarks = {name: (float(x), float(y)) for name, (x, y) in zip(names, places, strict=True)}
    return FilmHip(hip, box, whole, visible, landmarks)
