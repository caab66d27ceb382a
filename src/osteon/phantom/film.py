"""Expose a synthetic patient: from voxels to a film's stored pixels, with the truth beside them.

``expose`` traces rays (:mod:`osteon.drr.projector`), applies the spectrum
(:mod:`osteon.phantom.physics`), scatter, collimation, marker, blur and noise, then a vendor's
processing (:mod:`osteon.phantom.processing`). How a film is taken (``FilmSpec``) is drawn without a
look at the patient, so nothing about it can tell a class.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.dicom.write import PatientTags, ProjectionImage, write_dx
from osteon.drr.pose import VIEWS, Pose
from osteon.drr.projector import project, project_mask
from osteon.errors import SettingsError
from osteon.phantom.body import Body
from osteon.phantom.collimator import open_share
from osteon.phantom.film_spec import FilmSpec, draw_film_spec
from osteon.phantom.film_truth import FilmHip, aim_at, film_pose, on_film
from osteon.phantom.marker import draw_marker
from osteon.phantom.materials import Material
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
_METAL = ("TITANIUM_ALLOY", "STAINLESS_STEEL", "COBALT_CHROMIUM")


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

    @property
    def grey(self) -> NDArray[np.float32]:
        """The picture as it is shown: float32 (rows, columns), 0 black to 1 white."""
        share = self.stored / np.float32(2**self.bits_stored - 1)
        shown = share if self.photometric_interpretation == "MONOCHROME2" else 1 - share
        return np.asarray(shown, dtype=np.float32)


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
        body.material, body.density_g_cm3, body.affine, pose, spec.detector,
        length_of=(Material.BONE,), end_slices=_BEYOND,
    )  # fmt: skip
    density = basis_areal_density(paths)
    if spec.marker is not None:
        density[BASIS.index("LEAD")] = draw_marker(spec.detector, spec.marker, spec.marker_at)
    metal = density[[BASIS.index(name) for name in (*_METAL, "LEAD")]].any(axis=0)
    voxel_mm = float(np.mean(body.affine.spacing_z_y_x_mm)) * pose.magnification_at(
        aim_at(body, spec)
    )
    primary = average_mm(transmission(density, quality), voxel_mm, spec.spacing_mm)
    aperture = open_share(spec.detector.shape, spec.field_margin_px, spec.spacing_mm)
    signal = _with_scatter(primary, aperture, spec)
    hips = tuple(on_film(hip, pose, spec) for hip in body.hips)
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
