"""Series as hospitals send them: each trap is written as DICOM, then HU and LPS are checked."""

import imagecodecs
import nibabel
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from tests.pixels.films import make_film, save_film

from osteon.errors import GeometryError
from osteon.pixels.regrid import fill_planes, straighten
from osteon.pixels.series import find_stacks, read_series
from osteon.pixels.slices import files_below
from osteon.pixels.volume import VolumeSettings, read_volume

CT = "1.2.840.10008.5.1.4.1.1.2"
SHAPE = (9, 24, 20)  # slices, rows, columns
STEP_MM, ROW_MM, COLUMN_MM = 2.0, 0.8, 0.6
ORIGIN = np.array([-30.0, 15.0, -200.0])
MARKERS = {(1, 3, 4): 700, (4, 16, 5): 1100, (7, 9, 15): 1500}  # (slice, row, column): HU


def shifted(x, y, z):
    return ORIGIN + np.array([x, y, z])


def body():
    hu = np.full(SHAPE, 40, np.int16)
    for place, value in MARKERS.items():
        hu[place] = value
    return hu


def write_slice(folder, hu, position, *, name, series="1.2.3", row=(1, 0, 0), column=(0, 1, 0),
                intercept=-1024, dtype=np.uint16, slope=1, **changes):  # fmt: skip
    syntax = changes.pop("syntax", None)
    stored = ((hu.astype(np.float64) - intercept) / slope).round().astype(dtype)
    film = {"syntax": ExplicitVRBigEndian} if syntax == ExplicitVRBigEndian else {}
    ds = make_film(
        stored,
        **film,
        Modality="CT",
        SOPClassUID=CT,
        SeriesInstanceUID=series,
        SOPInstanceUID=generate_uid(entropy_srcs=[str(name), series]),
        InstanceNumber=1,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        ImageOrientationPatient=[round(float(v), 8) for v in (*row, *column)],
        ImagePositionPatient=[round(float(v), 6) for v in position],
        PixelSpacing=[ROW_MM, COLUMN_MM],
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    ds.file_meta.MediaStorageSOPClassUID = CT
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    compress(ds, stored, syntax)
    folder.mkdir(parents=True, exist_ok=True)
    return save_film(ds, folder / name)


def compress(ds, stored, syntax):
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
    encode = {
        JPEGLosslessSV1: lambda a: imagecodecs.ljpeg_encode(a, bitspersample=16),
        JPEGLSLossless: imagecodecs.jpegls_encode,
        JPEG2000Lossless: lambda a: imagecodecs.jpeg2k_encode(
            a, codecformat="j2k", reversible=True, level=0
        ),
    }.get(syntax)
    if encode is not None:
        ds.file_meta.TransferSyntaxUID = syntax
        ds.PixelData = encapsulate([encode(stored)])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True


def write_series(folder, *, hu=None, order=None, step=(0, 0, STEP_MM), origin=ORIGIN, tag="",
                 **changes):  # fmt: skip
    hu = body() if hu is None else hu
    indices = range(len(hu)) if order is None else order
    for at, index in enumerate(indices):
        position = np.asarray(origin) + np.asarray(step) * index
        write_slice(folder, hu[index], position, name=f"{tag}{(at * 5) % 11:02d}{at}", **changes)
    return folder


def markers(volume):
    """Where each marker's brightest voxel lies, in LPS mm, by its HU."""
    found = {}
    for value in MARKERS.values():
        places = np.argwhere(np.abs(volume.hu.astype(int) - value) <= 1).astype(float)
        if len(places):
            found[value] = tuple(np.round(volume.affine.to_lps_mm(places.mean(0)), 3).tolist())
    return found


def wanted(origin=ORIGIN, step=(0, 0, STEP_MM), row=(1, 0, 0), column=(0, 1, 0)):
    """Markers by the equation of PS3.3 C.7.6.2.1.1."""
    axes = np.asarray(step), np.asarray(column) * ROW_MM, np.asarray(row) * COLUMN_MM
    return {
        value: pytest.approx(
            tuple(np.asarray(origin) + z * axes[0] + y * axes[1] + x * axes[2]), abs=2e-3
        )
        for (z, y, x), value in MARKERS.items()
    }


def turned(degrees, axis):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = {0: [[1, 0, 0], [0, c, -s], [0, s, c]], 2: [[c, -s, 0], [s, c, 0], [0, 0, 1]]}
    return np.array(matrix[axis])


POSTURES = {  # row, column direction and step of the slices in LPS
    "HFS": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "FFS": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "HFP": ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "FFP": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "HFDR": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "HFDL": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "table downwards": ((1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "oblique": tuple(map(tuple, (turned(25, 0) @ turned(-35, 2)).T)),
}


@pytest.mark.parametrize("posture", POSTURES)
def test_markers_lie_where_the_header_puts_them(tmp_path, posture):
    row, column, along = POSTURES[posture]
    step = np.asarray(along) * STEP_MM
    write_series(tmp_path / "ct", row=row, column=column, step=step, PatientPosition="HFS")
    volume = read_volume(tmp_path / "ct")
    assert markers(volume) == wanted(step=step, row=row, column=column)
    assert (np.diag(np.fliplr(volume.affine.matrix[:3, :3])) > 0).all()  # to head, back and left
    path = tmp_path / "same.nii.gz"
    matrix = np.eye(4)
    matrix[:3] = np.stack(
        [np.asarray(row) * COLUMN_MM, np.asarray(column) * ROW_MM, step, ORIGIN], axis=1
    )
    image = nibabel.Nifti1Image(
        body().transpose(2, 1, 0).astype(np.int16), np.diag([-1, -1, 1, 1]) @ matrix
    )
    nibabel.save(image, path)
    again = read_volume(path)
    np.testing.assert_array_equal(again.hu, volume.hu)
    np.testing.assert_allclose(again.affine.matrix, volume.affine.matrix, atol=1e-4)


@settings(max_examples=30)
@given(order=st.permutations(range(SHAPE[0])))
def test_neither_names_nor_numbers_decide(tmp_path_factory, order):
    folder = write_series(tmp_path_factory.mktemp("ct"), order=order)
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.hu, body())
    assert markers(volume) == wanted()


@settings(max_examples=30)
@given(
    gone=st.sets(st.integers(0, SHAPE[0] - 1), max_size=3),
    twice=st.lists(st.integers(0, SHAPE[0] - 1), max_size=3),
)
def test_whatever_is_lost_or_doubled_is_told_or_harmless(tmp_path_factory, gone, twice):
    """Without inner slices a series is refused; without outer ones it is shorter, unmoved."""
    folder = tmp_path_factory.mktemp("ct")
    left = [index for index in range(SHAPE[0]) if index not in gone]
    write_series(folder, order=left + [index for index in twice if index not in gone])
    if left != list(range(left[0], left[-1] + 1)):
        with pytest.raises(GeometryError, match=r"missing slices|uneven spacing"):
            read_volume(folder)
        return
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.hu, body()[left])
    assert volume.affine.matrix[2, 3] == pytest.approx(ORIGIN[2] + STEP_MM * left[0])


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRBigEndian, RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless],
    ids=lambda uid: uid.name,
)
def test_compressed_and_big_endian_series_are_the_same(tmp_path, syntax):
    volume = read_volume(write_series(tmp_path, syntax=syntax))
    np.testing.assert_array_equal(volume.hu, body())
    assert markers(volume) == wanted()


@pytest.mark.parametrize(
    ("dtype", "intercept", "slope"),
    [(np.int16, 0, 1), (np.int16, -1024, 1), (np.uint16, -8192, 1), (np.uint16, -1024, 0.5)],
)
def test_signed_unsigned_and_scaled_values(tmp_path, dtype, intercept, slope):
    write_series(tmp_path, dtype=dtype, intercept=intercept, slope=slope)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, body())


def test_each_slice_has_its_own_scale(tmp_path):
    hu = body()
    for index in range(SHAPE[0]):
        write_slice(
            tmp_path, hu[index], shifted(0, 0, STEP_MM * index), name=str(index),
            intercept=-1024 - 100 * index, slope=0.5 if index % 2 else 1,
        )  # fmt: skip
    np.testing.assert_array_equal(read_volume(tmp_path).hu, hu)


@pytest.mark.parametrize("padding", [-2000, -3024])
@pytest.mark.parametrize("is_declared", [False, True])
def test_what_lies_outside_the_circle_is_air(tmp_path, padding, is_declared):
    hu = body()
    hu[:, 0, :] = padding
    said = {"PixelPaddingValue": padding} if is_declared else {}
    volume = read_volume(write_series(tmp_path, hu=hu, dtype=np.int16, intercept=0, **said))
    assert (volume.hu[:, 0] == -1024).all()
    np.testing.assert_array_equal(volume.hu[:, 1:], body()[:, 1:])


def test_missing_slices_are_named_or_filled(tmp_path):
    write_series(tmp_path, order=[0, 1, 2, 4, 7, 8])
    with pytest.raises(GeometryError, match=r"3 missing slices between .*-196\.00 mm.*4\.00 mm"):
        read_volume(tmp_path)
    with pytest.raises(GeometryError, match="missing slices"):
        read_volume(tmp_path, settings=VolumeSettings(largest_gap_mm=5.9))
    volume = read_volume(tmp_path, settings=VolumeSettings(largest_gap_mm=6))
    assert markers(volume) == wanted()
    np.testing.assert_array_equal(volume.hu[[0, 1, 2, 4, 7, 8]], body()[[0, 1, 2, 4, 7, 8]])
    half = volume.hu[3].astype(int) - np.rint((body()[2].astype(int) + body()[4]) / 2)
    assert np.abs(half).max() <= 1
    assert "3 of 9 planes interpolated" in " ".join(volume.steps)


def test_spacing_that_changes_is_named_or_evened(tmp_path):
    for at, height in enumerate([0, 2, 4, 6, 11, 16]):
        write_slice(tmp_path, np.full((4, 5), 10 * height, np.int16), [0, 0, height], name=str(at))
    with pytest.raises(GeometryError, match=r"uneven spacing between 3 .* 5\.00 mm apart"):
        read_volume(tmp_path)
    volume = read_volume(tmp_path, settings=VolumeSettings(largest_gap_mm=5))
    heights = volume.affine.to_lps_mm(np.stack([np.arange(9), np.zeros(9), np.zeros(9)], 1))[:, 2]
    np.testing.assert_allclose(volume.hu[:, 0, 0], 10 * heights, atol=0.51)  # linear in z
    assert heights[-1] == pytest.approx(16)


@pytest.mark.parametrize("degrees", [-20, 15])
def test_tilt_is_straightened_when_asked(tmp_path, degrees):
    """A ramp along an oblique line keeps its value at every place of the patient."""
    turn = turned(degrees, 0)
    row, column = turn @ [1, 0, 0], turn @ [0, 1, 0]
    step = np.array([0, 0, STEP_MM])
    indices = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    axes = np.stack([step, column * ROW_MM, row * COLUMN_MM])
    places = ORIGIN + indices @ axes
    hu = np.rint(places @ [3.0, 5.0, 2.0] + 600).astype(np.int16)
    write_series(tmp_path / "ct", hu=hu, row=row, column=column)
    with pytest.raises(GeometryError, match=f"gantry tilt: .*{abs(degrees)}.0 degrees"):
        read_volume(tmp_path / "ct")
    asked = VolumeSettings(straighten_tilt=True)
    volume = read_volume(tmp_path / "ct", settings=asked)
    assert f"gantry tilt of {abs(degrees)}.0 degrees straightened" in " ".join(volume.steps)
    found = np.argwhere(volume.hu > -500)
    expected = volume.affine.to_lps_mm(found.astype(float)) @ [3.0, 5.0, 2.0] + 600
    assert np.abs(volume.hu[tuple(found.T)] - expected).max() <= 1.01
    assert len(found) > 0.9 * hu.size  # nothing is cut: only a border pixel of each slice
    matrix = np.eye(4)
    matrix[:3] = np.stack([row * COLUMN_MM, column * ROW_MM, step, ORIGIN], axis=1)
    image = nibabel.Nifti1Image(hu.transpose(2, 1, 0), None)
    image.header.set_sform(np.diag([-1, -1, 1, 1]) @ matrix, code=1)
    nibabel.save(image, tmp_path / "same.nii.gz")
    again = read_volume(tmp_path / "same.nii.gz", settings=asked)
    assert np.abs(again.hu.astype(int) - volume.hu).max() <= 1
    np.testing.assert_allclose(again.affine.matrix, volume.affine.matrix, atol=1e-3)


def test_straightening_moves_nothing_where_shifts_are_whole_pixels():
    hu = np.zeros((3, 4, 5), np.int16)
    hu[:, 1, 2] = (100, 200, 300)
    matrix = np.eye(4)
    matrix[1, 0] = -1.0  # each slice one row towards the front
    straight, new, degrees = straighten(hu, matrix, -1024)
    assert straight.shape == (3, 6, 5)
    assert degrees == pytest.approx(45)
    for index, value in enumerate((100, 200, 300)):
        place = np.argwhere(straight == value)[0]
        np.testing.assert_allclose(
            new[:3, :3] @ place + new[:3, 3], matrix[:3, :3] @ [index, 1, 2], atol=1e-9
        )


def test_filled_planes_keep_the_slices():
    values = np.array([0, 10, 30], np.int16).reshape(3, 1, 1)
    full, made = fill_planes(values, np.array([0.0, 1.0, 3.0]), 4)
    assert (full.ravel().tolist(), made) == ([0, 10, 20, 30], 1)


def test_a_slice_beside_the_line_is_named(tmp_path):
    write_series(tmp_path, order=[0, 1, 2, 3, 5, 6, 7, 8])
    write_slice(tmp_path, body()[4], shifted(6, 0, 4 * STEP_MM), name="moved")
    with pytest.raises(GeometryError, match=r"moved lies 6\.0 mm beside the line"):
        read_volume(tmp_path)


TWO = {
    "kernels": ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}),
    "thicknesses": ({"SliceThickness": 2}, {"SliceThickness": 5}),
    "acquisitions": ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}),
    "tube voltages": ({"KVP": 80}, {"KVP": 140}),
    "contrast": ({}, {"ContrastBolusAgent": "Iohexol"}),
    "times": ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}),
    "kinds": ({}, {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}),
}


@pytest.mark.parametrize("between", TWO)
@pytest.mark.parametrize("shift_mm", [0, 0.7])
def test_reconstructions_in_one_series_are_told_apart(tmp_path, between, shift_mm):
    """At the same places or interleaved, the second a slice shorter."""
    first, second = TWO[between]
    write_series(tmp_path, tag="a", **first)
    other = np.where(body() > 100, body() + 100, body())
    write_series(
        tmp_path, hu=other, order=range(8), tag="b", origin=shifted(0, 0, shift_mm), **second
    )
    with pytest.raises(GeometryError, match=r"holds 2 reconstructions in one series: 1: 9 slices"):
        read_volume(tmp_path)
    np.testing.assert_array_equal(read_volume(tmp_path, reconstruction=1).hu, body())
    volume = read_volume(tmp_path, reconstruction=2)
    np.testing.assert_array_equal(volume.hu, other[:8])
    assert volume.affine.matrix[2, 3] == pytest.approx(ORIGIN[2] + shift_mm)
    with pytest.raises(GeometryError, match=r"holds 2 reconstructions, wanted no\. 3"):
        read_volume(tmp_path, reconstruction=3)


def test_an_acquisition_for_each_slice_is_one_volume(tmp_path):
    for index in range(SHAPE[0]):
        write_slice(
            tmp_path, body()[index], shifted(0, 0, STEP_MM * index), name=str(index),
            AcquisitionNumber=index + 1,
        )  # fmt: skip
    np.testing.assert_array_equal(read_volume(tmp_path).hu, body())
    (tmp_path / "4").unlink()
    with pytest.raises(GeometryError, match="1 missing slices"):
        read_volume(tmp_path)


def test_two_stations_far_apart_are_two_volumes(tmp_path):
    write_series(tmp_path, tag="a", AcquisitionNumber=1)
    write_series(tmp_path, tag="b", order=range(6), origin=shifted(0, 0, 300), AcquisitionNumber=2)
    found = find_stacks(files_below(tmp_path), "the folder")
    assert [len(stack.slices) for stack in found.stacks] == [9, 6]
    assert all(stack.problem is None for stack in found.stacks)


def test_what_hospitals_mix_into_a_series_is_left_out(tmp_path):
    write_series(tmp_path)
    lone = np.zeros((6, 7), np.int16)
    write_slice(
        tmp_path, lone, [0, 0, 0], name="scout", column=(0, 0, -1),
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
    )  # fmt: skip
    write_slice(tmp_path, lone, [0, 9, 0], name="unmarked scout", column=(0, 0, -1))
    path = write_slice(
        tmp_path, lone, [0, 0, 0], name="dose", ImageType=["DERIVED", "SECONDARY", "OTHER"]
    )
    ds = pydicom.dcmread(path)
    del ds.ImagePositionPatient, ds.ImageOrientationPatient
    save_film(ds, path)
    picture = make_film(
        np.zeros((5, 5, 3), np.uint8), Modality="CT", SeriesInstanceUID="1.2.3",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
    )  # fmt: skip
    save_film(picture, tmp_path / "capture")
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, body())
    said = " ".join(volume.steps)
    assert "1 localisers left out" in said
    assert "2 screen captures left out" in said
    assert "1 slices of other reconstructions left out" in said


def test_an_impossible_uid_is_no_crash(tmp_path):
    write_series(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"1.2.3\0", b"dbf603"))
    np.testing.assert_array_equal(read_volume(tmp_path).hu, body())
    assert read_volume(tmp_path, series_instance_uid="dbf603").hu.shape == SHAPE


def test_a_copy_in_another_code_is_a_copy(tmp_path):
    write_series(tmp_path)
    write_slice(tmp_path, body()[3], shifted(0, 0, 3 * STEP_MM), name="copy", syntax=JPEGLSLossless)
    assert "1 exact copies" in " ".join(read_volume(tmp_path).steps)
    write_slice(
        tmp_path, body()[5] + 1, shifted(0, 0, 5 * STEP_MM), name="lossy",
        ImageType=["DERIVED", "PRIMARY", "AXIAL"],
    )  # fmt: skip
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, body())
    assert "1 slices of other reconstructions left out" in " ".join(volume.steps)


def enhanced(path, stacks):
    """An enhanced CT object; each stack is (kernel, first height, HU)."""
    frames, pixels = [], []
    for kernel, first, hu in stacks:
        for index, plane in enumerate(hu):
            frame = Dataset()
            for name, keyword, value in (
                ("PlanePosition", "ImagePositionPatient", [*ORIGIN[:2], first + STEP_MM * index]),
                ("CTReconstruction", "ConvolutionKernel", kernel),
            ):
                item = Dataset()
                setattr(item, keyword, value)
                setattr(frame, f"{name}Sequence", Sequence([item]))
            frames.append(frame)
            pixels.append((plane + 1024).astype(np.uint16))
    shared = Dataset()
    for name, values in (
        ("PixelMeasures", {"PixelSpacing": [ROW_MM, COLUMN_MM], "SliceThickness": 2}),
        ("PlaneOrientation", {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}),
        ("PixelValueTransformation", {"RescaleSlope": 1, "RescaleIntercept": -1024}),
    ):
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        setattr(shared, f"{name}Sequence", Sequence([item]))
    ds = make_film(np.stack(pixels), Modality="CT", SeriesInstanceUID="1.2.3")
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return save_film(ds, path)


def test_reconstructions_in_one_enhanced_object_are_told_apart(tmp_path):
    sharp = np.where(body() > 100, body() + 50, body())[:7]
    path = enhanced(tmp_path / "ct", [("B30f", ORIGIN[2], body()), ("B70f", ORIGIN[2], sharp)])
    volume = read_series(path, reconstruction=1)
    np.testing.assert_array_equal(volume.hu, body())
    assert markers(volume) == wanted()
    np.testing.assert_array_equal(read_series(path, reconstruction=2).hu, sharp)
