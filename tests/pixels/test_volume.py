import gzip
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from tests.pixels.films import make_film, save_film

from osteon.core.geometry import Affine
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import write_ct
from osteon.errors import DataError, DicomError, GeometryError
from osteon.pixels.orient import canonical, clean_direction
from osteon.pixels.volume import VolumeSettings, read_volume

CT = "1.2.840.10008.5.1.4.1.1.2"
SHAPE = (7, 5, 6)  # z, y, x
HU = np.random.default_rng(0).integers(-1000, 2000, SHAPE).astype(np.int16)
STEP_MM, ROW_MM, COLUMN_MM = 2.5, 0.8, 0.7
ORIGIN = np.array([-100.0, -80.0, -500.0])


def write_slice(folder, index, hu=None, *, name=None, series="1.2.3", **changes):
    stored = (HU[index] if hu is None else hu).astype(np.int32) + 1024
    ds = make_film(
        stored.astype(np.uint16),
        Modality="CT",
        SOPClassUID=CT,
        SeriesInstanceUID=series,
        SOPInstanceUID=generate_uid(entropy_srcs=[str(name), str(index), series]),
        InstanceNumber=99 - index,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[*ORIGIN[:2], ORIGIN[2] + STEP_MM * index],
        PixelSpacing=[ROW_MM, COLUMN_MM],
        RescaleSlope=1,
        RescaleIntercept=-1024,
    )
    ds.file_meta.MediaStorageSOPClassUID = CT
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return save_film(ds, folder / (name or f"{index * 7 % 5}{index}.dcm"))


@pytest.fixture
def series(tmp_path):
    for index in range(SHAPE[0]):
        write_slice(tmp_path, index)
    return tmp_path


def places(volume):
    """The HU at a set of points of the patient, found through the affine."""
    indices = np.stack(np.meshgrid(*map(np.arange, volume.hu.shape), indexing="ij"), -1)
    points = np.round(volume.affine.to_lps_mm(indices.reshape(-1, 3).astype(float)), 3) + 0.0
    return dict(zip(map(tuple, points.tolist()), volume.hu.ravel().tolist(), strict=True))


EXPECTED = {
    tuple(np.round(ORIGIN + np.array([COLUMN_MM * x, ROW_MM * y, STEP_MM * z]), 3)): int(
        HU[z, y, x]
    )
    for z in range(SHAPE[0])
    for y in range(SHAPE[1])
    for x in range(SHAPE[2])
}


def test_a_series_is_stacked_by_position(series):
    volume = read_volume(series)
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.affine.spacing_z_y_x_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM))
    assert places(volume) == EXPECTED
    assert "7 slices, 2.5 mm apart" in " ".join(volume.steps)


def nifti(path, values_x_y_z, affine_ras, *, sform=1, qform=1, units="mm"):
    image = nibabel.Nifti1Image(values_x_y_z, affine_ras if sform or qform else None)
    image.header.set_sform(affine_ras, code=sform)
    if qform:
        image.header.set_qform(affine_ras, code=qform)
    else:
        image.header.set_qform(None, code=0)
    image.header.set_xyzt_units(units)
    nibabel.save(image, path)
    return path


RAS = np.array(
    [[-COLUMN_MM, 0, 0, 100], [0, -ROW_MM, 0, 80], [0, 0, STEP_MM, -500], [0, 0, 0, 1.0]]
)
X_Y_Z = np.ascontiguousarray(HU.transpose(2, 1, 0))


def test_nifti_and_dicom_of_one_volume_agree(series, tmp_path):
    path = nifti(tmp_path / "ct.nii.gz", X_Y_Z, RAS)
    first, second = read_volume(series), read_volume(path)
    np.testing.assert_array_equal(first.hu, second.hu)
    np.testing.assert_allclose(first.affine.matrix, second.affine.matrix, atol=1e-6)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(), (2,), (0, 1), (0, 1, 2)])
def test_every_orientation_of_the_file_gives_the_same_patient(tmp_path, order, flips):
    values, matrix = X_Y_Z, RAS.copy()
    for axis in flips:
        matrix[:3, 3] += matrix[:3, axis] * (values.shape[axis] - 1)
        matrix[:3, axis] *= -1
        values = np.flip(values, axis)
    values = np.ascontiguousarray(values.transpose(order))
    matrix[:3, :3] = matrix[:3, list(order)]
    volume = read_volume(nifti(tmp_path / "ct.nii", values, matrix))
    np.testing.assert_array_equal(volume.hu, HU)
    assert places(volume) == EXPECTED


def rotation(degrees, axis):
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    first, second = [i for i in range(3) if i != axis]
    matrix[first, first], matrix[first, second] = c, -s
    matrix[second, first], matrix[second, second] = s, c
    return matrix


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.permutations(range(3)))
def test_canonical_moves_no_voxel(first, second, third, order):
    turn = rotation(first, 0) @ rotation(second, 1) @ rotation(third, 2)
    matrix = np.eye(4)
    matrix[:3, :3] = (turn * [0.7, 0.9, 2.0])[:, order]
    matrix[:3, 3] = [10, -20, 30]
    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    result, affine = canonical(values, matrix)
    for value in (0, 7, 33, 59):
        before = matrix[:3, :3] @ np.argwhere(values == value)[0] + matrix[:3, 3]
        after = affine.to_lps_mm(np.argwhere(result == value)[0].astype(float))
        np.testing.assert_allclose(after, before, atol=1e-3)  # 1e-4 of the way: noise removed
    again, same = canonical(result, affine.matrix)
    np.testing.assert_array_equal(again, result)
    np.testing.assert_allclose(same.matrix, affine.matrix, atol=1e-9)


def test_an_oblique_volume_keeps_its_obliqueness(tmp_path):
    matrix = RAS.copy()
    matrix[:3, :3] = rotation(20, 0) @ rotation(-15, 1) @ matrix[:3, :3]
    volume = read_volume(nifti(tmp_path / "ct.nii.gz", X_Y_Z, matrix))
    np.testing.assert_array_equal(volume.hu, HU)
    cosines = volume.affine.matrix[:3, :3] / np.array([STEP_MM, ROW_MM, COLUMN_MM])
    np.testing.assert_allclose(cosines.T @ cosines, np.eye(3), atol=1e-6)
    assert np.abs(cosines).max() < 0.99
    read = sitk.ReadImage(str(tmp_path / "ct.nii.gz"))
    wanted = np.asarray(read.TransformIndexToPhysicalPoint((3, 2, 1)))
    z, y, x = np.argwhere(volume.hu == sitk.GetArrayFromImage(read)[1, 2, 3])[0]
    found = volume.affine.to_lps_mm(np.array([z, y, x], float))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_rounding_noise_of_the_direction_is_removed(tmp_path):
    noisy = RAS.copy()
    noisy[:3, :3] += np.random.default_rng(1).normal(0, 2e-6, (3, 3))
    volume = read_volume(nifti(tmp_path / "ct.nii.gz", X_Y_Z, noisy))
    assert np.count_nonzero(volume.affine.matrix[:3, :3]) == 3


def test_a_sheared_direction_is_refused(tmp_path):
    matrix = RAS.copy()
    matrix[1, 2] = np.tan(np.radians(12)) * STEP_MM
    with pytest.raises(GeometryError, match=r"sheared by 1[12]\.\d+ degrees, as by gantry tilt"):
        read_volume(nifti(tmp_path / "ct.nii", X_Y_Z, matrix, qform=0))
    with pytest.raises(GeometryError, match="lengths above 0"):
        clean_direction(np.diag([1.0, 0.0, 1.0]))


def test_a_nifti_with_time_is_refused(tmp_path):
    with pytest.raises(GeometryError, match="wanted three dimensions"):
        read_volume(nifti(tmp_path / "ct.nii", np.stack([X_Y_Z] * 2, -1), RAS))
    flat = read_volume(nifti(tmp_path / "one.nii", X_Y_Z[..., None], RAS))
    np.testing.assert_array_equal(flat.hu, HU)
    with pytest.raises(GeometryError, match="wanted three dimensions"):
        read_volume(nifti(tmp_path / "two.nii", X_Y_Z[..., 0], RAS))


def test_a_nifti_without_orientation_is_refused(tmp_path):
    path = nifti(tmp_path / "ct.nii", X_Y_Z, RAS, sform=0, qform=0)
    with pytest.raises(GeometryError, match="states no orientation"):
        read_volume(path)


def test_units_other_than_mm_are_converted(tmp_path):
    matrix = RAS.copy()
    matrix[:3] /= 1000
    volume = read_volume(nifti(tmp_path / "ct.nii", X_Y_Z, matrix, units="meter"))
    assert volume.affine.spacing_z_y_x_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM), rel=1e-5)
    assert "meter to mm" in " ".join(volume.steps)


def test_values_that_do_not_fit_are_mended_and_noted(tmp_path):
    values = X_Y_Z.astype(np.float32)
    values[0, 0, 0], values[1, 0, 0], values[2, 0, 0] = np.nan, 1e6, 10.6
    volume = read_volume(nifti(tmp_path / "ct.nii", values, RAS))
    assert volume.hu[0, 0, :3].tolist() == [-1024, 32767, 11]
    assert "1 voxels that are not numbers" in " ".join(volume.steps)
    assert "1 voxels beyond" in " ".join(volume.steps)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100, "cut"])
def test_a_damaged_nifti_is_refused(tmp_path, content):
    path = nifti(tmp_path / "ct.nii.gz", X_Y_Z, RAS)
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data[:-50]) if content == "cut" else content)
    with pytest.raises(DataError, match="cannot be read as NIfTI"):
        read_volume(path)


def test_a_volume_beyond_the_limit_is_refused(tmp_path, series):
    small = VolumeSettings(max_mib=1e-5)
    with pytest.raises(DataError, match="wanted at most"):
        read_volume(nifti(tmp_path / "ct.nii", X_Y_Z, RAS), settings=small)
    (tmp_path / "ct.nii").unlink()
    with pytest.raises(DataError, match="wanted at most"):
        read_volume(series, settings=small)


def test_a_missing_slice_is_named(series):
    (series / "13.dcm").unlink()
    with pytest.raises(
        GeometryError, match=r"1 missing slices between .* 5\.00 mm apart"
    ) as caught:
        read_volume(series)
    assert "42.dcm" in caught.value.message
    assert "34.dcm" in caught.value.message


def test_uneven_spacing_is_named(series):
    write_slice(series, 6, name="46.dcm", ImagePositionPatient=[*ORIGIN[:2], ORIGIN[2] + 16.1])
    (series / "26.dcm").unlink()
    with pytest.raises(GeometryError, match=r"uneven .*3\.60 mm apart: the others are 2\.50"):
        read_volume(series)


def test_rounded_positions_are_not_uneven(series):
    for index in range(SHAPE[0]):
        write_slice(series, index, ImagePositionPatient=[*ORIGIN[:2], -500 + 2.5 * index + 0.004])
    assert read_volume(series).hu.shape == SHAPE


def test_exact_copies_of_slices_are_dropped_and_counted(series):
    write_slice(series, 3, name="copy.dcm")
    (series / "same object").write_bytes((series / "00.dcm").read_bytes())
    volume = read_volume(series)
    np.testing.assert_array_equal(volume.hu, HU)
    assert places(volume) == EXPECTED
    assert "2 exact copies of slices dropped" in " ".join(volume.steps)


def test_two_images_of_one_slice_that_differ_are_refused(series):
    write_slice(series, 3, HU[2], name="copy.dcm")
    with pytest.raises(GeometryError, match=r"lie at the same place \(-492\.50 mm\) and differ"):
        read_volume(series)


def test_gantry_tilt_is_named(series):
    for index in range(SHAPE[0]):
        y = ORIGIN[1] + STEP_MM * index * np.tan(np.radians(15))
        write_slice(
            series, index, ImagePositionPatient=[ORIGIN[0], round(y, 4), -500 + 2.5 * index]
        )
    with pytest.raises(GeometryError, match=r"gantry tilt: .*15\.0 degrees"):
        read_volume(series)


def test_slices_tilted_along_their_own_normal_are_a_straight_volume(tmp_path):
    turn = rotation(15, 0)
    row, column, normal = turn @ [1, 0, 0], turn @ [0, 1, 0], turn @ [0, 0, 1]
    for index in range(SHAPE[0]):
        write_slice(
            tmp_path,
            index,
            ImageOrientationPatient=[round(float(v), 6) for v in (*row, *column)],
            ImagePositionPatient=[round(float(v), 6) for v in ORIGIN + normal * STEP_MM * index],
        )
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, HU)
    np.testing.assert_allclose(volume.affine.matrix[:3, 0], normal * STEP_MM, atol=1e-4)


def test_feet_first_and_prone_scans_are_turned_to_the_patient(tmp_path):
    for index in range(SHAPE[0]):
        write_slice(
            tmp_path,
            index,
            ImageOrientationPatient=[-1, 0, 0, 0, -1, 0],
            ImagePositionPatient=[*(-ORIGIN[:2]), ORIGIN[2] - STEP_MM * index],
        )
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, HU[::-1, ::-1, ::-1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PixelSpacing": [0.9, 0.9]}, "1 slices do not fit the others: 42.dcm"),
        ({"PixelSpacing": [0, 0]}, "wanted above 0 mm"),
        ({"ImageOrientationPatient": [0, 1, 0, -1, 0, 0]}, "1 missing slices between"),
        ({"FrameOfReferenceUID": "8.8"}, "1 missing slices between"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not two perpendicular directions"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient is None, wanted 3 numbers"),
        ({"SeriesInstanceUID": "9.9"}, "holds 2 series: 1.2.3, 9.9"),
        ({"RescaleSlope": 0}, "wanted those of Hounsfield units"),
        ({"RescaleType": "Z_EFF"}, "type Z_EFF"),
    ],
)
def test_a_slice_that_does_not_fit_is_refused(series, changes, said):
    write_slice(series, 2, name="42.dcm", **changes)
    with pytest.raises((GeometryError, DicomError)) as caught:
        read_volume(series)
    assert said in caught.value.message


def test_a_slice_of_another_size_is_refused(series):
    write_slice(series, 2, HU[2][:, :4], name="42.dcm")
    with pytest.raises(GeometryError, match=r"1 slices do not fit the others: 42\.dcm"):
        read_volume(series)


def test_one_of_several_series_can_be_named(series):
    for index in range(3):
        write_slice(series, index, name=f"other{index}", series="9.9")
    np.testing.assert_array_equal(read_volume(series, series_instance_uid="1.2.3").hu, HU)
    with pytest.raises(GeometryError, match=r"wanted 5\.5"):
        read_volume(series, series_instance_uid="5.5")


def test_what_is_not_a_slice_is_left_out_and_noted(series):
    (series / "notes.txt").write_text("scanner log " * 100)
    write_slice(series, 0, name="scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    save_film(make_film(np.zeros((4, 4), np.uint16)), series / "film.dcm")
    volume = read_volume(series)
    np.testing.assert_array_equal(volume.hu, HU)
    said = " ".join(volume.steps)
    assert "1 files that are no CT slices left out" in said
    assert "1 files that are not DICOM left out" in said
    assert "1 localisers left out" in said


def test_a_truncated_slice_is_not_left_out_silently(series):
    path = series / "42.dcm"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DicomError, match="truncated"):
        read_volume(series)


def test_padding_becomes_air(tmp_path):
    for index in range(SHAPE[0]):
        hu = HU[index].copy()
        hu[0, 0] = 3000
        write_slice(tmp_path, index, hu, PixelPaddingValue=4024)
    volume = read_volume(tmp_path)
    assert (volume.hu[:, 0, 0] == -1024).all()
    assert "padding set to -1024 HU" in " ".join(volume.steps)


def test_rescale_may_differ_from_slice_to_slice(series):
    write_slice(series, 2, HU[2] // 2 * 0 + 100, name="42.dcm", RescaleSlope=2, RescaleIntercept=-3)
    assert (read_volume(series).hu[2] == (100 + 1024) * 2 - 3).all()


def test_nothing_to_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_volume(tmp_path / "gone")
    with pytest.raises(DataError, match="holds no CT slices"):
        read_volume(tmp_path)
    write_slice(tmp_path, 0)
    with pytest.raises(GeometryError, match="single slice"):
        read_volume(tmp_path)


def enhanced(path, order=range(SHAPE[0])):
    stored = np.stack([HU[index].astype(np.int32) + 1024 for index in order]).astype(np.uint16)
    ds = make_film(stored, Modality="CT", SeriesInstanceUID="1.2.3")
    shared, frames = Dataset(), []
    for keyword, values in (
        ("PixelMeasuresSequence", {"PixelSpacing": [ROW_MM, COLUMN_MM]}),
        ("PlaneOrientationSequence", {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}),
        (
            "PixelValueTransformationSequence",
            {"RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU"},
        ),
    ):
        item = Dataset()
        for name, value in values.items():
            setattr(item, name, value)
        setattr(shared, keyword, Sequence([item]))
    for index in order:
        item, frame = Dataset(), Dataset()
        item.ImagePositionPatient = [*ORIGIN[:2], ORIGIN[2] + STEP_MM * index]
        frame.PlanePositionSequence = Sequence([item])
        frames.append(frame)
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return save_film(ds, path)


@pytest.mark.parametrize("order", [range(7), (3, 0, 6, 1, 5, 2, 4)])
def test_enhanced_ct_is_read_from_its_functional_groups(tmp_path, order):
    volume = read_volume(enhanced(tmp_path / "enhanced.dcm", order))
    np.testing.assert_array_equal(volume.hu, HU)
    assert places(volume) == EXPECTED


def test_frames_without_positions_are_refused(tmp_path):
    path = enhanced(tmp_path / "enhanced.dcm")
    ds = pydicom.dcmread(path)
    ds.NumberOfFrames = 1_000_000_000
    ds.save_as(path)
    with pytest.raises(GeometryError, match="1000000000 frames and 7 per-frame functional groups"):
        read_volume(path)


@pytest.mark.parametrize("degrees", [0, 12])
def test_what_the_project_writes_it_reads_back(tmp_path, degrees):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(degrees, 0) @ np.fliplr(np.diag([COLUMN_MM, ROW_MM, STEP_MM]))
    matrix[:3, 3] = ORIGIN
    write_ct(HU, Affine(matrix), PatientTags("P1", "F", 80), tmp_path)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, HU)
    np.testing.assert_allclose(volume.affine.matrix, matrix, atol=1e-4)


@pytest.mark.parametrize("which", ["pelvis_lumbar/example_ct_dicom", "abdomen_dicom/CRLM-CT-1004"])
@pytest.mark.real_data
def test_real_series_agree_with_an_independent_reader(real_data, tmp_path, which):
    folder = real_data / "ct" / which
    volume = read_volume(folder)
    inner = folder / "image" if (folder / "image").is_dir() else folder
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(inner)))
    image = reader.Execute()
    values = sitk.GetArrayFromImage(image)
    seen = values >= -1024  # what is below is padding
    np.testing.assert_array_equal(volume.hu[seen], values[seen])
    for index in ((0, 0, 0), (11, 100, 7)):
        point = volume.affine.to_lps_mm(np.array(index, float))
        np.testing.assert_allclose(
            point, image.TransformIndexToPhysicalPoint(index[::-1]), atol=1e-3
        )
    path = tmp_path / "same.nii.gz"
    sitk.WriteImage(image, str(path))
    again = read_volume(path)
    np.testing.assert_array_equal(again.hu[seen], volume.hu[seen])
    np.testing.assert_allclose(again.affine.matrix, volume.affine.matrix, atol=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "which",
    [
        "pelvis_lumbar/example_ct.nii.gz",
        "l3_vertebra/sample_ct/sub-ct_label-22_ct.nii.gz",
        "proximal_femur/STS_036/CT_image.nii.gz",
    ],
)
def test_real_nifti_volumes_lie_where_an_independent_reader_puts_them(real_data, which):
    path = real_data / "ct" / which
    volume = read_volume(path)
    image = sitk.ReadImage(str(path))
    rng = np.random.default_rng(0)
    for _ in range(20):
        index = tuple(int(rng.integers(side)) for side in image.GetSize())
        point = np.asarray(image.TransformIndexToPhysicalPoint(index))
        z, y, x = np.rint(volume.affine.to_indices(point)).astype(int)
        assert volume.hu[z, y, x] == max(round(image[index]), -1024)  # below is padding
    steps = volume.affine.matrix[:3, :3]
    assert steps[2, 0] > 0
    assert steps[1, 1] > 0
    assert steps[0, 2] > 0


@pytest.mark.real_data
def test_the_real_enhanced_object_is_read(real_data):
    path = Path(real_data) / "dicom/pydicom-data/data_store/data/eCT_Supplemental.dcm"
    volume = read_volume(path)
    assert volume.hu.shape == (2, 512, 512)
    assert "rescale type US taken as HU" in " ".join(volume.steps)
    assert -1100 < np.percentile(volume.hu, 5) < -900
