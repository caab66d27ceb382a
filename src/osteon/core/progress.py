"""Progress: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from osteon.core.logs import is_quiet

__all__ = ["say", "track"]

T = TypeVar("T")
_SECONDS_BETWEEN_LINES = 10.0


def say(message: str) -> None:
    """Print one line to standard error, where results never go; nothing when asked to be quiet."""
    if is_quiet():
        return
    print(message, file=sys.stderr, flush=True)


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Pass items through and show how far they are.

    Parameters
    ----------
    items
        What to walk over.
    description
        What is being done, e.g. ``"reading files"``.
    total
        How many there are; taken from ``len(items)`` where it has one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty() and not is_quiet():
        yield from _with_bar(items, description, total)
    else:
        yield from _with_lines(items, description, total)


def _with_bar(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total)
        for item in items:
            yield item
            progress.advance(task)


def _with_lines(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    start = said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            of = "" if total is None else f" of {total}"
            say(f"{description}: {done}{of} after {now - start:.0f} s")
