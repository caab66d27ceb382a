"""Five published study designs, one folder each, found by scanning."""

import difflib
from importlib import import_module
from pkgutil import iter_modules

from osteon.errors import UsageError
from osteon.workflow.recipe import Recipe

__all__ = ["load", "names"]


def names() -> list[str]:
    """Names of the recipes: the folders beside this file."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg)


def load(name: str) -> Recipe:
    """Get a recipe by its name.

    Raises
    ------
    UsageError
        If there is no such recipe; the nearest name is given.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.0)
        raise UsageError(f"there is no recipe {name!r}", remedy=f"did you mean {near[0]}?")
    recipe: Recipe = import_module(f"osteon.recipes.{name}").RECIPE
    return recipe
