"""From compressed or plain pixel data to stored values, with permissively licensed decoders.

The decoders of every transfer syntax are data (:mod:`osteon.dicom.syntaxes`), tried in order.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from osteon.core.settings import Settings
from osteon.dicom.codestream import Codestream, read_codestream
from osteon.dicom.frames import FrameAttributes, frame_count
from osteon.dicom.syntaxes import SYNTAXES, Syntax, decoder_table, is_installed
from osteon.errors import DecodeError

__all__ = [
    "DecodeSettings",
    "codestream_of",
    "decode_frame",
    "decoder_table",
]

_PLUGINS = {
    "pylibjpeg-openjpeg": "pylibjpeg",
    "pyjpegls": "pyjpegls",
    "pillow": "pillow",
    "pydicom": "pydicom",
}
_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


_BY_UID: Final = {syntax.uid: syntax for syntax in SYNTAXES}
_IMAGECODECS: Final[dict[str, Callable[[bytes], NDArray[Any]]]] = {
    ".4.50": imagecodecs.jpeg8_decode,
    ".4.51": imagecodecs.jpeg8_decode,
    ".4.57": imagecodecs.jpeg8_decode,
    ".4.70": imagecodecs.jpeg8_decode,
    ".4.80": imagecodecs.jpegls_decode,
    ".4.81": imagecodecs.jpegls_decode,
    ".4.90": imagecodecs.jpeg2k_decode,
    ".4.91": imagecodecs.jpeg2k_decode,
    ".4.201": imagecodecs.jpeg2k_decode,
    ".4.202": imagecodecs.jpeg2k_decode,
    ".4.203": imagecodecs.jpeg2k_decode,
}


class DecodeSettings(Settings):
    """Limits that keep one damaged or hostile file from taking the machine.

    ``max_frame_mib`` is the largest decoded frame in MiB. The largest flat-panel films take
    about 60; a 20,000 x 20,000 frame of 16 bits takes 763. ``require_end_marker`` refuses
    compressed frames without their end marker: they were cut short, and decoders fill what is
    missing with grey.
    """

    max_frame_mib: float = 256.0
    require_end_marker: bool = True


def decode_frame(
    ds: Dataset, frame: int = 0, *, settings: DecodeSettings | None = None
) -> NDArray[Any]:
    """Decode one frame to its stored values.

    Parameters
    ----------
    ds
        An object as :func:`osteon.dicom.open.open_instance` gives it.
    frame
        Which frame, counted from 0.
    settings
        Memory limit.

    Returns
    -------
    NDArray
        (rows, columns), or (rows, columns, 3) for colour, which is given as RGB. Integer with
        the sign of Pixel Representation; float for the float pixel elements. No rescale, no
        window, no inversion: see :mod:`osteon.pixels.render`.

    Raises
    ------
    DicomError
        If rows or columns are missing or impossible.
    DecodeError
        If there are no pixels, the frame does not exist, the data are too short, would take
        more memory than the limit, or no installed decoder reads the transfer syntax.
    """
    limits = settings or DecodeSettings()
    syntax = _syntax_of(ds)
    decoder = next((name for name in syntax.decoders if is_installed(name)), None)
    if decoder is None:
        raise DecodeError(
            f"no decoder for {syntax.name} ({syntax.uid}) is installed",
            remedy=f"pip install {syntax.decoders[0]}",
        )
    _check_size(ds, frame, limits)
    stream = codestream_of(ds, frame)
    if stream is not None:
        _check_codestream(ds, stream, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # excess padding and the like
            pixels = _decoded(ds, frame, syntax, decoder)
        return _stored_values(pixels, FrameAttributes(ds), stream)
    except Exception as error:  # decoders are C libraries: they fail in every way
        said = " ".join(str(error).rpartition("available plugins:")[2].split())[:300]
        raise DecodeError(
            f"frame {frame} of {_name(ds)} in {syntax.name} ({syntax.uid}) cannot be decoded"
            f" by {decoder}: {said}",
            remedy="the pixel data are damaged or not what the header says: export the file again",
        ) from error


def codestream_of(ds: Dataset, frame: int = 0) -> Codestream | None:
    """Read what the compressed frame says of itself; ``None`` for plain and RLE data."""
    if not _uid_of(ds).is_encapsulated:
        return None
    return read_codestream(_encoded(ds, frame))


def _name(ds: Dataset) -> str:
    uid = FrameAttributes(ds).value("SOPInstanceUID")
    return str(uid or "an object without SOP Instance UID")


def _uid_of(ds: Dataset) -> UID:
    meta = getattr(ds, "file_meta", None)
    uid = None if meta is None else meta.get("TransferSyntaxUID")
    if uid:
        return UID(uid, config.IGNORE)
    encoding = getattr(ds, "original_encoding", (None, None))
    if encoding[0] is None:
        raise DecodeError(f"{_name(ds)}: (0002,0010) TransferSyntaxUID is absent")
    is_implicit, is_little = encoding
    tail = ".2" if not is_little else ("" if is_implicit else ".1")
    return UID(f"1.2.840.10008.1.2{tail}")


def _syntax_of(ds: Dataset) -> Syntax:
    uid = _uid_of(ds)
    if uid not in _BY_UID:
        raise DecodeError(
            f"{_name(ds)} is in transfer syntax {uid.name} ({uid}), which no decoder here reads",
            remedy="ask the archive for Explicit VR Little Endian, or convert it with gdcmconv",
        )
    return _BY_UID[uid]


def _check_size(ds: Dataset, frame: int, settings: DecodeSettings) -> None:
    if not any(keyword in ds for keyword in _PIXEL_KEYWORDS):
        raise DecodeError(
            f"{_name(ds)} has no (7FE0,0010) PixelData: header only, or truncated before it",
            remedy="copy or export the file again",
        )
    attributes = FrameAttributes(ds)
    rows, columns = (attributes.required_integer(name) for name in ("Rows", "Columns"))
    samples = attributes.integer("SamplesPerPixel") or 1
    bits = attributes.required_integer("BitsAllocated")
    size_mib = rows * columns * samples * max(bits, 8) / 8 / 2**20
    if size_mib > settings.max_frame_mib:
        raise DecodeError(
            f"{_name(ds)} has {rows} x {columns} pixels: one frame takes {size_mib:.0f} MiB,"
            f" wanted at most {settings.max_frame_mib:g} MiB",
            remedy="raise DecodeSettings.max_frame_mib if the film is meant to be this large",
        )
    frames = frame_count(ds)
    if not 0 <= frame < frames:
        raise DecodeError(f"{_name(ds)} has {frames} frames, wanted frame {frame}, counted from 0")


def _check_codestream(ds: Dataset, stream: Codestream, limits: DecodeSettings) -> None:
    """Refuse a frame that is cut short, or not of the header's size: before memory is taken."""
    attributes = FrameAttributes(ds)
    rows, columns = (attributes.required_integer(name) for name in ("Rows", "Columns"))
    if (stream.rows, stream.columns) != (rows, columns):
        raise DecodeError(
            f"{_name(ds)}: the compressed frame has {stream.rows} x {stream.columns} pixels,"
            f" (0028,0010) Rows x (0028,0011) Columns say {rows} x {columns}",
            remedy="the header does not belong to these pixels: export the file again",
        )
    if limits.require_end_marker and not stream.has_end:
        raise DecodeError(
            f"{_name(ds)}: the compressed frame has no end marker, it was cut short",
            remedy="copy or export the file again",
        )


def _encoded(ds: Dataset, frame: int) -> bytes:
    offsets = None
    if "ExtendedOffsetTable" in ds and "ExtendedOffsetTableLengths" in ds:
        offsets = (ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths)
    try:
        return get_frame(
            ds.PixelData, frame, number_of_frames=frame_count(ds), extended_offsets=offsets
        )
    except Exception as error:  # a damaged element can fail in pydicom in any way
        raise DecodeError(
            f"{_name(ds)}: the fragments of (7FE0,0010) PixelData are damaged: {error}",
            remedy="copy or export the file again",
        ) from error


def _decoded(ds: Dataset, frame: int, syntax: Syntax, decoder: str) -> NDArray[Any]:
    if decoder == "imagecodecs":
        decode = _IMAGECODECS[syntax.uid.removeprefix("1.2.840.10008.1.2")]
        pixels = np.asarray(decode(_encoded(ds, frame)))
        samples = FrameAttributes(ds).integer("SamplesPerPixel") or 1
        wanted = (ds.Rows, ds.Columns) if samples == 1 else (ds.Rows, ds.Columns, samples)
        if pixels.shape != wanted:
            raise ValueError(f"got an image of shape {pixels.shape}, wanted {wanted}")
        return pixels
    options: dict[str, Any] = {
        "index": frame,
        "number_of_frames": frame_count(ds),
        "correct_unused_bits": False,  # _stored_values does it, for all decoders alike
        "apply_j2k_sign_correction": False,
        "apply_jls_sign_correction": False,
    }
    if _uid_of(ds).is_encapsulated:
        options["decoding_plugin"] = _PLUGINS[decoder]
    pixels, _ = get_decoder(UID(syntax.uid)).as_array(_with_sound_frame_count(ds), **options)
    return np.asarray(pixels)


def _with_sound_frame_count(ds: Dataset) -> Dataset:
    """Leave out a Number of Frames that is zero or text, on which pydicom gives up."""
    if FrameAttributes(ds).integer("NumberOfFrames") == frame_count(ds):
        return ds
    sound = Dataset({tag: ds.get_item(tag) for tag in ds.keys() if tag != 0x00280008})  # noqa: SIM118
    sound.file_meta = ds.file_meta
    return sound


def _stored_values(
    pixels: NDArray[Any], attributes: FrameAttributes, stream: Codestream | None
) -> NDArray[Any]:
    """Cut the words a decoder gives to the bits that hold the value, and give them their sign.

    Plain data: BitsStored bits below HighBit; what lies beside them is not part of the value
    (PS3.5 8.1.1). Compressed data: the bits of the codestream, which are real when the header
    counts fewer. An unsigned codestream of signed values has its sign bit at BitsStored, unless
    bits above it are in use.
    """
    if pixels.ndim == 3 or pixels.dtype.kind not in "iu":
        return pixels
    container = 8 * pixels.dtype.itemsize
    bits = attributes.integer("BitsStored") or container
    is_signed = attributes.integer("PixelRepresentation") == 1
    if stream is None:
        high_bit = attributes.integer("HighBit")
        lowest = max(0, bits - 1 if high_bit is None else high_bit) + 1 - bits
        return _cut(pixels, bits, max(0, lowest), is_signed)
    words = _cut(pixels, stream.precision, 0, False)
    if is_signed and not stream.is_signed and bits < stream.precision:
        has_more = bool((words >> bits).any())
        return _cut(words, stream.precision if has_more else bits, 0, True)
    return _cut(words, stream.precision, 0, is_signed)


def _cut(pixels: NDArray[Any], bits: int, lowest: int, is_signed: bool) -> NDArray[Any]:
    """Take ``bits`` bits from bit ``lowest`` on, as signed or unsigned integers."""
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    words = pixels.view(np.dtype(f"{'i' if is_signed else 'u'}{pixels.dtype.itemsize}"))
    left = 8 * pixels.dtype.itemsize - bits - lowest
    if left < 0 or (left == 0 and lowest == 0):
        return words
    return np.asarray((words << left) >> (left + lowest))
