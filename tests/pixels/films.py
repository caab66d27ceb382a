"""Small synthetic DICOM films for the tests of this folder."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
DX = "1.2.840.10008.5.1.4.1.1.1.1"


def make_film(pixels, *, syntax=ExplicitVRLittleEndian, **attributes):
    """An in-memory DX object around stored values; attributes by keyword, None removes one."""
    pixels = np.asarray(pixels)
    is_signed = pixels.dtype.kind == "i"
    frames = pixels.shape[0] if pixels.ndim == 3 and pixels.shape[2] != 3 else 1
    is_colour = pixels.ndim >= 3 and pixels.shape[-1] == 3
    rows, columns = pixels.shape[-3:-1] if is_colour else pixels.shape[-2:]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = DX
    ds.SOPClassUID = DX
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=[str(pixels.tobytes()[:4096]), str(attributes)]
    )
    ds.PatientID = "P1"
    ds.Modality = "DX"
    ds.SamplesPerPixel = 3 if is_colour else 1
    ds.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        ds.PlanarConfiguration = 0
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored = ds.BitsAllocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(is_signed)
    data = (pixels.byteswap() if syntax == ExplicitVRBigEndian else pixels).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def save_film(ds, path):
    ds.save_as(path, enforce_file_format=True)
    return path


def table(entries, first=0, bits=16, vr="US", data=None):
    """A sequence of one lookup table; its data as a list, or as bytes."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries) % 65536, first, bits])
    if data is None:
        item.add_new("LUTData", "US", [int(x) for x in entries])
    else:
        item.add_new("LUTData", "OW", data)
    return Sequence([item])


def curve(count, bits):
    """Entries along an S."""
    x = np.linspace(-3, 3, count)
    return np.rint((2**bits - 1) / (1 + np.exp(-x))).astype(np.uint16)


TWELVE = {"BitsStored": 12, "HighBit": 11}


def film(pixels=RAMP, **attributes):
    return make_film(pixels, **{**TWELVE, **attributes})


def said(radiograph):
    return " | ".join(radiograph.steps)


def linear(x, c, w):
    """PS3.3 C.11.2.1.2.1, written out as the standard does, ymin 0 and ymax 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5
