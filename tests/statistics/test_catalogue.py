import importlib
import inspect

import pytest

import osteon.statistics
from osteon.statistics.catalogue import as_markdown, catalogue

ENTRIES = catalogue()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.module}.{entry.name}")
def test_every_statistic_says_what_it_is_and_where_it_comes_from(entry):
    assert entry.summary.endswith((".", ":"))
    assert len(entry.sources) > 15
    module = importlib.import_module(f"osteon.statistics.{entry.module}")
    parameters = inspect.signature(getattr(module, entry.name)).parameters
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def test_what_resamples_takes_a_generator_and_never_a_seed():
    for entry in ENTRIES:
        module = importlib.import_module(f"osteon.statistics.{entry.module}")
        parameters = inspect.signature(getattr(module, entry.name)).parameters
        assert "seed" not in parameters
        if "replicates" in parameters and entry.name != "replicate_values":
            assert "rng" in parameters, entry.name


def test_public_names_are_found():
    names = {entry.name for entry in ENTRIES}
    functions = {
        name for name in osteon.statistics.__all__
        if inspect.isfunction(getattr(osteon.statistics, name))
    }  # fmt: skip
    assert functions <= names
    assert all(f"`{name}`" in as_markdown() for name in names)
