"""Draw fractures: how far each kind is displaced, from stated distributions.

The ranges are this project's, set so that each Garden stage is what its definition says (Garden
1961): I incomplete or valgus impacted, II complete without displacement, III complete with partial
displacement and the head tilted into varus, IV complete with full displacement and the head back in
line with the socket.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from osteon.phantom.fracture import IntertrochantericFracture, Level, NeckFracture, Pattern

__all__ = ["GARDEN_RANGES", "draw_intertrochanteric", "draw_neck_fracture"]

Ranges = Mapping[str, tuple[float, float]]

GARDEN_RANGES: Mapping[int, Ranges] = MappingProxyType(
    {
        1: {"varus_deg": (-20.0, -6.0), "posterior_tilt_deg": (0.0, 10.0),
            "rotation_deg": (0.0, 4.0), "proximal_mm": (0.0, 1.0), "posterior_mm": (0.0, 0.5),
            "impaction_mm": (2.0, 5.0), "gap_mm": (0.0, 0.3)},
        2: {"varus_deg": (-2.0, 2.0), "posterior_tilt_deg": (0.0, 3.0),
            "rotation_deg": (0.0, 2.0), "proximal_mm": (0.0, 1.0), "posterior_mm": (0.0, 1.0),
            "impaction_mm": (0.0, 0.0), "gap_mm": (0.7, 2.0)},
        3: {"varus_deg": (12.0, 35.0), "posterior_tilt_deg": (0.0, 15.0),
            "rotation_deg": (10.0, 30.0), "proximal_mm": (3.0, 9.0), "posterior_mm": (1.0, 5.0),
            "impaction_mm": (0.0, 1.0), "gap_mm": (0.5, 2.0)},
        4: {"varus_deg": (0.0, 10.0), "posterior_tilt_deg": (0.0, 10.0),
            "rotation_deg": (20.0, 55.0), "proximal_mm": (12.0, 28.0), "posterior_mm": (3.0, 10.0),
            "impaction_mm": (-3.0, 0.0), "gap_mm": (0.5, 2.0)},
    }
)  # fmt: skip

_LEVELS: tuple[Level, ...] = ("subcapital", "transcervical", "basicervical")
_PATTERNS: tuple[Pattern, ...] = ("A1", "A2", "A3")


def _uniform(rng: np.random.Generator, ranges: Ranges) -> dict[str, float]:
    return {name: float(rng.uniform(low, high)) for name, (low, high) in ranges.items()}


def draw_neck_fracture(garden_stage: int, rng: np.random.Generator) -> NeckFracture:
    """Draw a neck fracture of a stage: uniform within :data:`GARDEN_RANGES`.

    The level is subcapital in 0.6, transcervical in 0.3 and basicervical in 0.1; the inclination
    is normal (50, 9) degrees, cut to 30 to 70.
    """
    level = _LEVELS[int(rng.choice(3, p=(0.6, 0.3, 0.1)))]
    pauwels = float(np.clip(rng.normal(50.0, 9.0), 30.0, 70.0))
    values = _uniform(rng, GARDEN_RANGES[garden_stage])
    return NeckFracture(garden_stage=garden_stage, level=level, pauwels_deg=pauwels, **values)


def draw_intertrochanteric(rng: np.random.Generator) -> IntertrochantericFracture:
    """Draw an intertrochanteric fracture: A1 in 0.4, A2 in 0.45, A3 in 0.15."""
    pattern = _PATTERNS[int(rng.choice(3, p=(0.40, 0.45, 0.15)))]
    severity = float(rng.beta(1.6, 1.8))
    wide = {"A1": 0.7, "A2": 1.0, "A3": 0.8}[pattern]
    return IntertrochantericFracture(
        pattern=pattern,
        varus_deg=float(rng.uniform(0.0, 6.0) + 30.0 * severity * wide),
        rotation_deg=float(rng.uniform(0.0, 8.0) + 30.0 * severity),
        shortening_mm=float(rng.uniform(0.0, 2.0) + 14.0 * severity * wide),
        medial_mm=float(rng.uniform(-2.0, 4.0) + (8.0 if pattern == "A3" else 0.0) * severity),
        lesser_mm=float(rng.uniform(4.0, 18.0)),
        gap_mm=float(rng.uniform(1.0, 3.5)),
    )
