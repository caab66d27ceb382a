"""Link clinical rows with imaging: by patient and days apart, each side's leftovers listed.

Ids are compared as they stand; what may be changed before (spaces, case, leading zeros, aliases)
is declared, because ``0123`` and ``123`` are one patient in one hospital and two in another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from osteon.core.records import Exclusion
from osteon.core.schemas import LINKS
from osteon.core.settings import Settings
from osteon.errors import TableError

__all__ = ["IdRule", "LinkRule", "Linkage", "anchors_of", "link"]

_STAGE = "link"


class IdRule(Settings):
    """How ids are written before they are compared; nothing is changed by itself.

    Parameters
    ----------
    strip_spaces
        Leave spaces out, inside too.
    ignore_case
        Write capitals.
    strip_leading_zeros
        Leave zeros in front out (one digit stays).
    zero_pad
        Fill with zeros in front to this length.
    aliases
        Further ids of a patient, each with the one that counts; compared after the other rules.

    Examples
    --------
    >>> IdRule(strip_spaces=True, strip_leading_zeros=True).written(" 00 12 ")
    '12'
    """

    strip_spaces: bool = False
    ignore_case: bool = False
    strip_leading_zeros: bool = False
    zero_pad: int | None = Field(None, ge=1, le=64)
    aliases: Mapping[str, str] = Field(default_factory=dict)

    def written(self, text: str) -> str:
        """Write an id as it is compared."""
        if self.strip_spaces:
            text = "".join(text.split())
        if self.ignore_case:
            text = text.upper()
        if self.strip_leading_zeros:
            text = text.lstrip("0") or text[-1:]
        if self.zero_pad is not None:
            text = text.zfill(self.zero_pad)
        return self.aliases.get(text, text)


class LinkRule(Settings):
    """Which row belongs to which anchor.

    Parameters
    ----------
    ids
        How ids are written.
    row_date
        Column of the day of a row; ``None`` links by patient alone.
    days_before, days_after
        How many days before and after the anchor a row may lie.
    which
        ``nearest`` in days, ``nearest_before`` (the day itself counts), ``nearest_after``, or
        ``all`` in the window.
    tie
        Of two rows as far before as after: take the one ``before`` or ``after``, or
        ``refuse`` both.
    same_day
        Of several rows of the chosen day: take the ``first`` or ``last`` in the table, or
        ``refuse`` all.
    """

    ids: IdRule = IdRule()
    row_date: str | None = None
    days_before: int = Field(365, ge=0)
    days_after: int = Field(365, ge=0)
    which: Literal["nearest", "nearest_before", "nearest_after", "all"] = "nearest"
    tie: Literal["before", "after", "refuse"] = "before"
    same_day: Literal["first", "last", "refuse"] = "first"


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """Links, and what was not linked on either side.

    Parameters
    ----------
    links
        Table :data:`osteon.core.schemas.LINKS`.
    anchors_left
        Anchors without a row: ``patient_id_missing``, ``anchor_date_missing``,
        ``patient_not_in_table``, ``row_dates_missing``, ``outside_window``, ``tie``,
        ``several_rows_of_one_day``.
    rows_left
        Rows without an anchor: ``patient_id_missing``, ``row_date_missing``,
        ``patient_not_imaged``, ``outside_window``, ``another_row_taken``.
    """

    links: pd.DataFrame
    anchors_left: tuple[Exclusion, ...]
    rows_left: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the linked table: its number, and its day where it has one."""

    number: int
    day: date | None


class _NoLink(Exception):
    """Why an anchor gets no row: a reason and a sentence."""


def anchors_of(instances: pd.DataFrame) -> pd.DataFrame:
    """Make the imaging studies of a table of instances anchors: id, patient and day.

    A study whose instances differ in patient or day has an anchor for each.
    """
    columns = {"study_instance_uid": "anchor", "patient_id": "patient_id", "study_date": "day"}
    frame = instances[list(columns)].rename(columns=columns)
    return frame.dropna(subset=["anchor"]).drop_duplicates().reset_index(drop=True)


def link(anchors: pd.DataFrame, rows: pd.DataFrame, rule: LinkRule) -> Linkage:
    """Link rows with anchors.

    Parameters
    ----------
    anchors
        Columns ``anchor``, ``patient_id``, ``day`` (YYYYMMDD or YYYY-MM-DD).
    rows
        Any table with ``patient_id`` and, where the rule names one, a column of days.
    rule
        Which row belongs to which anchor.

    Raises
    ------
    TableError
        If a needed column is missing, or a day is none.

    Examples
    --------
    >>> anchors = pd.DataFrame({"anchor": ["1.2"], "patient_id": ["P1"], "day": ["20200110"]})
    >>> rows = pd.DataFrame({"patient_id": ["P1", "P1"], "day": ["2020-01-01", "2020-02-01"]})
    >>> link(anchors, rows, LinkRule(row_date="day")).links[["row", "days"]].values.tolist()
    [[0, -9]]
    """
    needed = ["patient_id"] + ([] if rule.row_date is None else [rule.row_date])
    for frame, names in ((anchors, ["anchor", "patient_id", "day"]), (rows, needed)):
        if absent := [name for name in names if name not in frame.columns]:
            raise TableError(f"no column {absent[0]}, there are {', '.join(frame.columns)}")
    by_patient, left = _rows_by_patient(rows, rule)
    links: list[dict[str, Any]] = []
    anchors_left: list[Exclusion] = []
    imaged: set[str] = set()
    inside: set[int] = set()
    for anchor, raw_patient, raw_day in anchors[["anchor", "patient_id", "day"]].itertuples(
        index=False, name=None
    ):
        try:
            patient = _patient(raw_patient, rule)
            imaged.add(patient)
            day = _day(raw_day, f"anchor {anchor}")
            near = _in_window(by_patient.get(patient), day, rule)
            inside |= {row.number for row in near}
            chosen = _chosen(near, day, rule)
        except _NoLink as reason:
            anchors_left.append(Exclusion("file", str(anchor), _STAGE, *reason.args))
            continue
        links += [_link(str(anchor), patient, day, row) for row in chosen]
    taken = {item["row"] for item in links}
    for patient, own in by_patient.items():
        for row in own:
            if row.number not in taken:
                left[row.number] = _why_left(row, patient, imaged, inside)
    frame = pd.DataFrame(links, columns=list(LINKS.names)).drop_duplicates(["anchor", "row"])
    rows_left = [
        Exclusion("file", f"row {number}", _STAGE, *why) for number, why in sorted(left.items())
    ]
    return Linkage(LINKS.checked(frame), tuple(anchors_left), tuple(rows_left))


def _patient(raw: Any, rule: LinkRule) -> str:
    if pd.isna(raw) or not str(raw).strip():
        raise _NoLink("patient_id_missing", "there is no patient id")
    return rule.ids.written(str(raw))


def _day(raw: Any, place: str) -> date:
    if pd.isna(raw) or not str(raw):
        raise _NoLink("anchor_date_missing", f"{place} has no day")
    try:
        return date.fromisoformat(str(raw)[:10])
    except ValueError:
        raise TableError(f"{place}: {str(raw)[:40]!r} is no day, wanted YYYY-MM-DD") from None


def _rows_by_patient(
    rows: pd.DataFrame, rule: LinkRule
) -> tuple[dict[str, list[_Row]], dict[int, tuple[str, str]]]:
    found: dict[str, list[_Row]] = {}
    left: dict[int, tuple[str, str]] = {}
    days = rows[rule.row_date].tolist() if rule.row_date is not None else [None] * len(rows)
    for number, (raw, day) in enumerate(zip(rows["patient_id"].tolist(), days, strict=True)):
        try:
            own = found.setdefault(_patient(raw, rule), [])
        except _NoLink as reason:
            left[number] = (reason.args[0], reason.args[1])
            continue
        if rule.row_date is None:
            own.append(_Row(number, None))
        elif pd.isna(day) or not str(day):
            left[number] = ("row_date_missing", f"{rule.row_date} is empty")
        else:
            own.append(_Row(number, _day(day, f"row {number}")))
    return found, left


def _in_window(rows: list[_Row] | None, day: date, rule: LinkRule) -> list[_Row]:
    if rows is None:
        raise _NoLink("patient_not_in_table", "no row has this patient id")
    if not rows:
        raise _NoLink("row_dates_missing", f"no row of this patient has {rule.row_date}")
    before = 0 if rule.which == "nearest_after" else rule.days_before
    after = 0 if rule.which == "nearest_before" else rule.days_after
    near = [row for row in rows if row.day is None or -before <= (row.day - day).days <= after]
    if not near:
        gap = min(((row.day - day).days for row in rows if row.day is not None), key=abs)
        detail = f"the nearest row is {gap:+} days away, wanted -{before} to +{after}"
        raise _NoLink("outside_window", detail)
    return near


def _chosen(rows: list[_Row], day: date, rule: LinkRule) -> list[_Row]:
    if rule.which == "all":
        return rows
    nearest = min(_distance(row, day) for row in rows)
    best = [row for row in rows if _distance(row, day) == nearest]
    days = {row.day for row in best}
    if len(days) > 1:
        if rule.tie == "refuse":
            raise _NoLink("tie", f"a row {nearest} days before and one {nearest} days after")
        wanted = min if rule.tie == "before" else max
        chosen = wanted(item for item in days if item is not None)
        best = [row for row in best if row.day == chosen]
    if len(best) > 1 and rule.same_day == "refuse":
        raise _NoLink("several_rows_of_one_day", f"{len(best)} rows of one day")
    return [best[0] if rule.same_day == "first" else best[-1]]


def _distance(row: _Row, day: date) -> int:
    return 0 if row.day is None else abs((row.day - day).days)


def _link(anchor: str, patient: str, day: date, row: _Row) -> dict[str, Any]:
    return {
        "anchor": anchor,
        "row": row.number,
        "patient_id": patient,
        "anchor_date": day.isoformat(),
        "row_date": None if row.day is None else row.day.isoformat(),
        "days": None if row.day is None else (row.day - day).days,
    }


def _why_left(row: _Row, patient: str, imaged: set[str], inside: set[int]) -> tuple[str, str]:
    if patient not in imaged:
        return "patient_not_imaged", "no anchor has this patient id"
    if row.number in inside:
        return "another_row_taken", "another row was taken by the rule"
    return "outside_window", "no anchor of this patient is near enough"
