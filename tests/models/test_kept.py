"""The packages that come with Osteon: small, whole, honest on their first line."""

import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.models.package import kept_packages, open_package

_LARGEST_BYTES = 12 * 2**20


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
    assert package.training_films


def test_a_kept_package_is_small_and_says_synthetic_first(kept):
    assert sum(path.stat().st_size for path in kept.iterdir()) <= _LARGEST_BYTES
    assert "SYNTHETIC" in (kept / "README.md").read_text("utf-8").splitlines()[0]
