import io
import struct
import zipfile
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from tests.pixels.films import make_film, save_film

from osteon.dicom.decode import decode_frame
from osteon.dicom.open import open_instance, parse_instance
from osteon.errors import DicomError

PIXELS = np.arange(48, dtype=np.uint16).reshape(6, 8)


def written(tmp_path, syntax=ExplicitVRLittleEndian):
    return save_film(make_film(PIXELS, syntax=syntax), tmp_path / "film")


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_every_plain_syntax_is_read(tmp_path, syntax):
    ds = open_instance(written(tmp_path, syntax))
    np.testing.assert_array_equal(decode_frame(ds), PIXELS)


@pytest.mark.parametrize("is_implicit", [True, False])
@pytest.mark.parametrize("has_meta", [True, False])
def test_a_file_without_preamble_is_read(tmp_path, is_implicit, has_meta):
    syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    data = written(tmp_path, syntax).read_bytes()[132:]
    if not has_meta:
        stream = io.BytesIO()
        ds = make_film(PIXELS)
        del ds.file_meta
        pydicom.dcmwrite(stream, ds, implicit_vr=is_implicit, little_endian=True)
        data = stream.getvalue()
    path = tmp_path / "bare"
    path.write_bytes(data)
    np.testing.assert_array_equal(decode_frame(open_instance(path)), PIXELS)


def test_a_big_endian_file_without_preamble_is_read(tmp_path):
    stream = io.BytesIO()
    ds = make_film(PIXELS)
    del ds.file_meta
    pydicom.dcmwrite(stream, ds, implicit_vr=False, little_endian=False)
    ds = parse_instance(stream.getvalue(), "bare")
    assert ds.Rows == 6
    with pytest.raises(TypeError):
        open_instance()


def outcome(path):
    try:
        ds = open_instance(path)
    except DicomError as error:
        return str(error)
    return "pixels" if "PixelData" in ds else "no pixels"


@pytest.mark.parametrize("cut", [140, 200, 260, 330, 400, 500, 600, 700])
def test_a_truncated_file_is_named_or_lacks_its_pixels(tmp_path, cut):
    whole = written(tmp_path).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    said = outcome(path)
    assert said == "no pixels" or ("cut is" in said and "remedy: " in said)


def test_pixels_cut_short_name_the_tag_and_the_lengths(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DicomError, match=r"\(7FE0,0010\) PixelData has 86 of 96 bytes") as caught:
        open_instance(path)
    assert "truncated" in caught.value.message
    assert caught.value.remedy == "copy or export the file again"


def test_every_cut_is_an_error_of_ours_or_a_dataset(tmp_path):
    whole = written(tmp_path).read_bytes()
    path = tmp_path / "cut"
    for end in range(0, len(whole), 3):
        path.write_bytes(whole[:end])
        assert outcome(path) == "no pixels" or "cut" in outcome(path)


def test_a_deflated_file_cut_short_is_refused(tmp_path):
    path = written(tmp_path, DeflatedExplicitVRLittleEndian)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DicomError, match="truncated"):
        open_instance(path)


def test_a_deflate_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = written(tmp_path, DeflatedExplicitVRLittleEndian)
    head = path.read_bytes()
    start = 144 + struct.unpack("<I", head[140:144])[0]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflater.compress(bytes(2**26)) + deflater.flush()
    path.write_bytes(head[:start] + bomb)
    assert len(bomb) < 2**17
    with pytest.raises(DicomError, match="wanted at most 16 MiB"):
        open_instance(path, max_bytes=2**24)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello world " * 100, "is not DICOM"),
        (b"\0" * 64, "is not DICOM"),
        (b"\0" * 4096, "is not DICOM"),
        (b"PK\x03\x04" + b"\0" * 300, "a zip archive"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 300, "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 300, "a JPEG picture"),
        (b"Salted__" + b"\x13" * 300, "encrypted (OpenSSL)"),
        (
            bytes.fromhex("308006092a864886f70d010703a080") + b"\x55" * 300,
            "is encrypted (CMS envelope",
        ),
    ],
)
def test_what_is_not_dicom_says_what_it_is(tmp_path, content, said):
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(DicomError) as caught:
        open_instance(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_a_header_without_content_is_refused(tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(DicomError, match="no data element"):
        open_instance(path)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(20_000 * 20_000 * 2)  # sparse: takes no space
    with pytest.raises(DicomError, match="is 763 MiB, wanted at most 512 MiB"):
        open_instance(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DicomError, match="No such file"):
        open_instance(tmp_path / "gone")
    with pytest.raises(DicomError, match="directory"):
        open_instance(tmp_path)


def test_a_member_of_an_archive_is_read(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.write(written(tmp_path), "x/film")
    ds = open_instance(archive, "x/film")
    np.testing.assert_array_equal(decode_frame(ds), PIXELS)
    with pytest.raises(DicomError, match="no member y"):
        open_instance(archive, "y")
    with pytest.raises(DicomError, match="wanted at most 0 MiB"):
        open_instance(archive, "x/film", max_bytes=10)


def test_a_member_of_an_archive_within_an_archive_is_read(tmp_path):
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as stream:
        stream.write(written(tmp_path), "IM1")
    with zipfile.ZipFile(outer, "w") as stream:
        stream.write(inner, "x/inner.zip")
    np.testing.assert_array_equal(decode_frame(open_instance(outer, "x/inner.zip!/IM1")), PIXELS)


def test_an_encrypted_member_is_refused(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.write(written(tmp_path), "film")
    data = bytearray(archive.read_bytes())
    data[6] |= 1  # general purpose flag: encrypted, in the local and the central header
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(DicomError, match="is encrypted") as caught:
        open_instance(archive, "film")
    assert "password" in caught.value.remedy


def test_a_damaged_archive_is_refused(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.write(written(tmp_path), "film")
    data = bytearray(archive.read_bytes())
    data[60:90] = b"\xff" * 30
    archive.write_bytes(data)
    with pytest.raises(DicomError, match="damaged or unreadable in the archive"):
        open_instance(archive, "film")
    archive.write_bytes(b"PK nothing")
    with pytest.raises(DicomError, match="zip archive cannot be read"):
        open_instance(archive, "film")


@pytest.mark.real_data
def test_truncated_encapsulated_data_are_refused(real_data):
    folder = real_data / "dicom/pydicom-data/data_store/data"
    with pytest.raises(DicomError, match="truncated"):
        open_instance(folder / "emri_small_jpeg_2k_lossless_too_short.dcm")
