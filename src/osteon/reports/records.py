"""What an evaluation holds: measures, curves, tables; frozen, and as JSON and CSV."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from osteon.core.records import Curve, Estimate, TestResult
from osteon.reports.json_parts import (
    curve_from_json,
    curve_to_json,
    estimate_from_json,
    plain,
    result_from_json,
)

__all__ = [
    "ALL_CASES",
    "Confusion",
    "Counts",
    "Evaluation",
    "FrozenThreshold",
    "Histogram",
    "Measure",
    "NamedCurve",
    "NamedTest",
    "Series",
]

ALL_CASES = "all"


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """Which predictor on which patients: ``box_source`` says whose boxes were classified.

    ``predictor`` is ``model``, ``header`` or ``thumbnail``.
    """

    subset: str
    predictor: str
    box_source: str

    @property
    def key(self) -> str:
        """The three words joined, for file names."""
        return f"{self.subset}-{self.predictor}-{self.box_source}"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with both of its intervals.

    Parameters
    ----------
    series
        What was measured.
    id
        Which measure, e.g. ``binary.sensitivity`` or ``class.auroc.arthroplasty``.
    one_image
        By Krogue's bootstrap: one random image of each patient, then patients.
    whole_patient
        By drawing whole patients with all their images.
    group
        ``all``, or the subgroup as ``column=value``.
    """

    series: Series
    id: str
    one_image: Estimate
    whole_patient: Estimate
    group: str = ALL_CASES


@dataclass(frozen=True, slots=True, eq=False)
class NamedCurve:
    """A curve and what it is of, e.g. ``roc.positive`` or ``calibration.positive``."""

    series: Series
    id: str
    curve: Curve


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test and what it compares, e.g. ``kappa_difference.binary``."""

    subset: str
    id: str
    result: TestResult


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of hips: a row for every reference class, a column for every class called.

    The last column counts the hips that were missed by the detector.
    """

    series: Series
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of a value between edges: ``counts`` (k,) for ``edges`` (k + 1,).

    ``id`` is ``iou``, or ``score.positive`` and ``score.negative`` for the summed probability of
    hips with and without a positive class.
    """

    series: Series
    id: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many patients, films and hips on films a subset has, and how many of each class."""

    subset: str
    patients: int
    films: int
    cases: int
    by_class: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FrozenThreshold:
    """A threshold chosen on tuning data.

    Parameters
    ----------
    name
        What the threshold is called, e.g. ``suspicious`` or ``youden``.
    score
        What it cuts: ``positive`` (summed over the positive classes) or a class.
    threshold
        A score at least as high is called positive, in [0, 1].
    rule
        How it was chosen, e.g. ``closest_to_corner``.
    chosen_on
        The data it was chosen on, in words.
    predictor
        Whose scores it cuts.
    target
        The sensitivity or specificity asked for, where the rule has one.

    Raises
    ------
    ValueError
        If the threshold is not a number.
    """

    name: str
    score: str
    threshold: float
    rule: str
    chosen_on: str
    predictor: str = "model"
    target: float | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.threshold):
            raise ValueError(f"operating point {self.name}: the threshold is not a number")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All numbers of a report: computed once, read by tables, figures and pages.

    ``is_synthetic`` says whether any patient is synthetic; ``settings`` are the resolved ones.
    """

    classes: tuple[str, ...]
    titles: tuple[str, ...]
    positive: tuple[str, ...]
    counts: tuple[Counts, ...]
    measures: tuple[Measure, ...]
    confusions: tuple[Confusion, ...]
    curves: tuple[NamedCurve, ...]
    histograms: tuple[Histogram, ...]
    tests: tuple[NamedTest, ...]
    thresholds: tuple[FrozenThreshold, ...]
    seed: int
    settings: Mapping[str, Any]
    is_synthetic: bool

    @property
    def subsets(self) -> tuple[str, ...]:
        """The evaluated subsets, the internal one first."""
        return tuple(item.subset for item in self.counts)

    @property
    def series(self) -> tuple[Series, ...]:
        """Every predictor on every subset, in the order they were measured."""
        return tuple(dict.fromkeys(measure.series for measure in self.measures))

    @property
    def own_class(self) -> str | None:
        """The hard class that is reported by itself, or ``None``."""
        name = self.settings.get("own_class")
        return str(name) if name in self.classes else None

    def title(self, name: str) -> str:
        """How a class is written for a reader."""
        return self.titles[self.classes.index(name)]

    def find(self, series: Series, measure_id: str, group: str = ALL_CASES) -> Measure | None:
        """Give the measure of a series, or ``None`` when it was not measured."""
        for measure in self.measures:
            if (measure.series, measure.id, measure.group) == (series, measure_id, group):
                return measure
        return None

    def curve(self, series: Series, curve_id: str) -> Curve | None:
        """Give a curve of a series, or ``None``."""
        for item in self.curves:
            if (item.series, item.id) == (series, curve_id):
                return item.curve
        return None

    def measures_table(self) -> pd.DataFrame:
        """Every measure as a row; proportions in [0, 1]."""
        return pd.DataFrame([_row(measure) for measure in self.measures])

    def to_json(self) -> dict[str, Any]:
        """As JSON types; not-a-number becomes null, infinite thresholds become text."""
        return {
            **plain({name: getattr(self, name) for name in _PLAIN_FIELDS}),
            "measures": [plain(asdict(item)) for item in self.measures],
            "curves": [_curve_to_json(item) for item in self.curves],
            "tests": [plain(asdict(item)) for item in self.tests],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Evaluation":
        """Read what :meth:`to_json` gave."""
        return cls(
            classes=tuple(content["classes"]),
            titles=tuple(content["titles"]),
            positive=tuple(content["positive"]),
            counts=tuple(Counts(**item) for item in content["counts"]),
            measures=tuple(_measure(item) for item in content["measures"]),
            confusions=tuple(_confusion(item) for item in content["confusions"]),
            curves=tuple(_curve_from_json(item) for item in content["curves"]),
            histograms=tuple(_histogram(item) for item in content["histograms"]),
            tests=tuple(_test(item) for item in content["tests"]),
            thresholds=tuple(_threshold(item) for item in content["thresholds"]),
            seed=content["seed"],
            settings=content["settings"],
            is_synthetic=content["is_synthetic"],
        )


_PLAIN_FIELDS = (
    "is_synthetic", "seed", "classes", "titles", "positive", "settings",
    "counts", "thresholds", "confusions", "histograms",
)  # fmt: skip
_Bootstrap = Literal["one_image", "whole_patient"]


def _row(measure: Measure) -> dict[str, Any]:
    row: dict[str, Any] = {**asdict(measure.series), "group": measure.group, "measure": measure.id}
    names: tuple[_Bootstrap, ...] = ("one_image", "whole_patient")
    for name in names:
        estimate: Estimate = getattr(measure, name)
        row |= {f"{name}_{part}": getattr(estimate, part) for part in ("value", "low", "high")}
    return row | {"n": measure.whole_patient.n, "reason": measure.whole_patient.reason or ""}


def _measure(item: Mapping[str, Any]) -> Measure:
    return Measure(
        Series(**item["series"]),
        item["id"],
        estimate_from_json(item["one_image"]),
        estimate_from_json(item["whole_patient"]),
        item["group"],
    )


def _confusion(item: Mapping[str, Any]) -> Confusion:
    counts = tuple(tuple(row) for row in item["counts"])
    return Confusion(Series(**item["series"]), tuple(item["classes"]), counts)


def _histogram(item: Mapping[str, Any]) -> Histogram:
    return Histogram(
        Series(**item["series"]), item["id"], tuple(item["edges"]), tuple(item["counts"])
    )


def _threshold(item: Mapping[str, Any]) -> FrozenThreshold:
    return FrozenThreshold(**{**item, "threshold": float(item["threshold"])})


def _test(item: Mapping[str, Any]) -> NamedTest:
    return NamedTest(item["subset"], item["id"], result_from_json(item["result"]))


def _curve_to_json(item: NamedCurve) -> dict[str, Any]:
    return {"series": asdict(item.series), "id": item.id, **curve_to_json(item.curve)}


def _curve_from_json(item: Mapping[str, Any]) -> NamedCurve:
    return NamedCurve(Series(**item["series"]), item["id"], curve_from_json(item))
