"""What the card of every model package says, whatever kind of model it holds."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from osteon._version import __version__
from osteon.core.manifest import fingerprint
from osteon.core.records import Estimate
from osteon.core.settings import Settings

__all__ = [
    "FORMAT",
    "Card",
    "Metric",
    "PartCard",
    "TrainingData",
    "film_set_hash",
    "preprocessing_hash",
]

FORMAT = 1


class PartCard(Settings):
    """One network of the package: its architecture as data, and how its weights are kept."""

    kind: str
    spec: dict[str, Any]
    parameters: int = Field(ge=0)
    dtype: Literal["float16", "float32"] = "float32"
    onnx_parity_max_abs: float | None = Field(default=None, ge=0)


class TrainingData(Settings):
    """What the weights were fitted on.

    ``film_hashes_sha256`` is the hash of the card's ``inputs_file``, the sorted SHA-256 of every
    film (or CT volume) used in training or tuning; ``counts`` maps e.g. ``"training patients"``
    to a number.
    """

    summary: str
    counts: dict[str, int]
    film_hashes_sha256: str
    data_hash: str
    sources: tuple[str, ...] = ()


class Metric(Settings):
    """A number with its interval, as ``core.records.Estimate`` but JSON: NaN is ``None``."""

    name: str
    subset: str
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = Field(default=0.95, gt=0, lt=1)
    method: str = ""
    n: int = Field(default=0, ge=0)
    reason: str | None = None

    @classmethod
    def of(cls, name: str, subset: str, estimate: Estimate) -> "Metric":
        """Write an estimate down."""
        numbers = [
            None if math.isnan(number) else float(number)
            for number in (estimate.value, estimate.low, estimate.high)
        ]
        return cls(
            name=name,
            subset=subset,
            value=numbers[0],
            low=numbers[1],
            high=numbers[2],
            level=estimate.level,
            method=estimate.method,
            n=estimate.n,
            reason=estimate.reason,
        )

    def formatted(self, digits: int = 3) -> str:
        """Write ``value (low, high)``; nothing known is an en dash."""
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} ({self.low:.{digits}f}, {self.high:.{digits}f})"


class Card(Settings):
    """What a package says about itself; each kind adds its own, and ``files`` comes with writing.

    ``inputs_file`` names the package's list of the hashes of what the model was trained on.
    """

    inputs_file: ClassVar[str] = "training_films.json"

    format: Literal[1] = 1
    kind: str
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+([a-z0-9.+-]*)$")
    synthetic: bool
    recipe: str
    osteon_version: str = __version__
    parts: dict[str, PartCard]
    training_data: TrainingData
    metrics: tuple[Metric, ...] = ()
    intended_use: str
    known_failures: tuple[str, ...]
    licence: str
    files: dict[str, str] = Field(default_factory=dict)

    @abstractmethod
    def versions(self) -> Mapping[str, tuple[str, str]]:
        """Give the versions of what feeds the networks: the card's, and this Osteon's."""


def preprocessing_hash(preprocessing: Settings) -> str:
    """SHA-256 of a preprocessing, independent of the order of its fields."""
    return fingerprint(preprocessing.resolved())


def film_set_hash(content_hashes: tuple[str, ...]) -> str:
    """SHA-256 of a set of films, given the SHA-256 of each."""
    return fingerprint(sorted(set(content_hashes)))
