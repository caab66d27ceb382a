"""From report files (CSV, HL7 v2) to the table of reports; every report comes in or is listed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.records import Exclusion
from osteon.core.schemas import REPORTS
from osteon.core.spreadsheets import Sheet, SheetLayout, SheetRow, open_sheet
from osteon.core.tables import rows_of
from osteon.errors import TableError
from osteon.sources.moments import parse_moment
from osteon.sources.report_hl7 import read_hl7_reports, split_messages
from osteon.sources.report_rows import STATUS_WORDS, RawReport

__all__ = ["in_force", "read_reports"]

_STAGE = "reports"
_MOMENTS = ("acquired_at", "reported_at")
_TEXTS = ("accession_number", "patient_id", "patient_sex", "patient_class", "examination")
_COLUMNS = ("report_id", "text", "status", "patient_birth_date", *_TEXTS, *_MOMENTS)
_NUMBERED = {"preliminary": 0, "final": 1, "corrected": 2}


def read_reports(
    paths: Sequence[Path],
    *,
    columns: Mapping[str, str] | None = None,
    date_formats: Sequence[str] = (),
    encoding: str | None = None,
    accession_fields: Sequence[str] = ("OBR-18", "OBR-3"),
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Read reports and say of every one that is not taken why.

    A file whose first segment is ``MSH``, ``FHS`` or ``BHS`` is HL7, any other a text table.
    ``reports in the files = rows of the table + exclusions``.

    Parameters
    ----------
    paths
        The files.
    columns
        For text tables: the file's name of a column of :data:`osteon.core.schemas.REPORTS`.
    date_formats
        For text tables: how dates are written, e.g. ``%d.%m.%Y %H:%M``. ISO 8601 needs none.
    encoding
        Of files that do not say theirs; UTF-8 otherwise.
    accession_fields
        For HL7: where the accession stands.

    Returns
    -------
    The table of reports, in the order of the files, and what was not taken: ``text_missing``,
    ``status_unknown``, ``identity_missing`` (neither patient nor accession), ``date_unreadable``,
    ``birth_date_in_the_future``, ``report_repeated`` (the same text, status and time again),
    ``report_id_repeated``, ``row_unreadable`` and what :mod:`osteon.sources.report_hl7` refuses.

    Raises
    ------
    TableError
        If a file cannot be read or lacks a needed column.
    """
    rows: list[dict[str, Any]] = []
    exclusions: list[Exclusion] = []
    seen: set[tuple[Any, ...]] = set()
    names: set[str] = set()
    for path in paths:
        if _is_hl7(path):
            found = read_hl7_reports(path, encoding=encoding, accession_fields=accession_fields)
        else:
            table = open_sheet(path, SheetLayout(encoding=encoding), lower_names=False)
            found = _from_table(path, table, columns or {}, date_formats)
        for report in found:
            fault = _fault(report) or _repeated(report, seen, names)
            if fault is not None:
                exclusions.append(Exclusion("file", report.place, _STAGE, *fault))
                continue
            rows.append(_row(report))
    return REPORTS.checked(pd.DataFrame(rows, columns=list(REPORTS.names))), exclusions


def in_force(reports: pd.DataFrame) -> pd.DataFrame:
    """Give the text in force of each examination: the last version, with its addenda behind it.

    A correction outranks a final report, a final one a preliminary one, whatever their times;
    within a status the later counts, then the later row. Addenda follow in the order of their
    times; one whose main report is absent stands alone. Reports without an accession stand for
    themselves.

    Returns
    -------
    One row per examination, columns as the table of reports.
    """
    versions: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(reports):
        key = row["accession_number"] or f"report {row['report_id']}"
        versions.setdefault(key, []).append(row)
    rows = [_current(group) for group in versions.values()]
    return REPORTS.checked(pd.DataFrame(rows, columns=list(REPORTS.names)))


def _current(versions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give the version in force of one examination, in the order the versions stand."""
    ordered = sorted(versions, key=_rank)
    addenda = [row for row in ordered if row["status"] == "addendum"]
    main = ([row for row in ordered if row["status"] != "addendum"] or addenda)[-1]
    added = [row["text"] for row in addenda if row["text"] not in main["text"]]
    return main | {"text": "\n".join([main["text"], *added])}


def _rank(row: Mapping[str, Any]) -> tuple[int, str]:
    return _NUMBERED.get(row["status"], -1), row["reported_at"] or ""


def _is_hl7(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    return head.lstrip(b"\x0b\r\n \xef\xbb\xbf")[:3] in (b"MSH", b"FHS", b"BHS") or bool(
        head.startswith(b"\x0b") and split_messages(head)
    )


def _from_table(
    path: Path, table: Sheet, columns: Mapping[str, str], date_formats: Sequence[str]
) -> Iterator[RawReport]:
    named = {name.lower(): name for name in table.columns}
    if unknown := [name for name in columns if name not in _COLUMNS]:
        raise TableError(
            f"{unknown[0]!r} is no column of reports: wanted one of {', '.join(_COLUMNS)}"
        )
    found = {name: columns.get(name, name) for name in _COLUMNS}
    present = {name: named[own.lower()] for name, own in found.items() if own.lower() in named}
    absent = [own for name, own in columns.items() if name not in present]
    if "text" not in present:
        absent.append(found["text"])
    if absent:
        raise TableError(
            f"{path}: no column {absent[0]!r}, there are {', '.join(table.columns)}",
            remedy="name it: --column text=REPORT_TEXT",
        )
    for row in table.rows:
        yield _from_row(row, present, date_formats)


def _from_row(row: SheetRow, present: Mapping[str, str], date_formats: Sequence[str]) -> RawReport:
    cells = {name: row.cells[own] for name, own in present.items()}
    times = {name: cells.get(name, "") for name in (*_MOMENTS, "patient_birth_date")}
    moments = {name: parse_moment(text, date_formats) for name, text in times.items()}
    birth = moments.pop("patient_birth_date")
    values: dict[str, Any] = {name: cells.get(name, "") for name in _TEXTS} | moments
    return RawReport(
        place=row.place,
        report_id=cells.get("report_id", "") or row.place,
        text=cells["text"],
        status=cells.get("status", "F"),
        patient_birth_date=birth[:10] if birth else None,
        fault=("row_unreadable", row.problem) if row.problem else None,
        odd=tuple(
            name
            for name, text in times.items()
            if text and (birth if name == "patient_birth_date" else moments[name]) is None
        ),
        **values,
    )


def _fault(report: RawReport) -> tuple[str, str] | None:
    if report.fault is not None:
        return report.fault
    if not report.text.strip():
        return "text_missing", "the report has no text"
    if report.status.strip().upper() not in STATUS_WORDS:
        return "status_unknown", f"status {report.status!r} is neither preliminary nor final"
    if not report.accession_number and not report.patient_id:
        return "identity_missing", "the report names neither a patient nor an accession"
    if report.odd:
        return "date_unreadable", f"{', '.join(report.odd)}: no date; say --date-format"
    if report.patient_birth_date and report.patient_birth_date > date.today().isoformat():
        return "birth_date_in_the_future", f"born {report.patient_birth_date}"
    return None


def _repeated(
    report: RawReport, seen: set[tuple[Any, ...]], names: set[str]
) -> tuple[str, str] | None:
    left_out = ("place", "report_id", "fault", "odd")
    content = tuple(getattr(report, f.name) for f in fields(report) if f.name not in left_out)
    if content in seen:
        return "report_repeated", "the same report was read before"
    seen.add(content)
    if report.report_id in names:
        return "report_id_repeated", f"another report is called {report.report_id!r}"
    names.add(report.report_id)
    return None


def _row(report: RawReport) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(report, name) or None for name in _COLUMNS}
    row["text"] = _printable(report.text)
    row["status"] = STATUS_WORDS[report.status.strip().upper()]
    return row | {"source": report.place}


def _printable(text: str) -> str:
    """Text without control characters: they mark hits in the search."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(sign for sign in unified if sign in "\n\t" or sign >= " ")
