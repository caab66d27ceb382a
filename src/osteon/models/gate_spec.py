"""What the gate's network is made of; plain settings, no torch."""

from typing import Literal

from pydantic import Field

from osteon.core.settings import Settings

__all__ = ["VIEWS", "GateSpec"]

#: Views the gate tells apart, in the order of its outputs.
VIEWS = ("ap_pelvis", "ap_hip", "frog_leg", "cross_table_lateral", "other")


class GateSpec(Settings):
    """Architecture of the gate.

    Parameters
    ----------
    image_size_px
        Side of the square a film is fitted into.
    width
        Channels of the first stage; the later ones have 2, 4, 6 and 8 times as many.
    views
        Names of the views, in the order of the outputs.
    """

    kind: Literal["gate"] = "gate"
    image_size_px: int = Field(128, ge=32, le=1024, multiple_of=32)
    width: int = Field(16, ge=4)
    views: tuple[str, ...] = VIEWS
