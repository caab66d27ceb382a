"""Expose a synthetic patient: from voxels to a film's stored pixels, with the truth beside them.

``expose`` traces rays (:mod:`osteon.drr.projector`), applies the spectrum
(:mod:`osteon.phantom.physics`), scatter, collimation, marker, blur and noise, then a vendor's
processing (:mod:`osteon.phantom.processing`). How a film is taken (``FilmSpec``) is drawn without a
look at the patient, so nothing about it can tell a class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.core.settings import Settings
from osteon.dicom.write import PatientTags, ProjectionImage, write_dx
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, Pose, Vector, view_pose
from osteon.drr.projector import project, project_mask
from osteon.errors import GeometryError, SettingsError
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.marker import draw_marker
from osteon.phantom.physics import (
    BASIS,
    PHOTONS_PER_MM2_UGY,
    Beam,
    basis_areal_density,
    beam,
    transmission,
)
from osteon.phantom.processing import VENDORS, Vendor, average_mm, develop, smooth_mm

__all__ = [
    "Film",
    "FilmHip",
    "FilmSpec",
    "draw_film_spec",
    "expose",
    "film_masks",
    "film_pose",
    "write_film",
]

_BEYOND = 60  # end slices repeated: rays that pass the scanned range meet more of the same
_PELVIS_ABOVE_HIPS_MM = 45.0
_METAL = ("TITANIUM_ALLOY", "STAINLESS_STEEL", "COBALT_CHROMIUM")


class FilmSpec(Settings):
    """How one film is taken; drawn by :func:`draw_film_spec`, deterministic from there on.

    Parameters
    ----------
    view
        Name in :data:`osteon.drr.pose.VIEWS`.
    laterality
        The hip aimed at; ``None`` on a pelvis film.
    vendor
        Name in :data:`osteon.phantom.processing.VENDORS`.
    rows, columns, spacing_mm
        The film's grid at the detector.
    kvp, aluminium_mm, copper_mm
        Tube voltage and added filtration.
    detector_kerma_ugy
        Air kerma behind the patient that the automatic exposure aims at; sets the noise.
    scatter_to_primary
        Scatter over primary behind 20 cm of soft tissue, after the anti-scatter grid.
    focal_spot_mm
        Width of the focal spot.
    electronic_noise
        Standard deviation in share of the mean signal behind the patient.
    source_to_detector_mm, object_to_detector_mm
        Distances; the view's usual ones when ``None``.
    aim_error_mm
        Shift of the aim in LPS.
    tilt_deg
        See :func:`osteon.drr.pose.view_pose`.
    field_margin_px
        Closed part of the collimator at left, top, right, bottom, in pixels; 0 is open.
    marker
        Side letter to lay on the film, ``None`` for none.
    marker_at
        Its place: shares of the film's width and height.
    brightness, contrast
        Errors of exposure recognition: shift in shares of the grey range, factor of the range.
    """

    view: str = "ap_pelvis"
    laterality: Laterality | None = None
    vendor: str = "alder"
    rows: int = 860
    columns: int = 1024
    spacing_mm: float = 0.4
    kvp: float = 75.0
    aluminium_mm: float = 1.6
    copper_mm: float = 0.0
    detector_kerma_ugy: float = 2.5
    scatter_to_primary: float = 0.3
    focal_spot_mm: float = 1.0
    electronic_noise: float = 0.003
    source_to_detector_mm: float | None = None
    object_to_detector_mm: float | None = None
    aim_error_mm: Vector = (0.0, 0.0, 0.0)
    tilt_deg: Vector = (0.0, 0.0, 0.0)
    field_margin_px: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    marker: Laterality | None = Laterality.RIGHT
    marker_at: tuple[float, float] = (0.08, 0.15)
    brightness: float = 0.0
    contrast: float = 1.0

    @property
    def detector(self) -> Detector:
        """The film's grid."""
        return Detector(self.rows, self.columns, (self.spacing_mm, self.spacing_mm))


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


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film as its file holds it.

    Parameters
    ----------
    stored
        uint16 (rows, columns).
    spec
        How it was taken.
    vendor
        Whose processing.
    pose
        Where source and detector stood.
    hips
        Every hip of the body, on the film or beside it.
    window
        Center and width for the file's window.
    """

    stored: NDArray[np.uint16]
    spec: FilmSpec
    vendor: Vendor
    pose: Pose
    hips: tuple[FilmHip, ...]
    window: tuple[float, float]

    @property
    def imager_pixel_spacing_mm(self) -> tuple[float, float]:
        """(between rows, between columns) at the detector."""
        return self.spec.detector.spacing_mm

    @property
    def bits_stored(self) -> int:
        """Bits of a stored value."""
        return self.vendor.bits_stored

    @property
    def photometric_interpretation(self) -> str:
        """MONOCHROME1 or MONOCHROME2."""
        return self.vendor.photometric_interpretation


def expose(body: Body, spec: FilmSpec, rng: np.random.Generator) -> Film:
    """Take a film.

    Parameters
    ----------
    body
        The patient.
    spec
        How the film is taken.
    rng
        Draws quantum and electronic noise, nothing else.

    Returns
    -------
    Film
        The same for the same body, spec and state of ``rng``, bit for bit.
    """
    vendor = _vendor(spec.vendor)
    pose = film_pose(body, spec)
    quality = beam(spec.kvp, spec.aluminium_mm, spec.copper_mm)
    paths = project(
        body.material, body.density_g_cm3, body.affine, pose, spec.detector, end_slices=_BEYOND
    )
    density = basis_areal_density(paths)
    if spec.marker is not None:
        density[BASIS.index("LEAD")] = draw_marker(spec.detector, spec.marker, spec.marker_at)
    metal = density[[BASIS.index(name) for name in (*_METAL, "LEAD")]].any(axis=0)
    voxel_mm = float(np.mean(body.affine.spacing_z_y_x_mm)) * pose.magnification_at(
        _aim(body, spec)
    )
    primary = average_mm(transmission(density, quality), voxel_mm, spec.spacing_mm)
    aperture = _aperture(spec)
    signal = _with_scatter(primary, aperture, spec)
    hips = tuple(_on_film(hip, pose, spec) for hip in body.hips)
    metered = _metered(hips, (aperture > 0.99) & ~metal & (primary < 0.5))
    level = np.float32(np.median(signal[metered]) if metered.any() else np.median(signal))
    noisy = _with_noise(signal / level, quality, spec, vendor, rng)
    attenuation = -np.log(np.maximum(noisy, 1e-4))
    anchors = _anchors(attenuation, metered, spec)
    grey = develop(attenuation, anchors, vendor.tone, spec.spacing_mm, aperture)
    if vendor.shutter:
        grey *= aperture
    return Film(
        _stored(grey, vendor),
        spec,
        vendor,
        pose,
        hips,
        _window(vendor),
    )


def film_masks(body: Body, film: Film) -> dict[str, NDArray[np.bool_]]:
    """Shadows of the bones on the film: name of the structure to bool (rows, columns)."""
    result = {}
    for code, name in body.structure_names.items():
        shadow = project_mask(body.structures == code, body.affine, film.pose, film.spec.detector)
        result[name] = shadow > 0
    return result


def _vendor(name: str) -> Vendor:
    if name not in VENDORS:
        raise SettingsError(f"got vendor {name!r}, wanted one of {', '.join(VENDORS)}")
    return VENDORS[name]


def film_pose(body: Body, spec: FilmSpec) -> Pose:
    """Set up source and detector as the film's specification says, aimed at the body's hips."""
    if spec.view not in VIEWS:
        raise SettingsError(f"got view {spec.view!r}, wanted one of {', '.join(VIEWS)}")
    view = VIEWS[spec.view]
    if not view.shows_both_hips and spec.laterality is None:
        raise SettingsError(f"a film of view {spec.view} needs the laterality it aims at")
    return view_pose(
        view,
        _aim(body, spec),
        spec.laterality or Laterality.RIGHT,
        source_to_detector_mm=spec.source_to_detector_mm,
        object_to_detector_mm=spec.object_to_detector_mm,
        tilt_deg=spec.tilt_deg,
    )


def _aim(body: Body, spec: FilmSpec) -> Vector:
    """Aim at the hip, or at the middle of the pelvis a little above both hips, with an error."""
    hips = tuple(hip for hip in body.hips if spec.laterality in (None, hip.laterality))
    if not hips:
        raise GeometryError(f"the body has no hip of laterality {spec.laterality}")
    above = _PELVIS_ABOVE_HIPS_MM if VIEWS[spec.view].shows_both_hips else 0.0
    middle = np.mean([_middle(hip) for hip in hips], axis=0)
    x, y, z = (float(value) for value in middle + spec.aim_error_mm + (0.0, 0.0, above))
    return x, y, z


def _metered(hips: tuple[FilmHip, ...], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where exposure is metered and recognised: the body beside the hips.

    The hips are left out so that what is in them cannot change the grey of the rest of the film;
    where little else is in the field they stay in.
    """
    beside = inside.copy()
    for hip in hips:
        box = hip.whole_box.grown(1.1).clipped(inside.shape[1], inside.shape[0])
        if box is not None:
            beside[int(box.y_min) : int(box.y_max) + 1, int(box.x_min) : int(box.x_max) + 1] = False
    return beside if beside.sum() > 0.15 * inside.sum() else inside


def _middle(hip: HipTruth) -> NDArray[np.float64]:
    """Middle of the hip as it was before anything happened to it, so that the aim tells nothing."""
    if "film_aim" in hip.landmarks_lps_mm:
        return np.asarray(hip.landmarks_lps_mm["film_aim"])
    return np.asarray((hip.box_points_lps_mm.min(axis=0) + hip.box_points_lps_mm.max(axis=0)) / 2)


def _aperture(spec: FilmSpec) -> NDArray[np.float32]:
    """Share of the beam the collimator lets through, with its penumbra of about 2 mm."""
    left, top, right, bottom = spec.field_margin_px
    soft = 1.0 / spec.spacing_mm
    x = np.arange(spec.columns, dtype=np.float64) + 0.5
    y = np.arange(spec.rows, dtype=np.float64) + 0.5
    across = _edge(x - left, left, soft) * _edge(spec.columns - right - x, right, soft)
    down = _edge(y - top, top, soft) * _edge(spec.rows - bottom - y, bottom, soft)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)


def _edge(distance: NDArray[np.float64], margin: float, soft: float) -> NDArray[np.float64]:
    if margin <= 0:
        return np.ones_like(distance)
    return np.asarray(np.clip(0.5 + distance / (2 * soft), 0.0, 1.0))


def _with_scatter(
    primary: NDArray[np.float32], aperture: NDArray[np.float32], spec: FilmSpec
) -> NDArray[np.float32]:
    """Blur by the focal spot and add scatter.

    Scatter grows with what was taken out of the beam (primary times its optical depth), spread by
    two wide Gaussians; scaled so that behind 20 cm of soft tissue it is ``scatter_to_primary``
    times the primary.
    """
    lit = primary * aperture
    depth = -np.log(np.maximum(primary, 1e-6))
    source = lit * depth
    spread = 0.6 * smooth_mm(source, 25.0, spec.spacing_mm)
    spread += 0.4 * smooth_mm(source, 60.0, spec.spacing_mm)
    usual_depth = 4.2  # of 20 cm of soft tissue at 75 kV
    scatter = np.float32(spec.scatter_to_primary / usual_depth) * spread
    leak = np.float32(2e-4)
    return np.asarray(lit + scatter + leak, dtype=np.float32)


def _with_noise(
    signal: NDArray[np.float32],
    quality: Beam,
    spec: FilmSpec,
    vendor: Vendor,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Blur and noise of tube and detector; a signal of 1 has the kerma asked for."""
    focal_sigma_mm = spec.focal_spot_mm * 0.16 / 2.355  # at a usual magnification of 1.16
    sharp = smooth_mm(signal, focal_sigma_mm, spec.spacing_mm)
    quanta = PHOTONS_PER_MM2_UGY * spec.detector_kerma_ugy * spec.spacing_mm**2 * 0.65
    spread = np.sqrt(np.float32(quality.noise_excess / quanta) * sharp)
    noisy = sharp + spread * rng.standard_normal(sharp.shape, dtype=np.float32)
    blurred = smooth_mm(noisy, vendor.detector_sigma_mm, spec.spacing_mm)
    electronic = np.float32(spec.electronic_noise)
    return np.asarray(blurred + electronic * rng.standard_normal(sharp.shape, dtype=np.float32))


def _anchors(
    attenuation: NDArray[np.float32], inside: NDArray[np.bool_], spec: FilmSpec
) -> tuple[float, float]:
    """Exposure recognition: grey range from the body in the field, metal left out."""
    values = attenuation[inside]
    if values.size == 0:
        return -1.0, 1.0
    low, high = (float(value) for value in np.percentile(values, (5.0, 97.0)))
    middle = (low + high) / 2 + spec.brightness * (high - low)
    half = (high - low) / 2 / spec.contrast
    return middle - half, middle + half


def _stored(grey: NDArray[np.float32], vendor: Vendor) -> NDArray[np.uint16]:
    top = 2**vendor.bits_stored - 1
    shown = grey if vendor.photometric_interpretation == "MONOCHROME2" else 1.0 - grey
    return np.asarray(np.rint(np.clip(shown, 0.0, 1.0) * top), dtype=np.uint16)


def _window(vendor: Vendor) -> tuple[float, float]:
    full = float(2**vendor.bits_stored)
    return full / 2, full


def _on_film(hip: HipTruth, pose: Pose, spec: FilmSpec) -> FilmHip:
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


def draw_film_spec(
    view: str,
    vendor: str,
    rng: np.random.Generator,
    *,
    laterality: Laterality | None = None,
    spacing_mm: float = 0.4,
) -> FilmSpec:
    """Draw how a film is taken: exposure, positioning, collimation, marker.

    Parameters
    ----------
    view, vendor
        Names of the view and the vendor.
    rng
        Draws everything; the patient is not an argument.
    laterality
        The hip to aim at; needed for every view but ``ap_pelvis``.
    spacing_mm
        Pixel size at the detector; the field stays the same.
    """
    both = VIEWS[view].shows_both_hips if view in VIEWS else True
    height_mm, width_mm = (344.0, 410.0) if both else (300.0, 240.0)
    rows, columns = round(height_mm / spacing_mm), round(width_mm / spacing_mm)
    side = laterality or (Laterality.RIGHT if rng.random() < 0.5 else Laterality.LEFT)
    on_left = side is Laterality.RIGHT
    across = rng.uniform(0.05, 0.12)
    margins = rng.uniform(0.0, 0.06, 4) * (rng.random(4) < 0.5)
    size = np.array([columns, rows, columns, rows])
    return FilmSpec(
        view=view,
        laterality=None if both else laterality,
        vendor=vendor,
        rows=rows,
        columns=columns,
        spacing_mm=spacing_mm,
        kvp=float(rng.integers(68, 86)),
        aluminium_mm=float(rng.uniform(1.1, 2.4)),
        copper_mm=float(rng.choice([0.0, 0.0, 0.1])),
        detector_kerma_ugy=float(rng.lognormal(np.log(2.5), 0.35)),
        scatter_to_primary=float(rng.uniform(0.15, 0.5)),
        focal_spot_mm=float(rng.choice([0.6, 1.0, 1.2])),
        source_to_detector_mm=float(rng.uniform(1000.0, 1200.0)),
        aim_error_mm=tuple(float(v) for v in rng.normal(0.0, (8.0, 0.0, 8.0))),
        tilt_deg=tuple(float(v) for v in rng.normal(0.0, (2.0, 1.5, 1.5))),
        field_margin_px=tuple(float(v) for v in margins * size),
        marker=side if rng.random() < 0.85 else None,
        marker_at=(float(across if on_left else 1 - across), float(rng.uniform(0.08, 0.9))),
        brightness=float(rng.normal(0.0, 0.06)),
        contrast=float(rng.lognormal(0.0, 0.1)),
    )


def write_film(film: Film, tags: PatientTags, path: Path) -> str:
    """Write a film as DX or CR DICOM; gives back its SOP Instance UID."""
    view = VIEWS[film.spec.view]
    distance = film.pose.source_to_detector_mm
    behind = film.spec.object_to_detector_mm or view.object_to_detector_mm
    image = ProjectionImage(
        stored=film.stored,
        bits_stored=film.bits_stored,
        photometric_interpretation=film.photometric_interpretation,
        imager_pixel_spacing_mm=film.imager_pixel_spacing_mm,
        window=film.window,
        view=view.name,
        view_position=view.view_position,
        laterality=film.spec.laterality,
        patient_orientation=_orientation(film.pose),
        manufacturer=film.vendor.name,
        model_name=film.vendor.model_name,
        kvp=film.spec.kvp,
        exposure_mas=film.spec.detector_kerma_ugy * 8.0,
        source_to_detector_mm=distance,
        source_to_patient_mm=distance - behind,
        modality=film.vendor.modality,
    )
    return write_dx(image, tags, path)


def _orientation(pose: Pose) -> tuple[str, str]:
    """Patient directions of the image's rows (to the right) and columns (down)."""
    letters = (("R", "L"), ("A", "P"), ("F", "H"))
    words = []
    for axis in (pose.along_columns, pose.along_rows):
        order = sorted(range(3), key=lambda index: -abs(axis[index]))
        used = [index for index in order if abs(axis[index]) > 0.3]
        words.append("".join(letters[index][int(axis[index] > 0)] for index in used))
    return words[0], words[1]
