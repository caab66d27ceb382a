"""What ran, on what, with which settings: every stage leaves one, and skips when it still holds."""

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from osteon._version import __version__
from osteon.core.files import hash_bytes, read_json, write_json
from osteon.errors import StudyError

__all__ = ["Manifest", "Stopwatch", "fingerprint", "installed_versions"]

_LIBRARIES = (
    "numpy", "scipy", "pandas", "pydicom", "numba", "scikit-image",
    "torch", "torchvision", "timm", "accelerate", "onnxruntime",
)  # fmt: skip


def installed_versions() -> dict[str, str]:
    """Versions of the libraries that can move a number; absent ones are left out."""
    found = {"osteon": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fingerprint(value: Any) -> str:
    """Hash of a JSON-like value, independent of the order of its keys."""
    return hash_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode())


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record a stage leaves beside its results.

    ``inputs`` maps a name to the hash of what was read, ``settings`` is the resolved
    configuration, ``counts`` what came in and went out, ``wall_time_s`` the time taken.
    """

    stage: str
    inputs: Mapping[str, str]
    settings: Mapping[str, Any]
    seed: int | None
    counts: Mapping[str, int]
    wall_time_s: float
    synthetic: bool
    versions: Mapping[str, str] = field(default_factory=installed_versions)
    finished_unix_s: float = field(default_factory=time.time)

    @property
    def key(self) -> str:
        """Hash of what decides the result: stage, inputs, settings, seed and Osteon's version."""
        return fingerprint(
            [self.stage, dict(self.inputs), dict(self.settings), self.seed, __version__]
        )

    def write(self, path: Path) -> None:
        """Write the manifest; call it last, so that its presence means the stage finished."""
        write_json(path, {"key": self.key, **asdict(self)})

    @staticmethod
    def read(path: Path) -> dict[str, Any]:
        """Read a manifest as a mapping.

        Raises
        ------
        StudyError
            If there is none: the stage did not run or did not finish.
        """
        if not path.exists():
            raise StudyError(
                f"no manifest at {path}: the stage did not run or did not finish",
                remedy="run the stage again; what is already done is kept",
            )
        content: dict[str, Any] = read_json(path)
        return content

    @staticmethod
    def is_current(
        path: Path,
        stage: str,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any],
        seed: int | None,
    ) -> bool:
        """Whether a finished stage already holds the result of these inputs and settings."""
        if not path.exists():
            return False
        wanted = fingerprint([stage, dict(inputs), dict(settings), seed, __version__])
        return bool(read_json(path).get("key") == wanted)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Elapsed time in seconds."""
        return time.perf_counter() - self._start
