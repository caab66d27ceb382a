"""Which reports a search looks at: dates, kind of examination, where the patient was, age."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from pydantic import Field

from osteon.core.settings import Settings
from osteon.core.tables import rows_of
from osteon.sources.report_language import fold

__all__ = ["ReportScope", "SearchStep", "in_scope"]


class ReportScope(Settings):
    """Limits of a search; those left empty limit nothing.

    Parameters
    ----------
    since, until
        First and last day, of the images where it is known, else of the report.
    examinations
        Parts of the examination's name, any of them.
    patient_classes
        Values of the column, any of them (``E`` in HL7 is the emergency department).
    minimum_age_years
        Age at that day.
    """

    since: date | None = None
    until: date | None = None
    examinations: tuple[str, ...] = ()
    patient_classes: tuple[str, ...] = ()
    minimum_age_years: int | None = Field(None, ge=0)


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One step of the search's flow chart, in examinations; negative ``left_out`` were added."""

    reason: str
    sentence: str
    left_out: int
    remaining: int


def in_scope(
    reports: pd.DataFrame, scope: ReportScope, *, versions: int
) -> tuple[pd.DataFrame, list[tuple[str, tuple[str, str]]], tuple[SearchStep, ...]]:
    """Divide reports into those in the scope and those that are not.

    Parameters
    ----------
    reports
        Reports in force, one per examination.
    scope
        The limits. A report counts under the first it fails; a value that is missing fails.
    versions
        How many versions there were before.

    Returns
    -------
    The reports in the scope, (report id, (reason, sentence)) of the others, and the steps.
    """
    sentences = dict(_limits(scope))
    reasons = [_reason(row, scope) for row in rows_of(reports)]
    outside = [
        (str(name), (reason, f"wanted: {sentences[reason]}"))
        for name, reason in zip(reports["report_id"], reasons, strict=True)
        if reason is not None
    ]
    remaining = len(reports)
    steps = [
        SearchStep("earlier_version", "Another version of the report is in force",
                   versions - remaining, remaining)
    ]  # fmt: skip
    for reason, sentence in sentences.items():
        count = reasons.count(reason)
        remaining -= count
        steps.append(SearchStep(reason, f"Not so: {sentence}", count, remaining))
    inside = pd.Series([reason is None for reason in reasons], index=reports.index, dtype=bool)
    return reports[inside].reset_index(drop=True), outside, tuple(steps)


def _limits(scope: ReportScope) -> Iterator[tuple[str, str]]:
    if scope.since or scope.until:
        since, until = scope.since or "the beginning", scope.until or "the end"
        yield "date_outside", f"from {since} to {until}"
    if scope.examinations:
        yield "examination_other", f"examination with {' or '.join(scope.examinations)}"
    if scope.patient_classes:
        yield "patient_class_other", f"patient class {' or '.join(scope.patient_classes)}"
    if scope.minimum_age_years is not None:
        yield "age_under_limit", f"{scope.minimum_age_years} years or older"


def _reason(row: Mapping[str, Any], scope: ReportScope) -> str | None:
    moment = row["acquired_at"] or row["reported_at"] or ""
    day = date.fromisoformat(moment[:10]) if moment else None
    if scope.since or scope.until:
        is_in = day is not None and (scope.since or day) <= day <= (scope.until or day)
        if not is_in:
            return "date_outside"
    named = fold(row["examination"] or "")
    if scope.examinations and not any(fold(part) in named for part in scope.examinations):
        return "examination_other"
    kind = (row["patient_class"] or "").upper()
    if scope.patient_classes and kind not in {item.upper() for item in scope.patient_classes}:
        return "patient_class_other"
    if scope.minimum_age_years is not None:
        birth = row["patient_birth_date"]
        if day is None or birth is None or _age(birth, day) < scope.minimum_age_years:
            return "age_under_limit"
    return None


def _age(birth: str, day: date) -> int:
    born = date.fromisoformat(birth)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
