"""The input gate: whether a film is read at all, and what must be known with the result.

What header and image tell without a model comes from :mod:`osteon.pixels.quality`; a small network
adds body part, view and hardware, because headers lie or are empty. A refusal is a value with
reasons. Hardware is a flag, never a refusal: two of the six classes are hardware.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax

from osteon.models.gate_spec import GateSpec
from osteon.models.letterbox import letterbox
from osteon.prediction.runtime import Runner

__all__ = [
    "DEFAULT_THRESHOLDS",
    "Finding",
    "GateAnswer",
    "GateDecision",
    "GateNote",
    "ask_gate",
    "decide",
]

DEFAULT_THRESHOLDS: Mapping[str, float] = {
    "hip": 0.5,
    "cross_table_lateral": 0.5,
    "hardware": 0.5,
}
_OTHER_BODY_PART = "header_names_other_body_part"
_REFUSED_VIEW = "cross_table_lateral"
_NO_VIEW = "other"
_LIKELIER = 0.5  # wanted of a film that header or view speaks against


class Finding(Protocol):
    """What :func:`osteon.pixels.quality.assess` finds."""

    @property
    def code(self) -> str:
        """Stable code in snake_case."""

    @property
    def severity(self) -> str:
        """``refuse`` or ``flag``."""

    @property
    def detail(self) -> str:
        """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class GateNote:
    """A reason or a flag: a stable code in snake_case, and a sentence for a person."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What the network says of a film; probabilities in [0, 1].

    ``view_probabilities`` has one number for each view and sums to 1.
    """

    hip_probability: float
    view_probabilities: Mapping[str, float]
    hardware_probability: float

    @property
    def view(self) -> str:
        """The likeliest view."""
        return max(self.view_probabilities, key=lambda name: self.view_probabilities[name])


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether a film is read.

    Parameters
    ----------
    accepted
        Read it.
    reasons
        Why not; empty when accepted.
    flags
        What the reader of the result must know.
    view
        The likeliest view, or ``None`` without a network.
    answer
        What the network said, or ``None`` without one.
    """

    accepted: bool
    reasons: tuple[GateNote, ...]
    flags: tuple[GateNote, ...]
    view: str | None
    answer: GateAnswer | None


def ask_gate(films: Sequence[NDArray[np.float32]], run: Runner, spec: GateSpec) -> list[GateAnswer]:
    """Ask the network about films.

    Parameters
    ----------
    films
        float32 (rows, columns) in [0, 1], each of its own shape.
    run
        The network, from :func:`osteon.prediction.runtime.runner`.
    spec
        Its architecture.
    """
    if not films:
        return []
    squares = [
        letterbox(torch.from_numpy(np.array(film, np.float32))[None, None], spec.image_size_px)[0]
        for film in films
    ]
    logits = run(torch.cat(squares).numpy())[0].astype(np.float64)
    return [_answer(row, spec.views) for row in logits]


def decide(
    findings: Sequence[Finding],
    answer: GateAnswer | None,
    thresholds: Mapping[str, float] | None = None,
) -> GateDecision:
    """Decide on a film.

    Parameters
    ----------
    findings
        From :func:`osteon.pixels.quality.assess`, of header and image.
    answer
        From :func:`ask_gate`; ``None`` without a network, when a header that names another body
        part decides. With a network the picture overrules the header, which may lie: such a film,
        and one of no view of a hip, is refused only where a hip is less likely than not.
    thresholds
        ``hip``: below it the film is not of a hip; ``cross_table_lateral`` and ``hardware``: at
        or above it, it is. From the package, where they were chosen on tuning data.
    """
    limits = {**DEFAULT_THRESHOLDS, **(thresholds or {})}
    reasons = [GateNote(f.code, f.detail) for f in findings if f.severity == "refuse"]
    flags = [GateNote(f.code, f.detail) for f in findings if f.severity == "flag"]
    doubts = [note.detail for note in flags if note.code == _OTHER_BODY_PART]
    if answer is None:
        reasons += [_not_a_hip(detail) for detail in doubts]
    else:
        reasons += _against(answer, limits, doubts)
        if answer.hardware_probability >= limits["hardware"]:
            share, limit = answer.hardware_probability, limits["hardware"]
            detail = f"metal is possible (P = {share:.2f}, said from {limit:.2f} on)"
            flags.append(GateNote("hardware", detail))
    return GateDecision(
        accepted=not reasons,
        reasons=tuple(reasons),
        flags=tuple(flags),
        view=None if answer is None else answer.view,
        answer=answer,
    )


def _against(
    answer: GateAnswer, limits: Mapping[str, float], doubts: Sequence[str]
) -> list[GateNote]:
    if answer.view == _NO_VIEW:
        doubts = (*doubts, "no view of a hip is as likely as none")
    wanted = max(limits["hip"], _LIKELIER if doubts else 0.0)
    if answer.hip_probability < wanted:
        found = f"P(hip or pelvis) is {answer.hip_probability:.2f}, wanted {wanted:.2f}"
        return [_not_a_hip("; ".join((found, *doubts)))]
    lateral = answer.view_probabilities.get(_REFUSED_VIEW, 0.0)
    if lateral < limits[_REFUSED_VIEW]:
        return []
    detail = (
        f"looks like a cross-table lateral (P = {lateral:.2f}); the model was made for AP pelvis,"
        " AP hip and frog-leg views"
    )
    return [GateNote("view_not_supported", detail)]


def _not_a_hip(detail: str) -> GateNote:
    return GateNote("not_a_hip", f"does not look like a hip or pelvis: {detail}")


def _answer(logits: NDArray[np.float64], views: tuple[str, ...]) -> GateAnswer:
    shares = softmax(logits[1:-1])
    return GateAnswer(
        hip_probability=float(expit(logits[0])),
        view_probabilities=dict(zip(views, shares.tolist(), strict=True)),
        hardware_probability=float(expit(logits[-1])),
    )
