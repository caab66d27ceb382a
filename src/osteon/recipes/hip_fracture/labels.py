"""The six classes, and the operation each fracture class leads to."""

from types import MappingProxyType

from osteon.core.labels import HIP_CLASSES

__all__ = ["LABELS", "OPERATIVE_GROUPS"]

LABELS = HIP_CLASSES

OPERATIVE_GROUPS = MappingProxyType(
    {
        "nondisplaced_femoral_neck": "cannulated screws",
        "displaced_femoral_neck": "arthroplasty",
        "intertrochanteric": "cephalomedullary nail",
    }
)
