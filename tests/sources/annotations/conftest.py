"""Films for the tests of every format."""

import pytest
from tests.sources.annotations.drawings import make_films


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """Table of instances of five films of 100 rows and 80 columns that are there as files."""
    return make_films(tmp_path_factory.mktemp("films"))
