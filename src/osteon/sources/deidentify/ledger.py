"""The memory of a run in the output folder: what is done, and under which settings and secret.

One line of JSON for each finished file or member; nothing in it names a person or a path. A line
that a kill cut short is dropped, and its file is done again.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from osteon._version import __version__
from osteon.core.files import read_json, write_json
from osteon.errors import StorageError, UsageError
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.work import Outcome

__all__ = ["Ledger"]

_RUN, _DONE = "run.json", "done.jsonl"


class Ledger:
    """Open the ledger of an output folder.

    Raises
    ------
    UsageError
        If the folder holds anything else, or results of other settings or another secret.
    """

    def __init__(self, output: Path, settings: DeidentifySettings, pseudonyms: Pseudonyms) -> None:
        self.folder = output / "report"
        wanted = {
            "made_by": "osteon deidentify",
            "version": __version__,
            "secret_check": pseudonyms.key("check", "secret"),
            "settings": settings.resolved(),
        }
        run = self.folder / _RUN
        if run.exists():
            _check_same(read_json(run), wanted, output)
        elif output.exists() and any(output.iterdir()):
            raise UsageError(
                f"the output folder {output} holds something else",
                remedy="name a folder that is empty or does not exist",
            )
        else:
            write_json(run, wanted)

    def read(self) -> list[Outcome]:
        """Give what was finished before, in the order in which it was."""
        path = self.folder / _DONE
        if not path.exists():
            return []
        outcomes = []
        for line in path.read_text("utf-8").splitlines():
            try:
                outcomes += [Outcome(**row) for row in json.loads(line)]
            except (ValueError, TypeError):  # the last line of a run that was killed
                continue
        return outcomes

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Keep outcomes, all or none."""
        line = json.dumps([item.public() for item in outcomes], ensure_ascii=False)
        try:
            with (self.folder / _DONE).open("a", encoding="utf-8") as stream:
                if stream.tell() and not self._ends_whole():
                    stream.write("\n")
                stream.write(line + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise StorageError(
                f"could not write {self.folder / _DONE}: {error.strerror or error}",
                remedy="free some space, then run the same command again",
            ) from error

    def _ends_whole(self) -> bool:
        with (self.folder / _DONE).open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"


def _check_same(found: dict[str, Any], wanted: dict[str, Any], output: Path) -> None:
    for name, what in (
        ("made_by", "something else"),
        ("secret_check", "results under another secret"),
        ("settings", "results of other settings"),
        ("version", "results of another version of Osteon"),
    ):
        if found.get(name) != wanted[name]:
            raise UsageError(
                f"the output folder {output} holds {what}",
                remedy="name a folder that is empty, or use the settings it was made with",
            )
