import pytest

from osteon.core.manifest import Manifest, fingerprint, installed_versions
from osteon.errors import StudyError


def make(**changes):
    values = {
        "stage": "ingest",
        "inputs": {"source": "ab"},
        "settings": {"x": 1},
        "seed": 7,
        "counts": {"in": 3, "out": 2},
        "wall_time_s": 0.1,
        "synthetic": True,
    } | changes
    return Manifest(**values)


def test_a_finished_stage_is_current_until_something_changes(tmp_path):
    path = tmp_path / "manifest.json"
    make().write(path)
    assert Manifest.is_current(path, "ingest", {"source": "ab"}, {"x": 1}, 7)
    assert not Manifest.is_current(path, "ingest", {"source": "ac"}, {"x": 1}, 7)
    assert not Manifest.is_current(path, "ingest", {"source": "ab"}, {"x": 2}, 7)
    assert not Manifest.is_current(path, "ingest", {"source": "ab"}, {"x": 1}, 8)


def test_no_manifest_means_not_current_and_a_clear_refusal(tmp_path):
    assert not Manifest.is_current(tmp_path / "m.json", "ingest", {}, {}, None)
    with pytest.raises(StudyError, match="did not run"):
        Manifest.read(tmp_path / "m.json")


def test_fingerprint_does_not_depend_on_key_order():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_versions_name_osteon_and_python():
    assert {"osteon", "python", "numpy"} <= set(installed_versions())
