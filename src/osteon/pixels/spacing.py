"""Which of the two pixel spacings of a film is used, and why."""

from typing import Final

from osteon.dicom.frames import FrameAttributes

__all__ = ["film_spacing"]

_SMALLEST_MM: Final = 0.02
_LARGEST_MM = 5.0
_LARGEST_RATIO = 2.0
_SAME_MM = 1e-4

Spacing = tuple[float, float]


def film_spacing(attributes: FrameAttributes) -> tuple[Spacing | None, str | None, str]:
    """Choose the spacing of a projection radiograph.

    Imager Pixel Spacing (0018,1164) is at the detector, so the patient appears magnified. Pixel
    Spacing (0028,0030) is calibrated to the patient when it differs from it; when both are equal
    nothing was calibrated (PS3.3 10.7.1.3, as corrected by CP 586). Alone, Pixel Spacing is
    taken as it is. A value that is zero, negative, not a number, below 0.02 or above 5 mm, or
    with sides in a ratio above 2, is not believed.

    Returns
    -------
    tuple
        ((between rows, between columns) in mm or ``None``, its source or ``None``, one sentence
        for the record).
    """
    notes = []
    found: dict[str, Spacing] = {}
    for keyword, source in (
        ("PixelSpacing", "pixel_spacing"),
        ("ImagerPixelSpacing", "imager_pixel_spacing"),
    ):
        values = attributes.numbers(keyword)
        if _is_believable(values):
            found[source] = values[0], values[1]
        elif attributes.value(keyword) is not None:
            notes.append(f"{keyword} {attributes.value(keyword)!s} is not believed")
    choice = _choose(found)
    if choice is None:
        return None, None, "; ".join(["spacing: none", *notes])
    row_mm, column_mm = found[choice[0]]
    said = f"spacing: {row_mm:g} x {column_mm:g} mm from {choice[0]} ({choice[1]})"
    return found[choice[0]], choice[0], "; ".join([said, *notes])


def _is_believable(values: tuple[float, ...]) -> bool:
    if len(values) != 2:
        return False
    smaller, larger = sorted(values)
    return smaller >= _SMALLEST_MM and larger <= _LARGEST_MM and larger <= _LARGEST_RATIO * smaller


def _choose(found: dict[str, Spacing]) -> tuple[str, str] | None:
    patient, detector = found.get("pixel_spacing"), found.get("imager_pixel_spacing")
    if patient and detector:
        if all(abs(a - b) <= _SAME_MM for a, b in zip(patient, detector, strict=True)):
            return "imager_pixel_spacing", "both are equal: at the detector, not calibrated"
        return "pixel_spacing", "differs from the detector's: calibrated"
    if patient:
        return "pixel_spacing", "the only one given"
    if detector:
        return "imager_pixel_spacing", "the only one given: at the detector"
    return None
