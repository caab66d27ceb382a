"""The one way from a DICOM object to grey values: what models, readers and reports see.

The order is that of PS3.3 and PS3.4: stored values, padding, modality table or rescale, values
of interest (lookup table or window), presentation, and at last white for what absorbs. Every
choice is written into :attr:`Radiograph.steps`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.core.manifest import fingerprint
from osteon.dicom.decode import DecodeSettings, codestream_of, decode_frame
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.errors import DicomError, UsageError
from osteon.pixels.lut import read_lookup_table
from osteon.pixels.modality import ModalityValues, grey_samples, modality_values, padding_mask
from osteon.pixels.radiograph import Radiograph
from osteon.pixels.spacing import film_spacing
from osteon.pixels.voi import PERCENTILES, Window, WindowFunction, percentile_window

__all__ = ["RENDER_HASH", "RENDER_VERSION", "render"]

RENDER_VERSION: Final = 1
RENDER_HASH: Final = fingerprint(["osteon.pixels.render", RENDER_VERSION, PERCENTILES])
_FUNCTIONS: Final[dict[str, WindowFunction]] = {
    "": "LINEAR",
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}


def render(
    ds: Dataset,
    *,
    window: tuple[float, float] | None = None,
    frame: int = 0,
    decoding: DecodeSettings | None = None,
) -> Radiograph:
    """Render one frame of a film.

    Parameters
    ----------
    ds
        An object as :func:`osteon.dicom.open.open_instance` gives it.
    window
        (centre, width) in modality values, LINEAR; replaces whatever the object asks for.
    frame
        Which frame, counted from 0.
    decoding
        Limits for decoding.

    Returns
    -------
    Radiograph
        Grey values in [0, 1], white for dense, spacing and the record of what was done.

    Raises
    ------
    DecodeError
        If the pixels cannot be decoded.
    DicomError
        If the object is in colour, or its tables do not fit.
    UsageError
        If the window is impossible.

    Notes
    -----
    Where an object gives both a lookup table and windows, they are alternatives (PS3.3
    C.11.2.1); the first table is taken, because vendors put the curve their console shows
    there. Of several windows the first is taken. A width the formula does not allow is passed
    over. Without any, and for objects FOR PROCESSING (whose header window does not describe a
    display), the window runs from the 0.5th to the 99.5th percentile of what is not padding;
    FOR PROCESSING values that are linear in exposure (Pixel Intensity Relationship LIN) are
    shown as minus the logarithm of the exposure, at least 1.

    Presentation LUT Shape decides on inversion where it is present; MONOCHROME1 inverts where
    it is absent. FOR PROCESSING values are oriented by Pixel Intensity Relationship Sign.
    """
    attributes = FrameAttributes(ds, frame)
    steps: list[str] = []
    wanted = None if window is None else Window(*window)
    stored = decode_frame(ds, frame, settings=decoding)
    _note_decoding(ds, frame, steps)
    stored = grey_samples(stored, attributes, steps)
    padding = padding_mask(stored, attributes, steps)
    modality = modality_values(stored, attributes, steps)
    if attributes.text("PresentationIntentType") == "FOR PROCESSING":
        grey = _for_processing(modality, padding, attributes, wanted, steps)
    else:
        grey = _for_presentation(modality, padding, attributes, wanted, steps)
    if padding is not None:
        grey[padding] = 0
    spacing, source, said = film_spacing(attributes)
    steps.append(said)
    return Radiograph(np.ascontiguousarray(grey, np.float32), spacing, source, tuple(steps))


def _note_decoding(ds: Dataset, frame: int, steps: list[str]) -> None:
    frames = frame_count(ds)
    if frames > 1:
        steps.append(f"frame: {frame} of {frames}, counted from 0")
    stream = codestream_of(ds, frame)
    bits = FrameAttributes(ds).integer("BitsStored")
    if stream is not None and stream.precision != bits:
        steps.append(
            f"decoding: codestream of {stream.precision} bits, BitsStored says {bits};"
            " the codestream's values are taken"
        )


def _for_presentation(
    modality: ModalityValues,
    padding: NDArray[np.bool_] | None,
    attributes: FrameAttributes,
    wanted: Window | None,
    steps: list[str],
) -> NDArray[np.float32]:
    grey = _voi_values(modality, attributes, wanted, steps)
    if grey is None:
        grey = _percentile_values(modality.values, padding, steps)
    if tables := attributes.items("PresentationLUTSequence"):
        count = int(FrameAttributes(tables[0]).numbers("LUTDescriptor")[0] or 2**16)
        table = read_lookup_table(tables[0], (0, count - 1))
        steps.append(f"presentation: lookup table of {count} entries")
        return table(grey * np.float32(count - 1)) / np.float32(table.maximum)
    return 1 - grey if _is_inverted(attributes, steps) else grey


def _voi_values(
    modality: ModalityValues,
    attributes: FrameAttributes,
    wanted: Window | None,
    steps: list[str],
) -> NDArray[np.float32] | None:
    if wanted is not None:
        steps.append(f"window: {_said(wanted)}, asked for")
        return wanted(modality.values)
    header = _header_window(attributes, steps)
    tables = attributes.items("VOILUTSequence")
    if tables:
        try:
            table = read_lookup_table(tables[0], modality.possible_range)
        except DicomError as error:
            if header is None:
                raise
            steps.append(f"values of interest: lookup table passed over, {error.message}")
        else:
            rest = " (the object also gives windows)" if header else ""
            of = f", first of {len(tables)}" if len(tables) > 1 else ""
            steps.append(
                f"values of interest: lookup table of {len(table.entries)} entries from"
                f" {table.first}, {table.bits} bits{of}{rest}"
            )
            return table(modality.values) / np.float32(table.maximum)
    if header is None:
        return None
    window, note = header
    steps.append(f"window: {_said(window)}{note}")
    return window(modality.values)


def _said(window: Window) -> str:
    return f"centre {window.center:g}, width {window.width:g}, {window.function}"


def _header_window(attributes: FrameAttributes, steps: list[str]) -> tuple[Window, str] | None:
    """Read the first window the formula allows, and what to say of the others."""
    pairs = list(
        zip(attributes.numbers("WindowCenter"), attributes.numbers("WindowWidth"), strict=False)
    )
    name = attributes.text("VOILUTFunction")
    if name not in _FUNCTIONS:
        steps.append(f"window: function {name} is not known, LINEAR taken")
    explanations = attributes.texts("WindowCenterWidthExplanation")
    for index, (center, width) in enumerate(pairs):
        try:
            window = Window(center, width, _FUNCTIONS.get(name, "LINEAR"))
        except UsageError as error:
            steps.append(f"window: passed over, {error.message}")
            continue
        said = f" ({explanations[index]})" if index < len(explanations) else ""
        of = f", number {index + 1} of {len(pairs)}" if len(pairs) > 1 else ""
        return window, f"{said}{of}"
    return None


def _percentile_values(
    values: NDArray[np.float32], padding: NDArray[np.bool_] | None, steps: list[str]
) -> NDArray[np.float32]:
    seen = values if padding is None else values[~padding]
    window = percentile_window(seen)
    if window is None:
        steps.append("window: all values are equal, shown black")
        return np.zeros_like(values)
    steps.append(
        f"window: {_said(window)}, percentiles {PERCENTILES[0]:g} to {PERCENTILES[1]:g}"
        " of the values"
    )
    return window(values)


def _is_inverted(attributes: FrameAttributes, steps: list[str]) -> bool:
    """Whether low values are white: Presentation LUT Shape (2050,0020), else MONOCHROME1."""
    shape = attributes.text("PresentationLUTShape")
    is_monochrome1 = attributes.text("PhotometricInterpretation") == "MONOCHROME1"
    inverted = {"INVERSE": True, "IDENTITY": False}.get(shape, is_monochrome1)
    if inverted != is_monochrome1:
        photometric = "MONOCHROME1" if is_monochrome1 else "MONOCHROME2"
        steps.append(f"presentation: {shape} contradicts {photometric} and decides")
    if inverted:
        steps.append(f"presentation: inverted ({shape or 'MONOCHROME1'})")
    return inverted


def _for_processing(
    modality: ModalityValues,
    padding: NDArray[np.bool_] | None,
    attributes: FrameAttributes,
    wanted: Window | None,
    steps: list[str],
) -> NDArray[np.float32]:
    """Show raw detector values: logarithm where they are linear in exposure, percentile window."""
    sign = attributes.number("PixelIntensityRelationshipSign")
    is_monochrome1 = attributes.text("PhotometricInterpretation") == "MONOCHROME1"
    low_is_dense = is_monochrome1 if sign not in (-1, 1) else sign == 1
    if wanted is not None:
        steps.append(f"window: {_said(wanted)}, asked for")
        grey = wanted(modality.values)
    elif attributes.text("PixelIntensityRelationship") == "LIN":
        steps.append("for processing: linear in exposure, minus its logarithm shown")
        top = np.float32(modality.possible_range[1])
        exposure = modality.values if low_is_dense else top - modality.values
        return _percentile_values(-np.log(np.maximum(exposure, 1)), padding, steps)
    else:
        steps.append("for processing: taken as logarithmic in exposure")
        grey = _percentile_values(modality.values, padding, steps)
    if low_is_dense:
        steps.append("for processing: inverted, low values are little exposure behind dense tissue")
    return 1 - grey if low_is_dense else grey
