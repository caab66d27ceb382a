"""Every kind of model package keeps the same promises: whole, hashed, nothing in it runs."""

import json
import os
import pickle

import numpy as np
import pytest
from tests.prediction.conftest import make_package
from tests.prediction.survival_packages import make_survival_package

from osteon.core.files import hash_bytes
from osteon.errors import PackageError
from osteon.models.card_kinds import KINDS, card_from_json
from osteon.models.card_text import card_lines, card_readme
from osteon.models.package import open_package

EXAMPLES = {"classifier": make_package, "survival": make_survival_package}


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return request.param


@pytest.fixture
def folder(kind, tmp_path):
    return EXAMPLES[kind](tmp_path / "package")


def rewritten(folder, **changes):
    card = json.loads((folder / "card.json").read_text("utf-8"))
    (folder / "card.json").write_text(json.dumps(card | changes), "utf-8")


def test_every_kind_has_an_example_and_a_name_of_its_own():
    assert set(EXAMPLES) == set(KINDS)
    assert {kind.model_fields["kind"].default for kind in KINDS.values()} == set(KINDS)


def test_a_package_is_read_as_it_was_written(kind, folder):
    package = open_package(folder)
    assert type(package.card) is KINDS[kind]
    again = card_from_json(json.loads((folder / "card.json").read_text("utf-8")), source="here")
    assert again == package.card
    assert package.of_kind(KINDS[kind]).card == package.card
    assert set(package.weights) == set(package.card.parts)
    assert all(np.isfinite(a).all() for part in package.weights.values() for a in part.values())


def test_another_kind_than_was_wanted_is_told(kind, folder):
    package = open_package(folder)
    for other in set(KINDS) - {kind}:
        with pytest.raises(PackageError, match=f"is a package of kind {kind}, wanted {other}"):
            package.of_kind(KINDS[other])


def test_its_text_says_synthetic_first_and_names_the_failures(folder):
    card = open_package(folder).card
    text = (folder / "README.md").read_text("utf-8")
    assert card_readme(card) == text
    assert "SYNTHETIC" in text.splitlines()[0]
    assert "SYNTHETIC" in next(iter(card_lines(card)))
    assert all(failure in text for failure in card.known_failures)


def test_one_changed_byte_of_any_file_is_found(folder):
    names = [path.name for path in folder.iterdir() if path.name != "card.json"]
    for name in names:
        original = (folder / name).read_bytes()
        (folder / name).write_bytes(original[:-2] + bytes([original[-2] ^ 1]) + original[-1:])
        with pytest.raises(PackageError, match=f"{name} has hash"):
            open_package(folder)
        (folder / name).write_bytes(original)
    open_package(folder)


def test_a_pickle_in_the_place_of_weights_is_refused_and_not_run(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    data = pickle.dumps(Bomb())
    (folder / "model.safetensors").write_bytes(data)
    files = json.loads((folder / "card.json").read_text("utf-8"))["files"]
    rewritten(folder, files=files | {"model.safetensors": hash_bytes(data)})
    with pytest.raises(PackageError, match="pickle"):
        open_package(folder)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("told", ["mystery", 3, None])
def test_an_unknown_kind_is_refused(folder, told):
    rewritten(folder, kind=told)
    with pytest.raises(PackageError, match=f"of kind {told!r}, wanted one of classifier, survival"):
        open_package(folder)


def test_a_preprocessing_that_is_not_what_its_hash_says_is_refused(folder):
    rewritten(folder, preprocessing_hash="0" * 64)
    with pytest.raises(PackageError, match="preprocessing_hash"):
        open_package(folder)


def test_an_unknown_field_is_refused(folder):
    rewritten(folder, surprise=1)
    with pytest.raises(PackageError, match="surprise"):
        open_package(folder)
