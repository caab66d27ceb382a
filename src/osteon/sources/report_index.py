"""Full-text index of reports: SQLite's FTS5, words folded, near one another, by prefix.

What a user asks for never becomes SQL: it is cut into words, quoted as FTS5 strings, and handed
over as a parameter. Chinese, Japanese and Korean signs are words of their own, because FTS5 cuts
at spaces only.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd

from osteon.core.manifest import fingerprint
from osteon.errors import StorageError, UsageError
from osteon.sources.report_language import phrase

__all__ = ["ReportIndex", "Span", "match_expression"]

_FORMAT = 1  # raise it when texts are indexed differently
_CJK_SIGN = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])")
_SPLIT = "\u200b"  # no width, and a separator for the tokenizer
_OPEN, _CLOSE = "\x02", "\x03"
_LONGEST_TERM = 400
_FARTHEST = 1000
_SETUP = """
DROP TABLE IF EXISTS report;
DROP TABLE IF EXISTS made_from;
CREATE VIRTUAL TABLE report USING fts5 (body, tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE made_from (hash TEXT);
"""
Span = tuple[int, int]


def match_expression(terms: Sequence[str], near: Sequence[str], within_words: int) -> str:
    """Write the FTS5 expression for any of ``terms`` near any of ``near``.

    A term ends with ``*`` for words that begin so. Anything else that is no letter or number
    only separates words: quotes, brackets and the operators of FTS5 have no power.

    Raises
    ------
    UsageError
        If there is no term, one holds no word or is longer than 400 characters, or the distance
        is not between 0 and 1000.

    Examples
    --------
    >>> match_expression(["femoral neck"], ["fractur*"], 10)
    'NEAR("femoral neck" "fractur" *, 10)'
    >>> match_expression(['a" OR report MATCH "'], [], 10)
    '"a or report match"'
    """
    if not terms:
        raise UsageError("no term to search for", remedy="--term 'femoral neck' --near 'fractur*'")
    if not 0 <= within_words <= _FARTHEST:
        raise UsageError(f"got a distance of {within_words} words, wanted 0 to {_FARTHEST}")
    found = [_quoted(term) for term in terms]
    beside = [_quoted(term) for term in near]
    if not beside:
        return " OR ".join(found)
    pairs = [f"NEAR({one} {other}, {within_words})" for one in found for other in beside]
    return " OR ".join(pairs)


def _quoted(term: str) -> str:
    words = phrase(term)
    if not words or len(term) > _LONGEST_TERM:
        raise UsageError(f"term {term[:40]!r} holds no word, or more than {_LONGEST_TERM} signs")
    return f'"{" ".join(words)}"' + (" *" if term.rstrip().endswith("*") else "")


class ReportIndex:
    """Index the texts of reports; the number of a report is its row in the table.

    Parameters
    ----------
    reports
        Table of reports.
    path
        Where to keep the index; ``None`` for memory. A kept index of the same texts is used
        again.

    Raises
    ------
    StorageError
        If the index cannot be written.
    """

    def __init__(self, reports: pd.DataFrame, path: Path | None = None) -> None:
        texts = reports["text"].tolist()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._open(path, texts)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"could not write the index {path}: {error}",
                remedy="free some space, or remove the file if it is no index",
            ) from error

    def _open(self, path: Path | None, texts: Sequence[str]) -> None:
        self._db = sqlite3.connect(":memory:" if path is None else path)
        try:
            made_from = fingerprint([_FORMAT, texts])
            if self._made_from() != made_from:
                self._fill(texts, made_from)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def _made_from(self) -> str | None:
        try:
            row = self._db.execute("SELECT hash FROM made_from").fetchone()
        except sqlite3.OperationalError:
            return None
        return None if row is None else str(row[0])

    def _fill(self, texts: Sequence[str], made_from: str) -> None:
        with self._db:
            self._db.executescript(_SETUP)
            rows = ((i, _CJK_SIGN.sub(rf"\1{_SPLIT}", text)) for i, text in enumerate(texts))
            self._db.executemany("INSERT INTO report (rowid, body) VALUES (?, ?)", rows)
            self._db.execute("INSERT INTO made_from VALUES (?)", (made_from,))

    def search(self, terms: Sequence[str], near: Sequence[str], within_words: int) -> list[int]:
        """Numbers of the reports that hold any of the terms near any of the others, in order."""
        expression = match_expression(terms, near, within_words)
        query = "SELECT rowid FROM report WHERE report MATCH ? ORDER BY rowid"
        return [int(row[0]) for row in self._db.execute(query, (expression,))]

    def places(self, numbers: Sequence[int], term: str) -> Iterator[tuple[int, list[Span]]]:
        """Where a term stands in some of the reports: number, and spans of characters."""
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY)")
        self._db.execute("DELETE FROM wanted")
        self._db.executemany("INSERT INTO wanted VALUES (?)", ((number,) for number in numbers))
        query = (
            "SELECT rowid, highlight(report, 0, ?, ?) FROM report"
            " WHERE report MATCH ? AND rowid IN (SELECT id FROM wanted) ORDER BY rowid"
        )
        for number, marked in self._db.execute(query, (_OPEN, _CLOSE, _quoted(term))).fetchall():
            yield int(number), _spans(marked.replace(_SPLIT, ""))


def _spans(marked: str) -> list[Span]:
    """Spans in the text of what stands between the marks."""
    head, *pieces = marked.split(_OPEN)
    spans, before = [], len(head)
    for piece in pieces:
        inside, _, behind = piece.partition(_CLOSE)
        spans.append((before, before + len(inside)))
        before += len(inside) + len(behind)
    return spans
