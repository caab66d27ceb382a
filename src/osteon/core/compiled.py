"""Compile functions with numba, and keep the code only as long as all that it was made from holds.

numba keeps compiled code beside its source and takes it up again while that one file is unchanged.
What came into the code from other modules, functions and constants, it does not look at: after a
change there it would go on running the old code, with other numbers than the source says.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numba import njit

__all__ = ["compiled"]

Function = Callable[..., Any]

_STAMP = "_made_from"


def compiled(
    *,
    fastmath: bool | set[str] = False,
    nogil: bool = False,
    error_model: Literal["python", "numpy"] = "python",
) -> Callable[[Function], Function]:
    """Compile a function on its first call, and keep the code for the next process.

    Kept code is made again after a change of the function's file, of the file of any compiled
    function that its module imports, at whatever distance, and of any number or text among the
    names that its module knows at that point.

    Parameters
    ----------
    fastmath
        Which rules of floating point may be broken, as numba's; ``False`` for none.
    nogil
        Let other Python threads run meanwhile.
    error_model
        Whether a division by zero raises, as in Python, or gives what numpy gives.

    Returns
    -------
    callable
        A decorator.

    Examples
    --------
    >>> @compiled()
    ... def twice(x):
    ...     return 2 * x
    >>> twice(21)
    42
    """

    def decorate(function: Function) -> Function:
        made: Any = njit(
            cache=_has_file(function), nogil=nogil, fastmath=fastmath, error_model=error_model
        )(function)
        kept = getattr(getattr(made, "_cache", None), "_cache_file", None)
        if kept is not None:  # nothing is kept where the function has no file
            stamp = (kept._source_stamp, tuple(_foundations(function)))
            kept._source_stamp = stamp
            setattr(made, _STAMP, stamp)
        return cast(Function, made)

    return decorate


def _has_file(function: Function) -> bool:
    return Path(function.__code__.co_filename).is_file()


def _foundations(function: Function) -> Iterator[tuple[str, Any]]:
    """Give what a function's module knows that may come into its code, with what identifies it."""
    own = function.__code__.co_filename
    names: Mapping[str, Any] = function.__globals__
    for name, value in sorted(names.items()):
        source = getattr(getattr(value, "_dispatcher", value), "py_func", None)
        if source is not None:
            file = source.__code__.co_filename
            if file != own:
                yield name, (_file_stamp(file), getattr(value, _STAMP, None))
        elif not name.startswith("__") and _is_plain(value):
            yield name, repr(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float | complex | str | np.generic)


def _file_stamp(file: str) -> tuple[int, int]:
    status = Path(file).stat()
    return status.st_mtime_ns, status.st_size
