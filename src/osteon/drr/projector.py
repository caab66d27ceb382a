"""Project volumes of materials, of attenuation or of a mask: exact path integrals along rays.

A ray goes from the focal spot to the centre of a pixel; how it is followed is told in
:mod:`osteon.drr.tracer`, and for attenuation whose voxels are parallel to the detector in
:mod:`osteon.drr.aligned`, which is faster still.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled
from osteon.core.geometry import Affine
from osteon.drr.aligned import integrate_aligned
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose
from osteon.drr.rays import trace_rays
from osteon.drr.tracer import Materials, Values, integrate
from osteon.errors import GeometryError

__all__ = ["PathIntegrals", "project", "project_attenuation", "project_mask"]


_AIR = 0


@dataclass(frozen=True, slots=True, eq=False)
class PathIntegrals:
    """What the rays went through.

    Parameters
    ----------
    codes
        Material codes, one for each plane of areal density.
    areal_density_g_cm2
        float32 (materials, rows, columns): integral of the density along the ray.
    length_mm
        float32 (materials, rows, columns): length inside the material.
    length_codes
        The materials of ``length_mm``; ``None`` stands for all of ``codes``.
    """

    codes: tuple[int, ...]
    areal_density_g_cm2: NDArray[np.float32]
    length_mm: NDArray[np.float32]
    length_codes: tuple[int, ...] | None = None

    def length_in_mm(self, code: int) -> NDArray[np.float32]:
        """Length inside one material: float32 (rows, columns)."""
        planes = self.codes if self.length_codes is None else self.length_codes
        return np.asarray(self.length_mm[planes.index(code)])


def project(
    material: NDArray[np.uint8],
    density_g_cm3: NDArray[np.float32],
    affine: Affine,
    pose: Pose,
    detector: Detector,
    *,
    length_of: tuple[int, ...] | None = None,
    end_slices: int = 0,
    threads: int = 1,
) -> PathIntegrals:
    """Trace one ray to each pixel and add up density and length for each material.

    Parameters
    ----------
    material
        uint8 (z, y, x) material codes; 0 is air, which counts as nothing.
    density_g_cm3
        float32 (z, y, x).
    affine
        Indices (z, y, x) to LPS mm; may be oblique.
    pose, detector
        Where the rays start and end.
    length_of
        Codes whose length is wanted too, ``None`` for all: each costs time and memory.
    end_slices
        How many times the first and last slice along z are repeated outwards: a patient goes on
        beyond the scanned range, and without it oblique rays leave through the cut.
    threads
        Threads over the detector's rows; keep 1 inside worker processes.

    Returns
    -------
    PathIntegrals
        One plane for each code found in the volume but air, codes ascending.

    Raises
    ------
    GeometryError
        If the arrays do not fit each other.
    """
    if material.shape != density_g_cm3.shape or material.ndim != 3:
        raise GeometryError(
            f"material {material.shape} and density {density_g_cm3.shape} are not one volume"
        )
    present = _present(material)
    present[_AIR] = False
    codes = tuple(int(code) for code in np.flatnonzero(present))
    if not codes:
        nothing = np.zeros((0, *detector.shape), dtype=np.float32)
        return PathIntegrals((), nothing, nothing)
    with_length = tuple(code for code in codes if length_of is None or code in length_of)
    channels = len(codes) + len(with_length)
    channel_of = np.full((2, 256), channels, dtype=np.uint8)
    channel_of[0, list(codes)] = np.arange(len(codes))
    channel_of[1, list(with_length)] = np.arange(len(codes), channels)
    solid = Materials(material, density_g_cm3, channel_of, channels)
    rays = trace_rays(affine, pose, detector)
    paths = integrate(solid, rays, end_slices=end_slices, threads=threads)
    mass = paths[: len(codes)] * np.float32(0.1)  # mm to cm
    return PathIntegrals(codes, mass, paths[len(codes) :], with_length)


def project_attenuation(
    attenuation_per_mm: NDArray[np.float32] | NDArray[np.int16],
    affine: Affine,
    pose: Pose,
    detector: Detector,
    *,
    of_hu: NDArray[np.float32] | None = None,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Integrate attenuation along the rays: exact to 1e-5 of the largest value.

    Parameters
    ----------
    attenuation_per_mm
        float32 (z, y, x), or int16 Hounsfield units with ``of_hu``.
    affine
        Indices (z, y, x) to LPS mm; may be oblique.
    pose, detector
        Where the rays start and end.
    of_hu
        float32 (65536,): attenuation per mm of -32768 HU, -32767 HU and so on. Looking up on the
        way saves a second copy of the volume.
    threads
        Threads; the result does not depend on how many. Keep 1 inside worker processes.

    Returns
    -------
    ndarray
        float32 (rows, columns), without unit: ``exp(-result)`` is the transmitted share of a
        monoenergetic beam.

    Raises
    ------
    GeometryError
        If the volume is not three-dimensional, or its type and ``of_hu`` do not fit.
    """
    volume: NDArray[Any] = attenuation_per_mm
    table = np.ascontiguousarray([] if of_hu is None else of_hu, dtype=np.float32)
    wanted = np.float32 if of_hu is None else np.int16
    if volume.ndim != 3 or volume.dtype != wanted or len(table) not in (0, 65536):
        raise GeometryError(
            f"got a volume {volume.dtype} {volume.shape} and a table of {len(table)}: wanted"
            " float32 (z, y, x), or int16 with a table of 65536"
        )
    rays = trace_rays(affine, pose, detector)
    axes = rays.aligned_axes()
    if axes is not None:
        return integrate_aligned(volume, table, rays, axes, threads)
    return np.asarray(integrate(Values(volume, table), rays, threads=threads)[0])


def project_mask(
    mask: NDArray[np.bool_], affine: Affine, pose: Pose, detector: Detector, *, threads: int = 1
) -> NDArray[np.float32]:
    """Length in mm that each ray runs inside a mask: float32 (rows, columns)."""
    solid = Values(mask.view(np.uint8), np.zeros(0, dtype=np.float32))
    return np.asarray(integrate(solid, trace_rays(affine, pose, detector), threads=threads)[0])


@compiled(nogil=True)
def _present(material):  # type: ignore[no-untyped-def]
    """Which codes there are: bool (256,)."""
    found = np.zeros(256, dtype=np.bool_)
    for code in material.flat:
        found[code] = True
    return found
