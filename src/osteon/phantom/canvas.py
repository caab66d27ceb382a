"""A body while it is made: tissue first, then bone, then implants."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled
from osteon.phantom.bone_density import CORTICAL_G_CM3, spongy_density
from osteon.phantom.materials import Material
from osteon.phantom.shapes import Grid, SubGrid, cover_fractions, under_triangle
from osteon.phantom.trabeculae import noise_at

__all__ = ["METAL_G_CM3", "Canvas"]

Array = NDArray[np.float32]

METAL_G_CM3 = {
    Material.TITANIUM_ALLOY: 4.43,
    Material.STAINLESS_STEEL: 8.0,
    Material.COBALT_CHROMIUM: 8.3,
    Material.POLYETHYLENE: 0.94,
    Material.BONE_CEMENT: 1.45,
}
_DENSEST_G_CM3 = 1.95
_SOFT_IN_BONE_G_CM3 = 1.03  # as bone and marrow it attenuates like soft tissue
_BONE = int(Material.BONE)


class Canvas:
    """Arrays of a body: ``material``, ``density_g_cm3`` and ``structures``, all (z, y, x)."""

    def __init__(self, grid: Grid, material: NDArray[np.uint8], density_g_cm3: Array) -> None:
        self.grid = grid
        self.material = material
        self.density_g_cm3 = density_g_cm3
        self.structures = np.zeros(grid.shape, dtype=np.uint8)

    def add_bone(self, window: SubGrid, fraction: Array, mass_g_cm3: Array, number: int) -> None:
        """Put bone into a window; a fraction above 1 is bone driven into bone, which is denser."""
        _add(*self._parts(window), fraction, mass_g_cm3, number)

    def paint_bone(
        self,
        window: SubGrid,
        distance_mm: Array,
        number: int,
        cortex_mm: float,
        trabecular_scale: float,
        noise: Array,
    ) -> None:
        """Put a bone given by its distances into a window: a cortex and grainy trabeculae."""
        numbers = np.array([self.grid.spacing_mm, cortex_mm, trabecular_scale])
        _paint(*self._parts(window), distance_mm, noise, numbers, number)

    def _parts(self, window: SubGrid) -> tuple[NDArray[np.uint8], Array, NDArray[np.uint8]]:
        return (
            self.material[window.slices],
            self.density_g_cm3[window.slices],
            self.structures[window.slices],
        )

    def paint_implant(
        self, window: SubGrid, distance_mm: Array, material: Material, number: int
    ) -> None:
        """Put an implant given by its distances into a window; edge voxels hold part of it."""
        fraction, _ = cover_fractions(distance_mm, 0.0, self.grid.spacing_mm)
        inside = fraction > 0.15
        part = fraction[inside]
        density = self.density_g_cm3[window.slices]
        density[inside] = part * METAL_G_CM3[material] + (1 - part) * density[inside] * 0.5
        self.material[window.slices][inside] = material
        self.structures[window.slices][inside] = number


@compiled()
def _put(material, density, structures, at, bone, mass, number):  # type: ignore[no-untyped-def]
    """Mix bone of this volume and mass into one voxel."""
    crowded = max(bone, 1.0)
    bone_mass = mass * min(crowded, 1.4) / crowded
    # what is not bone in a bone voxel counts as marrow, or the mixture would gain mineral
    tissue = min(max(density[at], 0.0), _SOFT_IN_BONE_G_CM3)
    density[at] = min(bone_mass + max(1.0 - bone, 0.0) * tissue, _DENSEST_G_CM3)
    material[at] = _BONE
    if bone > 0.5:
        structures[at] = number


@compiled()
def _add(material, density, structures, fraction, mass, number):  # type: ignore[no-untyped-def]
    for z in range(fraction.shape[0]):
        for y in range(fraction.shape[1]):
            for x in range(fraction.shape[2]):
                if fraction[z, y, x] > 0.02:
                    at = (z, y, x)
                    _put(material, density, structures, at, fraction[at], mass[at], number)


@compiled()
def _paint(material, density, structures, distance, noise, numbers, number):  # type: ignore[no-untyped-def]
    spacing, cortex_mm, scale = numbers
    for z in range(distance.shape[0]):
        for y in range(distance.shape[1]):
            for x in range(distance.shape[2]):
                if distance[z, y, x] >= spacing:  # most voxels: before anything is computed
                    continue
                depth = -distance[z, y, x] / spacing
                bone = under_triangle(depth)
                if bone <= 0.02:
                    continue
                cortex = min(bone - under_triangle(depth - cortex_mm / spacing), bone)
                z_mm, y_mm, x_mm = z * spacing, y * spacing, x * spacing
                grain = 1.0 + 0.25 * noise_at(noise, z_mm / 2.5, y_mm / 2.5, x_mm / 2.5)
                grain += 0.25 * noise_at(noise, z_mm / 11.0, y_mm / 11.0, x_mm / 11.0)
                spongy = spongy_density(max(grain, 0.0) * scale)
                mass = cortex * CORTICAL_G_CM3 + (bone - cortex) * spongy
                _put(material, density, structures, (z, y, x), bone, mass, number)
