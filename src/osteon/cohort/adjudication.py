"""Disagreements to a person and back: a table to fill in, read again and checked row by row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.schemas import ADJUDICATIONS
from osteon.core.spreadsheets import SheetRow, open_sheet, read_date, write_sheet
from osteon.errors import TableError

__all__ = [
    "AdjudicationReport",
    "disagreements",
    "read_adjudications",
    "undecided",
    "write_adjudication_sheet",
]

_STAGE = "adjudication"
_GIVEN = ("case_id", "patient_id", "sop_instance_uid", "laterality", "reason", "original_answers")
_ASKED = ("adjudicated_label", "adjudicator", "adjudicated_on", "comment")
_REQUIRED = ("case_id", "original_answers", "adjudicated_label", "adjudicator", "adjudicated_on")


def undecided(reference: pd.DataFrame) -> pd.DataFrame:
    """Give the hips that wait for an adjudicator, as rows of the reference standard."""
    return reference[reference["status"] == "undecided"].reset_index(drop=True)


def disagreements(reference: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Give every hip on which answers or usable evidence differ, decided or not.

    Returns
    -------
    Rows of the reference standard, with ``labels``, the classes that were said.
    """
    used = evidence[evidence["is_used"] & evidence["label"].notna()]
    said = used.groupby("case_id")["label"].agg(lambda labels: ", ".join(sorted(set(labels))))
    differing = said[said.str.contains(", ", regex=False)]
    rows = reference[reference["case_id"].isin(differing.index)].copy()
    rows["labels"] = rows["case_id"].map(differing)
    return rows.reset_index(drop=True)


def write_adjudication_sheet(reference: pd.DataFrame, path: Path, label_set: LabelSet) -> int:
    """Write the undecided hips as a table to fill in; gives how many there are.

    Columns: what is known (``case_id`` to ``original_answers``, to be left as they are), what is
    asked (``adjudicated_label``, ``adjudicator``, ``adjudicated_on``, ``comment``), and the
    classes to choose from.

    Parameters
    ----------
    reference
        Table ``reference_standard``.
    path
        CSV, or a workbook where it ends in ``.xlsx``.
    label_set
        The classes.
    """
    rows = undecided(reference)
    named = rows.rename(columns={"rule": "reason", "answers": "original_answers"})
    given = named[list(_GIVEN)].fillna("").astype(str).to_numpy().tolist()
    classes = ", ".join(label_set.classes)
    cells = [[*row, *[""] * len(_ASKED), classes] for row in given]
    write_sheet([*_GIVEN, *_ASKED, "classes"], cells, path)
    return len(cells)


@dataclass(frozen=True, slots=True, eq=False)
class AdjudicationReport:
    """What an adjudication table gave.

    Parameters
    ----------
    adjudications
        The rows taken: schema ``adjudications``.
    refused
        The rows not taken, each with its reason.
    open_rows
        Rows without an answer yet.
    """

    adjudications: pd.DataFrame
    refused: tuple[Exclusion, ...]
    open_rows: int


def read_adjudications(
    path: Path, waiting: pd.DataFrame, label_set: LabelSet, *, number: int
) -> AdjudicationReport:
    """Read an adjudication table that was filled in.

    A row is refused for ``row_unreadable``, ``case_unknown`` (not among the waiting hips),
    ``answers_changed`` (the original answers are not those of today), ``label_unknown``,
    ``adjudicator_missing``, ``date_unreadable`` and ``rows_conflict`` (a case with two answers).

    Parameters
    ----------
    path
        CSV or Excel workbook.
    waiting
        Rows of the reference standard, made without adjudications, that are undecided.
    label_set
        The classes.
    number
        Number of this import, from 1.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.
    """
    sheet = open_sheet(path)
    if missing := [name for name in _REQUIRED if name not in sheet.columns]:
        raise TableError(
            f"adjudications {path}: column {missing[0]} is missing",
            remedy="fill in the table that osteon reference-standard disagreements -o wrote",
        )
    answers = dict(zip(waiting["case_id"], waiting["answers"], strict=True))
    filled = [row for row in sheet.rows if row.problem or row.cells["adjudicated_label"]]
    checked = [_checked(row, answers, label_set) for row in filled]
    refused = [item for item in checked if isinstance(item, Exclusion)]
    taken, conflicts = _one_for_each([item for item in checked if not isinstance(item, Exclusion)])
    rows = [row | {"number": number} for row in taken]
    table = ADJUDICATIONS.checked(pd.DataFrame(rows, columns=list(ADJUDICATIONS.names)))
    return AdjudicationReport(table, (*refused, *conflicts), len(sheet.rows) - len(filled))


def _checked(
    row: SheetRow, answers: Mapping[str, str], label_set: LabelSet
) -> dict[str, Any] | Exclusion:
    def refused(reason: str, detail: str) -> Exclusion:
        return Exclusion("hip", row.place, _STAGE, reason, detail)

    cells = row.cells
    if row.problem:
        return refused("row_unreadable", row.problem)
    if cells["case_id"] not in answers:
        return refused("case_unknown", f"case {cells['case_id']!r} waits for no adjudicator")
    if cells["original_answers"] != answers[cells["case_id"]]:
        detail = f"got {cells['original_answers']!r}, today it is {answers[cells['case_id']]!r}"
        return refused("answers_changed", detail)
    label = label_set.find(cells["adjudicated_label"])
    if label is None:
        text = cells["adjudicated_label"]
        detail = f"class {text!r} is unknown: did you mean {label_set.nearest(text)}?"
        return refused("label_unknown", detail)
    if not cells["adjudicator"]:
        return refused("adjudicator_missing", "the row does not say who decided")
    try:
        date = read_date(cells["adjudicated_on"])
    except ValueError as error:
        return refused("date_unreadable", str(error))
    return {
        "case_id": cells["case_id"], "label": label, "adjudicator": cells["adjudicator"],
        "adjudicated_on": date, "original_answers": cells["original_answers"],
        "comment": cells.get("comment") or None, "origin": row.place,
    }  # fmt: skip


def _one_for_each(
    rows: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[Exclusion]]:
    """Keep the cases with one row; of a case with several, none is taken."""
    counts = Counter(row["case_id"] for row in rows)
    detail = "the case stands in the table more than once"
    conflicts = [
        Exclusion("hip", row["origin"], _STAGE, "rows_conflict", detail)
        for row in rows
        if counts[row["case_id"]] > 1
    ]
    return [row for row in rows if counts[row["case_id"]] == 1], conflicts
