"""Codes for what is on a film: anatomy, view, side (SNOMED CT as PS3.16 of 2024 gives them)."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

__all__ = [
    "ANATOMICAL_STRUCTURE",
    "HIP_JOINT",
    "LEFT",
    "PELVIS",
    "RIGHT",
    "VIEW_CODES",
    "Code",
    "side_of_code",
]


@dataclass(frozen=True, slots=True)
class Code:
    """A code, its scheme and its meaning."""

    value: str
    scheme: str
    meaning: str

    def item(self) -> Dataset:
        """As an item of a code sequence."""
        item = Dataset()
        item.CodeValue = self.value
        item.CodingSchemeDesignator = self.scheme
        item.CodeMeaning = self.meaning
        return item


HIP_JOINT = Code("24136001", "SCT", "Hip joint")
"""CID 4009 DX Anatomy Imaged; Body Part Examined is HIP."""

PELVIS = Code("12921003", "SCT", "Pelvis")
"""CID 4009; Body Part Examined is PELVIS."""

VIEW_CODES = {
    "ap_pelvis": Code("399348003", "SCT", "antero-posterior"),
    "ap_hip": Code("399348003", "SCT", "antero-posterior"),
    "frog_leg": Code("399348003", "SCT", "antero-posterior"),
    "cross_table_lateral": Code("399067008", "SCT", "lateral"),
}
"""CID 4010 DX View."""

ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical structure")
"""CID 7150 Segmentation Property Category."""

LEFT = Code("7771000", "SCT", "Left")
RIGHT = Code("24028007", "SCT", "Right")
"""CID 244 Laterality."""

_SIDES = {
    LEFT.value: "L",
    RIGHT.value: "R",
    "G-A101": "L",
    "G-A100": "R",
}  # the latter: retired SRT


def side_of_code(item: Dataset) -> str:
    """Side that an item of a code sequence means: L, R, or an empty text for any other code."""
    return _SIDES.get(str(item.get("CodeValue", "")), "")
