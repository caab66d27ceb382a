"""The formats of annotations, one file each, found by scanning: a new file is a new format."""

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from osteon.errors import UsageError
from osteon.sources.annotations.record import AnnotationFormat

__all__ = ["all_formats", "find_format"]


@cache
def all_formats() -> tuple[AnnotationFormat, ...]:
    """Every format, ordered by name; each module beside this one has its ``FORMAT``."""
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").FORMAT for name in names)


def find_format(name: str) -> AnnotationFormat:
    """Get a format by its name.

    Raises
    ------
    UsageError
        If there is no such format; the nearest name is given.
    """
    known = {item.name: item for item in all_formats()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise UsageError(
            f"there is no annotation format {name!r}: wanted one of {', '.join(known)}",
            remedy=f"did you mean {near[0]}?",
        )
    return known[name]
