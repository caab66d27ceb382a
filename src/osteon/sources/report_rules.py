"""Classes from reports by rules, which are data: what is said, of which side, how surely.

What comes out are *weak* labels: what a report says is not what a film shows, and reports miss
the fractures that films hide. They are never a reference standard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from osteon.core.schemas import CERTAINTIES, REPORT_FINDINGS
from osteon.core.settings import Settings, read_settings
from osteon.core.tables import rows_of
from osteon.sources.report_language import Finding, Language, Place, ReportText, load_language
from osteon.sources.report_text import in_force

__all__ = ["ReportRule", "ReportRules", "load_rules", "read_findings"]

Certainty = Literal["affirmed", "uncertain", "negated"]


class ReportRule(Settings):
    """One rule.

    Parameters
    ----------
    name
        What it is called in the tables.
    finding
        Class it gives.
    terms, near, within_words
        Any of the terms with any of ``near`` in the same sentence, at most so many words between;
        ``*`` at the end for words that begin so. Without ``near`` the term alone.
    qualifiers
        One of these must stand in the sentence; none asked when empty.
    unless
        None of these may stand in the sentence.
    when
        Certainties of the finding that count. A class that a *negated* finding gives is affirmed.
    takes_history
        Whether a finding told of the past counts (an implant stays, a fracture heals).
    is_absence
        Whether the class says that there is nothing: it stands only where nothing else does, and
        for every hip where no side is named.
    """

    name: str
    finding: str
    terms: tuple[str, ...] = Field(min_length=1)
    near: tuple[str, ...] = ()
    within_words: int = Field(8, ge=0)
    qualifiers: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    when: tuple[Certainty, ...] = ("affirmed", "uncertain")
    takes_history: bool = False
    is_absence: bool = False


class ReportRules(Settings):
    """Rules in one language; earlier rules outrank later ones of the same certainty."""

    language: str
    rules: tuple[ReportRule, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Said:
    """One finding of one rule in one report."""

    rank: int
    rule: ReportRule
    certainty: str
    laterality: str
    evidence: str


def load_rules(path: Path) -> ReportRules:
    """Read rules from a YAML file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a rule is not right.
    """
    return read_settings(ReportRules, path, "rules")


def read_findings(reports: pd.DataFrame, rules: ReportRules) -> pd.DataFrame:
    """Read the findings of every examination out of its report in force.

    Each side of an examination gets one finding: absences come last, affirmed findings outrank
    uncertain ones, then earlier rules later ones. Both sides get what is said of both; what is
    said of no side stays under ``U``. Reports without an accession cannot be joined with films
    and give nothing.

    Parameters
    ----------
    reports
        Table of reports, every version.
    rules
        The rules.

    Returns
    -------
    Table :data:`osteon.core.schemas.REPORT_FINDINGS`, one row for each side and finding that
    stands.
    """
    language = load_language(rules.language)
    rows = []
    for report in rows_of(in_force(reports)):
        if report["accession_number"] is None:
            continue
        for said in _standing(_said(report, rules, language)):
            rows.append(
                {
                    "accession_number": report["accession_number"],
                    "patient_id": report["patient_id"],
                    "laterality": said.laterality,
                    "finding": said.rule.finding,
                    "certainty": said.certainty,
                    "is_absence": said.rule.is_absence,
                    "rule": said.rule.name,
                    "evidence": said.evidence,
                }
            )
    return REPORT_FINDINGS.checked(pd.DataFrame(rows, columns=list(REPORT_FINDINGS.names)))


def _said(report: Mapping[str, Any], rules: ReportRules, language: Language) -> list[_Said]:
    text = ReportText(report["text"], language)
    examination = report["examination"] or ""
    found = []
    for rank, rule in enumerate(rules.rules):
        others = [place for term in rule.near for place in text.occurrences(term)]
        for place in (place for term in rule.terms for place in text.occurrences(term)):
            other = text.nearest(place, others, rule.within_words) if rule.near else place
            if other is None or not _fits(text, place, other, rule):
                continue
            finding = text.judge(place, other, examination)
            if finding.certainty not in rule.when or (
                finding.is_history and not rule.takes_history
            ):
                continue
            found += _sided(rank, rule, finding, text.snippet(place, other))
    return found


def _fits(text: ReportText, place: Place, other: Place, rule: ReportRule) -> bool:
    sentence = text.sentence_of(place[0])
    if text.sentence_of(other[0]) != sentence:
        return False

    def stands(phrases: Sequence[str]) -> bool:
        return any(
            text.sentence_of(first) == sentence
            for item in phrases
            for first, _ in text.occurrences(item)
        )

    return (not rule.qualifiers or stands(rule.qualifiers)) and not stands(rule.unless)


def _sided(rank: int, rule: ReportRule, finding: Finding, evidence: str) -> list[_Said]:
    certainty = "affirmed" if finding.certainty == "negated" else finding.certainty
    sides = {"B": "LR", "": "U"}.get(finding.laterality, finding.laterality)
    return [_Said(rank, rule, certainty, side, evidence) for side in sides]


def _standing(said: Sequence[_Said]) -> list[_Said]:
    """Keep the strongest finding of each side."""
    best: dict[str, _Said] = {}
    for item in sorted(said, key=_order):
        best.setdefault(item.laterality, item)
    return [best[side] for side in sorted(best)]


def _order(item: _Said) -> tuple[bool, int, int]:
    return item.rule.is_absence, CERTAINTIES.index(item.certainty), item.rank
