"""The packages that come with Osteon: small, whole, honest on their first line."""

import hashlib
import json

import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.models.card_classifier import ClassifierCard
from osteon.models.card_kinds import card_from_json
from osteon.models.package import kept_packages, open_package

_LARGEST_BYTES = 12 * 2**20
DIGEST = "31f48bb3192a2b085314bf1dcb79695e610f7849b5ab3a6be362a1937ad64569"


@pytest.fixture(params=kept_packages(), ids=lambda path: path.name)
def kept(request):
    return request.param


def test_a_kept_package_passes_every_check(kept):
    package = open_package(kept)
    assert package.card.synthetic
    assert package.card.labels.label_set() == HIP_CLASSES
    assert {"detector"} < set(package.card.parts)
    assert package.card.calibrator is not None
    assert {"suspicious", "definite", "nondisplaced_possible"} == {
        point.name for point in package.card.operating_points
    }
    assert package.training_inputs


def test_a_kept_package_is_small_and_says_synthetic_first(kept):
    assert sum(path.stat().st_size for path in kept.iterdir()) <= _LARGEST_BYTES
    assert "SYNTHETIC" in (kept / "README.md").read_text("utf-8").splitlines()[0]


def holds(now, then):
    """Whether JSON says all that it said, fields with defaults that came since aside."""
    if isinstance(then, dict):
        return set(then) <= set(now) and all(holds(now[name], then[name]) for name in then)
    if isinstance(then, list):
        return len(now) == len(then) and all(map(holds, now, then))
    return now == then


def test_a_card_without_a_kind_is_a_classifiers_and_is_kept_to_the_letter(kept):
    """Cards of the time when there was one kind: the same content, whatever was added since."""
    raw = (kept / "card.json").read_bytes()
    package = open_package(kept)
    assert package.digest == hashlib.sha256(raw).hexdigest()
    assert isinstance(package.card, ClassifierCard)
    assert holds(package.card.resolved(), json.loads(raw))
    older = {name: value for name, value in json.loads(raw).items() if name != "kind"}
    assert card_from_json(older, source="older") == package.card
    for name, wanted in package.card.files.items():
        assert hashlib.sha256((kept / name).read_bytes()).hexdigest() == wanted


def test_the_kept_hip_model_is_the_one_that_was_released():
    """Only ``make kept`` may change this digest."""
    (path,) = kept_packages()
    assert open_package(path).digest == DIGEST
