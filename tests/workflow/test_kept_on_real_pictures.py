"""The package that comes with Osteon finds the hips on real pictures it has never seen."""

import pytest

from osteon.core.files import hash_file
from osteon.models.package import default_package, kept_packages, open_package
from osteon.prediction.networks import built_part
from osteon.prediction.read import FilmReader, ReadSettings
from osteon.workflow.detector_trial import try_detector
from osteon.workflow.real_hips import COPIES, ct_projections, real_film

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not kept_packages(), reason="no package comes with this installation"),
]


@pytest.fixture(scope="module")
def package():
    return open_package(default_package())


@pytest.fixture(scope="module")
def pictures(real_data):
    film = real_film(real_data)
    assert film is not None
    return [film, *ct_projections(real_data)]


@pytest.fixture(scope="module")
def trials(package, pictures):
    side_px = package.card.preprocessing.film_side_px
    return try_detector(built_part(package, "detector"), pictures, side_px, {})


@pytest.mark.parametrize("copy", list(COPIES))
def test_every_hip_is_found_on_the_right_side_in_every_copy(trials, copy):
    missed = [trial for trial in trials if trial.copy == copy and not trial.is_found]
    assert missed == []


def test_no_picture_was_trained_on(package, pictures):
    assert not any(package.was_trained_on(hash_file(picture.path)) for picture in pictures)


@pytest.mark.parametrize(
    ("film", "status", "reasons"),
    [
        ("hip_cr/RG2_UNC.dcm", "read", []),
        ("tibia_cr_monochrome1/RG3_UNC.dcm", "refused", ["not_a_hip"]),
    ],
)
def test_the_real_hip_is_read_and_the_real_shin_is_refused(
    package, real_data, film, status, reasons
):
    reader = FilmReader(package, settings=ReadSettings(heat_maps=False))
    reading = reader.read(real_data / "radiographs" / film).reading
    assert reading.status == status
    assert len(reading.hips) == (status == "read")  # one hip is on the film
    assert [note.code for note in reading.reasons] == reasons
