"""Tables for people, as CSV that a spreadsheet opens without running anything."""

from pathlib import Path

import pandas as pd

from osteon.core.files import write_text

__all__ = ["write_csv"]

_STARTERS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV in UTF-8 with a byte order mark, whole or not at all.

    A text that a spreadsheet would take for a formula gets an apostrophe in front of it.
    """
    shown = frame.copy()
    for name in shown.columns:
        if shown[name].dtype in ("string", "object"):
            shown[name] = shown[name].map(_harmless, na_action="ignore")
    write_text(path, "\ufeff" + shown.to_csv(index=False, lineterminator="\n"))


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTERS) else value
