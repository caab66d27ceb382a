"""Films of simple bodies: where things are, what noise does, what must not leak."""

import numpy as np
import pytest
from pydicom import dcmread

from osteon.core.geometry import Affine, Laterality
from osteon.core.rng import generator
from osteon.dicom.write import PatientTags
from osteon.errors import GeometryError, SettingsError
from osteon.phantom.body import Body, HipTruth
from osteon.phantom.film import (
    FilmSpec,
    draw_film_spec,
    expose,
    film_masks,
    film_pose,
    write_film,
)
from osteon.phantom.materials import Material
from osteon.phantom.processing import VENDORS

SMALL = {"rows": 172, "columns": 205, "spacing_mm": 2.0, "marker": None}


def ball(grid, center, radius):
    return ((grid - np.array(center)) ** 2).sum(axis=-1) <= radius**2


@pytest.fixture(scope="module")
def body():
    """An elliptic trunk of 36 x 20 cm with a ball of bone at either hip."""
    step = 4.0
    affine = Affine.from_spacing((step,) * 3, (-198.0, -118.0, -178.0))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in (90, 60, 100)], indexing="ij"), axis=-1)
    grid = affine.to_lps_mm(index.astype(float))
    trunk = (grid[..., 0] / 180) ** 2 + (grid[..., 1] / 100) ** 2 <= 1
    material = np.where(trunk, Material.SOFT_TISSUE, Material.AIR).astype(np.uint8)
    density = np.where(trunk, 1.05, 0.0).astype(np.float32)
    structures = np.zeros(material.shape, np.uint8)
    hips = []
    for code, side, x in ((1, Laterality.LEFT, 90.0), (2, Laterality.RIGHT, -90.0)):
        inside = ball(grid, (x, 0.0, 0.0), 30.0)
        material[inside], density[inside], structures[inside] = Material.BONE, 1.4, code
        points = grid[inside]
        hips.append(HipTruth(side, "no_fracture", {"head_center": (x, 0.0, 0.0)}, points))
    return Body(material, density, structures, {1: "femur_left", 2: "femur_right"}, affine,
                tuple(hips))  # fmt: skip


def shot(body, seed=1, **changes):
    return expose(body, FilmSpec(**{**SMALL, **changes}), generator(seed, "noise"))


def grey(film):
    share = film.stored / (2**film.bits_stored - 1)
    return share if film.photometric_interpretation == "MONOCHROME2" else 1 - share


def test_same_seed_same_bits_other_seed_other_noise(body):
    one, two, other = shot(body), shot(body), shot(body, seed=2)
    assert one.stored.tobytes() == two.stored.tobytes()
    assert one.stored.tobytes() != other.stored.tobytes()
    assert np.corrcoef(one.stored.ravel(), other.stored.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("vendor", VENDORS)
def test_bone_is_whiter_than_tissue_and_tissue_than_air(body, vendor):
    film = shot(body, vendor=vendor)
    picture = grey(film)
    hip = next(h for h in film.hips if h.laterality is Laterality.LEFT)
    x, y = (int(value) for value in hip.landmarks_px["head_center"])
    bone, tissue = picture[y - 3 : y + 4, x - 3 : x + 4].mean(), picture[y, 100:105].mean()
    assert bone > tissue + 0.05
    assert picture[y, :3].mean() < tissue - 0.1
    assert film.stored.max() < 2**film.bits_stored


def test_boxes_and_masks_are_where_the_bone_is(body):
    film = shot(body)
    masks = film_masks(body, film)
    for hip, name in zip(film.hips, ("femur_left", "femur_right"), strict=True):
        rows, columns = np.nonzero(masks[name])
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_allclose(hip.box.as_tuple(), found, atol=2.5)
        assert hip.visible_share == 1.0
    left, right = film.hips
    assert left.box.center[0] > right.box.center[0]  # the patient's left is at the image's right


def test_a_hip_less_than_half_in_the_field_is_listed_but_has_no_box(body):
    hip = shot(body).hips[1]
    middle = hip.whole_box.center[0]
    mostly = shot(body, field_margin_px=(middle - 4, 0, 0, 0)).hips[1]
    hardly = shot(body, field_margin_px=(middle + 4, 0, 0, 0)).hips[1]
    assert mostly.box is not None
    assert mostly.box.x_min == middle - 4
    assert hardly.box is None
    assert 0.2 < hardly.visible_share < 0.5


def test_more_dose_less_noise(body):
    def noise(dose):
        films = [shot(body, seed=s, detector_kerma_ugy=dose, electronic_noise=0.0) for s in (1, 2)]
        difference = grey(films[0])[60:110, 60:140] - grey(films[1])[60:110, 60:140]
        return difference.std()

    assert noise(0.625) / noise(2.5) == pytest.approx(2.0, rel=0.1)


def test_scatter_flattens_contrast(body):
    def contrast(ratio):
        film = shot(body, scatter_to_primary=ratio, detector_kerma_ugy=50.0)
        picture = grey(film)
        x, y = (int(value) for value in film.hips[0].landmarks_px["head_center"])
        return picture[y, x] - picture[y, x - 30]

    assert contrast(0.0) > contrast(0.5) > contrast(2.0)


def test_metal_in_a_hip_does_not_change_the_rest_of_the_film(body):
    material, density = body.material.copy(), body.density_g_cm3.copy()
    inside = body.structures == 1
    material[inside], density[inside] = Material.COBALT_CHROMIUM, 8.3
    mended = Body(material, density, body.structures, body.structure_names, body.affine, body.hips)
    plain, metal = shot(body), shot(mended)
    box = plain.hips[0].whole_box.grown(1.8)
    beside = np.ones(plain.stored.shape, dtype=bool)
    beside[int(box.y_min) : int(box.y_max), int(box.x_min) : int(box.x_max)] = False
    difference = np.abs(grey(plain) - grey(metal))
    assert difference[~beside].max() > 0.1
    assert np.median(difference[beside]) < 0.01


def test_the_marker_is_white_and_on_its_own_side(body):
    without = grey(shot(body))
    for side, at in ((Laterality.RIGHT, 0.1), (Laterality.LEFT, 0.9)):
        added = grey(shot(body, marker=side, marker_at=(at, 0.5))) - without
        rows, columns = np.nonzero(added > 0.2)
        assert len(rows) > 10
        assert abs(columns.mean() / 205 - at) < 0.03


def test_collimation_shows_a_shutter_or_a_bright_border(body):
    dark = grey(shot(body, vendor="alder", field_margin_px=(20, 20, 20, 20)))
    bright = grey(shot(body, vendor="cedar", field_margin_px=(20, 20, 20, 20)))
    assert dark[:15].mean() < 0.05
    assert bright[:15].mean() > 0.7


@pytest.mark.parametrize("view", ["ap_pelvis", "ap_hip", "frog_leg", "cross_table_lateral"])
def test_drawn_specs_can_be_exposed_and_show_the_hip(body, view):
    side = None if view == "ap_pelvis" else Laterality.LEFT
    for seed in range(3):
        spec = draw_film_spec(view, "alder", generator(seed, view), laterality=side, spacing_mm=3.0)
        film = expose(body, spec, generator(seed, "noise"))
        assert film.stored.shape == (spec.rows, spec.columns)
        aimed = [hip for hip in film.hips if side in (None, hip.laterality)]
        assert all(hip.box is not None for hip in aimed)
        if spec.marker is not None:
            assert (spec.marker_at[0] < 0.5) == (spec.marker is Laterality.RIGHT)


def test_wrong_names_are_refused(body):
    with pytest.raises(SettingsError, match="cedar"):
        shot(body, vendor="oak")
    with pytest.raises(SettingsError, match="ap_pelvis"):
        shot(body, view="skyline")
    with pytest.raises(SettingsError, match="laterality"):
        shot(body, view="ap_hip")
    one = Body(body.material, body.density_g_cm3, body.structures, {}, body.affine, body.hips[:1])
    with pytest.raises(GeometryError, match="no hip"):
        film_pose(one, FilmSpec(view="ap_hip", laterality=Laterality.RIGHT))


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_file_holds_the_film(body, vendor, tmp_path):
    film = shot(body, vendor=vendor)
    uid = write_film(film, PatientTags("P-1", "F", 81), tmp_path / "film.dcm")
    dataset = dcmread(tmp_path / "film.dcm")
    np.testing.assert_array_equal(dataset.pixel_array, film.stored)
    assert dataset.SOPInstanceUID == uid
    assert dataset.QualityControlImage == "YES"
    assert "ynthetic" in dataset.ImageComments
    assert list(dataset.ImagerPixelSpacing) == [2.0, 2.0]
    assert "PixelSpacing" not in dataset
    assert list(dataset.PatientOrientation) == ["L", "F"]
