"""The card of a classifier: classes, the way from film to input, operating points."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from osteon.core.labels import LabelSet
from osteon.core.settings import Settings
from osteon.models.card import Card, Metric, preprocessing_hash
from osteon.pixels.render import RENDER_HASH

__all__ = [
    "CROP_VERSION",
    "BoxFactor",
    "Calibrator",
    "CalibratorKind",
    "ClassifierCard",
    "ConformalQuantiles",
    "LabelCard",
    "OperatingPoint",
    "Preprocessing",
]

#: A size of the box at which a hip is cut out, as a factor.
BoxFactor = Annotated[float, Field(gt=0.2, lt=5)]
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
    box_factors
        Sizes of the box, as factors, at which a hip is classified; the probabilities are averaged,
        and thresholds and calibration are those of the average.
    """

    render_version: str
    crop_version: str
    film_side_px: int = Field(gt=0)
    classifier_size_px: int = Field(gt=0)
    box_growth: float = Field(gt=0, allow_inf_nan=False)
    gate_size_px: int | None = Field(default=None, gt=0)
    mirrored: Literal["left_hips", "none"] = "left_hips"
    box_factors: tuple[BoxFactor, ...] = Field((1.0,), min_length=1)


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


class ClassifierCard(Card):
    """The card of a package that finds hips on films and sorts them into classes.

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown or missing, the preprocessing's hash is wrong, or an operating
        point or conformal quantile names a class that the labels do not have.
    """

    kind: Literal["classifier"] = "classifier"
    labels: LabelCard
    preprocessing: Preprocessing
    preprocessing_hash: str
    operating_points: tuple[OperatingPoint, ...] = ()
    calibrator: Calibrator | None = None
    conformal: ConformalQuantiles | None = None
    gate_thresholds: dict[str, float] = Field(default_factory=dict)

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

    def versions(self) -> Mapping[str, tuple[str, str]]:
        """Give the versions of the way from a film to a network's input."""
        own = self.preprocessing
        return {
            "render": (own.render_version, RENDER_HASH),
            "crop": (own.crop_version, CROP_VERSION),
        }
