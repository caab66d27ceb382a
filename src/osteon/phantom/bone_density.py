"""Densities of bone and marrow, and how bone mineral density sets cortex and trabeculae."""

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["CORTICAL_G_CM3", "MARROW_G_CM3", "spongy_density", "trabecular_density"]

CORTICAL_G_CM3 = 1.92  # ICRU 44, cortical bone
MARROW_G_CM3 = 1.0  # ICRU 44: yellow marrow 0.98, red marrow 1.03; as in data/materials.csv
_TRABECULAR_VOLUME = 0.27  # bone volume fraction of a healthy young femoral head


@numba.vectorize(cache=True)  # type: ignore[no-untyped-call]
def spongy_density(relative):  # type: ignore[no-untyped-def]
    """Density as :func:`trabecular_density` gives it, for use inside compiled loops."""
    volume = min(max(_TRABECULAR_VOLUME * relative, 0.0), 1.0)
    return MARROW_G_CM3 + volume * (CORTICAL_G_CM3 - MARROW_G_CM3)


def trabecular_density(relative: NDArray[np.float32]) -> NDArray[np.float32]:
    """Density of a bone-marrow mixture in g/cm3 from the bone volume relative to a young adult."""
    return np.asarray(spongy_density(relative), dtype=np.float32)
