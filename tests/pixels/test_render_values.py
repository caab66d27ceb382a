"""From stored values to grey: windows, modality LUT, VOI LUT; the rest is in test_render."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian
from tests.pixels.films import RAMP, curve, film, linear, make_film, said, save_film, table

from osteon.dicom.open import open_instance
from osteon.errors import DicomError, UsageError
from osteon.pixels.render import render

# windows


def linear_exact(x, c, w):
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return 1.0
    return (x - c) / w + 0.5


def sigmoid(x, c, w):
    return 1 / (1 + math.exp(min(-4 * (x - c) / w, 700)))


FORMULAS = {"LINEAR": linear, "LINEAR_EXACT": linear_exact, "SIGMOID": sigmoid}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*FORMULAS]),
    st.floats(-500, 5000).map(lambda x: round(x, 2)),
    st.floats(1, 6000).map(lambda x: round(x, 2)),
)
def test_windows_are_those_of_the_standard(name, center, width):
    ds = film(WindowCenter=center, WindowWidth=width, VOILUTFunction=name)
    wanted = [FORMULAS[name](float(x), center, width) for x in RAMP.ravel()[::7]]
    slack = 1e-6 + 1e-3 / max(width - (name == "LINEAR"), 1e-3)  # the centre in float32
    if name == "LINEAR" and width == 1:
        slack = 0
    np.testing.assert_allclose(render(ds).grey.ravel()[::7], wanted, atol=slack)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_narrowest_linear_windows(width):
    ds = film(WindowCenter=100, WindowWidth=width)
    grey = render(ds).grey.ravel()
    wanted = [linear(float(x), 100, width) for x in range(95, 106)]
    np.testing.assert_allclose(grey[95:106], wanted, atol=1e-6)


def test_the_function_is_read_in_any_case_and_an_unknown_one_is_linear():
    ds = film(WindowCenter=2000, WindowWidth=900)
    plain = render(ds).grey
    ds.add_new("VOILUTFunction", "LO", " linear")
    np.testing.assert_array_equal(render(ds).grey, plain)
    ds.VOILUTFunction = "CURVE"
    np.testing.assert_array_equal(render(ds).grey, plain)
    assert "function CURVE is not known" in said(render(ds))


def test_of_several_windows_the_first_is_taken_and_named():
    ds = film(
        WindowCenter=[1000, 2000],
        WindowWidth=[500, 600],
        WindowCenterWidthExplanation=["BONE", "SOFT"],
    )
    one = render(film(WindowCenter=1000, WindowWidth=500))
    both = render(ds)
    np.testing.assert_array_equal(both.grey, one.grey)
    assert "centre 1000, width 500, LINEAR (BONE), number 1 of 2" in said(both)


def test_an_impossible_window_is_passed_over_for_the_next():
    ds = film(WindowCenter=[1000, 2000], WindowWidth=[0, 600])
    np.testing.assert_array_equal(
        render(ds).grey, render(film(WindowCenter=2000, WindowWidth=600)).grey
    )
    assert "passed over" in said(render(ds))


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_without_a_possible_window_the_percentiles_decide(width):
    ds = film(WindowCenter=1000, WindowWidth=width)
    np.testing.assert_array_equal(render(ds).grey, render(film()).grey)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_text_in_number_fields_counts_as_absent(tmp_path):
    text = film()
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        text.add_new(keyword, "LO", "about 100")
    text.add_new("PixelSpacing", "LO", ["wide", "high"])
    result = render(open_instance(save_film(text, tmp_path / "text")))
    np.testing.assert_array_equal(result.grey, render(film()).grey)
    assert result.pixel_spacing_mm is None
    assert "PixelSpacing" in said(result)


def test_a_window_asked_for_replaces_everything_in_the_header():
    ds = film(WindowCenter=10, WindowWidth=20, VOILUTFunction="SIGMOID")
    ds.VOILUTSequence = table(range(4096), bits=12)
    asked = render(ds, window=(1500, 700))
    wanted = [linear(float(x), 1500, 700) for x in RAMP.ravel()]
    np.testing.assert_allclose(asked.grey.ravel(), wanted, atol=1e-5)
    assert "asked for" in said(asked)
    for window in ((100, 0), (math.nan, 10), (10, math.inf)):
        with pytest.raises(UsageError, match="window centre"):
            render(ds, window=window)


def test_a_sigmoid_of_absurd_slope_does_not_overflow():
    grey = render(film(WindowCenter=2000, WindowWidth=1e-3, VOILUTFunction="SIGMOID")).grey
    assert grey.min() < 1e-30
    assert grey.max() == 1


# modality values


def test_a_negative_slope_turns_the_film_round():
    up = film(WindowCenter=2000, WindowWidth=3000, VOILUTFunction="LINEAR_EXACT")
    down = film(
        RescaleSlope=-10,
        RescaleIntercept=40950,
        WindowCenter=20000,
        WindowWidth=30000,
        VOILUTFunction="LINEAR_EXACT",
    )
    mirrored = render(up).grey.ravel()
    turned = render(down).grey.ravel()
    # -10 x + 40950 in a window ten times as wide: the value of 4095 - x in the narrow one
    np.testing.assert_allclose(turned, mirrored[::-1], atol=1e-6)
    assert "x -10 + 40950" in said(render(down))


def test_a_slope_of_zero_is_not_applied():
    ds = film(RescaleSlope=0, RescaleIntercept=5)
    np.testing.assert_array_equal(render(ds).grey, render(film()).grey)
    assert "slope 0" in said(render(ds))


def test_the_modality_table_is_applied_before_the_window_and_wins_over_rescale():
    entries = (np.arange(4096)[::-1] * 3).astype(np.uint16)
    ds = film(WindowCenter=6000, WindowWidth=9000, RescaleSlope=7, RescaleIntercept=1)
    ds.ModalityLUTSequence = table(entries)
    wanted = [linear(float(entries[x]), 6000, 9000) for x in RAMP.ravel()]
    np.testing.assert_allclose(render(ds).grey.ravel(), wanted, atol=1e-5)


def test_a_modality_table_with_a_signed_first_value():
    signed = (RAMP.astype(np.int16) - 2048).astype(np.int16)
    entries = np.arange(4096) * 2
    ds = film(signed, WindowCenter=4000, WindowWidth=8000)
    ds.ModalityLUTSequence = table(
        entries, first=-2048, vr="SS", data=entries.astype("<u2").tobytes()
    )
    wanted = [linear(2.0 * x, 4000, 8000) for x in range(4096)]
    np.testing.assert_allclose(render(ds).grey.ravel(), wanted, atol=1e-5)


def test_values_outside_a_table_take_its_ends():
    ds = film()
    ds.VOILUTSequence = table([100, 200, 300], first=1000, bits=10)
    grey = render(ds).grey.ravel() * 1023
    np.testing.assert_allclose(grey[[0, 999, 1000, 1001, 1002, 1003, 4095]],
                               [100, 100, 100, 200, 300, 300, 300], rtol=1e-5)  # fmt: skip


# tables of values of interest


def test_a_table_of_16384_entries_is_used_whole():
    wide = (np.arange(16384, dtype=np.uint16)).reshape(128, 128)
    ds = make_film(wide, BitsStored=14, HighBit=13)
    ds.VOILUTSequence = table(curve(16384, 12), bits=12)
    result = render(ds)
    np.testing.assert_allclose(result.grey.ravel(), curve(16384, 12) / 4095, atol=1e-6)
    assert "16384 entries from 0, 12 bits" in said(result)


def test_zero_entries_mean_65536():
    ds = make_film(np.uint16([[0, 1, 65534, 65535]]))
    entries = np.arange(65536)[::-1].astype("<u2")
    ds.VOILUTSequence = table(entries, data=entries.tobytes())
    np.testing.assert_allclose(render(ds).grey[0] * 65535, [65535, 65534, 1, 0], atol=0.01)


@pytest.mark.parametrize("is_saved", [False, True])
@pytest.mark.parametrize("is_implicit", [False, True])
@pytest.mark.parametrize("vr", ["SS", "US"])
def test_a_signed_first_value_is_understood_in_either_vr(tmp_path, vr, is_saved, is_implicit):
    signed = (RAMP.astype(np.int16) - 2048).astype(np.int16)
    syntax = {"syntax": ImplicitVRLittleEndian} if is_implicit else {}
    ds = film(signed, **syntax)
    first = -1000 if vr == "SS" else 64536
    entries = curve(2000, 10).astype("<u2")
    ds.VOILUTSequence = table(entries, first=first, bits=10, vr=vr, data=entries.tobytes())
    if is_saved:
        ds = open_instance(save_film(ds, tmp_path / "film"))
    grey = render(ds).grey.ravel()
    assert grey[0] == pytest.approx(entries[0] / 1023)
    np.testing.assert_allclose(grey[1048:3048], entries / 1023, atol=1e-6)
    assert grey[-1] == pytest.approx(entries[-1] / 1023)


def test_a_large_unsigned_first_value_stays_unsigned():
    high = np.uint16([[50000, 50001, 50002, 60000]])
    ds = make_film(high)
    ds.VOILUTSequence = table([0, 128, 255], first=50000, bits=8)
    np.testing.assert_allclose(render(ds).grey[0] * 255, [0, 128, 255, 255], atol=1e-4)


@pytest.mark.parametrize("packing", ["a word each", "two to a word", "list"])
def test_tables_of_eight_bits(packing):
    entries = curve(256, 8)
    ds = make_film(np.arange(256, dtype=np.uint8).reshape(16, 16))
    data = {
        "a word each": entries.astype("<u2").tobytes(),
        "two to a word": entries.astype("u1").tobytes(),
        "list": None,
    }[packing]
    ds.VOILUTSequence = table(entries, bits=8, data=data)
    np.testing.assert_allclose(render(ds).grey.ravel(), entries / 255, atol=1e-6)


def test_a_table_whose_entries_exceed_its_bits_is_not_cut():
    ds = film()
    ds.VOILUTSequence = table(np.arange(4096) * 16, bits=8)
    np.testing.assert_allclose(render(ds).grey.ravel(), np.arange(4096) * 16 / 65535, atol=1e-6)


def test_with_table_and_window_the_table_decides_and_the_record_says_so():
    ds = film(WindowCenter=100, WindowWidth=50)
    ds.VOILUTSequence = table(curve(4096, 12), bits=12)
    result = render(ds)
    np.testing.assert_allclose(result.grey.ravel(), curve(4096, 12) / 4095, atol=1e-6)
    assert "the object also gives windows" in said(result)


def test_of_several_tables_the_first_is_taken():
    ds = film()
    first, second = table(curve(4096, 12), bits=12), table(curve(4096, 12)[::-1], bits=12)
    ds.VOILUTSequence = Sequence([*first, *second])
    result = render(ds)
    np.testing.assert_allclose(result.grey.ravel(), curve(4096, 12) / 4095, atol=1e-6)
    assert "first of 2" in said(result)


def test_a_table_that_does_not_fit_gives_way_to_the_window_or_is_refused():
    broken = table(curve(4096, 12), bits=12)
    broken[0].LUTData = [1, 2, 3]
    ds = film(WindowCenter=2000, WindowWidth=900)
    ds.VOILUTSequence = broken
    result = render(ds)
    np.testing.assert_array_equal(
        result.grey, render(film(WindowCenter=2000, WindowWidth=900)).grey
    )
    assert "lookup table passed over" in said(result)
    del ds.WindowCenter
    with pytest.raises(DicomError, match=r"\(0028,3006\) LUTData has 3 entries, wanted 4096"):
        render(ds)
    del ds.VOILUTSequence[0].LUTDescriptor
    with pytest.raises(DicomError, match="LUTDescriptor"):
        render(ds)


def test_an_empty_table_sequence_counts_as_absent():
    ds = film(WindowCenter=2000, WindowWidth=900)
    ds.VOILUTSequence = Sequence([])
    ds.ModalityLUTSequence = Sequence([])
    assert "centre 2000" in said(render(ds))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4096), st.integers(0, 3000), st.integers(10, 16))
def test_tables_agree_with_an_independent_implementation(count, first, bits):
    ds = film()
    ds.VOILUTSequence = table(curve(count, bits), first=first, bits=bits)
    other = apply_voi_lut(apply_modality_lut(RAMP, ds), ds, prefer_lut=True)
    np.testing.assert_allclose(render(ds).grey, other / (2**bits - 1), atol=1e-6)
