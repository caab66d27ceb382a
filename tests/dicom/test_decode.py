import subprocess

import imagecodecs
import numpy as np
import pytest
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEG2000Lossless, RLELossless
from tests.pixels.films import make_film, save_film

from osteon.dicom import decode as module
from osteon.dicom import syntaxes
from osteon.dicom.decode import DecodeSettings, codestream_of, decode_frame, decoder_table
from osteon.dicom.open import open_instance
from osteon.errors import DecodeError, DicomError

NOISE = np.random.default_rng(0).integers(0, 4096, (41, 33)).astype(np.uint16)
FOLDER = "dicom/pydicom-data/data_store/data"


def compressed(frames, tail, shape=NOISE.shape, **attributes):
    header = {"BitsStored": 12, "HighBit": 11, **attributes}
    ds = make_film(np.zeros(shape, np.uint16), **header)
    ds.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2{tail}")
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


ENCODED = {
    ".4.57": lambda a: imagecodecs.jpeg8_encode(a, lossless=True, bitspersample=12, predictor=4),
    ".4.70": lambda a: imagecodecs.jpeg8_encode(a, lossless=True, bitspersample=12, predictor=1),
    ".4.80": imagecodecs.jpegls_encode,
    ".4.90": lambda a: imagecodecs.jpeg2k_encode(
        a, level=0, reversible=True, bitspersample=12, codecformat="J2K"
    ),
    ".4.201": lambda a: imagecodecs.htj2k_encode(a, reversible=True),
}
DECODERS = [
    (tail, decoder)
    for tail in ENCODED
    for syntax in syntaxes.SYNTAXES
    if syntax.uid == f"1.2.840.10008.1.2{tail}"
    for decoder in syntax.decoders
]


@pytest.mark.parametrize(("tail", "decoder"), DECODERS)
def test_every_decoder_of_a_lossless_syntax_gives_the_pixels_back(monkeypatch, tail, decoder):
    monkeypatch.setattr(module, "is_installed", lambda name: name == decoder)
    ds = compressed([ENCODED[tail](NOISE)], tail)
    np.testing.assert_array_equal(decode_frame(ds), NOISE)


def test_signed_pixels_keep_their_sign_in_every_lossless_syntax():
    signed = NOISE.astype(np.int16) - 2048
    for tail, encode in ENCODED.items():
        if tail == ".4.201":
            continue  # this encoder knows 16 bits only
        ds = compressed([encode((signed & 0xFFF).astype(np.uint16))], tail, PixelRepresentation=1)
        np.testing.assert_array_equal(decode_frame(ds), signed, err_msg=tail)


def test_twelve_bit_jpeg_extended_is_decoded():
    down, across = np.mgrid[:64, :48]
    smooth = (2000 + 1500 * np.sin(down / 9) * np.cos(across / 7)).astype(np.uint16)
    ds = compressed(
        [imagecodecs.jpeg8_encode(smooth, level=98, bitspersample=12)], ".4.51", smooth.shape
    )
    assert codestream_of(ds).precision == 12
    assert np.abs(decode_frame(ds).astype(int) - smooth).max() < 12


def test_frames_are_told_apart():
    frames = [NOISE, NOISE[::-1], NOISE // 2]
    ds = compressed([ENCODED[".4.80"](np.ascontiguousarray(f)) for f in frames], ".4.80")
    ds.NumberOfFrames = 3
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(decode_frame(ds, index), frame)
    with pytest.raises(DecodeError, match="has 3 frames, wanted frame 3, counted from 0"):
        decode_frame(ds, 3)
    with pytest.raises(DecodeError, match="wanted frame -1"):
        decode_frame(ds, -1)


def test_more_bits_in_the_codestream_than_in_the_header_are_kept():
    wide = (NOISE.astype(np.uint32) * 16 + NOISE % 16).astype(np.uint16)  # needs 16 bits
    for tail, encode in (
        (".4.70", lambda a: imagecodecs.jpeg8_encode(a, lossless=True, bitspersample=16)),
        (".4.80", imagecodecs.jpegls_encode),
        (".4.90", lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="J2K")),
        (".4.201", lambda a: imagecodecs.htj2k_encode(a, reversible=True)),
    ):
        ds = compressed([encode(wide)], tail)
        assert codestream_of(ds).precision == 16
        np.testing.assert_array_equal(decode_frame(ds), wide, err_msg=tail)


def test_fewer_bits_in_the_codestream_than_in_the_header_are_not_stretched():
    narrow = NOISE // 16
    encoded = imagecodecs.jpeg2k_encode(
        narrow.astype(np.uint8), level=0, reversible=True, codecformat="J2K"
    )
    ds = compressed([encoded], ".4.90", BitsStored=16)
    np.testing.assert_array_equal(decode_frame(ds), narrow)


def test_bits_above_bits_stored_are_not_part_of_the_value():
    with_overlay = NOISE | 0x4000  # a retired overlay in bit 14
    ds = make_film(with_overlay, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(decode_frame(ds), NOISE)
    signed = make_film((NOISE.astype(np.int16) - 2048) & 0xFFF, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(decode_frame(signed), NOISE.astype(np.int16) - 2048)


def test_values_in_the_upper_bits_of_the_word_are_moved_down():
    ds = make_film((NOISE << 4) | 0x5, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(decode_frame(ds), NOISE)
    signed = make_film(((NOISE.astype(np.int16) - 2048) << 3), BitsStored=12, HighBit=14)
    np.testing.assert_array_equal(decode_frame(signed), NOISE.astype(np.int16) - 2048)


def test_rle_is_decoded():
    ds = make_film(NOISE)
    ds.compress(RLELossless)
    np.testing.assert_array_equal(decode_frame(ds), NOISE)


@pytest.mark.parametrize("frames", ["0", "text", "", "-3"])
def test_an_impossible_number_of_frames_means_one(frames):
    ds = make_film(NOISE)
    ds["NumberOfFrames"] = DataElement(0x00280008, "LO", frames)
    np.testing.assert_array_equal(decode_frame(ds), NOISE)


def test_a_one_pixel_image_is_decoded():
    assert decode_frame(make_film(np.uint16([[7]]))).tolist() == [[7]]


def test_a_frame_beyond_the_memory_limit_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(module, "_decoded", lambda *_: pytest.fail("decoded"))
    ds = make_film(np.zeros((4, 4), np.uint16), Rows=20000, Columns=20000)
    with pytest.raises(DecodeError, match=r"20000 x 20000 .* 763 MiB") as caught:
        decode_frame(ds)
    assert "max_frame_mib" in caught.value.remedy


def test_the_memory_limit_is_a_setting():
    ds = make_film(NOISE)
    with pytest.raises(DecodeError, match=r"wanted at most 0\.001 MiB"):
        decode_frame(ds, settings=DecodeSettings(max_frame_mib=0.001))


def test_a_codestream_larger_than_its_header_is_refused_before_decoding(monkeypatch):
    large = np.zeros((600, 700), np.uint16)
    for tail, encode in ENCODED.items():
        ds = compressed([encode(large)], tail)
        monkeypatch.setattr(module, "_decoded", lambda *_: pytest.fail("decoded"))
        with pytest.raises(DecodeError, match="600 x 700 pixels"):
            decode_frame(ds)


def test_too_little_pixel_data_is_refused():
    ds = make_film(NOISE)
    ds.PixelData = ds.PixelData[:-100]
    with pytest.raises(DecodeError, match="cannot be decoded") as caught:
        decode_frame(ds)
    assert str(ds.SOPInstanceUID) in caught.value.message


def test_too_much_pixel_data_is_tolerated():
    ds = make_film(NOISE)
    ds.PixelData += b"\0" * 6
    np.testing.assert_array_equal(decode_frame(ds), NOISE)


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
@pytest.mark.parametrize("value", [0, None])
def test_missing_or_zero_sizes_name_the_tag(keyword, value):
    ds = make_film(NOISE, **{keyword: value})
    with pytest.raises(DicomError, match=keyword):
        decode_frame(ds)


def test_an_object_without_pixels_is_refused():
    with pytest.raises(DecodeError, match=r"no \(7FE0,0010\) PixelData"):
        decode_frame(make_film(NOISE, PixelData=None))


@pytest.mark.parametrize("tail", [*ENCODED, ".4.51", ".5"])
def test_damaged_compressed_data_are_refused_or_differ(tail):
    frame = ENCODED.get(tail, ENCODED[".4.70"])(NOISE)
    start, end = len(frame) // 3, len(frame) * 2 // 3
    damaged = compressed([frame[:start] + bytes(end - start) + frame[end:]], tail)
    said = ""
    try:
        pixels = decode_frame(damaged)
    except DecodeError as error:
        said = error.message
    if said:
        assert UID(f"1.2.840.10008.1.2{tail}").name in said
    else:
        assert pixels.shape == NOISE.shape  # some decoders fill what is missing
        assert not np.array_equal(pixels, NOISE)


@pytest.mark.parametrize("tail", [*ENCODED])
def test_a_compressed_frame_cut_short_is_refused(tail):
    frame = ENCODED[tail](NOISE)
    cut = compressed([frame[: len(frame) * 2 // 3]], tail)
    with pytest.raises(DecodeError, match="no end marker, it was cut short"):
        decode_frame(cut)
    padded = compressed([frame + b"\0" * 5], tail)
    np.testing.assert_array_equal(decode_frame(padded), NOISE)


def test_the_end_marker_can_be_waived():
    frame = ENCODED[".4.70"](NOISE)
    ds = compressed([frame[:-2]], ".4.70")
    settings = DecodeSettings(require_end_marker=False)
    np.testing.assert_array_equal(decode_frame(ds, settings=settings), NOISE)


def test_garbage_fragments_are_refused():
    ds = compressed([b"\x01\x02\x03\x04" * 30], ".4.90")
    with pytest.raises(DecodeError, match="JPEG 2000"):
        decode_frame(ds)
    ds.PixelData = b"no item at all"
    with pytest.raises(DecodeError, match="fragments"):
        decode_frame(ds)


def test_a_syntax_without_decoder_names_it_and_what_to_do():
    ds = compressed([b"\0" * 64], ".4.102")
    with pytest.raises(DecodeError, match=r"MPEG-4 .*1\.2\.840\.10008\.1\.2\.4\.102") as caught:
        decode_frame(ds)
    assert "Explicit VR Little Endian" in caught.value.remedy


def test_a_missing_decoder_names_the_package(monkeypatch):
    monkeypatch.setattr(module, "is_installed", lambda _: False)
    with pytest.raises(DecodeError, match="JPEG-LS Lossless") as caught:
        decode_frame(compressed([ENCODED[".4.80"](NOISE)], ".4.80"))
    assert caught.value.remedy == "pip install pyjpegls"


def test_a_missing_transfer_syntax_is_taken_from_how_the_file_was_read():
    ds = make_film(NOISE)
    del ds.file_meta.TransferSyntaxUID
    with pytest.raises(DecodeError, match="TransferSyntaxUID"):
        decode_frame(ds)


def test_the_table_names_every_syntax_once_and_all_are_available():
    table = decoder_table()
    assert len({uid for _, uid, _, _ in table}) == len(table) == 16
    assert all(available for *_, available in table)
    assert all(UID(uid).name == name for name, uid, _, _ in table)
    used = {decoder for syntax in syntaxes.SYNTAXES for decoder in syntax.decoders}
    assert not used & {"pylibjpeg-libjpeg", "python-gdcm"}


def test_a_table_without_a_decoder_says_so(monkeypatch):
    monkeypatch.setattr(syntaxes, "is_installed", lambda name: name != "pylibjpeg-openjpeg")
    rows = {uid: (decoder, available) for _, uid, decoder, available in decoder_table()}
    assert rows[JPEG2000Lossless] == ("imagecodecs", True)


@pytest.fixture(scope="module")
def hip(real_data):
    return decode_frame(open_instance(real_data / "radiographs/hip_cr/RG2_UNC.dcm"))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["RG2_J2KR", "RG2_JLSL", "RG2_JPLL", "RG2_RLE"])
def test_the_real_film_is_the_same_in_every_lossless_encoding(real_data, hip, name):
    ds = open_instance(real_data / "radiographs/hip_cr" / name)
    np.testing.assert_array_equal(decode_frame(ds), hip)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "largest", "mean"), [("RG2_J2KI", 90, 2), ("RG2_JLSN", 4, 3), ("RG2_JPLY", 300, 9)]
)
def test_the_real_film_is_near_in_every_lossy_encoding(real_data, hip, name, largest, mean):
    ds = open_instance(real_data / "radiographs/hip_cr" / name)
    difference = np.abs(decode_frame(ds).astype(int) - hip)
    assert 0 < difference.max() <= largest
    assert difference.mean() <= mean


@pytest.mark.real_data
@pytest.mark.referee
def test_twelve_bit_jpeg_equals_dcmdjpeg(real_data, referee, tmp_path):
    source = real_data / "radiographs/hip_cr/RG2_JPLY"
    plain = tmp_path / "plain.dcm"
    subprocess.run([referee("dcmdjpeg"), str(source), str(plain)], check=True, capture_output=True)
    np.testing.assert_array_equal(
        decode_frame(open_instance(source)), decode_frame(open_instance(plain))
    )


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("emri_small_RLE", "emri_small"),
        ("emri_small_big_endian", "emri_small"),
        ("emri_small_jpeg_2k_lossless", "emri_small"),
        ("emri_small_jpeg_ls_lossless", "emri_small"),
        ("MR2_J2KR", "MR2_UNCR"),
        ("693_J2KR", "693_UNCR"),
        ("RG3_J2KR", "../../../../radiographs/tibia_cr_monochrome1/RG3_UNC"),
    ],
)
def test_real_lossless_objects_equal_their_plain_twins(real_data, name, reference):
    ds = open_instance(real_data / FOLDER / f"{name}.dcm")
    twin = open_instance(real_data / FOLDER / f"{reference}.dcm")
    for frame in range(min(int(ds.get("NumberOfFrames", 1)), 3)):
        np.testing.assert_array_equal(decode_frame(ds, frame), decode_frame(twin, frame))


@pytest.mark.real_data
def test_high_throughput_jpeg_2000_objects_are_decoded(real_data):
    lossless = decode_frame(open_instance(real_data / FOLDER / "HTJ2KLossless_08_RGB.dcm"))
    lossy = decode_frame(open_instance(real_data / FOLDER / "HTJ2K_08_RGB.dcm"))
    assert lossless.shape == lossy.shape == (480, 640, 3)
    assert np.abs(lossless.astype(int) - lossy).mean() < 4


@pytest.mark.real_data
def test_jpeg_lossless_objects_are_decoded(real_data):
    ds = open_instance(real_data / FOLDER / "JPGLosslessP14SV1_1s_1f_8b.dcm")
    assert decode_frame(ds).shape == (ds.Rows, ds.Columns)
    ds = open_instance(real_data / FOLDER / "JPEG-LL.dcm")
    assert decode_frame(ds).shape == (1024, 256)


def test_a_saved_object_decodes_as_the_one_in_memory(tmp_path):
    path = save_film(compressed([ENCODED[".4.90"](NOISE)], ".4.90"), tmp_path / "film")
    np.testing.assert_array_equal(decode_frame(open_instance(path)), NOISE)
