"""De-identification makes no object worse: dciodvfy finds nothing that it did not find before.

Referee: dciodvfy (Debian: dicom3tools).
"""

import re
import subprocess
from pathlib import Path

import pydicom
import pytest
from objects import NAMES

from osteon.dicom.headers import Header, read_header
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.unit import Cleaned, deidentify_bytes


def errors_of(program, path):
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return {re.sub(r"<[^>]*>|\d+", "", line) for line in lines if line.startswith("Error")}


def every_kind(paths, largest=8_000_000):
    """One object of each class, transfer syntax and maker below the paths."""
    found = {}
    for path in paths:
        if not path.is_file() or not 132 < path.stat().st_size < largest:
            continue
        data = path.read_bytes()
        header = read_header(data, path.name) if data[128:132] == b"DICM" else None
        if isinstance(header, Header):
            row = header.row
            kind = (row["sop_class_uid"], row["transfer_syntax_uid"], row["manufacturer"])
            found.setdefault(kind, path)
    return list(found.values())


def new_errors(program, paths, settings, folder):
    """Errors that de-identified objects have and their originals had not; and what was refused."""
    worse, refused = {}, {}
    for number, path in enumerate(paths):
        result = deidentify_bytes(path.read_bytes(), str(path), settings, NAMES)
        if not isinstance(result, Cleaned):
            refused[path.name] = result.reason
            continue
        place = folder / f"{number}.dcm"
        place.write_bytes(result.data)
        if new := errors_of(program, place) - errors_of(program, path):
            worse[path.name] = new
    return worse, refused


STRUCTURED = ("clean_structured_content", "clean_graphics")
OPTIONS = {
    "basic": STRUCTURED,
    "dates": (*STRUCTURED, "retain_longitudinal_modified_dates"),
    "much": (
        *STRUCTURED, "retain_longitudinal_full_dates", "retain_patient_characteristics",
        "retain_device_identity", "clean_descriptors",
    ),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS)
def test_a_validator_finds_nothing_new_in_objects_of_every_kind(referee, options, tmp_path):
    program = referee("dciodvfy")
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    paths = every_kind(sorted(folder.rglob("*")))
    settings = DeidentifySettings(options=OPTIONS[options])
    worse, refused = new_errors(program, paths, settings, tmp_path)
    assert not worse
    assert len(paths) - len(refused) > 15


@pytest.mark.referee
@pytest.mark.real_data
def test_a_validator_finds_nothing_new_in_real_objects(referee, real_data, tmp_path):
    paths = every_kind(sorted(real_data.rglob("*")))
    settings = DeidentifySettings(options=OPTIONS["dates"])
    assert not new_errors(referee("dciodvfy"), paths, settings, tmp_path)[0]


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    """Films of several patients, and slices of one patient's CT."""
    folder = tmp_path_factory.mktemp("phantom")
    settings = HipsSettings(n=4, pixel_size_mm=1.6, spacing_mm=3.0, masks=False)
    make_hips(settings, folder / "films", 5, workers=1)
    make_hips(settings.changed({"n": 1, "ct": True}), folder / "ct", 6, workers=1)
    films = sorted((folder / "films").rglob("*.dcm"))
    everything = sorted((folder / "ct").rglob("*.dcm"))
    return films, [path for path in everything if "films" not in path.parts][::25]


@pytest.mark.referee
def test_synthetic_films_and_ct_are_delivered_and_as_good_as_before(referee, phantom, tmp_path):
    films, slices = phantom
    assert len(films) >= 4
    assert slices
    options = ("clean_pixel_data", *OPTIONS["dates"], "retain_patient_characteristics")
    settings = DeidentifySettings(options=options, with_ocr=False)
    paths = [*films, *slices]
    assert new_errors(referee("dciodvfy"), paths, settings, tmp_path) == ({}, {})
