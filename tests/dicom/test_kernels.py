import pytest

from osteon.dicom.kernels import kernel_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("B30f", "soft"), ("B31s", "soft"), ("I40f\\3", "soft"), ("Br40d", "soft"),
        ("B60s", "bone"), ("B70f", "bone"), ("Br64", "bone"), ("Bl57d", "lung"),
        ("STANDARD", "soft"), ("SOFT", "soft"), ("BONE", "bone"), ("BONEPLUS", "bone"),
        ("LUNG", "lung"),
        ("FC08", "soft"), ("FC18", "soft"), ("FC30", "bone"), ("FC52", "lung"), ("B", "soft"),
        ("YC", "bone"), ("L", "lung"), ("", "unknown"), (None, "unknown"), ("XYZ", "unknown"),
    ],
)  # fmt: skip
def test_kernels_of_five_vendors(name, kind):
    assert kernel_kind(name) == kind
