import numpy as np
import pytest
from scipy import ndimage
from tests.pixels.films import make_film

from osteon.core.geometry import Box
from osteon.dicom.open import open_instance
from osteon.pixels.field import exposed_field
from osteon.pixels.quality import QualitySettings, assess, assess_header, is_refused
from osteon.pixels.radiograph import Radiograph
from osteon.pixels.render import render

ROWS, COLUMNS = 640, 560


def limb(seed=0, rows=ROWS, columns=COLUMNS, noise=0.005):
    """A plain limb: air, soft tissue, a bone with cortex and trabecular texture."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:rows, :columns].astype(np.float32)
    axis = columns * (0.5 + 0.08 * np.sin(down / rows * 3))
    distance = np.abs(across - axis) / columns
    grey = 0.03 + 0.42 * np.clip(1 - (distance / 0.36) ** 2, 0, 1) ** 0.5
    inner = distance < 0.12
    grey = grey + 0.22 * inner + 0.2 * (inner & (distance > 0.095))
    texture = ndimage.gaussian_filter(rng.normal(0, 1, (rows, columns)), 1.2)
    grey = ndimage.gaussian_filter(grey + 0.06 * inner * texture, 0.6)
    return np.clip(grey + rng.normal(0, noise, grey.shape), 0, 1).astype(np.float32)


def radiograph(grey, spacing=(0.4, 0.4)):
    source = None if spacing is None else "imager_pixel_spacing"
    return Radiograph(np.ascontiguousarray(grey, np.float32), spacing, source, ())


def header(**attributes):
    return make_film(np.zeros((2, 2), np.uint16), BodyPartExamined="HIP", **attributes)


def codes(grey=None, spacing=(0.4, 0.4), **attributes):
    film = radiograph(limb() if grey is None else grey, spacing)
    return {item.code: item.severity for item in assess(header(**attributes), film)}


def test_a_plain_film_raises_nothing():
    assert codes() == {}


@pytest.mark.parametrize(
    ("attributes", "code", "severity"),
    [
        ({"Modality": "CT"}, "modality_not_radiograph", "refuse"),
        ({"Modality": "MG"}, "modality_not_radiograph", "refuse"),
        ({"Modality": "US"}, "modality_not_radiograph", "refuse"),
        ({"Modality": "HC"}, "modality_unclear", "flag"),
        ({"Modality": None}, "modality_unclear", "flag"),
        ({"NumberOfFrames": 12}, "multi_frame", "refuse"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour", "refuse"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "stored_as_colour", "flag"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary_capture", "flag"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "for_processing", "flag"),
        ({"LossyImageCompression": "01"}, "lossy_compression", "flag"),
        ({"ViewPosition": "LL"}, "header_names_lateral_view", "flag"),
        ({"ViewPosition": "LATERAL"}, "header_names_lateral_view", "flag"),
        ({"DeviationIndex": 4.2}, "overexposed", "flag"),
        ({"DeviationIndex": -5}, "underexposed", "flag"),
    ],
)
def test_what_the_header_says(attributes, code, severity):
    ds = header()
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    findings = assess_header(ds)
    assert [(item.code, item.severity) for item in findings] == [(code, severity)]
    assert findings[0].detail
    assert is_refused(findings) == (severity == "refuse")


@pytest.mark.parametrize(
    ("part", "is_flagged"),
    [("HIP", False), ("PELVIS", False), ("LOWER_LIMB", False), ("CHEST", True), ("", False)],
)
def test_another_body_part_is_a_flag_never_a_refusal(part, is_flagged):
    ds = header()
    ds.BodyPartExamined = part
    found = assess_header(ds)
    assert bool(found) == is_flagged
    assert not is_refused(found)


@pytest.mark.parametrize("view", ["AP", "PA", "", "FROG"])
def test_other_views_raise_nothing(view):
    ds = header()
    ds.ViewPosition = view
    assert assess_header(ds) == ()


def test_small_films_are_refused_and_coarse_ones_flagged():
    assert codes(limb(rows=100, columns=90))["too_small"] == "refuse"
    assert codes(np.zeros((1, 1)))["too_small"] == "refuse"
    assert codes(limb(rows=300, columns=280)) == {"low_resolution": "flag"}
    assert codes(spacing=(0.8, 0.8)) == {"low_resolution": "flag"}
    assert codes(spacing=None) == {"no_spacing": "flag"}


def test_a_blank_film_is_refused():
    assert codes(np.full((ROWS, COLUMNS), 0.4)) == {"blank": "refuse"}
    assert "blank" in codes(np.zeros((ROWS, COLUMNS)))


def test_refusals_come_first():
    film = radiograph(np.full((ROWS, COLUMNS), 0.4), None)
    found = assess(header(Modality="CT", ViewPosition="LL"), film)
    severities = [item.severity for item in found]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] == "refuse"


def test_exposure_is_read_from_the_grey_values():
    film = limb()
    assert "overexposed" in codes(np.clip(film - 0.4, 0, 1))
    white = codes(np.clip(film * 4 + 0.5, 0, 1))
    assert {"underexposed", "saturated"} <= set(white)
    assert codes(0.4 + film * 0.2) == {"low_contrast": "flag"}


def test_a_large_implant_is_not_saturation():
    film = limb()
    film[150:400, 230:300] = 1.0
    assert codes(film) == {}


@pytest.mark.parametrize("noise", [0.0, 0.004, 0.01])
def test_blur_is_flagged_with_noise_on_top_and_sharp_films_are_not(noise):
    rng = np.random.default_rng(3)
    sharp = limb(noise=0.0)
    speckle = rng.normal(0, noise, sharp.shape)
    assert "blurred" not in codes(np.clip(sharp + speckle, 0, 1))
    still = ndimage.gaussian_filter(sharp, 3 / 0.4)  # 3 mm
    assert "blurred" in codes(np.clip(still + speckle, 0, 1))


def test_noise_is_flagged():
    assert codes(limb(noise=0.06)) == {"noisy": "flag"}


def blades(grey, left, top, right, bottom, value=0.92):
    """Close the blades: an unexposed border with scatter fading outwards."""
    rows, columns = grey.shape
    framed = np.full_like(grey, value)
    framed[top : rows - bottom, left : columns - right] = grey[
        top : rows - bottom, left : columns - right
    ]
    return ndimage.gaussian_filter(framed, 1.0)


@pytest.mark.parametrize("value", [0.92, 0.0])
@pytest.mark.parametrize("sides", [(70, 0, 0, 0), (70, 0, 90, 0), (60, 50, 80, 40), (0, 60, 0, 60)])
def test_the_exposed_field_is_found(sides, value):
    film = limb() * 0.8 + 0.1
    left, top, right, bottom = sides
    field = exposed_field(blades(film, *sides, value=value).astype(np.float32))
    wanted = Box(left, top, COLUMNS - right, ROWS - bottom)
    assert field.iou(wanted) > 0.93
    inner = field.clipped(COLUMNS, ROWS)
    assert inner.as_tuple() == field.as_tuple()


def test_without_blades_the_field_is_the_film():
    assert exposed_field(limb()).as_tuple() == (0, 0, COLUMNS, ROWS)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_the_field_turns_with_the_film(turn):
    film = blades(limb() * 0.8 + 0.1, 60, 50, 80, 40)
    base = exposed_field(film.astype(np.float32))
    turned = exposed_field(np.ascontiguousarray(np.rot90(film, turn), np.float32))
    assert turned.area == pytest.approx(base.area, rel=0.04)


def test_a_border_is_flagged_with_its_box():
    film = radiograph(blades(limb() * 0.8 + 0.1, 70, 0, 90, 0))
    (finding,) = assess(header(), film)
    assert finding.code == "unexposed_border"
    assert "% of the film (" in finding.detail
    narrow = blades(limb() * 0.8 + 0.1, 210, 200, 210, 200)
    assert "narrow_field" in codes(narrow)


def test_tiny_films_have_the_whole_as_field():
    for shape in ((1, 1), (3, 200), (200, 3), (7, 7)):
        assert exposed_field(np.ones(shape, np.float32)).area == shape[0] * shape[1]


def test_limits_are_settings():
    strict = QualitySettings(largest_spacing_mm=0.3)
    found = assess(header(), radiograph(limb()), settings=strict)
    assert [item.code for item in found] == ["low_resolution"]


@pytest.mark.real_data
def test_the_real_hip_film_passes_with_its_border_flagged(real_data):
    ds = open_instance(real_data / "radiographs/hip_cr/RG2_UNC.dcm")
    film = render(ds)
    assert [item.code for item in assess(ds, film)] == ["unexposed_border"]
    field = exposed_field(film.grey)
    assert field.iou(Box(190, 0, 1437, 2140)) > 0.95  # read off the film by eye


@pytest.mark.real_data
def test_the_real_tibia_passes_and_its_border_is_found(real_data):
    ds = open_instance(real_data / "radiographs/tibia_cr_monochrome1/RG3_UNC.dcm")
    film = render(ds)
    found = assess(ds, film)
    assert {item.code for item in found} == {"unexposed_border", "no_spacing"}
    assert exposed_field(film.grey).iou(Box(462, 0, 1232, 1760)) > 0.93


@pytest.mark.real_data
@pytest.mark.parametrize("blur_mm", [2, 3])
def test_the_real_film_blurred_is_flagged(real_data, blur_mm):
    ds = open_instance(real_data / "radiographs/hip_cr/RG2_UNC.dcm")
    film = render(ds)
    speckle = np.random.default_rng(0).normal(0, 0.007, film.shape).astype(np.float32)
    blurred = ndimage.gaussian_filter(film.grey, blur_mm / 0.2) + speckle
    found = assess(ds, radiograph(np.clip(blurred, 0, 1), (0.2, 0.2)))
    assert "blurred" in {item.code for item in found}
