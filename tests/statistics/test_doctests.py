"""Every example in the docstrings runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import osteon.statistics

MODULES = sorted(module.name for module in pkgutil.iter_modules(osteon.statistics.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"osteon.statistics.{name}")
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
