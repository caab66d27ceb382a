"""What the header of a compressed frame says, without decoding it."""

import struct
from dataclasses import dataclass

__all__ = ["Codestream", "read_codestream"]

_NOT_FRAME_HEADERS = {0xC4, 0xC8, 0xCC}  # Huffman tables, reserved, arithmetic conditioning
_JPEG_LS_FRAME = 0xF7
_STANDALONE = {0x01, *range(0xD0, 0xDA)}


@dataclass(frozen=True, slots=True)
class Codestream:
    """What a JPEG, JPEG-LS or JPEG 2000 frame declares: size, precision in bits, its end.

    ``has_end`` says whether the marker that ends the codestream is there (EOI, EOC).
    """

    rows: int
    columns: int
    components: int
    precision: int
    is_signed: bool
    has_end: bool


def read_codestream(frame: bytes) -> Codestream | None:
    """Read the frame header; ``None`` when the bytes hold no known codestream (RLE, damaged).

    JPEG (ITU-T T.81 B.2.2), JPEG-LS (T.87 C.2.2) and JPEG 2000, HTJ2K (T.800 A.5.1).
    """
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)  # a JP2 box header may come first
    return None if start < 0 else _jpeg_2000(frame, start + 4)


def _jpeg(frame: bytes) -> Codestream | None:
    position = 2
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            return None
        marker = frame[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker in _STANDALONE:
            position += 2
            continue
        is_frame = 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAME_HEADERS
        if is_frame or marker == _JPEG_LS_FRAME:
            if position + 10 > len(frame):
                return None
            precision, rows, columns, components = struct.unpack_from(">BHHB", frame, position + 4)
            return Codestream(rows, columns, components, precision, False, _has_end(frame))
        position += 2 + int(struct.unpack_from(">H", frame, position + 2)[0])
    return None


def _jpeg_2000(frame: bytes, size_segment: int) -> Codestream | None:
    if size_segment + 39 > len(frame):
        return None
    x, y, x_offset, y_offset = struct.unpack_from(">IIII", frame, size_segment + 4)
    components, depth = struct.unpack_from(">HB", frame, size_segment + 36)
    return Codestream(
        y - y_offset,
        x - x_offset,
        components,
        (depth & 0x7F) + 1,
        bool(depth & 0x80),
        _has_end(frame),
    )


def _has_end(frame: bytes) -> bool:
    """Whether the end marker FFD9 occurs; coded data cannot hold these two bytes."""
    return frame.rfind(b"\xff\xd9") > 0
