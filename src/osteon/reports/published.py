"""Published numbers a study is laid beside: what ``published.json`` holds, and how it is read.

The file is one JSON object. ``study`` says whose numbers they are; ``values`` is a list of
numbers, each as printed in the paper or derived from what is printed.

====================  =====================================================================
``study.title``       title of the paper
``study.citation``    authors, journal, year, pages
``study.doi``         digital object identifier, without ``https://doi.org/``
``study.data``        one or two sentences on the data, and how they differ from ours
``values[].id``       which of our measures it is, e.g. ``binary.accuracy@automatic``
``values[].quantity`` what it is, in words
``values[].value``    the number; proportions in [0, 1], not per cent
``values[].low/high`` limits of the printed 95 % interval; left out when none is printed
``values[].unit``     ``proportion``, ``auroc``, ``concordance``, ``kappa``, ``iou``, ``count`` or
                      ``years``
``values[].digits``   digits after the point that the paper prints; left out when usual
``values[].n``        observations behind it; left out when not printed
``values[].source``   section, table or figure of the paper
``values[].status``   ``printed``, or ``derived`` by arithmetic that ``note`` shows
``values[].note``     what a careful reader must know; left out when nothing
====================  =====================================================================

An id is a measure of :mod:`osteon.reports.evaluation` (or, with ``@`` and a model's name, of
:mod:`osteon.reports.survival.evaluation`), with ``@manual`` (understood when there
is no ``@``) or ``@automatic`` for the box it was classified from. An id that no measure has (the
readers of a reader study, say) stays in the table as "not measured here".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from osteon.core.files import read_json
from osteon.errors import TableError

__all__ = ["Published", "PublishedValue", "Unit", "load_published"]

Unit = Literal["proportion", "auroc", "concordance", "kappa", "iou", "count", "years"]
_RANGES: dict[str, tuple[float, float]] = {
    "proportion": (0.0, 1.0),
    "auroc": (0.0, 1.0),
    "concordance": (0.0, 1.0),
    "kappa": (-2.0, 2.0),  # differences of two kappas too
    "iou": (0.0, 1.0),
    "count": (0.0, math.inf),
    "years": (0.0, 130.0),
}


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """One published number; the fields are described in the module's table.

    Raises
    ------
    ValueError
        If the unit or status is unknown, a number is outside its unit's range, the interval
        does not hold the value, or a derived value has no note.
    """

    id: str
    quantity: str
    value: float
    source: str
    unit: Unit = "proportion"
    status: Literal["printed", "derived"] = "printed"
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str | None = None
    digits: int | None = None

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ValueError(f"{self.id}: unit {self.unit!r}, wanted one of {get_args(Unit)}")
        if self.status not in {"printed", "derived"}:
            raise ValueError(f"{self.id}: status {self.status!r}, wanted printed or derived")
        if self.status == "derived" and not self.note:
            raise ValueError(f"{self.id}: a derived value needs a note that shows how")
        least, most = _RANGES[self.unit]
        if not least <= self.value <= most:
            raise ValueError(f"{self.id}: {self.value} is not a {self.unit} in [{least}, {most}]")
        if self.digits is not None and self.digits < 0:
            raise ValueError(f"{self.id}: digits are {self.digits}, wanted at least 0")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.id}: wanted both limits or none")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"{self.id}: {self.value} is outside its own interval")

    @property
    def measure_id(self) -> str:
        """The id without the source of the box."""
        return self.id.partition("@")[0]

    @property
    def box_source(self) -> str:
        """Whose boxes: ``manual`` or ``automatic``."""
        return self.id.partition("@")[2] or "manual"


@dataclass(frozen=True, slots=True)
class Published:
    """A paper's numbers and where they come from."""

    title: str
    citation: str
    doi: str
    data: str
    values: tuple[PublishedValue, ...]

    def __post_init__(self) -> None:
        ids = [value.id for value in self.values]
        if len(set(ids)) != len(ids):
            raise ValueError("two published values have one id")


def load_published(path: Path) -> Published:
    """Read and check a recipe's ``published.json``.

    Raises
    ------
    TableError
        If the file is absent or a value does not fit the schema; the message names it.
    """
    if not path.exists():
        raise TableError(f"no published numbers at {path}")
    try:
        return _published(read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"published numbers at {path}: {error}") from error


def _published(content: Mapping[str, Any]) -> Published:
    values = tuple(PublishedValue(**item) for item in content["values"])
    return Published(**content["study"], values=values)
