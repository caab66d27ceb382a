"""What a run leaves for a person and for a program: JSON, a table, a page of text."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.files import atomic_path, write_json, write_text
from osteon.core.schemas import DEIDENTIFIED
from osteon.core.tables import write_table
from osteon.sources.deidentify.options import DeidentifySettings, Option, method_codes
from osteon.sources.deidentify.work import Outcome

__all__ = ["DeidentifyReport", "make_report", "summary", "write_report"]


@dataclass(frozen=True, slots=True)
class DeidentifyReport:
    """Counts of a run. ``files = delivered + duplicates + sum(refused)``.

    ``residues`` are files in which a protected value was left, not delivered; ``people_split``
    counts names with one birth date that have several patient ids, and so several pseudonyms.
    """

    files: int
    files_done_now: int
    delivered: int
    duplicates: int
    patients: int
    studies: int
    painted_files: int
    painted_pieces: int
    kept_pieces: int
    residues: int
    people_split: int
    read_by_ocr: bool
    wall_time_s: float
    refused: dict[str, int]
    kept_words: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def make_report(
    outcomes: Sequence[Outcome], *, done_now: int, read_by_ocr: bool, wall_time_s: float
) -> DeidentifyReport:
    """Count outcomes."""
    delivered = [item for item in outcomes if item.status == "delivered"]
    people: defaultdict[str, set[str]] = defaultdict(set)
    for item in delivered:
        if item.person:
            people[item.person].add(item.patient)
    words = Counter(word for item in delivered for word in item.kept_words.split())
    refused = Counter(item.reason for item in outcomes if item.status == "refused")
    return DeidentifyReport(
        files=len(outcomes),
        files_done_now=done_now,
        delivered=len(delivered),
        duplicates=sum(item.status == "duplicate" for item in outcomes),
        patients=len({item.patient for item in delivered}),
        studies=len({item.study_instance_uid for item in delivered}),
        painted_files=sum(item.painted > 0 for item in delivered),
        painted_pieces=sum(item.painted for item in delivered),
        kept_pieces=sum(item.kept for item in delivered),
        residues=refused["residue"],
        people_split=sum(len(names) > 1 for names in people.values()),
        read_by_ocr=read_by_ocr,
        wall_time_s=round(wall_time_s, 2),
        refused=dict(sorted(refused.items())),
        kept_words=dict(sorted(words.items())),
    )


def write_report(
    outcomes: Sequence[Outcome],
    report: DeidentifyReport,
    settings: DeidentifySettings,
    folder: Path,
) -> None:
    """Write ``report.json``, ``files.parquet``, ``files.csv`` and ``summary.txt``."""
    rows = [{name: getattr(item, name) for name in DEIDENTIFIED.names} for item in outcomes]
    frame = pd.DataFrame(rows, columns=list(DEIDENTIFIED.names)).sort_values("key")
    table = write_table(frame, DEIDENTIFIED, folder / "files.parquet")
    with atomic_path(folder / "files.csv") as temporary:
        table.to_csv(temporary, index=False)
    codes = [
        {"value": value, "scheme": "DCM", "meaning": meaning}
        for value, meaning in method_codes(settings.options)
    ]
    content = report.as_json() | {"method": codes, "settings": settings.resolved()}
    write_json(folder / "report.json", content)
    write_text(folder / "summary.txt", "\n".join(summary(report, settings)) + "\n")


def summary(report: DeidentifyReport, settings: DeidentifySettings) -> list[str]:
    """Tell a person what a run did, line by line."""
    lines = [
        f"{report.delivered} of {report.files} files delivered, {report.files_done_now} done now, "
        f"{report.wall_time_s:.1f} s",
        f"  {report.patients} patients, {report.studies} imaging studies, "
        f"{report.duplicates} duplicates",
        "  method: " + "; ".join(meaning for _, meaning in method_codes(settings.options)),
        *_print_lines(report, settings),
    ]
    if report.people_split:
        lines.append(
            f"  {report.people_split} names with one birth date stand under several patient ids, "
            "and so under several pseudonyms: join the ids at the source if they are one person"
        )
    if report.refused:
        lines.append("  not delivered (report/files.csv)")
        lines += [f"    {count:>6}  {reason}" for reason, count in report.refused.items()]
    return lines


def _print_lines(report: DeidentifyReport, settings: DeidentifySettings) -> list[str]:
    if not settings.follows(Option.CLEAN_PIXEL_DATA):
        return ["  pixels: not searched for print"]
    how = (
        "read by OCR: words of the list stay, all other print goes"
        if report.read_by_ocr
        else "without OCR: words of the list that the forms of their letters tell stay, all other "
        "print goes"
    )
    words = " ".join(f"{word} ({count})" for word, count in report.kept_words.items())
    return [
        f"  pixels: {report.painted_pieces} pieces of print painted over in "
        f"{report.painted_files} files; {how}",
        f"  words that stay: {words or 'none was found'}",
    ]
