"""The pixels of one object: print is found in every frame and painted over.

Where nothing is painted the pixel data stay bit by bit as they were, compressed or not. Where
something is, all frames are decoded, painted and written without compression (Explicit VR Little
Endian), which changes no other pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import FileDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from scipy import ndimage

from osteon.dicom.decode import decode_frame
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.errors import DecodeError
from osteon.pixels.burned_in import Print, judge_print, paint_mask, spread_tones
from osteon.pixels.text_reader import TextReader

__all__ = ["PixelFindings", "clean_overlays", "clean_pixels", "fill_marked"]

_PIXEL_DATA = 0x7FE00010
_OFFSET_TABLES = (0x7FE00001, 0x7FE00002)
_RING = 6


@dataclass(frozen=True, slots=True)
class PixelFindings:
    """What was found in the frames of an object.

    ``painted`` and ``kept`` hold frame and print; ``transfer_syntax`` is the new one.
    """

    painted: tuple[tuple[int, Print], ...]
    kept: tuple[tuple[int, Print], ...]
    transfer_syntax: UID

    @property
    def texts(self) -> list[str]:
        """What was read of the print that stays."""
        return [item.text for _, item in self.kept]


def clean_pixels(
    dataset: FileDataset, kept_words: frozenset[str], reader: TextReader | None
) -> PixelFindings:
    """Search every frame and paint over what may not stay, in place.

    Parameters
    ----------
    dataset
        The object, header cleaned or not.
    kept_words
        Words that stay, upper case.
    reader
        The ``ocr`` extra; ``None`` without.

    Raises
    ------
    DecodeError
        If a frame cannot be decoded, so that it cannot be searched.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    found = [
        (frame, item)
        for frame, pixels in _frames(dataset)
        for item in judge_print(spread_tones(pixels), kept_words, reader)
    ]
    painted = tuple((frame, item) for frame, item in found if not item.is_kept)
    kept = tuple((frame, item) for frame, item in found if item.is_kept)
    if painted:
        _paint(dataset, found)
        syntax = ExplicitVRLittleEndian
    return PixelFindings(painted, kept, syntax)


def _frames(dataset: FileDataset) -> Iterator[tuple[int, NDArray[Any]]]:
    for frame in range(frame_count(dataset)):
        yield frame, decode_frame(dataset, frame)


def _paint(dataset: FileDataset, found: list[tuple[int, Print]]) -> None:
    """Write every frame anew, the marked ones with their print painted over."""
    frames = []
    for frame, pixels in _frames(dataset):
        items = [item for place, item in found if place == frame]
        mask = paint_mask(pixels.shape[:2], items)
        frames.append(fill_marked(pixels, mask) if mask.any() else pixels)
    stacked = np.stack(frames)
    is_wide = stacked.dtype.itemsize > 1
    data = np.ascontiguousarray(stacked.astype(stacked.dtype.newbyteorder("<"))).tobytes()
    _describe(dataset, stacked)
    for tag in _OFFSET_TABLES:
        if tag in dataset:
            del dataset[tag]
    padded = data + b"\0" * (len(data) % 2)
    dataset[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OW" if is_wide else "OB", padded)


def fill_marked(pixels: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Fill each marked area with the middle tone of a ring around it."""
    filled = pixels.copy()
    labels, _ = ndimage.label(mask)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        around = tuple(slice(max(s.start - _RING, 0), s.stop + _RING) for s in place)
        ring = pixels[around][~mask[around]]
        inside = labels == number
        tone = np.median(ring if len(ring) else pixels[inside], axis=0)
        filled[inside] = np.asarray(tone).astype(pixels.dtype)
    return filled


def _describe(dataset: FileDataset, stacked: NDArray[Any]) -> None:
    """Make the image attributes those of the decoded frames."""
    attributes = FrameAttributes(dataset)
    bits = 8 * stacked.dtype.itemsize
    stored = attributes.integer("BitsStored") or bits
    if stacked.dtype.kind == "f" or attributes.integer("BitsAllocated") == 1:
        raise DecodeError("print in an image of floating-point or one-bit samples is not painted")
    highest, lowest = int(stacked.max()), int(stacked.min())
    needed = max(highest.bit_length(), (-lowest - 1).bit_length() if lowest < 0 else 0)
    needed += stacked.dtype.kind == "i"
    dataset.BitsAllocated = bits
    dataset.BitsStored = min(max(stored, needed), bits)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stacked.dtype.kind == "i")
    if stacked.ndim == 4:
        dataset.PhotometricInterpretation = "RGB"
        dataset.PlanarConfiguration = 0


def clean_overlays(
    dataset: FileDataset, kept_words: frozenset[str], reader: TextReader | None
) -> int:
    """Blank the print in overlay planes, in place; returns how many pieces were blanked.

    Planes that cannot be read are removed with everything that belongs to them.
    """
    blanked = 0
    for group in range(0x6000, 0x6020, 2):
        tag = group << 16 | 0x3000
        if tag not in dataset:
            continue
        try:
            plane = np.asarray(dataset.overlay_array(group), dtype=np.uint8)
        except Exception:  # a damaged overlay can fail in pydicom in any way; it goes whole
            plane = np.zeros((0, 0), dtype=np.uint8)
        if plane.ndim != 2 or not plane.size:
            for other in [item for item in dataset.keys() if item >> 16 == group]:  # noqa: SIM118
                del dataset[other]
            continue
        found = judge_print(plane * np.uint8(255), kept_words, reader)
        mask = paint_mask(plane.shape, found)
        blanked += sum(not item.is_kept for item in found)
        plane[mask] = 0
        bits = np.packbits(plane.ravel(), bitorder="little").tobytes()
        dataset[tag] = DataElement(tag, "OW", bits + b"\0" * (len(bits) % 2))
    return blanked
