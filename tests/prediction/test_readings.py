import json
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import generate_uid
from tests.prediction.conftest import make_film, make_package

from osteon.core.files import hash_file
from osteon.models.package import open_package
from osteon.prediction import readings as readings_module
from osteon.prediction.read import FilmReader, ReadSettings
from osteon.prediction.readings import read_all


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Without a gate: untrained, it would refuse everything."""
    return make_package(tmp_path_factory.mktemp("package") / "tiny")


@pytest.fixture(scope="module")
def reader(package):
    """Looks at films whole: windows of an untrained detector do not agree on a second hip."""
    return FilmReader(open_package(package), settings=ReadSettings(search="whole"))


@pytest.fixture(scope="module")
def done(reader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("readings")
    film = make_film(folder / "film.dcm")
    (reading,) = read_all([film], reader, folder / "out")
    return reading, folder / "out"


ALL_FILES = ("annotated.png", "heat_L.png", "heat_R.png", "heat.npz")


def test_an_empty_heat_map_is_told_and_not_drawn(reader, tmp_path, monkeypatch):
    real = FilmReader.read

    def without_heat(self, path):
        film = real(self, path)
        empty = {side: np.zeros_like(heat) for side, heat in film.heat.items()}
        return replace(film, heat=empty)

    monkeypatch.setattr(FilmReader, "read", without_heat)
    (reading,) = read_all([make_film(tmp_path / "film.dcm")], reader, tmp_path / "out")
    assert {name.rpartition("/")[2] for name in reading.files} == {"annotated.png", "heat.npz"}
    assert "No heat map: no place" in (tmp_path / "out" / "index.html").read_text()


def test_a_film_gets_boxes_probabilities_and_files(done):
    reading, folder = done
    assert reading.status == "read"
    assert {hip.laterality for hip in reading.hips} == {"L", "R"}
    for hip in reading.hips:
        assert sum(hip.probabilities.values()) == pytest.approx(1)
        assert hip.box.clipped(160, 200) == hip.box
    names = {name.rpartition("/")[2] for name in reading.files}
    assert {"annotated.png", "heat.npz"} < names <= {*ALL_FILES}
    assert all((folder / name).is_file() for name in reading.files)


def test_heat_maps_lie_in_the_films_own_grid(done):
    reading, folder = done
    with np.load(next(folder.glob("films/*/heat.npz")), allow_pickle=False) as heat:
        assert sorted(heat.files) == ["L", "R"]
        for hip in reading.hips:
            values = heat[hip.laterality]
            assert values.shape == (200, 160)
            assert values.dtype == np.float32
            assert 0 <= values.min() <= values.max() <= 1
            region = hip.box.grown(1.1).squared()
            rows, columns = np.nonzero(values)
            if len(rows):
                assert region.x_min - 1 <= columns.min() <= columns.max() <= region.x_max
                assert region.y_min - 1 <= rows.min() <= rows.max() <= region.y_max


def test_everything_says_synthetic_first(done):
    _, folder = done
    assert "SYNTHETIC" in (folder / "summary.csv").read_text().splitlines()[0]
    assert "SYNTHETIC" in json.loads((folder / "readings.json").read_text())["disclaimer"]
    page = (folder / "index.html").read_text()
    assert page.index("SYNTHETIC") < page.index("<main>")


def test_the_page_needs_nothing_from_anywhere(done):
    page = (done[1] / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == len(done[0].files) - 1
    for outside in ("http://", "https://", "<script", "@import", "<link"):
        assert outside not in page


def test_many_films_are_linked_instead_of_embedded(done, reader, tmp_path, monkeypatch):
    monkeypatch.setattr("osteon.prediction.page._EMBEDDED_FILMS", 1)
    paths = [make_film(tmp_path / f"{i}.dcm", seed=i) for i in range(2)]
    first, second = read_all(paths, reader, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == len(first.files) - 1
    assert page.count('src="films/') == len(second.files) - 1


def test_names_from_files_cannot_put_markup_into_the_page(reader, tmp_path):
    film = make_film(tmp_path / "<img src=x onerror=alert(1)>.dcm")
    read_all([film], reader, tmp_path / "out")
    assert "<img src=x" not in (tmp_path / "out" / "index.html").read_text()


def test_a_mirrored_film_gets_the_other_side_and_the_same_classes(reader, tmp_path):
    """Left hips are mirrored: with the detector's boxes mirrored too, crops are the same."""
    film = np.random.default_rng(0).random((100, 120)).astype(np.float32)
    networks = reader.networks
    (found,) = networks.find([film])
    assert found.hips
    for item in found.hips:
        crop = networks.crop(film, item.box, item.laterality)
        mirrored = networks.crop(
            np.ascontiguousarray(film[:, ::-1]), item.box.mirrored(120), item.laterality.other
        )
        np.testing.assert_allclose(networks.logits([crop]), networks.logits([mirrored]), atol=1e-4)


COLOUR = {
    "SamplesPerPixel": 3,
    "PhotometricInterpretation": "RGB",
    "PlanarConfiguration": 0,
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelData": np.random.default_rng(0).bytes(200 * 160 * 3),
}


def bad_files(folder):
    """Every kind of file that is not a film to be read, with the word its reason must hold."""
    plain = make_film(folder / "plain.dcm").read_bytes()
    rng = np.random.default_rng(0)
    files = {
        "empty.dcm": (b"", "empty"),
        "truncated.dcm": (plain[: len(plain) // 2], "truncated"),
        "header_only.dcm": (plain[:400], "truncated"),
        "text.txt": (b"hello there", "not DICOM"),
        "noise.bin": (rng.bytes(5000), "not DICOM"),
        "picture.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        "encrypted.dcm": (b"Salted__" + rng.bytes(2000), "encrypted"),
    }
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    made = {
        "multi.dcm": ({"NumberOfFrames": 2}, "frames"),
        "colour.dcm": (COLOUR, "RGB"),
        "no_pixels.dcm": ({"PixelData": None}, "ixel"),
        "ct.dcm": ({"Modality": "CT"}, "modality is CT"),
        "huge.dcm": ({"Rows": 20000, "Columns": 20000}, ""),
        "no_rows.dcm": ({"Rows": None}, "Rows"),
        "short_pixels.dcm": ({"PixelData": b"\0\0" * 50}, ""),
        "unknown_syntax.dcm": ({}, ""),
    }
    for name, (attributes, _) in made.items():
        make_film(folder / name, **attributes)
    with zipfile.ZipFile(folder / "films.zip", "w") as archive:
        archive.writestr("plain.dcm", plain)
    (folder / "plain.dcm").unlink()
    words = {name: word for name, (_, word) in (files | made).items()} | {"films.zip": "zip"}
    del words["unknown_syntax.dcm"]
    (folder / "unknown_syntax.dcm").unlink()
    return words


def test_bad_files_get_their_reasons_and_the_rest_goes_on(reader, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    words = bad_files(source)
    good = make_film(source / "good.dcm", seed=3)
    paths = sorted(source.iterdir())
    found = {r.source.rpartition("/")[2]: r for r in read_all(paths, reader, tmp_path / "out")}
    assert found.pop("good.dcm").status == "read"
    assert set(found) == set(words)
    for name, reading in found.items():
        assert reading.status in ("refused", "unreadable"), name
        assert reading.reasons, name
        assert words[name].lower() in reading.reasons[0].detail.lower(), reading.reasons
        assert reading.reasons[0].code != "unexpected_error", reading.reasons
    table = (tmp_path / "out" / "summary.csv").read_text()
    assert all(name in table for name in words)
    assert good.name in table


@pytest.mark.parametrize(
    "attributes",
    [
        {"ImagerPixelSpacing": [0, 0]},
        {"ImagerPixelSpacing": None},
        {"PatientID": None, "SOPInstanceUID": generate_uid() + "." + "1" * 20},
        {"PhotometricInterpretation": "MONOCHROME1"},
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_but_harmless_films_are_read(reader, tmp_path, attributes):
    film = make_film(tmp_path / "odd.dcm", **attributes)
    assert reader.read(film).reading.status == "read"


def test_text_in_number_fields_is_no_crash(reader, tmp_path):
    path = make_film(tmp_path / "odd.dcm", WindowCenter=[1234], WindowWidth=[5678])
    data = path.read_bytes().replace(b"1234", b"wide").replace(b"5678", b"n/a ")
    path.write_bytes(data.replace(b"0.4\\0.4 ", b"no\\idea "))
    assert reader.read(path).reading.status == "read"


def test_a_one_pixel_film_is_no_crash(reader, tmp_path):
    film = make_film(tmp_path / "one.dcm", shape=(1, 1))
    (reading,) = read_all([film], reader, tmp_path / "out")
    assert reading.status in ("read", "refused")


def test_an_unforeseen_failure_is_a_reason(reader, tmp_path, monkeypatch):
    def explode(_ds):
        raise RecursionError("deep")

    monkeypatch.setattr("osteon.prediction.read.render", explode)
    reading = reader.read(make_film(tmp_path / "film.dcm")).reading
    assert reading.reasons[0].code == "unexpected_error"
    assert "RecursionError" in reading.reasons[0].detail


def test_a_film_the_model_was_trained_on_is_told(tmp_path):
    film = make_film(tmp_path / "film.dcm")
    package = make_package(tmp_path / "seen", films=(hash_file(film),))
    seen = FilmReader(open_package(package)).read(film).reading
    assert seen.flags[0].code == "trained_on"


def test_what_is_too_large_for_a_hip_is_told(reader, tmp_path, monkeypatch):
    film = make_film(tmp_path / "film.dcm")
    before = reader.read(film).reading
    assert before.hips
    spec = reader.networks.detector_spec.changed({"largest_hip_mm": 0.1})
    monkeypatch.setattr(reader, "networks", replace(reader.networks, detector_spec=spec))
    after = reader.read(film).reading
    assert after.hips == ()
    told = {flag.code: flag.detail for flag in after.flags}
    assert "no_hip_found" in told
    assert "reach 0 mm" in told["too_large_for_a_hip"]


def test_a_gate_that_refuses_leaves_a_picture_with_the_reason(tmp_path):
    package = make_package(tmp_path / "gated", gate=True, gate_thresholds={"hip": 1.0})
    film = make_film(tmp_path / "film.dcm")
    (reading,) = read_all([film], FilmReader(open_package(package)), tmp_path / "out")
    assert reading.status == "refused"
    assert reading.reasons[0].code == "not_a_hip"
    assert reading.hips == ()
    with Image.open(tmp_path / "out" / reading.files[0]) as picture:
        assert max(picture.size) >= 900
    assert "Not read:" in (tmp_path / "out" / "index.html").read_text()


def test_a_stopped_run_is_finished_by_the_next(reader, tmp_path, monkeypatch):
    paths = [make_film(tmp_path / f"{i}.dcm", seed=i) for i in range(3)]
    calls = []
    real = FilmReader.read

    def stops_at_the_third(self, path):
        calls.append(path.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, path)

    monkeypatch.setattr(FilmReader, "read", stops_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        read_all(paths, reader, tmp_path / "out")
    monkeypatch.setattr(
        FilmReader, "read", lambda self, path: calls.append(path.name) or real(self, path)
    )
    readings = read_all(paths, reader, tmp_path / "out")
    assert calls == ["0.dcm", "1.dcm", "2.dcm", "2.dcm"]
    assert [reading.status for reading in readings] == ["read"] * 3


def test_a_half_written_film_is_done_again(reader, tmp_path):
    film = make_film(tmp_path / "film.dcm")
    read_all([film], reader, tmp_path / "out")
    record = next((tmp_path / "out").glob("films/*/reading.json"))
    record.write_text("{")
    read_all([film], reader, tmp_path / "out")
    assert json.loads(record.read_text())["reading"]["status"] == "read"
    next((tmp_path / "out").glob("films/*/heat_L.png")).unlink()
    (reading,) = read_all([film], reader, tmp_path / "out")
    assert all((tmp_path / "out" / name).exists() for name in reading.files)


def test_other_settings_are_read_anew(reader, package, tmp_path):
    film = make_film(tmp_path / "film.dcm")
    read_all([film], reader, tmp_path / "out")
    plain = FilmReader(open_package(package), settings=ReadSettings(heat_maps=False))
    (reading,) = read_all([film], plain, tmp_path / "out")
    assert [name.rpartition("/")[2] for name in reading.files] == ["annotated.png"]


def test_reading_twice_gives_the_same_records(reader, tmp_path):
    film = make_film(tmp_path / "film.dcm")
    one = read_all([film], reader, tmp_path / "one")
    two = read_all([film], reader, tmp_path / "two")
    assert one == two


@pytest.mark.real_data
def test_every_encoding_of_the_real_film_reads_alike(reader, real_data):
    folder = real_data / "radiographs" / "hip_cr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [reader.read(folder / name).reading for name in ("RG2_UNC.dcm", "RG2_JPLL")]
    assert [reading.status for reading in found] == ["read", "read"]
    assert found[0].hips == found[1].hips
    assert readings_module.disclaimer(reader).startswith("Research software")
