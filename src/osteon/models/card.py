"""The model card: everything a package says about itself, as checked JSON."""

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from osteon._version import __version__
from osteon.core.labels import LabelSet
from osteon.core.manifest import fingerprint
from osteon.core.records import Estimate
from osteon.core.settings import Settings
from osteon.errors import PackageError

__all__ = [
    "CROP_VERSION",
    "FORMAT",
    "Calibrator",
    "Card",
    "ConformalQuantiles",
    "LabelCard",
    "Metric",
    "OperatingPoint",
    "PartCard",
    "Preprocessing",
    "TrainingData",
    "card_from_json",
    "film_set_hash",
    "preprocessing_hash",
]

FORMAT = 1
CROP_VERSION = "1"  # raise it when prediction.crops or pixels.crop gives other pixels


class LabelCard(Settings):
    """The label set a model answers in; the fields are those of ``core.labels.LabelSet``."""

    name: str
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    titles: tuple[str, ...]
    scale: Literal["nominal", "ordinal"] = "nominal"

    @classmethod
    def of(cls, labels: LabelSet) -> "LabelCard":
        """Write a label set down."""
        positive = tuple(name for name in labels.classes if name in labels.positive)
        return cls(
            name=labels.name,
            classes=labels.classes,
            positive=positive,
            titles=labels.titles,
            scale=labels.scale,
        )

    def label_set(self) -> LabelSet:
        """Make the label set again."""
        return LabelSet(
            self.name, self.classes, frozenset(self.positive), self.titles, scale=self.scale
        )


class Preprocessing(Settings):
    """What happens between the stored film and a network's input.

    Parameters
    ----------
    render_version
        Version of ``pixels.render``: the way from stored values to grey values.
    crop_version
        :data:`CROP_VERSION`: the way from a film and a box to the classifier's square.
    film_side_px
        Longer side of the prepared film, in pixels, from which detector and crops are fed.
    classifier_size_px
        Side of the classifier's square input, in pixels.
    box_growth
        Factor by which a box is scaled about its centre before it is cut out.
    gate_size_px
        Side of the square the gate sees; ``None`` without a learned gate.
    mirrored
        Which hips are mirrored so that all look alike.
    """

    render_version: str
    crop_version: str
    film_side_px: int = Field(gt=0)
    classifier_size_px: int = Field(gt=0)
    box_growth: float = Field(gt=0, allow_inf_nan=False)
    gate_size_px: int | None = Field(default=None, gt=0)
    mirrored: Literal["left_hips", "none"] = "left_hips"


class PartCard(Settings):
    """One network of the package: its architecture as data, and how its weights are kept."""

    kind: str
    spec: dict[str, Any]
    parameters: int = Field(ge=0)
    dtype: Literal["float16", "float32"] = "float32"
    onnx_parity_max_abs: float | None = Field(default=None, ge=0)


class TrainingData(Settings):
    """What the weights were fitted on.

    ``film_hashes_sha256`` is the hash of ``training_films.json``, the sorted SHA-256 of every
    film used in training or tuning; ``counts`` maps e.g. ``"training patients"`` to a number.
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


class OperatingPoint(Settings):
    """A threshold with the data it was chosen on.

    Parameters
    ----------
    name
        ``suspicious``, ``definite`` or ``nondisplaced_possible``.
    question
        ``fracture``, or the class whose probability is compared.
    threshold
        Positive when the calibrated probability is at least this, in [0, 1].
    rule
        How it was chosen, e.g. ``"sensitivity at least 0.95"``.
    subset
        Always ``tuning``: an operating point chosen on test data is not one.
    sensitivity, specificity
        On the data it was chosen on.
    """

    name: str
    question: str
    threshold: float = Field(ge=0, le=1)
    rule: str
    subset: Literal["tuning"] = "tuning"
    sensitivity: Metric
    specificity: Metric
    n_cases: int = Field(ge=0)
    n_patients: int = Field(ge=0)


CalibratorKind = Literal["temperature", "vector", "platt", "isotonic"]


class Calibrator(Settings):
    """From logits to calibrated probabilities; see :mod:`osteon.prediction.calibration`.

    ``temperature`` and ``vector``: softmax(scale · logits + bias), one scale and bias a class.
    ``platt``: one scale and bias on the log-odds of the positive group, classes in proportion.
    ``isotonic``: the positive group's probability at ``knots`` of its log-odds, linear between
    them, constant beyond; classes in proportion; no scale, no bias.
    """

    kind: CalibratorKind
    scale: tuple[float, ...] = ()
    bias: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()
    subset: Literal["tuning"] = "tuning"
    log_loss_before: float
    log_loss_after: float
    n_cases: int = Field(ge=1)
    n_patients: int = Field(ge=1)

    @model_validator(mode="after")
    def _knots_rise(self) -> Self:
        if (self.kind == "isotonic") != bool(self.knots):
            raise ValueError("knots belong to an isotonic calibrator, which needs them")
        at, chance = ([knot[axis] for knot in self.knots] for axis in (0, 1))
        if at != sorted(set(at)) or chance != sorted(chance):
            raise ValueError("knots must rise in log-odds and not fall in probability")
        if chance and not 0 < chance[0] <= chance[-1] < 1:
            raise ValueError("probabilities of an isotonic calibrator lie between 0 and 1")
        return self


class ConformalQuantiles(Settings):
    """Split-conformal thresholds by class: a class is in the set when 1 − p ≤ its quantile.

    ``counts`` holds the tuning patients behind each; a quantile of 1 takes the class always,
    which is what too few patients must lead to.
    """

    coverage: float = Field(gt=0, lt=1)
    quantiles: dict[str, float]
    counts: dict[str, int]
    subset: Literal["tuning"] = "tuning"


class Card(Settings):
    """Everything a package says about itself; ``files`` is filled in when it is written.

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown or missing, the preprocessing's hash is wrong, or an operating
        point or conformal quantile names a class that the labels do not have.
    """

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+([a-z0-9.+-]*)$")
    synthetic: bool
    recipe: str
    osteon_version: str = __version__
    labels: LabelCard
    parts: dict[str, PartCard]
    preprocessing: Preprocessing
    preprocessing_hash: str
    training_data: TrainingData
    operating_points: tuple[OperatingPoint, ...] = ()
    calibrator: Calibrator | None = None
    conformal: ConformalQuantiles | None = None
    gate_thresholds: dict[str, float] = Field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    intended_use: str
    known_failures: tuple[str, ...]
    licence: str
    files: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self.labels.label_set()
        wanted = preprocessing_hash(self.preprocessing)
        if self.preprocessing_hash != wanted:
            raise ValueError(f"preprocessing_hash is not that of preprocessing ({wanted[:12]}…)")
        known = {"fracture", *self.labels.classes}
        if wrong := {point.question for point in self.operating_points} - known:
            raise ValueError(f"operating point about {sorted(wrong)[0]!r}, wanted one of {known}")
        if self.conformal and set(self.conformal.quantiles) != set(self.labels.classes):
            raise ValueError("conformal quantiles are not one for every class")
        if self.calibrator:
            wanted_length = {"platt": 1, "isotonic": 0}.get(
                self.calibrator.kind, len(self.labels.classes)
            )
            if {len(self.calibrator.scale), len(self.calibrator.bias)} != {wanted_length}:
                raise ValueError(f"calibrator {self.calibrator.kind} needs {wanted_length} numbers")
        return self

    def operating_point(self, name: str) -> OperatingPoint | None:
        """Find an operating point by its name; ``None`` when the package has none of it."""
        return next((point for point in self.operating_points if point.name == name), None)


def preprocessing_hash(preprocessing: Preprocessing) -> str:
    """SHA-256 of a preprocessing, independent of the order of its fields."""
    return fingerprint(preprocessing.resolved())


def film_set_hash(content_hashes: tuple[str, ...]) -> str:
    """SHA-256 of a set of films, given the SHA-256 of each."""
    return fingerprint(sorted(set(content_hashes)))


def card_from_json(content: Any, *, source: str) -> Card:
    """Build a card from parsed JSON.

    Raises
    ------
    PackageError
        If it is not a card; the message names the package and the first wrong field.
    """
    try:
        return Card.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "card"
        raise PackageError(
            f"{source}: card.json is not a card of format {FORMAT}: {where}: {first['msg']}",
            remedy="get the package again, or build it with this version of Osteon",
        ) from error
