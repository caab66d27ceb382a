"""Logging: the library is silent until the command line switches it on."""

import logging
import sys
from pathlib import Path

__all__ = ["configure", "is_quiet", "logger"]


def logger(name: str) -> logging.Logger:
    """Get a module's logger below ``osteon``."""
    return logging.getLogger(name if name.startswith("osteon") else f"osteon.{name}")


def configure(*, verbosity: int, log_file: Path | None = None) -> None:
    """Send Osteon's log to standard error (and a file); called by the command line only.

    ``verbosity`` -1 shows errors and no progress, 0 warnings, 1 information, 2 everything.
    """
    logger("progress").disabled = verbosity < 0
    levels = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}
    root = logging.getLogger("osteon")
    root.setLevel(logging.DEBUG)
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(levels.get(verbosity, logging.DEBUG))
    console.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(console)
    if log_file is not None:
        written = logging.FileHandler(log_file, encoding="utf-8")
        written.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(written)


def is_quiet() -> bool:
    """Whether progress is not wanted."""
    return logger("progress").disabled


logging.getLogger("osteon").addHandler(logging.NullHandler())
