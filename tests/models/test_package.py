import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest

from osteon.core.files import hash_bytes
from osteon.core.labels import HIP_CLASSES
from osteon.errors import PackageError
from osteon.models import card_classifier
from osteon.models.card import Metric, PartCard, TrainingData, preprocessing_hash
from osteon.models.card_classifier import (
    CROP_VERSION,
    ClassifierCard,
    LabelCard,
    OperatingPoint,
    Preprocessing,
)
from osteon.models.card_text import card_lines, card_readme
from osteon.models.package import open_package, write_package
from osteon.pixels.render import RENDER_HASH

FILMS = ("a" * 64, "b" * 64)


def make_card(**changes):
    preprocessing = Preprocessing(
        render_version=RENDER_HASH,
        crop_version=CROP_VERSION,
        film_side_px=256,
        classifier_size_px=128,
        box_growth=1.2,
    )
    point = OperatingPoint(
        name="suspicious",
        question="fracture",
        threshold=0.25,
        rule="sensitivity at least 0.95",
        sensitivity=Metric(name="sensitivity", subset="tuning", value=0.96, low=0.9, high=0.99),
        specificity=Metric(name="specificity", subset="tuning", value=0.7),
        n_cases=100,
        n_patients=60,
    )
    values = {
        "name": "tiny",
        "version": "1.0.0",
        "synthetic": True,
        "recipe": "hip_fracture",
        "labels": LabelCard.of(HIP_CLASSES),
        "parts": {"classifier": PartCard(kind="tiny", spec={"width": 2}, parameters=6)},
        "preprocessing": preprocessing,
        "preprocessing_hash": preprocessing_hash(preprocessing),
        "training_data": TrainingData(
            summary="two phantoms",
            counts={"training patients": 2},
            film_hashes_sha256="",
            data_hash="0",
        ),
        "operating_points": (point,),
        "intended_use": "Tests.",
        "known_failures": ("Everything real.",),
        "licence": "Apache-2.0",
    }
    return ClassifierCard(**{**values, **changes})


@pytest.fixture
def weights():
    array = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
    return {"classifier": {"layer.weight": array, "count": np.int64(3) * np.ones((), np.int64)}}


@pytest.fixture
def folder(tmp_path, weights):
    write_package(tmp_path / "tiny", make_card(), weights, training_inputs=FILMS)
    return tmp_path / "tiny"


def rehash(folder, name, data):
    """Put data in place of a file and mend the card, as a careful forger would."""
    (folder / name).write_bytes(data)
    card = json.loads((folder / "card.json").read_text())
    card["files"][name] = hash_bytes(data)
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize("name", ["tiny", "tiny.zip"])
def test_what_was_written_is_read(tmp_path, weights, name):
    write_package(
        tmp_path / name, make_card(), weights, training_inputs=FILMS, onnx={"classifier": b"onnx"}
    )
    package = open_package(tmp_path / name)
    assert package.card.labels.label_set() == HIP_CLASSES
    assert package.card.operating_point("suspicious").threshold == 0.25
    np.testing.assert_array_equal(
        package.weights["classifier"]["layer.weight"], weights["classifier"]["layer.weight"]
    )
    assert package.weights["classifier"]["count"].dtype == np.int64
    assert package.weights["classifier"]["count"].shape == ()
    assert package.onnx == {"classifier": b"onnx"}
    assert package.was_trained_on("a" * 64)
    assert not package.was_trained_on("c" * 64)


def test_the_same_arguments_give_the_same_bytes(tmp_path, weights):
    for name in ("one.zip", "two.zip"):
        write_package(tmp_path / name, make_card(), weights, training_inputs=FILMS)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_half_precision_halves_the_file_and_stays_within_its_rounding(tmp_path, weights):
    card = make_card(
        parts={"classifier": PartCard(kind="tiny", spec={}, parameters=6, dtype="float16")}
    )
    write_package(tmp_path / "half", card, weights, training_inputs=FILMS)
    stored = open_package(tmp_path / "half").weights["classifier"]["layer.weight"]
    assert stored.dtype == np.float16
    np.testing.assert_allclose(stored, weights["classifier"]["layer.weight"], rtol=2**-11)


def test_a_weight_that_half_precision_cannot_hold_is_refused(tmp_path):
    card = make_card(
        parts={"classifier": PartCard(kind="tiny", spec={}, parameters=1, dtype="float16")}
    )
    with pytest.raises(PackageError, match="not finite as float16"):
        write_package(
            tmp_path / "half",
            card,
            {"classifier": {"weight": np.array([1e6], np.float32)}},
            training_inputs=(),
        )


def test_a_package_is_never_overwritten(folder, weights):
    with pytest.raises(PackageError, match="already there"):
        write_package(folder, make_card(), weights, training_inputs=FILMS)


@pytest.mark.parametrize("name", ["model.safetensors", "README.md", "training_films.json"])
def test_one_changed_byte_is_found(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(PackageError, match=f"{name} has hash"):
        open_package(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "README.md", "training_films.json"])
def test_a_missing_file_is_found(folder, name):
    (folder / name).unlink()
    with pytest.raises(PackageError, match=f"{name} is missing"):
        open_package(folder)


def test_no_card_is_no_package(folder):
    (folder / "card.json").unlink()
    with pytest.raises(PackageError, match=r"no card\.json"):
        open_package(folder)


@pytest.mark.parametrize("name", ["run.py", "notes.txt", "detector.onnx"])
def test_an_extra_file_is_found(folder, name):
    (folder / name).write_text("x")
    with pytest.raises(PackageError, match="does not belong"):
        open_package(folder)


def test_a_file_the_card_names_but_packages_do_not_have_is_refused(folder):
    rehash(folder, "setup.py", b"print()")
    with pytest.raises(PackageError, match="does not belong"):
        open_package(folder)


@pytest.mark.parametrize("suffix", [".pt", ".pkl", ".bin", ".PTH"])
def test_a_pickle_by_name_is_refused_even_when_the_card_names_it(folder, suffix):
    rehash(folder, f"weights{suffix}", b"x")
    with pytest.raises(PackageError, match="pickle"):
        open_package(folder)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_in_the_place_of_weights_is_refused_and_not_run(folder, tmp_path, protocol):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    rehash(folder, "model.safetensors", pickle.dumps(Bomb(), protocol=protocol))
    with pytest.raises(PackageError, match="pickle"):
        open_package(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_torch_checkpoint_in_the_place_of_weights_is_refused(folder):
    with zipfile.ZipFile(folder.parent / "x", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    rehash(folder, "model.safetensors", (folder.parent / "x").read_bytes())
    with pytest.raises(PackageError, match="pickle"):
        open_package(folder)


@pytest.mark.parametrize("data", [b"", b"garbage", b"\xff" * 64, (2**60).to_bytes(8, "little")])
def test_weights_that_are_not_safetensors_are_refused(folder, data):
    rehash(folder, "model.safetensors", data)
    with pytest.raises(PackageError, match="not safetensors"):
        open_package(folder)


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[1]", b'{"format": 2}'])
def test_a_card_that_is_no_card_is_refused(folder, data):
    (folder / "card.json").write_bytes(data)
    with pytest.raises(PackageError, match=r"card\.json"):
        open_package(folder)


def test_links_and_folders_inside_are_refused(folder):
    (folder / "more").mkdir()
    with pytest.raises(PackageError, match="plain file"):
        open_package(folder)
    (folder / "more").rmdir()
    target = shutil.move(folder / "README.md", folder.parent / "README.md")
    (folder / "README.md").symlink_to(target)
    with pytest.raises(PackageError, match="plain file"):
        open_package(folder)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/b", "..\\evil", "C:evil", "a/"])
def test_a_zip_member_that_climbs_out_is_refused(tmp_path, weights, name):
    write_package(tmp_path / "tiny.zip", make_card(), weights, training_inputs=FILMS)
    with zipfile.ZipFile(tmp_path / "tiny.zip", "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(PackageError, match="climb out"):
        open_package(tmp_path / "tiny.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_a_name_twice_is_refused(tmp_path, weights):
    write_package(tmp_path / "tiny.zip", make_card(), weights, training_inputs=FILMS)
    with zipfile.ZipFile(tmp_path / "tiny.zip", "a") as archive:
        archive.writestr("README.md", b"other")
    with pytest.raises(PackageError, match="twice"):
        open_package(tmp_path / "tiny.zip")


def test_a_zip_link_and_a_zip_bomb_are_refused(tmp_path, weights, monkeypatch):
    path = tmp_path / "tiny.zip"
    write_package(path, make_card(), weights, training_inputs=FILMS)
    monkeypatch.setattr("osteon.models.package_files._LARGEST_BYTES", 100)
    with pytest.raises(PackageError, match="unpacks to"):
        open_package(path)
    monkeypatch.undo()
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(PackageError, match="link"):
        open_package(path)


def test_a_truncated_zip_is_refused(tmp_path, weights):
    path = tmp_path / "tiny.zip"
    write_package(path, make_card(), weights, training_inputs=FILMS)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(PackageError, match="not a readable zip"):
        open_package(path)


@pytest.mark.parametrize("what", ["RENDER_HASH", "CROP_VERSION"])
def test_preprocessing_of_another_version_is_refused(folder, monkeypatch, what):
    monkeypatch.setattr(card_classifier, what, "later")
    with pytest.raises(PackageError, match="this is version later"):
        open_package(folder)


def test_preprocessing_that_does_not_have_its_hash_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    card["preprocessing"]["classifier_size_px"] = 64
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(PackageError, match="preprocessing_hash"):
        open_package(folder)


def test_a_film_taken_off_the_list_is_found(folder):
    rehash(folder, "training_films.json", json.dumps([FILMS[0]]).encode())
    with pytest.raises(PackageError, match="not the list"):
        open_package(folder)


def test_a_weight_of_no_part_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    card["parts"] = {"gate": card["parts"]["classifier"]}
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(PackageError, match="of no part"):
        open_package(folder)


def test_the_first_line_says_synthetic():
    assert "SYNTHETIC" in card_readme(make_card()).splitlines()[0]
    assert "SYNTHETIC" in next(iter(card_lines(make_card())))
    assert "SYNTHETIC" not in card_readme(make_card(synthetic=False))


def test_the_readme_holds_thresholds_and_failures():
    text = card_readme(make_card())
    assert "P(fracture) ≥ 0.2500" in text
    assert "0.960 (0.900, 0.990)" in text
    assert "- Everything real." in text


def test_a_card_about_an_unknown_class_cannot_be_made():
    point = make_card().operating_points[0].model_copy(update={"question": "sprain"})
    with pytest.raises(ValueError, match="sprain"):
        make_card(operating_points=(point,))
