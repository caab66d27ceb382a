import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.overlap import (
    dice,
    identification_rate,
    jaccard,
    mean_over_cases,
    surface_dice,
    surface_distances,
)


def ball(shape, centre, radii):
    grid = np.indices(shape)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def cube(length):
    mask = np.zeros((100, 100, 100), bool)
    mask[:length] = True
    return mask


def dot(y, x):
    mask = np.zeros((128, 128), bool)
    mask[y, x] = True
    return mask


LESIONS = (32, 64, 64)
CASES = {
    "deepmind_cubes_shifted": (cube(50), cube(51), (2, 1, 1)),
    "deepmind_2_pixels": (dot(50, 70), dot(50, 72), (2, 1)),
    "sphere_vs_shifted_sphere_iso": (
        ball((48, 48, 48), (24, 24, 24), (12, 12, 12)),
        ball((48, 48, 48), (24, 26, 25), (12, 11, 12)),
        (1, 1, 1),
    ),
    "ellipsoid_anisotropic": (
        ball((24, 64, 64), (12, 30, 30), (6, 16, 14)),
        ball((24, 64, 64), (12, 32, 31), (7, 15, 15)),
        (3, 0.8, 0.8),
    ),
    "disc_2d_radiograph": (
        ball((256, 256), (120, 120), (40, 25)),
        ball((256, 256), (124, 118), (38, 27)),
        (0.14, 0.14),
    ),
    "two_lesions_one_missed": (
        ball(LESIONS, (16, 20, 20), (6, 8, 8)) | ball(LESIONS, (16, 45, 45), (5, 9, 6)),
        ball(LESIONS, (16, 21, 20), (6, 8, 8)),
        (1, 1, 1),
    ),
    "identical": (
        ball((16, 32, 32), (8, 16, 16), (4, 6, 6)),
        ball((16, 32, 32), (8, 16, 16), (4, 6, 6)),
        (2, 1, 1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_medpys_numbers(name, reference):
    facts = reference("overlap.json")["cases"][name]
    truth, found, spacing = CASES[name]
    distances = surface_distances(truth, found, spacing)
    got = {
        "dice": dice(truth, found),
        "jaccard": jaccard(truth, found),
        "hausdorff_surface_voxels": distances.hausdorff_mm,
        "hd95_surface_voxels_pooled": distances.hausdorff_95_mm,
        "asd_pred_to_gt": distances.predicted_to_reference_mm,
        "asd_gt_to_pred": distances.reference_to_predicted_mm,
        "assd": distances.average_mm,
        "surface_dice_1mm": surface_dice(truth, found, spacing, tolerance_mm=1.0),
    }
    for key, value in got.items():
        assert value == pytest.approx(facts[key], abs=1e-9, rel=1e-9), key


def test_every_reference_case_is_here(reference):
    assert set(reference("overlap.json")["cases"]) == set(CASES)


def test_empty_masks():
    empty, full = np.zeros((8, 8), bool), np.ones((8, 8), bool)
    assert np.isnan(dice(empty, empty))
    assert np.isnan(jaccard(empty, empty))
    assert dice(empty, full) == 0
    assert np.isnan(surface_distances(empty, full, (1, 1)).hausdorff_mm)
    assert surface_dice(empty, full, (1, 1), tolerance_mm=1) == 0
    assert np.isnan(surface_dice(empty, empty, (1, 1), tolerance_mm=1))


def test_symmetry_scale_and_place():
    truth, found, _ = CASES["ellipsoid_anisotropic"]
    one = surface_distances(truth, found, (3, 0.8, 0.8))
    back = surface_distances(found, truth, (3, 0.8, 0.8))
    assert back.hausdorff_95_mm == pytest.approx(one.hausdorff_95_mm)
    assert back.reference_to_predicted_mm == pytest.approx(one.predicted_to_reference_mm)
    double = surface_distances(truth, found, (6, 1.6, 1.6))
    assert double.average_mm == pytest.approx(2 * one.average_mm)
    moved = surface_distances(np.roll(truth, 5, 1), np.roll(found, 5, 1), (3, 0.8, 0.8))
    assert moved.average_mm == pytest.approx(one.average_mm)


def test_identification_rate():
    truth = np.array([[0.0, 0, z] for z in range(0, 100, 25)])
    found = np.add(truth, [3.0, 0, 0])
    assert identification_rate(truth, found).value == 1
    found[1] += [0, 0, 15]  # nearer to its neighbour
    found[2] = np.nan
    assert identification_rate(truth, found).value == 0.5
    assert identification_rate(truth, found, within_mm=2).value == 0


def test_mean_over_cases_counts_what_is_left_out():
    found = mean_over_cases([0.9, 0.8, np.nan], bounds=(0, 1))
    assert found.value == pytest.approx(0.85)
    assert found.reason.startswith("1 of 3 cases have no value")
    assert found.low < 0.85 < found.high < 1
    none = mean_over_cases([np.nan])
    assert none.reason == "no case has a value"


def test_a_mean_without_bounds_has_an_interval_only_by_name():
    distances = np.random.default_rng(0).exponential(size=40)
    found = mean_over_cases(distances)
    assert found.value == pytest.approx(distances.mean())
    assert np.isnan(found.low)
    assert "method='bootstrap'" in found.reason
    drawn = mean_over_cases(distances, method="bootstrap", rng=np.random.default_rng(0))
    assert drawn.low < found.value < drawn.high
    assert "may be too narrow: 40" in drawn.method
    with pytest.raises(DataError, match="inside the bounds"):
        mean_over_cases([0.5, 7.0], bounds=(0, 1))


def test_bad_masks_are_named():
    with pytest.raises(DataError, match="two alike"):
        dice(np.zeros((2, 2)), np.zeros((3, 3)))
    with pytest.raises(DataError, match="0 and 1"):
        dice(np.full((2, 2), 2), np.zeros((2, 2)))
    with pytest.raises(DataError, match="spacing_mm"):
        surface_distances(np.ones((2, 2)), np.ones((2, 2)), (1.0,))
    with pytest.raises(DataError, match="tolerance_mm"):
        surface_dice(np.ones((2, 2)), np.ones((2, 2)), (1, 1), tolerance_mm=-1)
    with pytest.raises(DataError, match="points have shapes"):
        identification_rate([[0, 0]], [[0, 0], [1, 1]])


def test_points_of_other_images_do_not_compete():
    reference = np.array([[0.0, 0.0], [5.0, 0.0]])
    predicted = np.array([[4.0, 0.0], [5.0, 0.0]])
    assert identification_rate(reference, predicted).value == 0.5
    assert identification_rate(reference, predicted, image=[1, 2]).value == 1
    with pytest.raises(UsageError, match="within_mm"):
        identification_rate(reference, predicted, within_mm=0)
