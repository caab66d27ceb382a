"""Lookup tables of DICOM: descriptor and data, with the quirks writers are known for."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.dicom.frames import FrameAttributes
from osteon.errors import DicomError

__all__ = ["LookupTable", "read_lookup_table"]


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """Output values for consecutive integer inputs (PS3.3 C.11.1.1, C.11.2.1.1).

    ``entries`` is uint16 of shape (n,), ``first`` the input that maps to the first entry,
    ``bits`` the bits per entry. Inputs below the first or above the last take the end's value.
    """

    entries: NDArray[np.uint16]
    first: int
    bits: int

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map values; fractions are rounded to the nearest input."""
        indices = np.rint(values - np.float32(self.first))
        indices = np.clip(indices, 0, len(self.entries) - 1).astype(np.int32)
        return np.asarray(self.entries[indices], np.float32)

    @property
    def maximum(self) -> float:
        """Largest output the table can describe, 2**bits - 1."""
        return float(2**self.bits - 1)


def read_lookup_table(item: Dataset, input_range: tuple[float, float]) -> LookupTable:
    """Read LUT Descriptor (0028,3002) and LUT Data (0028,3006).

    The descriptor holds the number of entries (0 means 65,536), the first input and the bits of
    an entry. Writers give the first input in the wrong VR (US for SS and the reverse), so of
    its two readings, signed and unsigned, the one whose table covers more of the input range
    is taken. Entries of 8 bits may come one or two to a word. A number of bits that is too
    small for the entries is widened to 16.

    Parameters
    ----------
    item
        An item of Modality LUT Sequence, VOI LUT Sequence or Presentation LUT Sequence.
    input_range
        Smallest and largest value that can enter the table.

    Raises
    ------
    DicomError
        If the descriptor or the data are missing or do not fit each other; names the tag.
    """
    count, first, bits = _descriptor(item)
    entries = _entries(item, count, bits)
    if entries.max(initial=0) >= 2**bits:
        bits = 16
    first = max((first, first - 2**16), key=lambda value: _overlap(value, count, input_range))
    return LookupTable(entries, first, bits)


def _overlap(first: int, count: int, input_range: tuple[float, float]) -> float:
    return min(input_range[1], first + count - 1) - max(input_range[0], first)


def _descriptor(item: Dataset) -> tuple[int, int, int]:
    value = FrameAttributes(item).value("LUTDescriptor")
    if isinstance(value, bytes) and len(value) == 6:
        value = struct.unpack("<3H", value)
    try:
        count, first, bits = (int(part) for part in value)
    except (TypeError, ValueError):
        raise DicomError(
            f"(0028,3002) LUTDescriptor is {value!r}, wanted entries, first input and bits"
        ) from None
    count, first = count % 2**16 or 2**16, first % 2**16
    if bits not in range(8, 17):
        raise DicomError(f"(0028,3002) LUTDescriptor has {bits} bits, wanted 8 to 16")
    return count, first, bits


def _entries(item: Dataset, count: int, bits: int) -> NDArray[np.uint16]:
    value = FrameAttributes(item).value("LUTData")
    if isinstance(value, bytes):
        order = ">" if getattr(item, "original_encoding", (None, True))[1] is False else "<"
        is_packed = bits == 8 and len(value) < 2 * count
        entries = np.frombuffer(value, np.uint8 if is_packed else np.dtype(f"{order}u2"))
    else:
        entries = np.asarray([] if value is None else value, np.int64).ravel()
        if bits == 8 and len(entries) == (count + 1) // 2 < count:
            entries = np.stack([entries % 256, entries // 256], axis=1).ravel()
    if len(entries) < count:
        raise DicomError(f"(0028,3006) LUTData has {len(entries)} entries, wanted {count}")
    return (entries[:count].astype(np.int64) % 2**16).astype(np.uint16)
