"""What a reading says: one record per film, one per hip, as plain JSON."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box
from osteon.core.labels import LabelSet
from osteon.models.card_classifier import ClassifierCard
from osteon.models.detector import HipDetection
from osteon.prediction.calibration import calibrate, positive_probability
from osteon.prediction.conformal import prediction_set
from osteon.prediction.gate import GateDecision
from osteon.prediction.thresholds import (
    DEFINITE,
    NONDISPLACED_POSSIBLE,
    SUSPICIOUS,
    is_nondisplaced_possible,
)

__all__ = [
    "NONDISPLACED_ADVICE",
    "OPERATIVE_GROUPS",
    "CtOrFilm",
    "FilmReading",
    "HipReading",
    "Note",
    "Status",
    "gate_json",
    "hip_reading",
    "reading_from_json",
    "short_names",
]

Status = Literal["read", "refused", "unreadable"]
NONDISPLACED_ADVICE = "nondisplaced neck fracture possible: suggest CT or MRI"
#: The operation each class is treated with in Krogue et al. 2020, which is why they are classes.
OPERATIVE_GROUPS: Mapping[str, str] = {
    "nondisplaced_femoral_neck": "cannulated screws",
    "displaced_femoral_neck": "arthroplasty",
    "intertrochanteric": "cephalomedullary nail",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A reason, flag or warning: a stable code and a sentence."""

    code: str
    detail: str


class CtOrFilm(Protocol):
    """A record of a reading, of a film or of a CT: a data class."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def files(self) -> tuple[str, ...]:
        """What was written, relative to the folder of all readings."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""


@dataclass(frozen=True, slots=True)
class HipReading:
    """What the model says of one hip.

    Parameters
    ----------
    laterality
        ``L`` or ``R``, of the patient.
    box_px
        (x_min, y_min, x_max, y_max) in pixels of the stored image.
    detection_score
        In [0, 1].
    probabilities
        Calibrated, one for each class, summing to 1.
    probability_fracture, probability_no_fracture
        Sums over the fracture classes and over the others.
    top_two
        The two likeliest classes, likeliest first.
    operative_group
        The operation that follows from the likeliest class; ``None`` where it is no fracture.
    suspicious, definite
        Whether P(fracture) reaches the operating point; ``None`` when the package has none.
    nondisplaced_possible
        The paper's flag: suggest CT or MRI.
    prediction_set
        Classes that cannot be ruled out (conformal); ``None`` when the package has no quantiles.
    heat_map_of
        Classes whose log-odds the heat map explains.
    """

    laterality: str
    box_px: tuple[float, float, float, float]
    detection_score: float
    probabilities: dict[str, float]
    probability_fracture: float
    probability_no_fracture: float
    top_two: tuple[str, str]
    operative_group: str | None
    suspicious: bool | None
    definite: bool | None
    nondisplaced_possible: bool
    prediction_set: tuple[str, ...] | None
    heat_map_of: tuple[str, ...]

    @property
    def box(self) -> Box:
        """The box in the stored image."""
        return Box(*self.box_px)


@dataclass(frozen=True, slots=True)
class FilmReading:
    """What became of one file.

    ``status`` is ``read``, ``refused`` (by the gate) or ``unreadable``; ``reasons`` says why it
    was not read. ``files`` names what was written, relative to the folder of all readings.
    """

    source: str
    status: Status
    reasons: tuple[Note, ...] = ()
    flags: tuple[Note, ...] = ()
    content_hash: str = ""
    sop_instance_uid: str = ""
    rows: int | None = None
    columns: int | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    view: str | None = None
    gate: dict[str, Any] | None = None
    hips: tuple[HipReading, ...] = ()
    rendering: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def hip_reading(
    detection: HipDetection, box: Box, logits: NDArray[np.float64], card: ClassifierCard
) -> HipReading:
    """Turn a classifier's logits into what is said of a hip.

    Parameters
    ----------
    detection
        The detector's answer.
    box
        Its box in pixels of the stored image.
    logits
        float64 (k,).
    card
        Calibrator, operating points and conformal quantiles come from here.
    """
    label_set = card.labels.label_set()
    probabilities = calibrate(logits[None], card.calibrator, label_set)[0]
    fracture = float(positive_probability(probabilities[None], label_set)[0])
    order = np.argsort(-probabilities, kind="stable")
    top = label_set.classes[int(order[0])]
    suspicious = _reaches(card, SUSPICIOUS, fracture)
    flag = card.operating_point(NONDISPLACED_POSSIBLE)
    return HipReading(
        laterality=str(detection.laterality),
        box_px=box.as_tuple(),
        detection_score=detection.score,
        probabilities=dict(zip(label_set.classes, probabilities.tolist(), strict=True)),
        probability_fracture=fracture,
        probability_no_fracture=float(1 - fracture),
        top_two=(top, label_set.classes[int(order[1])]),
        operative_group=OPERATIVE_GROUPS.get(top),
        suspicious=suspicious,
        definite=_reaches(card, DEFINITE, fracture),
        nondisplaced_possible=is_nondisplaced_possible(probabilities, flag, label_set),
        prediction_set=prediction_set(probabilities, card.conformal, label_set)
        if card.conformal
        else None,
        heat_map_of=_explained(top, bool(suspicious), label_set),
    )


def gate_json(decision: GateDecision) -> dict[str, Any] | None:
    """Give the gate network's answer as JSON, ``None`` without a network."""
    return None if decision.answer is None else asdict(decision.answer)


def reading_from_json(content: Mapping[str, Any]) -> FilmReading:
    """Build a reading again from what :meth:`FilmReading.as_json` gave.

    Raises
    ------
    KeyError, TypeError
        If it is not such a record.
    """
    values = dict(content)
    for name in ("reasons", "flags"):
        values[name] = tuple(Note(**note) for note in values[name])
    values["hips"] = tuple(_hip_from_json(hip) for hip in values["hips"])
    for name in ("rendering", "files"):
        values[name] = tuple(values[name])
    if values["pixel_spacing_mm"] is not None:
        values["pixel_spacing_mm"] = tuple(values["pixel_spacing_mm"])
    return FilmReading(**values)


def short_names(sources: Sequence[str]) -> list[str]:
    """Leave out of the paths what all of them share; file names alone may repeat.

    Examples
    --------
    >>> short_names(["/data/a/1.dcm", "/data/b/1.dcm"])
    ['a/1.dcm', 'b/1.dcm']
    """
    if len(set(sources)) < 2:
        return [Path(source).name for source in sources]
    paths = [os.path.abspath(source) for source in sources]
    shared = os.path.commonpath([os.path.dirname(path) for path in paths])
    return [os.path.relpath(path, shared) for path in paths]


def _hip_from_json(content: Mapping[str, Any]) -> HipReading:
    values = dict(content)
    for name in ("box_px", "top_two", "heat_map_of", "prediction_set"):
        values[name] = None if values[name] is None else tuple(values[name])
    return HipReading(**values)


def _reaches(card: ClassifierCard, name: str, probability: float) -> bool | None:
    point = card.operating_point(name)
    return None if point is None else probability >= point.threshold


def _explained(top: str, suspicious: bool, label_set: LabelSet) -> tuple[str, ...]:
    if suspicious or top in label_set.positive:
        return tuple(name for name in label_set.classes if name in label_set.positive)
    return (top,)
