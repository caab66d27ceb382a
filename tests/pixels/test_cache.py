import errno
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.pixels.films import make_film, save_film

from osteon.core.files import hash_file
from osteon.dicom.open import open_instance
from osteon.errors import StorageError, StudyError
from osteon.pixels import cache as cache_module
from osteon.pixels.cache import PixelCache
from osteon.pixels.render import render
from osteon.pixels.resample import fit_within


def rows(paths, members=None):
    members = members or [None] * len(paths)
    return [
        {
            "content_hash": hash_file(path),
            "path": str(path),
            "archive_member": member,
            "sop_instance_uid": f"1.2.{number}",
        }
        for number, (path, member) in enumerate(zip(paths, members, strict=True))
    ]


@pytest.fixture
def films(tmp_path):
    paths = []
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 1024, (60, 40)).astype(np.uint16)
        paths.append(save_film(make_film(pixels), tmp_path / f"film{number}.dcm"))
    return paths


@pytest.mark.parametrize("workers", [1, 2])
def test_a_prepared_film_is_the_rendered_one(films, tmp_path, workers):
    cases = pd.DataFrame(rows(films))
    cache = PixelCache(tmp_path / "cache", 30)
    assert cache.prepare(pd.concat([cases, cases]), workers=workers) == []
    for path, key in zip(films, cases["content_hash"], strict=True):
        grey, factor = cache.load(key)
        wanted, wanted_factor = fit_within(render(open_instance(path)).grey, 30)
        assert factor == wanted_factor == 0.5
        assert grey.dtype == np.float32
        np.testing.assert_allclose(grey, wanted, atol=1 / 65535)
    film = cache.film(cases["content_hash"][0])
    assert film.stored_shape == (60, 40)
    assert any("window" in step for step in film.steps)


def test_a_second_run_does_only_what_is_missing(films, tmp_path, monkeypatch):
    cases = pd.DataFrame(rows(films))
    cache = PixelCache(tmp_path / "cache", 30)
    cache.prepare(cases.iloc[:3], workers=1)
    done = []
    real = cache_module.render
    monkeypatch.setattr(cache_module, "render", lambda ds: done.append(1) or real(ds))
    cache.prepare(cases, workers=1)
    assert len(done) == 1


def test_what_cannot_be_prepared_is_an_exclusion_and_the_rest_goes_on(films, tmp_path):
    empty = tmp_path / "empty.dcm"
    empty.touch()
    text = tmp_path / "text.dcm"
    text.write_text("not a film, but long enough to have been one" * 10)
    broken = make_film(np.zeros((8, 8), np.uint16))
    broken.PixelData = broken.PixelData[:20]
    short = save_film(broken, tmp_path / "short.dcm")
    colour = make_film(np.zeros((8, 8), np.uint16))
    colour.PhotometricInterpretation = "PALETTE COLOR"
    palette = save_film(colour, tmp_path / "palette.dcm")
    cases = pd.DataFrame(rows([*films, empty, text, short, palette]))
    cases.loc[len(cases)] = ["0" * 64, str(tmp_path / "gone.dcm"), None, "1.2.99"]
    cases.loc[len(cases)] = ["f" * 64, str(films[0]), None, "1.2.100"]
    cache = PixelCache(tmp_path / "cache", 30)
    found = {item.key: item.reason for item in cache.prepare(cases, workers=1)}
    assert found == {
        "1.2.4": "cannot_render",
        "1.2.5": "cannot_render",
        "1.2.6": "cannot_decode",
        "1.2.7": "cannot_render",
        "1.2.99": "file_unreadable",
        "1.2.100": "content_changed",
    }
    assert all(cache.holds(key) for key in cases["content_hash"][:4])
    assert not cache.holds("f" * 64)


def test_films_inside_archives_are_prepared(films, tmp_path):
    archive = tmp_path / "films.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.write(films[0], "a/film")
    cases = pd.DataFrame(rows(films[:1]))
    cases["path"], cases["archive_member"] = str(archive), "a/film"
    cache = PixelCache(tmp_path / "cache", 30)
    assert cache.prepare(cases, workers=1) == []
    assert cache.load(cases["content_hash"][0])[0].shape == (30, 20)


def test_another_size_or_rendering_is_another_file(films, tmp_path, monkeypatch):
    cases = pd.DataFrame(rows(films[:1]))
    key = cases["content_hash"][0]
    PixelCache(tmp_path / "cache", 30).prepare(cases, workers=1)
    with pytest.raises(StudyError, match="not prepared at 20 pixels"):
        PixelCache(tmp_path / "cache", 20).load(key)
    monkeypatch.setattr(cache_module, "PREPARATION_HASH", "f" * 64)
    with pytest.raises(StudyError, match="not prepared"):
        PixelCache(tmp_path / "cache", 30).load(key)


def test_a_film_without_its_record_does_not_count(films, tmp_path):
    cases = pd.DataFrame(rows(films[:1]))
    key = cases["content_hash"][0]
    cache = PixelCache(tmp_path / "cache", 30)
    cache.prepare(cases, workers=1)
    cache.path(key).with_suffix(".json").unlink()
    assert not cache.holds(key)
    cache.prepare(cases, workers=1)
    assert cache.holds(key)


@pytest.mark.parametrize("damage", ["shorten", "reshape", "record"])
def test_a_damaged_film_is_refused(films, tmp_path, damage):
    cases = pd.DataFrame(rows(films[:1]))
    key = cases["content_hash"][0]
    cache = PixelCache(tmp_path / "cache", 30)
    cache.prepare(cases, workers=1)
    path = cache.path(key)
    if damage == "shorten":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "reshape":
        np.save(path, np.zeros((3, 3), np.uint16))
    else:
        record = path.with_suffix(".json")
        record.write_text(json.dumps({"shape": [30, 20]}))
    with pytest.raises(StorageError, match="damaged"):
        cache.load(key)


def test_a_folder_that_cannot_be_written_is_an_error_not_an_exclusion(films, tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="could not write"):
        PixelCache(blocked, 30).prepare(pd.DataFrame(rows(films[:1])), workers=1)


def test_a_full_disk_is_an_error_that_says_so(films, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    cases = pd.DataFrame(rows(films))
    cache = PixelCache(tmp_path / "cache", 30)
    cache.prepare(cases.iloc[:2], workers=1)
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(StorageError, match="No space left") as caught:
            cache.prepare(cases, workers=1)
    assert "free some space" in caught.value.remedy
    assert not list((tmp_path / "cache").glob("*/.writing-*"))
    assert cache.prepare(cases, workers=1) == []  # what was there was kept, the rest is made
    assert all(cache.holds(key) for key in cases["content_hash"])


KILLED = """
import sys, time
from pathlib import Path
import pandas as pd
from osteon.pixels import cache as module
real = module.render
calls = []
def stuck(ds):
    calls.append(ds)
    time.sleep(600 if len(calls) == 3 else 0)
    return real(ds)
module.render = stuck
cases = pd.read_json(sys.argv[1], dtype={"sop_instance_uid": str})
module.PixelCache(Path(sys.argv[2]), 30).prepare(cases, workers=1)
"""


def test_a_killed_run_is_completed_by_the_next(films, tmp_path):
    cases = pd.DataFrame(rows(films))
    cases.to_json(tmp_path / "cases.json")
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", KILLED, str(tmp_path / "cases.json"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(cache_module.__file__).parents[2])}
    process = subprocess.Popen(command, env=environment)
    while process.poll() is None and len(list(folder.glob("*/[0-9a-f]*.json"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    cache = PixelCache(folder, 30)
    before = [cache.holds(key) for key in cases["content_hash"]]
    assert before == [True, True, False, False]
    assert cache.prepare(cases, workers=1) == []
    for key in cases["content_hash"]:
        assert cache.load(key)[0].shape == (30, 20)
