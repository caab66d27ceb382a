"""From bytes to text: one decision on encodings for every file that people give.

A byte order mark decides (UTF-8, UTF-16); else the encoding that the user names; else UTF-8; else
Windows-1252, as Excel saves "CSV" in western Europe, with a notice that counts what was read so.
"""

from dataclasses import dataclass

from osteon.core.logs import logger
from osteon.errors import TableError

__all__ = ["Decoded", "EncodingNotice", "decode_text"]

_LOG = logger(__name__)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SHOWN_AS = ("latin-1", "cp1252", "shift_jis", "cp932", "euc_jp")
_WESTERN = "cp1252"
_PREVIEW = 24


@dataclass(frozen=True, slots=True)
class EncodingNotice:
    """A file that says no encoding and is not UTF-8 was read as Windows-1252.

    ``lines`` counts the lines with such characters; the first is ``line`` (from 1), and reads
    ``shown`` there.
    """

    file: str
    lines: int
    line: int
    shown: str

    def __str__(self) -> str:
        return (
            f"{self.file} is not UTF-8 and was read as Windows-1252: {self.lines} lines hold such "
            f"characters, the first is line {self.line}: {self.shown!r}"
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was read with, and the notice where that was not known."""

    text: str
    encoding: str
    notice: EncodingNotice | None = None

    def tell(self) -> "Decoded":
        """Say in the log where the encoding was not known; gives itself back."""
        if self.notice is not None:
            _LOG.warning("%s", self.notice)
        return self


def decode_text(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    """Turn the bytes of a file into text.

    Parameters
    ----------
    data
        The bytes.
    name
        The file, for messages.
    encoding
        What the user says; then nothing else is tried, unless a byte order mark contradicts.

    Raises
    ------
    TableError
        If bytes are not in the encoding: names the line and column, and shows how the first such
        line reads in usual encodings. If the encoding is unknown.

    Examples
    --------
    >>> found = decode_text("Müller".encode("cp1252"), "a.csv")
    >>> found.text, found.encoding, found.notice.lines
    ('Müller', 'cp1252', 1)
    """
    marked = next((coding for mark, coding in _MARKS if data.startswith(mark)), None)
    coding = marked or encoding or "utf-8"
    try:
        return Decoded(data.decode(coding), coding)
    except LookupError:
        raise TableError(
            f"{name}: encoding {coding!r} is unknown", remedy="say --encoding latin-1, for example"
        ) from None
    except UnicodeDecodeError as error:
        if marked or encoding:
            raise _refused(data, name, (coding,), error, error) from error
        return _western(data, name, error)


def _western(data: bytes, name: str, first: UnicodeDecodeError) -> Decoded:
    try:
        text = data.decode(_WESTERN)
    except UnicodeDecodeError as error:
        raise _refused(data, name, ("utf-8", _WESTERN), first, error) from error
    line, _ = _place(data, _WESTERN, first.start)
    foreign = sum(not row.isascii() for row in data.split(b"\n"))
    shown = _around(data, first.start).decode(_WESTERN)
    return Decoded(text, _WESTERN, EncodingNotice(name, foreign, line, shown))


def _refused(
    data: bytes,
    name: str,
    tried: tuple[str, ...],
    first: UnicodeDecodeError,
    last: UnicodeDecodeError,
) -> TableError:
    line, column = _place(data, tried[-1], last.start)
    around = _around(data, first.start)
    readings = [f"{shown} as {known}" for known in _SHOWN_AS if (shown := _shown(around, known))]
    return TableError(
        f"{name} is not {' nor '.join(tried)}: line {line}, column {column} holds the byte "
        f"0x{data[last.start]:02x}; line {_place(data, tried[-1], first.start)[0]} reads "
        + (", ".join(readings) or "in none of the usual encodings"),
        remedy="save it as UTF-8, or say which: --encoding, or encoding: in a schema",
    )


def _place(data: bytes, encoding: str, start: int) -> tuple[int, int]:
    """Line and column of a byte, from 1; the column counts characters."""
    before = data[:start].decode(encoding, "replace")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _around(data: bytes, start: int) -> bytes:
    begin = max(data.rfind(b"\n", 0, start) + 1, start - _PREVIEW)
    return data[begin : start + _PREVIEW].splitlines()[0]


def _shown(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = data[: error.start].decode(encoding)
        return repr(text) if error.start > len(data) - 3 and text else ""
    return repr(text) if text.isprintable() else ""
