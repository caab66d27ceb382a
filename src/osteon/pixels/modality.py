"""From stored values to modality values: colour refused, padding found, rescale applied."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.dicom.frames import FrameAttributes
from osteon.errors import DicomError
from osteon.pixels.lut import read_lookup_table

__all__ = ["ModalityValues", "grey_samples", "modality_values", "padding_mask"]

_GREY = ("MONOCHROME1", "MONOCHROME2")


def grey_samples(
    pixels: NDArray[Any], attributes: FrameAttributes, steps: list[str]
) -> NDArray[Any]:
    """Give one grey sample for each pixel.

    Raises
    ------
    DicomError
        If the picture is in colour or a palette of colours.
    """
    photometric = attributes.text("PhotometricInterpretation") or "MONOCHROME2"
    if pixels.ndim == 3:
        return _grey_of_colour(pixels, photometric, steps)
    if photometric not in _GREY:
        raise DicomError(
            f"(0028,0004) PhotometricInterpretation is {photometric}, wanted MONOCHROME1 or 2:"
            " a radiograph has no palette",
            remedy="leave the object out: it is a picture of a film, not the film",
        )
    return pixels


def _grey_of_colour(pixels: NDArray[Any], photometric: str, steps: list[str]) -> NDArray[Any]:
    first = pixels[..., 0]
    if pixels.shape[2] == 3 and all(np.array_equal(first, pixels[..., i]) for i in (1, 2)):
        steps.append(f"colour: {photometric} with equal channels taken as grey")
        return first
    raise DicomError(
        f"(0028,0004) PhotometricInterpretation is {photometric} and the channels differ:"
        " wanted a grey image",
        remedy="leave the object out: colour marks it as a picture of a film, not the film",
    )


def padding_mask(
    stored: NDArray[Any], attributes: FrameAttributes, steps: list[str]
) -> NDArray[np.bool_] | None:
    """Find pixels that hold padding: Pixel Padding Value (0028,0120) and Range Limit (0028,0121).

    ``None`` when the object declares none or no pixel holds it.
    """
    if stored.dtype.kind not in "iu":
        return None
    is_signed = stored.dtype.kind == "i"
    value = attributes.stored_value("PixelPaddingValue", is_signed=is_signed)
    if value is None:
        return None
    limit = attributes.stored_value("PixelPaddingRangeLimit", is_signed=is_signed)
    low, high = sorted((value, value if limit is None else limit))
    mask = np.asarray((stored >= low) & (stored <= high))
    count = int(mask.sum())
    if count == 0:
        return None
    span = f"{low}" if low == high else f"{low} to {high}"
    steps.append(f"padding: stored values {span} ({count} pixels) shown black")
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class ModalityValues:
    """Modality values as float32 of the image's shape, and the range they can take."""

    values: NDArray[np.float32]
    possible_range: tuple[float, float]


def modality_values(
    stored: NDArray[Any], attributes: FrameAttributes, steps: list[str]
) -> ModalityValues:
    """Apply the modality lookup table, else slope and intercept (PS3.3 C.11.1).

    Raises
    ------
    DicomError
        If the table does not fit its descriptor, or a pixel is not a finite number.
    """
    values = stored.astype(np.float32)
    if not np.isfinite(values).all():
        raise DicomError("the pixels hold values that are not finite numbers")
    low, high = _possible_range(stored, attributes)
    if tables := attributes.items("ModalityLUTSequence"):
        table = read_lookup_table(tables[0], (low, high))
        steps.append(f"modality: lookup table of {len(table.entries)} entries")
        ends = float(table.entries.min()), float(table.entries.max())
        return ModalityValues(table(values), ends)
    slope, intercept = attributes.number("RescaleSlope"), attributes.number("RescaleIntercept")
    if slope is None and intercept is None:
        return ModalityValues(values, (low, high))
    slope, intercept = 1.0 if slope is None else slope, intercept or 0.0
    if slope == 0:
        steps.append("modality: slope 0 would leave nothing, rescale not applied")
        return ModalityValues(values, (low, high))
    steps.append(f"modality: x {slope:g} + {intercept:g}")
    values = values * np.float32(slope) + np.float32(intercept)
    first, second = sorted((low * slope + intercept, high * slope + intercept))
    return ModalityValues(values, (first, second))


def _possible_range(stored: NDArray[Any], attributes: FrameAttributes) -> tuple[float, float]:
    """Range of BitsStored, widened to what the pixels hold."""
    low, high = float(stored.min()), float(stored.max())
    bits = attributes.integer("BitsStored")
    if bits is None or stored.dtype.kind not in "iu":
        return low, high
    bits = min(bits, 8 * stored.dtype.itemsize)  # a damaged header may say anything
    declared = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    if stored.dtype.kind == "u":
        declared = (0.0, 2.0**bits - 1)
    return min(low, declared[0]), max(high, declared[1])
