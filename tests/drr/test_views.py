"""Markers at known, asymmetric places land on the predicted pixels, however the patient lay."""

from itertools import product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.drr.siddon import project_by_siddon

from osteon.core.geometry import Affine
from osteon.core.schemas.volumes import PROJECTED_VIEWS
from osteon.dicom.write import PatientTags, write_ct
from osteon.drr.attenuation import attenuation_per_mm
from osteon.drr.pose import Pose
from osteon.drr.settings import ProjectionSettings
from osteon.drr.views import PATIENT_VIEWS, place_view, project_views
from osteon.errors import GeometryError, SettingsError, UsageError
from osteon.pixels.orient import Volume, canonical
from osteon.pixels.volume import read_volume

MARKERS_LPS_MM = {
    "left": (48.0, -13.5, 31.0),
    "back": (-22.5, 33.0, -5.0),
    "head": (9.0, 4.5, 67.0),
}  # middles of voxels
SETTINGS = ProjectionSettings(rows=150, columns=170, pixel_mm=1.3, remove_table=False)
ORIGIN = (-60.0, -45.0, -50.0)
SPACING = (3.0, 1.5, 1.5)  # z, y, x
SHAPE = (44, 61, 81)


def marked(*names):
    hu = np.full(SHAPE, -1000, np.int16)
    affine = Affine.from_spacing(SPACING, ORIGIN)
    for name in names:
        z, y, x = np.rint(affine.to_indices(np.array(MARKERS_LPS_MM[name]))).astype(int)
        hu[z, y, x] = 1000
    return hu, affine


def turned(hu, affine, flips):
    """The same patient, stored as if scanned another way: axes of the array run backwards."""
    matrix = affine.matrix.copy()
    for axis, is_flipped in enumerate(flips):
        if is_flipped:
            hu = np.flip(hu, axis)
            matrix[:3, 3] += matrix[:3, axis] * (hu.shape[axis] - 1)
            matrix[:3, axis] *= -1
    return np.ascontiguousarray(hu), Affine(matrix)


POSITIONS = {  # which axes (z, y, x) run backwards in the file
    "HFS": (False, False, False),
    "FFS": (True, False, True),
    "HFP": (False, True, True),
    "FFP": (True, True, False),
}


def through_dicom(hu, affine, folder):
    write_ct(hu, affine, PatientTags("P", "F", 80), folder)
    return read_volume(folder)


def through_nifti(hu, affine, folder):
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine.matrix[:, [2, 1, 0, 3]]
    folder.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(hu.transpose(2, 1, 0), matrix), folder / "ct.nii.gz")
    return read_volume(folder / "ct.nii.gz")


def predicted(view, point, larger):
    """By hand: pixel (x, y) of a point; ``larger`` is the magnification of its depth."""
    middle = np.array(ORIGIN) + (np.array(SHAPE[::-1]) - 1) / 2 * np.array(SPACING[::-1])
    left, back, head = (np.array(point) - middle) * larger / SETTINGS.pixel_mm
    x, y = {"frontal": (left, -head), "lateral": (back, -head), "axial": (left, back)}[view]
    return np.array([SETTINGS.columns / 2 + x, SETTINGS.rows / 2 + y])


def seen(picture):
    weights = picture[picture > 0]
    y, x = np.average(np.argwhere(picture > 0) + 0.5, axis=0, weights=weights)
    return np.array([x, y])


@pytest.mark.parametrize("through", [through_dicom, through_nifti])
@pytest.mark.parametrize("position", POSITIONS)
def test_markers_land_where_predicted(position, through, tmp_path):
    for name, point in MARKERS_LPS_MM.items():
        stored, affine = turned(*marked(name), POSITIONS[position])
        drrs = project_views(through(stored, affine, tmp_path / name), SETTINGS)
        assert set(drrs) == set(PROJECTED_VIEWS) == set(PATIENT_VIEWS)
        for view, drr in drrs.items():
            assert np.abs(seen(drr.line_integral) - predicted(view, point, 1.0)).max() < 0.5


@pytest.mark.parametrize("view", PATIENT_VIEWS)
def test_in_a_cone_markers_land_where_magnification_puts_them(view):
    cone = SETTINGS.changed({"geometry": "cone", "pixel_mm": 1.3})
    for name, point in MARKERS_LPS_MM.items():
        hu, affine = marked(name)
        drr = project_views(Volume(hu, affine), cone, views=[view])[view]
        larger = drr.pose.magnification_at(point)
        assert larger > 1.02
        assert np.abs(seen(drr.line_integral) - predicted(view, point, larger)).max() < 0.5
        np.testing.assert_allclose(
            drr.pose.to_px(np.array(point), drr.detector), predicted(view, point, larger)
        )


@given(flips=st.tuples(*[st.booleans()] * 3), order=st.permutations(range(3)))
def test_how_the_array_is_stored_changes_nothing(flips, order):
    hu = np.random.default_rng(1).integers(-1000, 1500, (9, 11, 13)).astype(np.int16)
    affine = Affine.from_spacing((5.0, 4.0, 3.0), (1.0, 2.0, 3.0))
    settings = SETTINGS.changed({"rows": 20, "columns": 22, "pixel_mm": 2.5})
    plain = project_views(Volume(hu, affine), settings)
    stored, other = turned(hu, affine, flips)
    matrix = other.matrix[:, [*order, 3]]
    back = Volume(*canonical(np.ascontiguousarray(stored.transpose(order)), matrix))
    for view, drr in project_views(back, settings).items():
        np.testing.assert_array_equal(drr.line_integral, plain[view].line_integral)


@pytest.mark.parametrize("geometry", ["parallel", "cone"])
@pytest.mark.parametrize("is_oblique", [False, True])
def test_views_agree_with_an_exact_float64_tracer(geometry, is_oblique):
    hu = np.random.default_rng(2).integers(-1000, 1500, (9, 11, 13)).astype(np.int16)
    matrix = Affine.from_spacing((15.0, 14.0, 13.0), (1.0, 2.0, 3.0)).matrix.copy()
    if is_oblique:
        turn = np.radians(8)
        matrix[:3, :3] = [
            [np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1],
        ] @ matrix[:3, :3]  # fmt: skip
    volume = Volume(hu, Affine(matrix))
    settings = SETTINGS.changed({"rows": 20, "columns": 22, "pixel_mm": 11.0, "geometry": geometry})
    for drr in project_views(volume, settings).values():
        exact = project_by_siddon(attenuation_per_mm(hu), volume.affine, drr.pose, drr.detector)
        np.testing.assert_allclose(drr.line_integral, exact, atol=1e-4 * exact.max())


def test_turning_patient_and_machine_together_changes_nothing():
    hu = np.random.default_rng(3).integers(-1000, 1500, (9, 11, 13)).astype(np.int16)
    volume = Volume(hu, Affine.from_spacing((15.0, 14.0, 13.0), (-80.0, -70.0, -60.0)))
    pose, _ = place_view(PATIENT_VIEWS["frontal"], volume, SETTINGS)
    swap = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    matrix = volume.affine.matrix.copy()
    matrix[:3] = swap @ matrix[:3]
    turned_pose = Pose(
        *(tuple(swap @ np.array(v)) for v in (
            pose.source_lps_mm, pose.detector_center_lps_mm, pose.along_columns, pose.along_rows
        )),
        pose.is_parallel,
    )  # fmt: skip
    drr = project_views(volume, SETTINGS, views=["frontal"])["frontal"]
    again = project_by_siddon(attenuation_per_mm(hu), Affine(matrix), turned_pose, drr.detector)
    np.testing.assert_allclose(drr.line_integral, again, atol=1e-4 * again.max())


def slab(thickness, hu=0):
    values = np.full((20, thickness, 20), hu, np.int16)
    return Volume(values, Affine.from_spacing((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))


def middle(volume, **changes):
    settings = SETTINGS.changed({"rows": 9, "columns": 9, "pixel_mm": 1.0, **changes})
    return project_views(volume, settings, views=["frontal"])["frontal"].line_integral[4, 4]


def test_water_weakens_as_tabulated_and_a_spectrum_grows_harder():
    assert middle(slab(100)) == pytest.approx(0.2059 * 10, rel=1e-3)
    thin, thick = middle(slab(10), kvp=75.0), middle(slab(200), kvp=75.0)
    assert thick < 0.97 * 20 * thin
    assert middle(slab(10), energy_kev=35.0) > thin > middle(slab(10), energy_kev=70.0)


def test_padding_is_nothing_and_metal_is_more_than_bone():
    assert middle(slab(50, hu=-3024)) == 0
    assert middle(slab(50, hu=-2000)) == 0
    bone, metal = middle(slab(10, hu=3000)), middle(slab(10, hu=8000))
    assert metal > 2.5 * bone


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="frontal, lateral, axial"):
        project_views(slab(3), SETTINGS, views=["oblique"])
    with pytest.raises(GeometryError, match="inside the volume"):
        near = SETTINGS.changed({"geometry": "cone", "source_to_detector_mm": 50.0})
        project_views(slab(30), near)
    with pytest.raises(SettingsError, match="did you mean"):
        SETTINGS.changed({"pixel": 1.0})


def test_every_flip_is_another_file():
    assert len(set(POSITIONS.values())) == 4
    for flips in product((False, True), repeat=3):
        assert turned(*marked("left"), flips)[0].shape == SHAPE
