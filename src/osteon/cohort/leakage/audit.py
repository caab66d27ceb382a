"""The audit for leakage: every check, what was found, what was accepted by a written reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator

from osteon.cohort.leakage.acquisition import (
    acquisition_columns,
    acquisition_findings,
    acquisition_table,
)
from osteon.cohort.leakage.finding import TITLES, Finding, finding_rows, first_of_each
from osteon.cohort.leakage.people import people_findings
from osteon.cohort.leakage.pixels import (
    copied_patients,
    copy_findings,
    films_of,
    word_findings,
)
from osteon.cohort.persons import joined_persons
from osteon.core.labels import LabelSet
from osteon.core.schemas import LEAKAGE_CHECKS
from osteon.core.settings import Settings
from osteon.pixels.copies import Comparison, find_copies

__all__ = ["Audit", "AuditInput", "LeakageSettings", "audit_leakage"]

_SHORTEST_REASON = 10


class LeakageSettings(Settings):
    """What of the audit is accepted.

    Parameters
    ----------
    accept
        Name of a check to the reason why its findings are accepted, at least ten characters; the
        reason is printed on every report's page.
    """

    accept: dict[str, str] = Field(default_factory=dict)

    @field_validator("accept")
    @classmethod
    def _names_and_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for check, reason in value.items():
            if check not in LEAKAGE_CHECKS:
                raise ValueError(f"{check} is no check, wanted one of {', '.join(LEAKAGE_CHECKS)}")
            if len(reason.strip()) < _SHORTEST_REASON:
                raise ValueError(f"{check} is accepted without a reason: write one sentence")
        return value


@dataclass(frozen=True, slots=True, eq=False)
class AuditInput:
    """What is audited.

    Parameters
    ----------
    cases, instances, splits
        Tables of the study.
    fingerprints
        Of the films of the cases in the order of :func:`osteon.cohort.leakage.pixels.films_of`;
        ``None`` where films are not prepared, and pixels are not looked at.
    persons
        Patient id to person of a link table.
    identities
        Table of patient ids that share birth date, sex and name.
    """

    cases: pd.DataFrame
    instances: pd.DataFrame
    splits: pd.DataFrame
    fingerprints: NDArray[np.void] | None
    persons: Mapping[str, str]
    identities: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What the audit found.

    Parameters
    ----------
    findings
        Each once, ordered by check.
    acquisition
        Table of what goes with the class, the strongest first.
    films, comparison
        Films whose pixels were compared, and how; ``None`` where they were not.
    accepted
        Check to the reason why its findings are accepted.
    """

    findings: tuple[Finding, ...]
    acquisition: pd.DataFrame
    films: int
    comparison: Comparison | None
    accepted: Mapping[str, str]

    @property
    def refusing(self) -> tuple[Finding, ...]:
        """Leakage that nobody accepted: training does not go on."""
        return tuple(
            item
            for item in self.findings
            if item.severity == "leakage" and item.check not in self.accepted
        )

    def counts(self) -> dict[str, int]:
        """Count the findings of each check, also of those that found nothing."""
        return {name: sum(item.check == name for item in self.findings) for name in TITLES}

    def table(self) -> pd.DataFrame:
        """Give the findings as the table of leakage."""
        return finding_rows(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "is_clean": not self.refusing,
            "counts": self.counts(),
            "films_compared": self.films,
            "pairs_looked_at": self.comparison.candidates if self.comparison else 0,
            "accepted": dict(self.accepted),
            "findings": _records(self.table()),
            "acquisition": _records(self.acquisition),
        }


def audit_leakage(
    data: AuditInput, settings: LeakageSettings, label_set: LabelSet, seed: int
) -> Audit:
    """Look for what training could see of the test.

    Ids are one person where the link table says so, where birth date, sex and name agree, or where
    they own copies of one film.
    """
    films = films_of(data.cases)
    comparison = None if data.fingerprints is None else find_copies(data.fingerprints)
    copies = () if comparison is None else comparison.copies
    alike = _alike(data.identities)
    by_pixels = [(one, two) for one, two, _ in copied_patients(films, copies)]
    persons = joined_persons(
        data.cases["patient_id"].astype(str), data.persons, [*alike, *by_pixels]
    )
    findings = list(people_findings(data.cases, data.splits, persons, label_set))
    findings += _by_demographics(alike, data.cases)
    findings += copy_findings(films, copies, data.splits)
    in_words = np.full(len(films), -1)
    if data.fingerprints is not None:
        in_words = np.asarray(data.fingerprints["in_words"])
        findings += word_findings(films, in_words)
    letters = pd.Series(in_words, index=films["sop_instance_uid"])
    columns = acquisition_columns(data.cases, data.instances, letters[letters >= 0])
    table = acquisition_table(data.cases, columns, seed)
    findings += acquisition_findings(table)
    return Audit(
        tuple(first_of_each(findings)), table,
        0 if data.fingerprints is None else len(films), comparison, settings.accept,
    )  # fmt: skip


def _records(frame: pd.DataFrame) -> Any:
    """Rows as plain JSON types, what is missing as ``None``."""
    return json.loads(frame.to_json(orient="records"))


def _alike(identities: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of ids that share an identity: each with the first."""
    pairs = []
    for _, group in identities.sort_values("patient_id").groupby("identity", sort=True):
        first, *others = group["patient_id"].astype(str)
        pairs += [(first, other) for other in others]
    return pairs


def _by_demographics(alike: list[tuple[str, str]], cases: pd.DataFrame) -> list[Finding]:
    known = set(cases["patient_id"].astype(str))
    detail = "patient ids {} and {} have one birth date, sex and name: one person?"
    return [
        Finding("same_person_two_ids", "warning", one, two, detail.format(one, two))
        for one, two in alike
        if one in known and two in known
    ]
