"""A phantom's own CT is read like a real one: what is measured must be what was built."""

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from click.testing import CliRunner

from osteon.cli.phantom import command
from osteon.core.geometry import Affine, Laterality
from osteon.core.rng import generator
from osteon.errors import GeometryError
from osteon.phantom.anatomy import build_body
from osteon.phantom.ct import hounsfield, materials_from_hu, write_masks
from osteon.phantom.film import FilmSpec, expose
from osteon.phantom.fracture import NeckFracture
from osteon.phantom.from_ct import body_from_ct, read_patient
from osteon.phantom.implant import Implant
from osteon.phantom.materials import Material
from osteon.phantom.segment import isotropic
from osteon.phantom.specs import BodySpec, HipSpec
from osteon.pixels.body import body_mask
from osteon.pixels.volume import read_volume


@pytest.fixture(scope="module")
def built():
    return build_body(BodySpec(seed=3), spacing_mm=2.0)


@pytest.fixture(scope="module")
def scanned(built):
    return hounsfield(built, generator(3, "ct"))


@pytest.fixture(scope="module")
def patient(built, scanned):
    return read_patient(scanned, built.affine, spacing_mm=2.0)


def test_hu_are_those_of_water_fat_muscle_and_bone(built, scanned):
    clean = hounsfield(built)
    assert clean[built.material == Material.AIR].max() == -1000
    fat = clean[built.material == Material.ADIPOSE]
    muscle = clean[built.material == Material.SOFT_TISSUE]
    assert -140 < np.median(fat) < -60
    assert 20 < np.median(muscle) < 90
    assert 900 < clean[built.density_g_cm3 > 1.85].min() < 2000
    noise = (scanned - clean)[built.material == Material.SOFT_TISSUE].std()
    assert noise == pytest.approx(12.0, rel=0.1)


def test_materials_and_densities_come_back_from_hu():
    hu = np.array([-1000.0, -100.0, 50.0, 800.0, 3000.0], dtype=np.float32)
    material, density = materials_from_hu(hu)
    assert material.tolist() == [
        Material.AIR, Material.ADIPOSE, Material.SOFT_TISSUE, Material.BONE,
        Material.TITANIUM_ALLOY,
    ]  # fmt: skip
    np.testing.assert_allclose(density, [0.0, 0.928, 1.06, 1.49, 4.43], atol=0.03)


def test_resampling_keeps_places_whatever_the_axes():
    rng = np.random.default_rng(1)
    coarse = rng.integers(-100, 900, (8, 9, 10)).astype(np.int16)
    smooth = np.kron(coarse, np.ones((4, 4, 4))).astype(np.int16)
    affine = Affine.from_spacing((2.0, 1.0, 1.5), (-20.0, 5.0, 40.0))
    flipped = affine.matrix.copy()
    flipped[:3, 3] = affine.to_lps_mm(np.array([31.0, 0.0, 39.0]))
    flipped[:3, 0] *= -1
    flipped[:3, 2] *= -1
    one, where = isotropic(smooth, affine, 1.0)
    two, same = isotropic(smooth[::-1, :, ::-1].copy(), Affine(flipped), 1.0)
    np.testing.assert_allclose(where.matrix, same.matrix, atol=1e-9)
    np.testing.assert_allclose(one, two, atol=0.5)
    middle = affine.to_lps_mm(np.array([13.5, 17.5, 21.5]))
    z, y, x = np.rint(where.to_indices(middle)).astype(int)
    assert abs(one[z, y, x] - coarse[3, 4, 5]) < 0.25 * 1000


def test_the_table_is_not_the_patient(built, scanned):
    with_table = scanned.astype(np.float32)
    with_table[:, -3:, 20:-20] = 200.0
    mask = body_mask(with_table)
    assert mask[built.material != Material.AIR].mean() > 0.98
    assert mask[:, -3:].mean() < 0.05


@pytest.mark.parametrize("side", Laterality)
def test_femurs_are_found_and_measured_as_built(built, patient, side):
    truth = next(hip for hip in built.hips if hip.laterality is side)
    femur = patient.femurs[side]
    frame, marks = femur.frame, truth.landmarks_lps_mm
    own = built.structures == (1 if side is Laterality.LEFT else 2)
    index = np.argwhere(femur.mask)
    back = np.rint(built.affine.to_indices(patient.affine.to_lps_mm(index.astype(float))))
    inside = own[tuple(np.clip(back.astype(int), 0, np.array(own.shape) - 1).T)]
    dice = 2 * inside.sum() / (own.sum() + len(index))
    assert dice > 0.85
    assert np.linalg.norm(frame.head_center_mm - marks["head_center"]) < 4
    assert frame.head_radius_mm == pytest.approx(truth.details["head_radius_mm"], abs=3)
    assert frame.neck_shaft_angle_deg == pytest.approx(
        truth.details["neck_shaft_angle_deg"], abs=12
    )
    assert np.linalg.norm(frame.lesser_trochanter_mm - marks["lesser_trochanter"]) < 16


def test_a_side_that_is_not_named_stays_as_scanned(patient):
    plain = body_from_ct(patient)
    material, density = materials_from_hu(patient.hu)
    np.testing.assert_array_equal(plain.material, material)
    np.testing.assert_array_equal(plain.density_g_cm3, density)
    assert [hip.label for hip in plain.hips] == ["no_fracture", "no_fracture"]
    assert "bmd_g_cm2" not in plain.hips[0].details


def test_a_fracture_moves_bone_and_keeps_its_mass(patient):
    fracture = NeckFracture(4, "transcervical", proximal_mm=15.0, rotation_deg=30.0)
    plain = body_from_ct(patient)
    broken = body_from_ct(patient, {Laterality.LEFT: HipSpec(fracture=fracture)}, seed=1)
    labels = {hip.laterality: hip.label for hip in broken.hips}
    assert labels == {
        Laterality.LEFT: "displaced_femoral_neck",
        Laterality.RIGHT: "no_fracture",
    }
    left = next(hip for hip in broken.hips if hip.laterality is Laterality.LEFT)
    assert left.details["displacement_mm"] > 10
    changed = plain.density_g_cm3 != broken.density_g_cm3
    x = patient.affine.to_lps_mm(np.argwhere(changed).astype(float))[:, 0]
    assert x.min() > patient.femurs[Laterality.RIGHT].head.center_lps_mm[0]
    before, after = (body.density_g_cm3[body.structures == 1].sum() for body in (plain, broken))
    assert after == pytest.approx(before, rel=0.15)


def test_an_implant_is_metal_where_the_neck_is(patient):
    body = body_from_ct(patient, {Laterality.RIGHT: HipSpec(implant=Implant("cannulated_screws"))})
    metal = np.argwhere(body.material == Material.TITANIUM_ALLOY)
    places = patient.affine.to_lps_mm(metal.astype(float))
    frame = patient.femurs[Laterality.RIGHT].frame
    middle = (frame.head_center_mm + frame.shaft_point_mm) / 2
    assert np.linalg.norm(places.mean(axis=0) - middle) < 15
    assert body.hips[0].label == "internal_fixation"


def test_missing_femurs_are_said(patient):
    one = replace(patient, femurs={Laterality.LEFT: patient.femurs[Laterality.LEFT]})
    with pytest.raises(GeometryError, match="no right femur, only L"):
        body_from_ct(one, {Laterality.RIGHT: HipSpec()})
    empty = np.full((60, 60, 60), -1000, np.int16)
    with pytest.raises(GeometryError, match="no head was found"):
        read_patient(empty, Affine.from_spacing((2.0,) * 3, (0.0, 0.0, 0.0)), spacing_mm=2.0)


def test_the_verb_makes_films_with_their_truth(built, scanned, tmp_path):
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ built.affine.matrix[:, [2, 1, 0, 3]]
    nib.save(nib.Nifti1Image(scanned.transpose(2, 1, 0), matrix), tmp_path / "ct.nii.gz")
    write_masks(built.structures, built.structure_names, built.affine, tmp_path / "mask.nii.gz")
    arguments = [
        "from-ct", str(tmp_path / "ct.nii.gz"), "-o", str(tmp_path / "out"), "--voxel", "2",
        "--spacing", "1", "--make", "garden-4", "--json",
        "--mask", str(tmp_path / "mask.nii.gz"), "--mask-values", "1,2",
    ]  # fmt: skip
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    rows = json.loads(result.stdout)
    assert {row["laterality"] for row in rows} == {"L", "R"}
    assert all(row["label"] == "displaced_femoral_neck" for row in rows)
    assert all(row["box_px"] is not None for row in rows)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"femur.png", "truth.json", "garden-4-L-ap_hip.dcm"} <= names


def test_a_scan_without_shafts_can_still_be_filmed(built, scanned):
    cut = scanned[70:]  # ends below the heads
    affine = built.affine.matrix.copy()
    affine[:3, 3] = built.affine.to_lps_mm(np.array([70.0, 0.0, 0.0]))
    patient = read_patient(cut, Affine(affine), spacing_mm=2.0, needs_femur=False)
    assert patient.femurs == {}
    body = body_from_ct(patient)
    film = expose(body, FilmSpec(rows=86, columns=102, spacing_mm=4.0), generator(1, "noise"))
    assert film.hips == ()
    assert film.stored.std() > 100


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "head_lps_mm"),
    [("036", "L", (84, 34, -653)), ("040", "R", (-85, 5, -735)), ("044", "R", (-81, 20, -735))],
)
def test_heads_of_real_cts_are_where_they_were_seen(real_data, name, side, head_lps_mm):
    volume = read_volume(real_data / "ct" / "proximal_femur" / f"STS_{name}" / "CT_image.nii.gz")
    patient = read_patient(volume.hu, volume.affine)
    femur = patient.femurs[Laterality(side)]
    assert np.linalg.norm(np.subtract(femur.head.center_lps_mm, head_lps_mm)) < 6
    assert 105 < femur.frame.neck_shaft_angle_deg < 145
    assert 100 < femur.mask.sum() / 1000 < 320  # cm3
