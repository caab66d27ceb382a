"""The audit for leakage as a page: what was looked for, what was found, what was accepted."""

from typing import Any

import pandas as pd

from osteon.cohort.leakage.audit import Audit
from osteon.cohort.leakage.finding import TITLES
from osteon.reports.pages import Page
from osteon.reports.table import Cell, Row, Table, text_cell
from osteon.reports.wording import SUBSET_TITLES, p_value_text

__all__ = ["leakage_page"]

_MOST_SHOWN = 200


def leakage_page(audit: Audit, *, is_synthetic: bool) -> Page:
    """Write an audit as a page: a verdict, the checks, the findings, what tells the class."""
    refusing = audit.refusing
    lede = (
        f"{len(refusing)} findings: training must not go on."
        if refusing
        else "Nothing that training shares with the test, or it was accepted with a reason."
    )
    return Page(
        "Audit for leakage", lede, is_synthetic, _notes(audit),
        tables=(_checks(audit), _findings(audit), _acquisition(audit.acquisition)),
    )  # fmt: skip


def _notes(audit: Audit) -> tuple[str, ...]:
    if audit.comparison is None:
        pixels = "Films are not prepared, so no pixels were compared."
    else:
        pixels = (
            f"{audit.films:,} films were held against one another by their pixels; "
            f"{audit.comparison.candidates:,} pairs were looked at closely."
        )
        if audit.comparison.overflowing:
            pixels += f" {audit.comparison.overflowing} films are like so many others that copies"
            pixels += " of them may have been missed."
    accepted = tuple(
        f"Accepted: {TITLES[check].lower()}. Reason: “{reason}”"
        for check, reason in audit.accepted.items()
    )
    return (pixels, *accepted)


def _checks(audit: Audit) -> Table:
    data = pd.DataFrame(
        [
            {
                "check": check,
                "found": count,
                "leakage": sum(
                    item.check == check and item.severity == "leakage" for item in audit.findings
                ),
                "accepted_because": audit.accepted.get(check, ""),
            }
            for check, count in audit.counts().items()
        ]
    )
    rows = tuple(
        Row(
            (
                text_cell(TITLES[str(row["check"])]),
                Cell(f"{row['leakage']:,}", is_number=True),
                Cell(f"{row['found'] - row['leakage']:,}", is_number=True),
                text_cell(str(row["accepted_because"]) or "–"),
            )
        )
        for row in data.to_dict("records")
    )
    return Table(
        "leakage_checks", "What was looked for",
        "Leakage is shared between subsets of one fold, and stops the training; a warning is for a"
        " person to look at.",
        ("", "Leakage", "Warnings", "Accepted because"), rows, data,
    )  # fmt: skip


def _findings(audit: Audit) -> Table:
    data = audit.table()
    shown: list[Row] = []
    last = ""
    for item in audit.findings[:_MOST_SHOWN]:
        if item.check != last:
            shown.append(Row((text_cell(TITLES[item.check]),), "group"))
            last = item.check
        places = [
            SUBSET_TITLES.get(name, name)
            for name in (item.first_subset, item.second_subset)
            if name is not None
        ]
        where = " / ".join(places) or "–"
        cells = (text_cell(item.detail), text_cell(where), text_cell(item.severity))
        shown.append(Row(cells, "body" if item.severity == "leakage" else "quiet"))
    rest = len(audit.findings) - _MOST_SHOWN
    note = f"{rest:,} more are in the CSV." if rest > 0 else "Every finding is in the CSV, too."
    return Table(
        "leakage", "What was found", note, ("Finding", "Subsets", "Severity"), tuple(shown), data
    )


def _acquisition(table: pd.DataFrame) -> Table:
    rows = tuple(
        Row(
            (
                text_cell(str(row["field"])),
                Cell(f"{row['levels']}", is_number=True),
                Cell(f"{row['hips']:,}", is_number=True),
                Cell(
                    _number(row["cramers_v"]),
                    "" if pd.isna(row["low"]) else f"({row['low']:.2f}, {row['high']:.2f})",
                    is_number=True,
                ),
                Cell(p_value_text(_float(row["p_value"])), is_number=True),
                Cell(p_value_text(_float(row["p_adjusted"])), is_number=True),
            )
        )
        for row in table.to_dict("records")
    )
    return Table(
        "acquisition", "What of the acquisition goes with the class",
        "Bias-corrected Cramer’s V with its 95 % interval (bootstrap over patients); chi-square"
        " over one hip of each patient, P adjusted by Holm over all rows. Warned of where the lower"
        " limit is at least 0.1 and the adjusted P below 0.05.",
        ("", "Values", "Hips", "Cramer’s V", "P", "Adjusted P"), rows, table,
    )  # fmt: skip


def _number(value: Any) -> str:
    return "–" if pd.isna(value) else f"{float(value):.2f}"


def _float(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)
