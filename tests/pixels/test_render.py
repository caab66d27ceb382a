"""Presentation, padding, colour, frames and spacing; values are in test_render_values."""

import io
import math

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import UID, ImplicitVRLittleEndian
from tests.pixels.films import RAMP, curve, film, linear, make_film, said, save_film, table

from osteon.dicom.open import open_instance, parse_instance
from osteon.errors import DataError, DecodeError, DicomError
from osteon.pixels.render import RENDER_HASH, RENDER_VERSION, render

# presentation


def test_monochrome1_is_inverted():
    plain = render(film(WindowCenter=2000, WindowWidth=3000)).grey
    ds = film(WindowCenter=2000, WindowWidth=3000, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(render(ds).grey, 1 - plain, atol=1e-6)


@pytest.mark.parametrize(
    ("photometric", "shape", "is_inverted", "is_noted"),
    [
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME1", "IDENTITY", False, True),
        ("MONOCHROME2", "INVERSE", True, True),
        ("MONOCHROME1", "LIN OD", True, False),
    ],
)
def test_the_presentation_shape_inverts_once_and_decides(photometric, shape, is_inverted, is_noted):
    plain = render(film(WindowCenter=2000, WindowWidth=3000)).grey
    ds = film(
        WindowCenter=2000,
        WindowWidth=3000,
        PhotometricInterpretation=photometric,
        PresentationLUTShape=shape,
    )
    result = render(ds)
    np.testing.assert_allclose(result.grey, 1 - plain if is_inverted else plain, atol=1e-6)
    assert ("contradicts" in said(result)) == is_noted


def test_a_presentation_table_is_applied_last():
    ds = film(WindowCenter=2048, WindowWidth=4096, PhotometricInterpretation="MONOCHROME1")
    ds.PresentationLUTSequence = table(np.arange(256)[::-1] * 4, bits=10)
    result = render(ds)
    assert result.grey.ravel()[0] == pytest.approx(1020 / 1023)
    assert result.grey.ravel()[-1] == 0
    assert "presentation: lookup table of 256 entries" in said(result)


# padding


def test_padding_is_black_and_does_not_move_the_window():
    pixels = RAMP // 2
    pixels[:, :20] = 4095
    ds = film(pixels, PixelPaddingValue=4095)
    result = render(ds)
    assert result.grey[:, :20].max() == 0
    inner = film(pixels[:, 20:])
    np.testing.assert_array_equal(result.grey[:, 20:], render(inner).grey)
    assert "stored values 4095 (" in said(result)


@pytest.mark.parametrize("limits", [(4000, 4095), (4095, 4000)])
def test_a_range_of_padding_in_either_order(limits):
    ds = film(
        PixelPaddingValue=limits[0],
        PixelPaddingRangeLimit=limits[1],
        WindowCenter=2048,
        WindowWidth=4096,
    )
    grey = render(ds).grey.ravel()
    assert grey[4000:].max() == 0
    assert grey[3999] > 0.9


def test_padding_of_an_inverted_film_is_black_too():
    ds = film(PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1")
    grey = render(ds).grey.ravel()
    assert grey[0] == 0
    assert grey[1] == 1


@pytest.mark.parametrize(("vr", "value"), [("SS", -2000), ("US", 63536)])
@pytest.mark.parametrize("is_implicit", [False, True])
def test_signed_padding_is_understood_in_either_vr(tmp_path, vr, value, is_implicit):
    signed = (RAMP.astype(np.int16) - 2048).astype(np.int16)
    signed[0] = -2000
    ds = film(signed, **({"syntax": ImplicitVRLittleEndian} if is_implicit else {}))
    ds.add_new("PixelPaddingValue", vr, value)
    result = render(open_instance(save_film(ds, tmp_path / "film")))
    assert result.grey[0].max() == 0
    assert "stored values -2000" in said(result)


def test_padding_that_does_not_occur_is_not_mentioned():
    assert "padding" not in said(render(film(PixelPaddingValue=60000)))


def test_a_film_of_padding_only_is_black():
    assert render(film(np.full((8, 8), 7, np.uint16), PixelPaddingValue=7)).grey.max() == 0


# no window, for processing


def test_without_a_window_outliers_do_not_set_the_range():
    pixels = np.tile(np.arange(1000, 2000, dtype=np.uint16), (50, 1))
    pixels[0, 0], pixels[0, 1] = 0, 4095
    result = render(film(pixels))
    wanted = np.percentile(pixels, [0.5, 99.5])
    middle = (1500 - wanted[0]) / (wanted[1] - wanted[0])
    assert result.grey[10, 500] == pytest.approx(middle, abs=1e-4)
    assert "percentiles 0.5 to 99.5" in said(result)


def test_a_nearly_constant_film_uses_its_extremes():
    pixels = np.full((100, 100), 50, np.uint16)
    pixels[0, 0] = 60
    assert render(film(pixels)).grey[0, 0] == 1


@pytest.mark.parametrize("shape", [(1, 1), (7, 9)])
def test_a_constant_film_is_black_and_says_so(shape):
    result = render(film(np.full(shape, 9, np.uint16)))
    assert result.grey.shape == shape
    assert result.grey.max() == 0
    assert "all values are equal" in said(result)


def raw_film(relationship, sign, photometric="MONOCHROME2", **attributes):
    thickness = np.linspace(0, 6, 4096).reshape(64, 64)  # attenuation of the path
    exposure = np.rint(60000 * np.exp(-thickness))
    signal = exposure if relationship == "LIN" else np.rint(5000 * np.log(exposure + 1))
    if sign == -1:
        signal = 65535 - signal if relationship == "LIN" else signal.max() - signal
    return make_film(
        signal.astype(np.uint16),
        PhotometricInterpretation=photometric,
        PresentationIntentType="FOR PROCESSING",
        PixelIntensityRelationship=relationship,
        PixelIntensityRelationshipSign=sign,
        **attributes,
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("relationship", "sign"), [("LIN", 1), ("LOG", 1), ("LOG", -1)])
def test_for_processing_shows_attenuation_white_and_even(relationship, sign, photometric):
    ds = raw_film(relationship, sign, photometric, WindowCenter=1, WindowWidth=2)
    result = render(ds)
    grey = result.grey.ravel()
    assert (np.diff(grey) >= -1e-6).all()  # thicker is whiter, whatever the header's window says
    assert grey[2048] == pytest.approx(0.5, abs=0.06)  # in proportion to the thickness
    assert "for processing" in said(result)


def test_for_processing_without_a_sign_goes_by_the_photometric_interpretation():
    ds = raw_film("LOG", 1)
    del ds.PixelIntensityRelationshipSign
    dense_black = render(ds).grey
    ds.PhotometricInterpretation = "MONOCHROME1"
    np.testing.assert_allclose(render(ds).grey, 1 - dense_black, atol=1e-6)


def test_for_processing_obeys_a_window_that_was_asked_for():
    ds = raw_film("LIN", 1)
    result = render(ds, window=(30000, 60000))
    assert "logarithm" not in said(result)
    assert result.grey.ravel()[0] == pytest.approx(0, abs=1e-3)
    assert result.grey.ravel()[-1] > 0.99


def test_for_presentation_is_not_put_through_a_logarithm():
    ds = raw_film("LIN", 1, WindowCenter=30000, WindowWidth=60000)
    ds.PresentationIntentType = "FOR PRESENTATION"
    assert "logarithm" not in said(render(ds))


# colour


def test_colour_is_refused_with_a_reason():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[..., 0] = 200
    with pytest.raises(
        DicomError, match=r"\(0028,0004\) PhotometricInterpretation is RGB"
    ) as caught:
        render(make_film(pixels))
    assert "picture of a film" in caught.value.remedy


def test_grey_stored_as_colour_is_taken_as_grey():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    window = {"WindowCenter": 128, "WindowWidth": 256}
    coloured = make_film(np.stack([grey] * 3, axis=-1), **window)
    result = render(coloured)
    np.testing.assert_array_equal(result.grey, render(make_film(grey, **window)).grey)
    assert "equal channels" in said(result)


def test_grey_in_a_colour_jpeg_is_taken_as_grey():
    down, across = np.mgrid[:64, :64]
    grey = (100 + 80 * np.sin(down / 20) * np.cos(across / 15)).astype(np.uint8)
    ds = make_film(np.stack([grey] * 3, axis=-1), PhotometricInterpretation="YBR_FULL_422")
    encoded = imagecodecs.jpeg8_encode(np.stack([grey] * 3, axis=-1), level=95)
    ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.50")
    ds.PixelData = encapsulate([encoded])
    ds["PixelData"].VR = "OB"
    result = render(ds, window=(128, 256))
    assert np.abs(result.grey * 255 - grey).max() < 5


def test_a_palette_is_refused():
    with pytest.raises(DicomError, match="PALETTE COLOR, wanted MONOCHROME1 or 2"):
        render(film(PhotometricInterpretation="PALETTE COLOR"))


def test_values_that_are_not_numbers_are_refused():
    ds = make_film(np.zeros((4, 4), np.uint16))
    del ds.PixelData
    ds.BitsAllocated = 32
    ds.FloatPixelData = np.float32([[math.nan] * 4] * 4).tobytes()
    with pytest.raises(DicomError, match="not finite"):
        render(ds)


# frames and bits


def functional_group(**sequences):
    group = Dataset()
    for keyword, attributes in sequences.items():
        item = Dataset()
        for name, value in attributes.items():
            setattr(item, name, value)
        setattr(group, keyword, Sequence([item]))
    return group


def test_a_frame_has_its_own_rescale_window_and_spacing():
    ds = film(np.stack([RAMP, RAMP]), WindowCenter=1, WindowWidth=1)
    ds.SharedFunctionalGroupsSequence = Sequence(
        [functional_group(PixelMeasuresSequence={"PixelSpacing": [0.2, 0.3]})]
    )
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        functional_group(
            FrameVOILUTSequence={"WindowCenter": center, "WindowWidth": 1000},
            PixelValueTransformationSequence={"RescaleSlope": 2, "RescaleIntercept": -100},
        )
        for center in (1000, 3000)
    )
    for frame, center in enumerate((1000, 3000)):
        result = render(ds, frame=frame)
        wanted = [linear(2.0 * x - 100, center, 1000) for x in RAMP.ravel()]
        np.testing.assert_allclose(result.grey.ravel(), wanted, atol=1e-5)
        assert result.pixel_spacing_mm == (0.2, 0.3)
        assert f"frame: {frame} of 2" in said(result)
    with pytest.raises(DecodeError, match="has 2 frames"):
        render(ds, frame=2)


def test_codestream_bits_that_differ_from_bits_stored_are_kept_and_noted():
    ds = film(RAMP, WindowCenter=32768, WindowWidth=65536, VOILUTFunction="LINEAR_EXACT")
    wide = (RAMP * 16).astype(np.uint16)
    ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.90")
    ds.PixelData = encapsulate([imagecodecs.jpeg2k_encode(wide, level=0, codecformat="J2K")])
    ds["PixelData"].VR = "OB"
    result = render(ds)
    np.testing.assert_allclose(result.grey, wide / 65536, atol=1e-6)
    assert "codestream of 16 bits, BitsStored says 12" in said(result)


# spacing


@pytest.mark.parametrize(
    ("pixel", "imager", "wanted", "source"),
    [
        ([0.2, 0.2], None, (0.2, 0.2), "pixel_spacing"),
        (None, [0.15, 0.15], (0.15, 0.15), "imager_pixel_spacing"),
        ([0.139, 0.139], [0.16, 0.16], (0.139, 0.139), "pixel_spacing"),
        ([0.16, 0.16], [0.16, 0.16], (0.16, 0.16), "imager_pixel_spacing"),
        ([0, 0], [0.16, 0.16], (0.16, 0.16), "imager_pixel_spacing"),
        ([-0.2, 0.2], None, None, None),
        ([0.2, 0.9], None, None, None),
        ([200, 200], None, None, None),
        ([0.0002, 0.0002], None, None, None),
        (None, None, None, None),
    ],
)
def test_which_spacing_is_believed(pixel, imager, wanted, source):
    ds = film()
    if pixel is not None:
        ds.PixelSpacing = pixel
    if imager is not None:
        ds.ImagerPixelSpacing = imager
    result = render(ds)
    assert (result.pixel_spacing_mm, result.spacing_source) == (wanted, source)
    assert "spacing: " in said(result)
    if wanted is None and pixel is not None:
        assert "not believed" in said(result)


# the whole


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    st.sampled_from([None, "FOR PROCESSING", "FOR PRESENTATION"]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_grey_values_are_always_numbers_from_0_to_1(
    rows, columns, photometric, intent, signed, seed
):
    pixels = np.random.default_rng(seed).integers(-2000 if signed else 0, 4000, (rows, columns))
    ds = make_film(
        pixels.astype(np.int16 if signed else np.uint16), PhotometricInterpretation=photometric
    )
    if intent:
        ds.PresentationIntentType = intent
        ds.PixelIntensityRelationship = "LIN"
    grey = render(ds).grey
    assert grey.dtype == np.float32
    assert grey.shape == (rows, columns)
    assert 0 <= grey.min() <= grey.max() <= 1


FRAMES = {
    ".4.50": lambda a: imagecodecs.jpeg8_encode((a // 16).astype(np.uint8), level=90),
    ".4.51": lambda a: imagecodecs.jpeg8_encode(a, level=90, bitspersample=12),
    ".4.70": lambda a: imagecodecs.jpeg8_encode(a, lossless=True, bitspersample=12),
    ".4.80": imagecodecs.jpegls_encode,
    ".4.90": lambda a: imagecodecs.jpeg2k_encode(a, level=0, reversible=True, codecformat="J2K"),
    ".4.201": lambda a: imagecodecs.htj2k_encode(a, reversible=True),
}


@pytest.mark.parametrize("tail", [".1", *FRAMES])
def test_damaged_bytes_give_a_film_or_an_error_of_ours(tail):
    ds = film(WindowCenter=2000, WindowWidth=900)
    if tail in FRAMES:
        ds.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2{tail}")
        ds.PixelData = encapsulate([FRAMES[tail](RAMP)])
        ds["PixelData"].VR = "OB"
    stream = io.BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    whole = stream.getvalue()
    rng = np.random.default_rng(11)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(132 if rng.random() < 0.6 else 600, len(whole), 3):
            damaged[place] = rng.integers(256)
        try:
            result = render(parse_instance(bytes(damaged), "damaged"))
        except DataError as error:
            outcomes.add(type(error).__name__)
        else:
            outcomes.add("film")
            assert np.isfinite(result.grey).all()
    assert len(outcomes) > 1


def test_the_hash_is_part_of_a_model_package_and_must_not_move_unnoticed():
    assert RENDER_VERSION == 1
    assert RENDER_HASH.startswith("007425bb90d5")


def test_a_rendering_that_changes_must_change_its_version():
    """If this fails on purpose, raise RENDER_VERSION and write the new values here."""
    looks = {
        "linear": film(WindowCenter=2000, WindowWidth=1500),
        "sigmoid": film(WindowCenter=2000, WindowWidth=1500, VOILUTFunction="SIGMOID"),
        "percentiles": film(PhotometricInterpretation="MONOCHROME1"),
        "raw": film(
            PresentationIntentType="FOR PROCESSING",
            PixelIntensityRelationship="LIN",
            PixelIntensityRelationshipSign=1,
        ),
    }
    looks["table"] = film()
    looks["table"].VOILUTSequence = table(curve(4096, 12), bits=12)
    found = {name: render(ds).grey.ravel()[[1, 1500, 2500, 4000]] for name, ds in looks.items()}
    wanted = {
        "linear": [0.0, 0.16678, 0.83389, 1.0],
        "sigmoid": [0.00482, 0.20861, 0.79139, 0.9952],
        "percentiles": [1.0, 0.63505, 0.38838, 0.01838],
        "raw": [1.0, 0.18877, 0.09227, 0.00349],
        "table": [0.04737, 0.30965, 0.65983, 0.94579],
    }
    assert RENDER_VERSION == 1
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, atol=2e-5, err_msg=name)


@pytest.mark.real_data
def test_real_objects_with_tables_agree_with_an_independent_implementation(real_data):
    folder = real_data / "dicom/pydicom-data/data_store/data"
    for name in ("vlut_04.dcm", "mlut_18.dcm"):
        ds = open_instance(folder / name)
        values = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds, prefer_lut=True)
        grey = render(ds).grey
        if ds.PhotometricInterpretation == "MONOCHROME1":
            grey = 1 - grey
        order = np.argsort(values, axis=None, kind="stable")
        assert (np.diff(grey.ravel()[order]) >= -1e-6).all()


@pytest.mark.real_data
def test_the_real_films_show_bone_brighter_than_air(real_data):
    hip = render(open_instance(real_data / "radiographs/hip_cr/RG2_UNC.dcm"))
    assert hip.pixel_spacing_mm == (0.2, 0.2)
    assert hip.grey[1100, 1050] > 0.4
    assert hip.grey[1800, 900] < 0.05
    tibia = render(open_instance(real_data / "radiographs/tibia_cr_monochrome1/RG3_UNC.dcm"))
    assert "inverted (MONOCHROME1)" in said(tibia)
    assert tibia.pixel_spacing_mm is None
    assert tibia.grey[1500, 820] > 0.7
    assert tibia.grey[700, 550] < 0.2
