"""How a reference standard is made, as data: which evidence counts before which, and why not.

Later evidence (an operation, CT, MRI, follow-up) goes before the film in the order of the rules;
the film's annotators decide the rest by a rule of consensus.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from osteon.core.labels import LabelSet
from osteon.core.settings import Settings
from osteon.core.spelling import plain_name
from osteon.errors import SettingsError

__all__ = ["Consensus", "EvidenceRule", "ReferencePlan", "ReferenceSettings"]

Consensus = Literal["majority", "adjudicator", "senior"]
_NO_FINDINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """One source of later evidence and what it decides.

    Parameters
    ----------
    name
        Code in snake_case, as it stands in the reference standard.
    source
        The source whose findings it takes, e.g. ``operation``.
    window_days
        Earliest and latest day after the film, both included; evidence outside is not used.
    warning
        What to bear in mind of every hip it decides.
    findings
        Class of each finding, e.g. of an implant; empty where findings are classes themselves.
    never_over
        Classes on the film that it leaves alone: an implant that was there before.

    Raises
    ------
    SettingsError
        If the window is reversed or begins before the film.
    """

    name: str
    source: str
    window_days: tuple[int, int]
    warning: str
    findings: Mapping[str, str] = field(default_factory=lambda: _NO_FINDINGS)
    never_over: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        first, last = self.window_days
        if not 0 <= first <= last:
            raise SettingsError(
                f"rule {self.name}: window {self.window_days} days, wanted 0 <= first <= last:"
                " evidence from before the film says nothing of it"
            )

    def label_of(self, finding: str, label_set: LabelSet) -> str | None:
        """Class that a finding stands for; ``None`` when the rule does not know it."""
        if not self.findings:
            return label_set.find(finding)
        known = {plain_name(name): label for name, label in self.findings.items()}
        return known.get(plain_name(finding))


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """The rules of a recipe, the first that applies decides; else the annotators of the film.

    Parameters
    ----------
    rules
        Sources of later evidence, the most trusted first.
    film_warning
        What to bear in mind of hips that the film alone decides.

    Raises
    ------
    SettingsError
        If two rules have one name or one source.
    """

    rules: tuple[EvidenceRule, ...]
    film_warning: str

    def __post_init__(self) -> None:
        for names in ([r.name for r in self.rules], [r.source for r in self.rules]):
            if len(set(names)) != len(names):
                raise SettingsError(f"two rules of evidence share a name or source: {names}")

    def rule_of(self, source: str) -> EvidenceRule | None:
        """Rule that takes a source; ``None`` where there is none."""
        return next((rule for rule in self.rules if rule.source == source), None)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types, for a manifest."""
        rules = [
            {
                "name": rule.name,
                "source": rule.source,
                "window_days": list(rule.window_days),
                "findings": dict(rule.findings),
                "never_over": list(rule.never_over),
                "warning": rule.warning,
            }
            for rule in self.rules
        ]
        return {"rules": rules, "film_warning": self.film_warning}


class ReferenceSettings(Settings):
    """What a user sets of the reference standard.

    Parameters
    ----------
    evidence
        CSV or Excel files of later evidence; relative ones count from the study folder.
    consensus
        How annotators of a film who disagree are brought together: ``majority`` of them,
        ``adjudicator`` (a person decides every disagreement), or ``senior``.
    senior
        The annotator whose answer counts under ``senior``.
    min_annotators
        Films with fewer annotators stay undecided.
    """

    evidence: tuple[str, ...] = ()
    consensus: Consensus = "adjudicator"
    senior: str = ""
    min_annotators: int = 1
