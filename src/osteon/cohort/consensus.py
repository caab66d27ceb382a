"""What the annotators of a film say together: majority, a senior, or nothing without a judge."""

from collections import Counter
from dataclasses import dataclass

from osteon.cohort.evidence_rules import ReferenceSettings
from osteon.core.spelling import plain_name

__all__ = ["Answer", "Verdict", "agree"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One annotator's class for a hip on a film, and what that label rests on."""

    annotator: str
    label: str
    label_source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, by whom and by which rule; no label when nothing was, and why."""

    label: str | None
    rule: str
    decided_by: str
    label_source: str = "film"


def agree(answers: tuple[Answer, ...], settings: ReferenceSettings) -> Verdict:
    """Bring the answers to one hip together.

    Rules: ``single_annotator``, ``unanimous``, ``majority`` (more than half), ``senior``. Without
    a verdict the rule is the reason: ``annotator_missing`` (fewer than wanted),
    ``annotators_disagree``, ``tie`` (no class has more than half), ``senior_missing``.

    Examples
    --------
    >>> answers = tuple(Answer(who, label, "film") for who, label in ["ax", "bx", "cy"])
    >>> agree(answers, ReferenceSettings(consensus="majority")).label
    'x'
    """
    if len(answers) < max(settings.min_annotators, 1):
        return Verdict(None, "annotator_missing", _names(answers))
    label, votes = Counter(answer.label for answer in answers).most_common(1)[0]
    if votes == len(answers):
        return _verdict(answers, label, "unanimous" if votes > 1 else "single_annotator")
    if settings.consensus == "majority":
        if 2 * votes > len(answers):
            return _verdict(answers, label, "majority")
        return Verdict(None, "tie", _names(answers))
    if settings.consensus == "senior":
        senior = plain_name(settings.senior)
        own = [answer for answer in answers if plain_name(answer.annotator) == senior]
        if own:
            return Verdict(own[0].label, "senior", own[0].annotator, own[0].label_source)
        return Verdict(None, "senior_missing", _names(answers))
    return Verdict(None, "annotators_disagree", _names(answers))


def _verdict(answers: tuple[Answer, ...], label: str, rule: str) -> Verdict:
    own = tuple(answer for answer in answers if answer.label == label)
    sources = sorted({answer.label_source for answer in own})
    return Verdict(label, rule, _names(own), "+".join(sources))


def _names(answers: tuple[Answer, ...]) -> str:
    return ", ".join(sorted(answer.annotator for answer in answers))
