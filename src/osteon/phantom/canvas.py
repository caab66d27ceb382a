"""A body while it is made: tissue first, then bone, then implants."""

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.bone_density import CORTICAL_G_CM3, trabecular_density
from osteon.phantom.materials import Material
from osteon.phantom.shapes import Grid, SubGrid, cover_fractions
from osteon.phantom.trabeculae import lattice_noise

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


class Canvas:
    """Arrays of a body: ``material``, ``density_g_cm3`` and ``structures``, all (z, y, x)."""

    def __init__(self, grid: Grid, material: NDArray[np.uint8], density_g_cm3: Array) -> None:
        self.grid = grid
        self.material = material
        self.density_g_cm3 = density_g_cm3
        self.structures = np.zeros(grid.shape, dtype=np.uint8)

    def add_bone(self, window: SubGrid, fraction: Array, mass_g_cm3: Array, number: int) -> None:
        """Put bone into a window; a fraction above 1 is bone driven into bone, which is denser."""
        inside = fraction > 0.02
        bone = fraction[inside]
        crowded = np.maximum(bone, 1.0)
        mass = mass_g_cm3[inside] * np.minimum(crowded, 1.4) / crowded
        rest = np.maximum(1.0 - bone, 0.0)
        density = self.density_g_cm3[window.slices]
        material = self.material[window.slices]
        structures = self.structures[window.slices]
        # what is not bone in a bone voxel counts as marrow, or the mixture would gain mineral
        tissue = np.clip(density[inside], 0.0, _SOFT_IN_BONE_G_CM3)
        density[inside] = np.minimum(mass + rest * tissue, _DENSEST_G_CM3).astype(np.float32)
        material[inside] = Material.BONE
        structures[inside] = np.where(bone > 0.5, number, structures[inside]).astype(np.uint8)

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
        spacing = self.grid.spacing_mm
        inside = distance_mm < spacing
        index = np.argwhere(inside)
        if not len(index):
            return
        bone, cortex = cover_fractions(distance_mm[inside], cortex_mm, spacing)
        points = (index * spacing).astype(np.float32)
        grain = 1 + 0.25 * lattice_noise(noise, points / np.float32(2.5))
        grain = grain + 0.25 * lattice_noise(noise, points / np.float32(11.0))
        spongy = trabecular_density(np.maximum(grain, 0) * np.float32(trabecular_scale))
        fraction = np.zeros(distance_mm.shape, dtype=np.float32)
        mass = np.zeros(distance_mm.shape, dtype=np.float32)
        fraction[inside] = bone
        mass[inside] = cortex * CORTICAL_G_CM3 + (bone - cortex) * spongy
        self.add_bone(window, fraction, mass, number)

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
