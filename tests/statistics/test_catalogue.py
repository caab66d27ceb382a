import importlib
import inspect
from pathlib import Path

import pytest

import osteon.statistics
from osteon.statistics.catalogue import as_markdown, catalogue

ENTRIES = catalogue()
ROOT = Path(__file__).parents[2]
PUBLIC = [entry for entry in ENTRIES if entry.name in osteon.statistics.__all__]


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


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_every_public_function_has_a_twin_on_file(entry):
    assert entry.twin, "name who else computes it in osteon.statistics.twins"
    assert (ROOT / entry.twin.test).is_file()
    assert f"| {entry.twin.who} |" in as_markdown()


def test_the_twins_test_the_functions_they_are_named_for():
    """The named test file speaks of the module, or (R's numbers) of something in it."""
    for module in sorted({entry.module for entry in PUBLIC}):
        own = [entry for entry in PUBLIC if entry.module == module]
        text = "".join((ROOT / path).read_text("utf-8") for path in {e.twin.test for e in own})
        assert f"osteon.statistics.{module}" in text, module
