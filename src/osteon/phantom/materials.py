"""Materials a voxel can be made of; their attenuation is in ``phantom/data``."""

from enum import IntEnum

__all__ = ["Material"]


class Material(IntEnum):
    """Code stored in a body's ``material`` array; the voxel's density is stored beside it."""

    AIR = 0
    ADIPOSE = 1
    SOFT_TISSUE = 2
    BONE = 3
    TITANIUM_ALLOY = 4
    STAINLESS_STEEL = 5
    COBALT_CHROMIUM = 6
    POLYETHYLENE = 7
    BONE_CEMENT = 8
