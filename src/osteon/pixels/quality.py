"""What header and image say of a film before any model: the first half of the input gate.

Headers lie or are empty, so a header refuses only what cannot be a radiograph at all; the rest
are flags, and the learned gate decides on body part, view and hardware. Hardware is never a
reason here.
"""

from dataclasses import dataclass
from typing import Final, Literal

from pydicom.dataset import Dataset

from osteon.core.geometry import Box
from osteon.core.settings import Settings
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.pixels.appearance import Appearance, measure_appearance
from osteon.pixels.field import exposed_field
from osteon.pixels.radiograph import Radiograph

__all__ = ["QualityFinding", "QualitySettings", "assess", "assess_header", "is_refused"]

Severity = Literal["refuse", "flag"]

_RADIOGRAPHS: Final = {"CR", "DX", "DR", "RG"}
_OTHER_MODALITIES: Final = {
    "BMD", "CT", "ECG", "ES", "GM", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "OPT", "PET",
    "PR", "PT", "PX", "RF", "RTDOSE", "RTIMAGE", "RTPLAN", "RTSTRUCT", "SEG", "SM", "SR", "US",
    "XA", "XC",
}  # fmt: skip
_LATERAL_VIEWS: Final = {"LL", "RL", "LLD", "RLD", "LAT", "LATERAL", "AXIAL", "CROSSTABLE"}
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


class QualitySettings(Settings):
    """Limits of the findings; see docs/pixels.md for how they were set.

    ``body_parts`` are the values of Body Part Examined (0018,0015) that raise no flag;
    grey levels and shares are in [0, 1]; ``largest_deviation_index`` is in the unit of the
    Deviation Index (0018,1413), where 3 is twice and -3 half the intended exposure.
    """

    body_parts: tuple[str, ...] = (
        "HIP", "HIPS", "HIP JOINT", "PELVIS", "PELVIS HIP", "FEMUR", "THIGH", "EXTREMITY",
        "LEG", "LOWER LIMB", "LOWER EXTREMITY", "ABDOMENPELVIS",
    )  # fmt: skip
    smallest_side_px: int = 128
    low_resolution_side_px: int = 512
    largest_spacing_mm: float = 0.6
    smallest_span: float = 0.02
    lowest_contrast: float = 0.25
    darkest_bright_end: float = 0.5
    brightest_median: float = 0.85
    largest_plateau_share: float = 0.15
    largest_blur: float = 0.72
    largest_noise_to_contrast: float = 0.03
    smallest_field_share: float = 0.25
    border_field_share: float = 0.9
    largest_deviation_index: float = 3.0


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """Something a user should know of a film.

    Parameters
    ----------
    code
        Stable name in snake_case.
    severity
        ``refuse``: the film cannot be read. ``flag``: it is read, and the finding is shown.
    detail
        One sentence with what was found and what is usual.
    """

    code: str
    severity: Severity
    detail: str


def is_refused(findings: tuple[QualityFinding, ...]) -> bool:
    """Whether one of the findings refuses the film."""
    return any(finding.severity == "refuse" for finding in findings)


def assess(
    ds: Dataset, radiograph: Radiograph, *, settings: QualitySettings | None = None
) -> tuple[QualityFinding, ...]:
    """Assess a rendered film by its header and by how it looks.

    Parameters
    ----------
    ds
        The object the film was rendered from.
    radiograph
        What :func:`osteon.pixels.render.render` made of it.
    settings
        Limits.

    Returns
    -------
    tuple of QualityFinding
        Refusals first; empty when there is nothing to say.
    """
    limits = settings or QualitySettings()
    findings = [*assess_header(ds, settings=limits), *_size(radiograph, limits)]
    field = exposed_field(radiograph.grey)
    findings += _collimation(radiograph, field, limits)
    findings += _look(measure_appearance(radiograph.grey, field), limits)
    return tuple(sorted(findings, key=lambda finding: finding.severity != "refuse"))


def assess_header(
    ds: Dataset, *, settings: QualitySettings | None = None
) -> tuple[QualityFinding, ...]:
    """Assess what the header alone tells, before anything is decoded."""
    limits = settings or QualitySettings()
    attributes = FrameAttributes(ds)
    return (
        *_kind(ds, attributes),
        *_subject(attributes, limits),
        *_exposure_index(attributes, limits),
    )


def _refuse(code: str, detail: str) -> QualityFinding:
    return QualityFinding(code, "refuse", detail)


def _flag(code: str, detail: str) -> QualityFinding:
    return QualityFinding(code, "flag", detail)


def _kind(ds: Dataset, attributes: FrameAttributes) -> list[QualityFinding]:
    findings = []
    modality = attributes.text("Modality")
    if modality in _OTHER_MODALITIES:
        findings.append(
            _refuse("modality_not_radiograph", f"Modality is {modality}, wanted CR, DX or RG")
        )
    elif modality not in _RADIOGRAPHS:
        said = f"is {modality}" if modality else "is absent"
        findings.append(_flag("modality_unclear", f"Modality {said}, wanted CR, DX or RG"))
    if attributes.text("SOPClassUID") == _SECONDARY_CAPTURE:
        findings.append(_flag("secondary_capture", "the object is a secondary capture"))
    photometric = attributes.text("PhotometricInterpretation")
    if photometric == "PALETTE COLOR":
        findings.append(_refuse("colour", "the image is in palette colours, wanted grey"))
    elif (attributes.integer("SamplesPerPixel") or 1) > 1:
        findings.append(_flag("stored_as_colour", f"grey values are stored as {photometric}"))
    if (frames := frame_count(ds)) > 1:
        findings.append(_refuse("multi_frame", f"the object has {frames} frames, wanted one film"))
    if attributes.text("PresentationIntentType") == "FOR PROCESSING":
        findings.append(_flag("for_processing", "the object holds raw detector values"))
    if attributes.text("LossyImageCompression") == "01":
        ratio = attributes.number("LossyImageCompressionRatio")
        by = "" if ratio is None else f" by {ratio:g}"
        findings.append(_flag("lossy_compression", f"the image was compressed with loss{by}"))
    return findings


def _subject(attributes: FrameAttributes, limits: QualitySettings) -> list[QualityFinding]:
    findings = []
    part = " ".join(attributes.text("BodyPartExamined").replace("_", " ").split())
    if part and part not in limits.body_parts:
        findings.append(_flag("header_names_other_body_part", f"Body Part Examined is {part}"))
    view = attributes.text("ViewPosition").replace(" ", "").replace("-", "")
    if view in _LATERAL_VIEWS:
        findings.append(_flag("header_names_lateral_view", f"View Position is {view}"))
    return findings


def _exposure_index(attributes: FrameAttributes, limits: QualitySettings) -> list[QualityFinding]:
    index = attributes.number("DeviationIndex")
    if index is None or abs(index) <= limits.largest_deviation_index:
        return []
    code = "overexposed" if index > 0 else "underexposed"
    return [_flag(code, f"Deviation Index is {index:g}, usual is -1 to 1 (IEC 62494-1)")]


def _size(radiograph: Radiograph, limits: QualitySettings) -> list[QualityFinding]:
    rows, columns = radiograph.shape
    if min(rows, columns) < limits.smallest_side_px:
        return [
            _refuse(
                "too_small",
                f"the film has {rows} x {columns} pixels, wanted {limits.smallest_side_px} or more",
            )
        ]
    findings = []
    spacing = radiograph.pixel_spacing_mm
    if max(rows, columns) < limits.low_resolution_side_px:
        findings.append(_flag("low_resolution", f"the film has only {rows} x {columns} pixels"))
    elif spacing is not None and max(spacing) > limits.largest_spacing_mm:
        findings.append(_flag("low_resolution", f"a pixel is {max(spacing):g} mm wide"))
    if spacing is None:
        findings.append(_flag("no_spacing", "no believable pixel spacing: lengths are unknown"))
    return findings


def _collimation(
    radiograph: Radiograph, field: Box, limits: QualitySettings
) -> list[QualityFinding]:
    rows, columns = radiograph.shape
    share = field.area / (rows * columns)
    sides = ", ".join(f"{side:.0f}" for side in field.as_tuple())
    if share < limits.smallest_field_share:
        return [_flag("narrow_field", f"the exposed field is {share:.0%} of the film ({sides})")]
    if share < limits.border_field_share:
        return [
            _flag("unexposed_border", f"the exposed field is {share:.0%} of the film ({sides})")
        ]
    return []


def _look(look: Appearance, limits: QualitySettings) -> list[QualityFinding]:
    if look.span < limits.smallest_span:
        return [_refuse("blank", f"grey values span only {look.span:.3f} of the scale")]
    findings = []
    if look.plateau_share > limits.largest_plateau_share:
        findings.append(
            _flag("saturated", f"{look.plateau_share:.0%} of the field holds one largest value")
        )
    if look.median > limits.brightest_median:
        findings.append(
            _flag("underexposed", f"the film is white: its median is {look.median:.2f}")
        )
    if look.contrast < limits.lowest_contrast:
        findings.append(_flag("low_contrast", f"90% of the grey lies within {look.contrast:.2f}"))
    elif look.brightest < limits.darkest_bright_end:
        findings.append(
            _flag("overexposed", f"the film is dark: 95% of it lies below {look.brightest:.2f}")
        )
    if look.blur is not None and look.blur > limits.largest_blur:
        findings.append(
            _flag("blurred", f"blur is {look.blur:.2f}, sharp films have 0.4 to 0.7: motion?")
        )
    noise = 0.0 if look.noise is None else look.noise / max(look.contrast, 1e-6)
    if noise > limits.largest_noise_to_contrast:
        findings.append(_flag("noisy", f"noise is {noise:.1%} of the contrast, usual is below 2%"))
    return findings
