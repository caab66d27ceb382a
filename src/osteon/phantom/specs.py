"""What decides a body: its shapes, densities, posture, fractures and implants."""

from dataclasses import dataclass, field

from osteon.core.geometry import Laterality
from osteon.phantom.femur import FemurShape
from osteon.phantom.fracture import IntertrochantericFracture, NeckFracture
from osteon.phantom.implant import Implant
from osteon.phantom.pelvis import PelvisShape
from osteon.phantom.soft_tissue import SoftTissueShape

__all__ = ["BodySpec", "HipSpec", "LegPosture"]


@dataclass(frozen=True, slots=True)
class LegPosture:
    """How a thigh is held, in degrees from the anatomical position."""

    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    external_rotation_deg: float = -10.0


@dataclass(frozen=True, slots=True)
class HipSpec:
    """One hip: its femur, how it is held and what happened to it.

    A hip with an implant has the implant's class; its fracture, if any, is the healed one.
    """

    femur: FemurShape = field(default_factory=FemurShape)
    posture: LegPosture = field(default_factory=LegPosture)
    bmd_g_cm2: float = 0.75
    fracture: NeckFracture | IntertrochantericFracture | None = None
    implant: Implant | None = None

    @property
    def label(self) -> str:
        """One of :data:`osteon.core.labels.HIP_CLASSES`."""
        if self.implant is not None:
            return self.implant.label
        return "no_fracture" if self.fracture is None else self.fracture.label


@dataclass(frozen=True, slots=True)
class BodySpec:
    """Everything that decides a body.

    Parameters
    ----------
    seed
        Draws the textures, the bowel gas and the small irregularities.
    pelvis, left, right, soft
        Shapes.
    trabecular_scale
        Trabecular bone volume of pelvis and spine relative to a healthy young adult.
    cortex_scale
        Thickness of the pelvis's cortex, 1 for an average adult.
    shape_jitter_mm
        Standard deviation of the irregularities of the ilium.
    tilt_deg, roll_deg, turn_deg
        How the pelvis lies: about the left-right, the front-back and the long axis.
    half_width_mm, below_mm, above_mm
        Extent of the volume: to each side, below and above the femoral heads.
    calcification
        Vascular calcification, 0 (none) to 1 (heavy).
    """

    seed: int
    pelvis: PelvisShape = field(default_factory=PelvisShape)
    left: HipSpec = field(default_factory=HipSpec)
    right: HipSpec = field(default_factory=HipSpec)
    soft: SoftTissueShape = field(default_factory=SoftTissueShape)
    trabecular_scale: float = 0.7
    cortex_scale: float = 1.0
    shape_jitter_mm: float = 1.2
    tilt_deg: float = 0.0
    roll_deg: float = 0.0
    turn_deg: float = 0.0
    half_width_mm: float = 205.0
    below_mm: float = 208.0
    above_mm: float = 168.0
    calcification: float = 0.0

    def hip(self, laterality: Laterality) -> HipSpec:
        """Give the hip of a side."""
        return self.left if laterality is Laterality.LEFT else self.right
