"""Evidence as people keep it: a table of what was found later, held against the hips on films.

A row names patient and side, the source, what was found, and the day. Whatever cannot be used is
listed with its reason; nothing is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.cohort.evidence_rules import EvidenceRule, ReferencePlan
from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.spelling import nearest_name, plain_name
from osteon.core.spreadsheets import SheetRow, open_sheet, read_date
from osteon.errors import TableError

__all__ = ["Evidence", "Hip", "Judged", "days_between", "hips_of", "judge", "read_evidence"]

_STAGE = "evidence"
_REQUIRED = ("patient_id", "laterality", "source", "finding", "date")
_OPTIONAL = ("sop_instance_uid", "accession_number", "who", "indication", "comment")
_SIDES = {"l": "L", "left": "L", "r": "R", "right": "R"}
_OTHER_INDICATION = "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of later evidence, checked as far as it can be without the films.

    ``sop_instance_uid`` and ``accession_number`` restrict it to a film or a study where they are
    given; ``date`` is YYYYMMDD.
    """

    place: str
    patient_id: str
    laterality: str
    source: str
    finding: str
    date: str
    who: str = ""
    sop_instance_uid: str = ""
    accession_number: str = ""
    indication: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Hip:
    """A hip on a film: the case, and when the film was taken (YYYYMMDD, may be empty)."""

    case_id: str
    patient_id: str
    sop_instance_uid: str
    laterality: str
    accession_number: str
    film_date: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A piece of evidence before a hip: the class it gives, or why it is not used."""

    evidence: Evidence
    rule: EvidenceRule | None
    label: str
    days: int | None
    reason: str


def read_evidence(
    paths: Sequence[Path], plan: ReferencePlan, patients: Iterable[str]
) -> tuple[list[Evidence], list[Exclusion]]:
    """Read files of evidence.

    Columns: ``patient_id``, ``laterality``, ``source``, ``finding``, ``date``; and, where there
    are any, ``sop_instance_uid``, ``accession_number``, ``who``, ``indication`` (``other`` for an
    operation that was not for the fracture), ``comment``.

    Parameters
    ----------
    paths
        CSV files or Excel workbooks.
    plan
        The rules, for the sources they know.
    patients
        Patient ids of the study.

    Returns
    -------
    The evidence, and the rows not taken.

    Raises
    ------
    DataError
        If a file cannot be read or lacks a column; nothing of the others comes in then.
    """
    known = {str(patient) for patient in patients if not pd.isna(patient)}
    sources = tuple(rule.source for rule in plan.rules)
    taken: dict[tuple[str, ...], Evidence] = {}
    exclusions: list[Exclusion] = []
    for path in paths:
        for row in _rows(path):
            found = _checked(row, sources, known)
            if isinstance(found, Evidence):
                key = (found.patient_id, found.laterality, found.source, plain_name(found.finding),
                       found.date, found.sop_instance_uid, found.accession_number)  # fmt: skip
                if key in taken:
                    detail = f"stands already in {taken[key].place}"
                    exclusions.append(_refused(row.place, "evidence_repeated", detail))
                else:
                    taken[key] = found
            else:
                exclusions.append(found)
    return list(taken.values()), exclusions


def _rows(path: Path) -> tuple[SheetRow, ...]:
    sheet = open_sheet(path)
    if missing := [name for name in _REQUIRED if name not in sheet.columns]:
        raise TableError(
            f"evidence {path}: column {missing[0]} is missing",
            remedy=f"wanted {', '.join(_REQUIRED)}, and may have {', '.join(_OPTIONAL)}",
        )
    return sheet.rows


def _refused(place: str, reason: str, detail: str) -> Exclusion:
    return Exclusion("hip", place, _STAGE, reason, detail)


def _checked(row: SheetRow, sources: Sequence[str], patients: set[str]) -> Evidence | Exclusion:
    cells = row.cells
    if row.problem:
        return _refused(row.place, "row_unreadable", row.problem)
    patient = cells["patient_id"]
    if patient not in patients:
        near = _same_number(patient, patients)
        hint = f": did you mean {near}?" if near else ""
        return _refused(row.place, "patient_unknown", f"no film is of patient {patient!r}{hint}")
    side = _SIDES.get(cells["laterality"].lower())
    if side is None:
        detail = f"got {cells['laterality']!r} for the side, wanted L or R"
        return _refused(row.place, "laterality_missing", detail)
    source = next((name for name in sources if name == plain_name(cells["source"])), None)
    if source is None:
        near = nearest_name(cells["source"], sources)
        detail = f"no rule takes source {cells['source']!r}: did you mean {near}?"
        return _refused(row.place, "source_unknown", detail)
    if not cells["finding"]:
        return _refused(row.place, "finding_missing", "the row says nothing of what was found")
    try:
        date = read_date(cells["date"])
    except ValueError as error:
        return _refused(row.place, "date_unreadable", str(error))
    optional = {name: cells.get(name, "") for name in _OPTIONAL}
    return Evidence(row.place, patient, side, source, cells["finding"], date, **optional)


def _same_number(patient: str, patients: set[str]) -> str:
    """Find the patient of the same number: spreadsheets cut leading zeros off."""
    bare = patient.lstrip("0")
    return next((known for known in sorted(patients) if bare and known.lstrip("0") == bare), "")


def hips_of(labels: pd.DataFrame, instances: pd.DataFrame) -> dict[str, Hip]:
    """Give the labelled hips whose film is there, by case id; dated by the acquisition or study."""
    names = ["sop_instance_uid", "patient_id", "accession_number", "acquisition_date", "study_date"]
    films = instances[names].set_index("sop_instance_uid").to_dict("index")
    hips = {}
    for uid, side in (
        labels[["sop_instance_uid", "laterality"]].drop_duplicates().itertuples(index=False)
    ):
        film: Mapping[Any, Any] = films.get(uid, {})
        text = {name: "" if pd.isna(film.get(name)) else str(film[name]) for name in names[1:]}
        case_id = f"{uid}:{side}"
        hips[case_id] = Hip(
            case_id, text["patient_id"], uid, side, text["accession_number"],
            text["acquisition_date"] or text["study_date"],
        )  # fmt: skip
    return hips


def days_between(first: str, second: str) -> int | None:
    """Days from one day (YYYYMMDD) to another; ``None`` when one is no day.

    Examples
    --------
    >>> days_between("20200131", "20200202")
    2
    """
    try:
        days = datetime.strptime(second, "%Y%m%d") - datetime.strptime(first, "%Y%m%d")
    except ValueError:
        return None
    return days.days


def judge(
    evidence: Evidence, hip: Hip, film_label: str | None, plan: ReferencePlan, label_set: LabelSet
) -> Judged:
    """Hold a piece of evidence against a hip of its patient.

    Parameters
    ----------
    evidence, hip
        Of one patient and side.
    film_label
        What the film's annotators agree on; ``None`` when they do not.
    plan, label_set
        The rules and the classes.

    Returns
    -------
    The class it gives, or the first reason why it is not used: ``indication_other``,
    ``film_undated``, ``before_film``, ``before_window``, ``after_window``, ``finding_unknown``,
    ``implant_on_film``, ``source_unknown``.
    """
    rule = plan.rule_of(evidence.source)
    days = days_between(hip.film_date, evidence.date)
    label = None if rule is None else rule.label_of(evidence.finding, label_set)
    reason = _reason(evidence, rule, label, days, film_label)
    return Judged(evidence, rule, label or "", days, reason)


def _reason(
    evidence: Evidence,
    rule: EvidenceRule | None,
    label: str | None,
    days: int | None,
    film_label: str | None,
) -> str:
    if rule is None:
        return "source_unknown"
    if plain_name(evidence.indication) == _OTHER_INDICATION:
        return "indication_other"
    if days is None:
        return "film_undated"
    if days < rule.window_days[0]:
        return "before_film" if days < 0 else "before_window"
    if days > rule.window_days[1]:
        return "after_window"
    if label is None:
        return "finding_unknown"
    return "implant_on_film" if film_label in rule.never_over else ""
