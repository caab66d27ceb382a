"""Fixtures every room shares: where real data and referees are."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# timings never decide a test; CI draws the same examples every time, a person's run new ones
settings.register_profile("osteon", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("osteon")


@pytest.fixture(scope="session")
def real_data():
    """Folder with the real images; skips when it is absent."""
    folder = Path(os.environ.get("OSTEON_TEST_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set OSTEON_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def reference_data():
    """Folder with expected values made by others; skips when it is absent."""
    folder = Path(os.environ.get("OSTEON_REFERENCE_DATA", "../shared/reference"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}: set OSTEON_REFERENCE_DATA")
    return folder


@pytest.fixture(scope="session")
def referee():
    """Find a program that is not ours; skips outside CI, fails in CI, when it is absent."""

    def find(program):
        path = shutil.which(program, path="/usr/bin:/usr/local/bin:/usr/sbin")
        if path is None and os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed, and CI must have it")
        if path is None:
            pytest.skip(f"{program} is not installed")
        return path

    return find
