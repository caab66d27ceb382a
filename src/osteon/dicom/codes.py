"""Codes for what is on a film: anatomy, view, side (SNOMED CT as PS3.16 of 2024 gives them)."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

__all__ = ["HIP_JOINT", "PELVIS", "VIEW_CODES", "Code"]


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
