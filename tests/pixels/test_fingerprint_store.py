"""Fingerprints lie beside the films, are made where they are missing, and are mapped."""

import numpy as np
import pandas as pd
import pytest
from tests.pixels.films import make_film, save_film

from osteon.core.files import hash_file
from osteon.errors import StudyError
from osteon.pixels.cache import PixelCache
from osteon.pixels.fingerprint import film_fingerprint
from osteon.pixels.fingerprint_store import fingerprint_path, gather_fingerprints


@pytest.fixture
def prepared(tmp_path):
    paths = []
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 1024, (60, 40)).astype(np.uint16)
        paths.append(save_film(make_film(pixels), tmp_path / f"film{number}.dcm"))
    cases = pd.DataFrame(
        {
            "content_hash": [hash_file(path) for path in paths],
            "path": [str(path) for path in paths],
            "archive_member": None,
            "sop_instance_uid": [f"1.2.{number}" for number in range(3)],
        }
    )
    cache = PixelCache(tmp_path / "cache", 48)
    assert cache.prepare(cases, workers=1) == []
    return cache, cases["content_hash"].to_list()


def test_preparing_a_film_leaves_its_fingerprint(prepared):
    cache, hashes = prepared
    table = gather_fingerprints(cache, hashes, workers=1)
    assert isinstance(table, np.memmap)
    for row, key in zip(table, hashes, strict=True):
        assert row["count"] > 0
        near = film_fingerprint(cache.load(key)[0])
        assert np.abs(row["thumb"].astype(int) - near["thumb"]).max() <= 1


def test_a_missing_fingerprint_is_made_and_a_missing_film_is_an_error(prepared):
    cache, hashes = prepared
    before = gather_fingerprints(cache, hashes, workers=1)["hashes"].copy()
    path = fingerprint_path(cache.path(hashes[1]))
    path.unlink()
    again = gather_fingerprints(cache, hashes, workers=1)
    assert path.exists()
    assert (again["hashes"][[0, 2]] == before[[0, 2]]).all()
    with pytest.raises(StudyError, match="not prepared"):
        gather_fingerprints(cache, ["0" * 64], workers=1)
    assert len(gather_fingerprints(cache, [], workers=1)) == 0
