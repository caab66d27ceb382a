import json

import pytest

from osteon.core import optional
from osteon.errors import MissingExtraError


def test_an_installed_library_is_imported():
    assert optional.require("json", purpose="a test") is json


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setattr(optional, "is_installed", lambda module: False)
    with pytest.raises(MissingExtraError, match=r"pip install 'osteon\[models\]'"):
        optional.require("torch", purpose="training")


def test_an_unlisted_library_is_asked_for_by_name():
    with pytest.raises(MissingExtraError, match="pip install 'no_such_library'"):
        optional.require("no_such_library", purpose="a test")
