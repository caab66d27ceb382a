"""Frontal, lateral and axial projections of a CT, in the patient's own axes.

All are seen by a viewer who looks along the beam: frontal from the front (the patient's right at
the image's left), lateral from the patient's left (the front at the image's left), axial from the
feet (the front up, the patient's right at the image's left). Which way the patient lay or entered
the scanner does not matter: the volume's affine knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from osteon.drr.attenuation import (
    BASIS,
    attenuation_per_mm,
    basis_densities_g_cm3,
    mass_attenuation,
)
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose, View, view_pose
from osteon.drr.projector import project_attenuation
from osteon.drr.settings import ProjectionSettings
from osteon.drr.spectrum import signal_spectrum
from osteon.errors import GeometryError, UsageError
from osteon.pixels.body import without_table
from osteon.pixels.orient import Volume

__all__ = ["PATIENT_VIEWS", "Drr", "place_view", "project_views"]

_HU = np.arange(-32768, 32768)
_AROUND_MM = 20.0

PATIENT_VIEWS: Mapping[str, View] = MappingProxyType(
    {
        view.name: view
        for view in (
            View("frontal", "AP", (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), 1150.0, 160.0, True),
            View("lateral", "RL", (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 1150.0, 260.0, True),
            View("axial", "", (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), 1150.0, 260.0, True),
        )
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Drr:
    """A digitally reconstructed radiograph.

    Parameters
    ----------
    line_integral
        float32 (rows, columns): attenuation added up along the rays, without unit; large where
        much is in the way.
    pose, detector
        The geometry; ``pose.to_px`` tells where a point of the patient is seen.
    view
        Name of the view.
    aim_lps_mm
        Middle of the volume, which the central ray goes through.
    steps
        What was done on the way, for the record.
    """

    line_integral: NDArray[np.float32]
    pose: Pose
    detector: Detector
    view: str
    aim_lps_mm: tuple[float, float, float]
    steps: tuple[str, ...] = ()

    @property
    def pixel_spacing_mm(self) -> tuple[float, float]:
        """(between rows, between columns) in the plane through the middle of the volume."""
        larger = self.pose.magnification_at(self.aim_lps_mm)
        row, column = self.detector.spacing_mm
        return row / larger, column / larger


def project_views(
    volume: Volume,
    settings: ProjectionSettings,
    *,
    views: Sequence[str] = ("frontal", "lateral", "axial"),
    threads: int = 1,
) -> Mapping[str, Drr]:
    """Project a CT into views.

    Parameters
    ----------
    volume
        From :func:`osteon.pixels.volume.read_volume`.
    settings
        Detector, geometry, energy, table.
    views
        Keys of :data:`PATIENT_VIEWS`.
    threads
        Threads; keep 1 inside worker processes.

    Raises
    ------
    UsageError
        If there is no such view.
    GeometryError
        If the focal spot of a cone would stand inside the volume.

    Examples
    --------
    >>> from osteon.core.geometry import Affine
    >>> block = Volume(
    ...     np.zeros((40, 30, 20), np.int16), Affine.from_spacing((2.0,) * 3, (-20.0, -30.0, -40.0))
    ... )
    >>> settings = ProjectionSettings(rows=8, columns=8, pixel_mm=4.0, remove_table=False)
    >>> drrs = project_views(block, settings, views=["frontal"])
    >>> round(float(drrs["frontal"].line_integral.max()), 2)  # 60 mm of water at 60 keV
    1.24
    """
    unknown = [name for name in views if name not in PATIENT_VIEWS]
    if unknown:
        raise UsageError(f"got view {unknown[0]}, wanted one of {', '.join(PATIENT_VIEWS)}")
    if settings.remove_table:
        volume = without_table(volume)
    tables = _tables(settings)
    detector = Detector(settings.rows, settings.columns, (settings.pixel_mm, settings.pixel_mm))
    result = {}
    for name in views:
        pose, aim = place_view(PATIENT_VIEWS[name], volume, settings)
        planes = [
            project_attenuation(
                volume.hu, volume.affine, pose, detector, of_hu=table, threads=threads
            )
            for table in tables
        ]
        integral = planes[0] if settings.kvp is None else _harden(planes, settings.kvp)
        result[name] = Drr(integral, pose, detector, name, aim, volume.steps)
    return MappingProxyType(result)


def place_view(
    view: View, volume: Volume, settings: ProjectionSettings
) -> tuple[Pose, tuple[float, float, float]]:
    """Stand source and detector around a volume; also gives the point they are aimed at."""
    corners = volume.affine.to_lps_mm(
        np.array(list(np.ndindex(2, 2, 2))) * np.array(volume.hu.shape) - 0.5
    )
    x, y, z = (float(value) for value in (corners.min(axis=0) + corners.max(axis=0)) / 2)
    half_mm = float(np.ptp(corners @ np.array(view.beam))) / 2 + _AROUND_MM
    is_parallel = settings.geometry == "parallel"
    pose = view_pose(
        view,
        (x, y, z),
        source_to_detector_mm=2 * half_mm if is_parallel else settings.source_to_detector_mm,
        object_to_detector_mm=half_mm,
        is_parallel=is_parallel,
    )
    if not is_parallel and settings.source_to_detector_mm < 2 * half_mm:
        raise GeometryError(
            f"the focal spot of the {view.name} view would stand inside the volume,"
            f" {settings.source_to_detector_mm:g} mm before the detector",
            remedy=f"set source_to_detector_mm to more than {2 * half_mm:.0f}",
        )
    return pose, (x, y, z)


def _tables(settings: ProjectionSettings) -> list[NDArray[np.float32]]:
    """For one energy, attenuation per mm of every HU; for a spectrum, each substance's density."""
    mapping = {"scanned_at_kev": settings.scanned_at_kev, "bone_scale": settings.bone_scale}
    if settings.kvp is None:
        return [attenuation_per_mm(_HU, energy_kev=settings.energy_kev, **mapping)]
    return list(basis_densities_g_cm3(_HU, **mapping))


def _harden(planes: Sequence[NDArray[np.float32]], kvp: float) -> NDArray[np.float32]:
    """Make the negative logarithm of the signal that a spectrum leaves behind the substances."""
    energy, share = signal_spectrum(kvp)
    per_mm = 0.1 * np.stack([mass_attenuation(name, energy) for name in BASIS])
    signal = np.zeros_like(planes[0])
    for weight, factors in zip(share, per_mm.T, strict=True):
        path = sum(np.float32(f) * plane for f, plane in zip(factors, planes, strict=True))
        signal += np.float32(weight) * np.exp(-path)
    return np.asarray(-np.log(np.maximum(signal, np.finfo(np.float32).tiny)), dtype=np.float32)
