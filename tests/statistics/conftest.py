"""Expected values made by others, entered as facts with their source."""

import json
from pathlib import Path

import pytest

FACTS = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def reference():
    """Read one file of facts by name."""

    def read(name):
        return json.loads((FACTS / name).read_text())

    return read
