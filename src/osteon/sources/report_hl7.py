"""Reports in HL7 version 2 result messages (ORU): MLLP frames, batches, escapes, encodings.

The library ``hl7`` cuts messages into segments and fields. Escapes are undone here: hexadecimal
ones follow the message's character set, and what is no escape stays in the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.core.decoding import decode_text
from osteon.core.optional import require
from osteon.errors import TableError
from osteon.sources.moments import hl7_moment
from osteon.sources.report_rows import RawReport

__all__ = ["read_hl7_reports", "split_messages"]

# HL7 v2.5.1 table 0211, and Python's names for it
_CHARACTER_SETS = {
    "ASCII": "ascii", "8859/1": "latin-1", "8859/2": "iso8859-2", "8859/3": "iso8859-3",
    "8859/4": "iso8859-4", "8859/5": "iso8859-5", "8859/6": "iso8859-6", "8859/7": "iso8859-7",
    "8859/8": "iso8859-8", "8859/9": "iso8859-9", "8859/15": "iso8859-15",
    "ISO IR6": "ascii", "ISO IR14": "shift_jis", "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1", "GB 18030-2000": "gb18030", "KS X 1001": "euc_kr",
    "BIG-5": "big5", "UNICODE": "utf-8", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8",
}  # fmt: skip
_FRAME = re.compile(rb"[\x0b\x1c]")
_MESSAGE = re.compile(rb"(?:^|(?<=[\r\n]))MSH(?=[^A-Za-z0-9\s])")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?=[^A-Za-z0-9\s]|$)")
_ENVELOPE = ("FHS", "BHS", "BTS", "FTS")
# OBX-11 by table 0085, OBR-25 by table 0123, as hl7.org publishes both
_WITHDRAWN = ("D", "W", "X", "N")
_CANCELLED = ("X", "S", "O", "Y", "Z")
# a suffix of OBX-3 (HL7 v2.5.1, 7.2.4, on the components of narrative reports), behind the mark of
# subcomponents; written from memory: the list in that section could not be looked up
_ADDENDUM = "ADT"
_TEXT_TYPES = ("TX", "FT", "ST", "CE", "CWE", "NM", "")
_BREAKS = {".br": "\n", ".sp": "\n", ".ce": "\n", ".in": "    ", ".ti": "    ", ".sk": " ",
           ".fi": "", ".nf": ""}  # fmt: skip


@dataclass(slots=True)
class _Order:
    """An OBR segment with the lines of its OBX segments."""

    segment: Any
    lines: list[str] = field(default_factory=list)
    addendum: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    statuses: set[str] = field(default_factory=set)


def split_messages(data: bytes) -> list[bytes]:
    r"""Cut a file into messages: MLLP frames, batch files, or messages one behind the other.

    Examples
    --------
    >>> len(split_messages(b"\x0bMSH|^~\\&|a\r\x1c\r\x0bMSH|^~\\&|b\r\x1c\r"))
    2
    """
    messages = []
    for frame in _FRAME.split(data):
        starts = [match.start() for match in _MESSAGE.finditer(frame)]
        ends = [*starts[1:], len(frame)][: len(starts)]
        messages += [frame[a:b].strip(b"\r\n") for a, b in zip(starts, ends, strict=True)]
    return messages


def read_hl7_reports(
    path: Path,
    *,
    encoding: str | None = None,
    accession_fields: Sequence[str] = ("OBR-18", "OBR-3"),
) -> Iterator[RawReport]:
    """Read every report of a file of HL7 v2 messages.

    One report is one OBR segment with its OBX segments: several OBX are lines, repetitions in
    OBX-5 are lines, an OBX identifier with the suffix ``ADT`` begins an addendum. The status is
    OBR-25, else that of the OBX segments; the time is OBR-22, else MSH-7.

    Parameters
    ----------
    path
        The file.
    encoding
        For messages that name none in MSH-18; UTF-8 otherwise. What MSH-18 says comes first.
    accession_fields
        Where the accession stands; the first that is not empty counts. IHE puts it in OBR-18.

    Raises
    ------
    TableError
        If the file cannot be read or holds no message.
    MissingExtraError
        If the library ``hl7`` is not installed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    messages = split_messages(data)
    if not messages:
        raise TableError(f"{path} holds no HL7 message: no segment MSH")
    for number, message in enumerate(messages, start=1):
        place = f"{path.name}#message {number}"
        try:
            decoded = decode_text(message, place, _encoding(message, encoding))
        except TableError as error:
            yield _refused(place, "encoding_unknown", error.message)
            continue
        yield from _reports(place, decoded.text, decoded.encoding, accession_fields)


def _refused(place: str, reason: str, detail: str) -> RawReport:
    return RawReport(place, place, "", "", fault=(reason, detail))


def _encoding(message: bytes, declared: str | None) -> str:
    separator = message[3:4]
    fields = re.split(rb"[\r\n]", message, maxsplit=1)[0].split(separator)
    named = (
        fields[17].split(fields[1][1:2])[0].decode("ascii", "replace") if len(fields) > 17 else ""
    )
    return _CHARACTER_SETS.get(named.strip().upper(), named.strip()) or declared or "utf-8"


def _reports(
    place: str, text: str, encoding: str, accession_fields: Sequence[str]
) -> Iterator[RawReport]:
    hl7 = require("hl7", purpose="reading HL7 messages")
    try:
        message = hl7.parse("\r".join(_segments(text)))
        kind = _read(message.segment("MSH"), 9, 1)
    except Exception as error:  # a damaged message fails in the library in any way
        yield _refused(place, "message_damaged", f"not a message: {type(error).__name__}: {error}")
        return
    if kind not in ("ORU", "MDM"):
        yield _refused(place, "no_result_message", f"a message of type {kind!r}, wanted ORU")
        return
    orders = _orders(message, encoding)
    if not orders:
        yield _refused(place, "report_missing", "the message has no OBR segment")
    for number, order in enumerate(orders, start=1):
        yield from _order_reports(f"{place}, order {number}", message, order, accession_fields)


def _segments(text: str) -> list[str]:
    """Segments of a message; a line that starts none goes on where the last one ended."""
    segments: list[str] = []
    for line in re.split(r"\r\n|\r|\n", text):
        if _SEGMENT.match(line):
            if line[:3] not in _ENVELOPE:
                segments.append(line)
        elif segments:
            escape = segments[0][6:7] or "\\"
            segments[-1] += f"{escape}.br{escape}{line}"
    return segments


def _orders(message: Any, encoding: str) -> list[_Order]:
    orders: list[_Order] = []
    for segment in message:
        name = str(segment[0])
        if name == "OBR":
            orders.append(_Order(segment))
        elif name == "OBX" and orders:
            _add_observation(orders[-1], message, segment, encoding)
        elif name == "NTE" and orders:
            orders[-1].lines += _lines(message, _field(segment, 3), encoding)
    return orders


def _add_observation(order: _Order, message: Any, segment: Any, encoding: str) -> None:
    status = _read(segment, 11)
    if status in _WITHDRAWN:
        return
    kind = _read(segment, 2)
    if kind not in _TEXT_TYPES:
        order.documents.append(kind)
        return
    order.statuses.add(status)
    suffix = _read(segment, 3, 1).split(str(message.separators[4]))[-1]
    lines = order.addendum if suffix == _ADDENDUM else order.lines
    lines += _lines(message, _field(segment, 5), encoding)


def _order_reports(
    place: str, message: Any, order: _Order, accession_fields: Sequence[str]
) -> Iterator[RawReport]:
    header, obr = message.segment("MSH"), order.segment
    status = _read(obr, 25) or next(iter(order.statuses - {""}), "")
    patient = _first(message, "PID")
    times = {
        "patient_birth_date": _read(patient, 7, 1), "acquired_at": _read(obr, 7, 1),
        "reported_at": _read(obr, 22, 1) or _read(header, 7, 1),
    }  # fmt: skip
    moments = {name: hl7_moment(text) for name, text in times.items()}
    birth = moments["patient_birth_date"]
    values: dict[str, Any] = {
        "accession_number": next(filter(None, (_named(obr, n) for n in accession_fields)), ""),
        "patient_id": _read(patient, 3, 1),
        "patient_sex": _read(patient, 8, 1),
        "patient_class": _read(_first(message, "PV1"), 2, 1),
        "examination": _read(obr, 4, 2) or _read(obr, 4, 1),
        "odd": tuple(name for name, text in times.items() if text and moments[name] is None),
        **moments,
        "patient_birth_date": birth[:10] if birth else None,
    }
    text, addendum = "\n".join(order.lines).strip(), "\n".join(order.addendum).strip()
    if status in _CANCELLED:
        detail = f"result status {status}: the examination has no result"
        yield RawReport(place, place, "", status, fault=("report_cancelled", detail), **values)
    elif not text and not addendum and order.documents:
        detail = f"the report is a document ({', '.join(sorted(set(order.documents)))}), not text"
        yield RawReport(place, place, "", status, fault=("text_encapsulated", detail), **values)
    else:
        if text or not addendum:
            yield RawReport(place, place, text, status, **values)
        if addendum:
            yield RawReport(place, f"{place}, addendum", addendum, "ADDENDUM", **values)


def _first(message: Any, name: str) -> Any:
    return next((segment for segment in message if str(segment[0]) == name), None)


def _field(segment: Any, number: int) -> str:
    if segment is None or len(segment) <= number:
        return ""
    return str(segment[number])


def _read(segment: Any, number: int, component: int | None = None) -> str:
    """Text of a field's first repetition, or of one of its components."""
    text = _field(segment, number)
    if segment is None or not text:
        return ""
    _, _, repetition, parts, _ = (str(mark) for mark in segment.separators)
    text = text.split(repetition)[0]
    if component is None:
        return text.strip()
    pieces = text.split(parts)
    return pieces[component - 1].strip() if len(pieces) >= component else ""


def _named(segment: Any, name: str) -> str:
    kind, _, number = name.partition("-")
    if kind != "OBR" or not number.isdigit():
        raise TableError(f"got {name!r} for the accession's field, wanted OBR-18, for example")
    return _read(segment, int(number), 1)


def _lines(message: Any, text: str, encoding: str) -> list[str]:
    return [_unescaped(message, part, encoding) for part in text.split(str(message.separators[2]))]


def _unescaped(message: Any, text: str, encoding: str) -> str:
    """Undo HL7 escapes (v2.5.1, chapter 2.7); anything else between escapes stays as it is."""
    escape = re.escape(str(message.esc))
    marks = dict(zip("FRST", map(str, message.separators[1:]), strict=True))
    marks |= {"E": str(message.esc), "H": "", "N": ""}

    def undone(match: re.Match[str]) -> str:
        code = match[1]
        if code in marks:
            return marks[code]
        if code[:1] == "X" and re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", code[1:]):
            return bytes.fromhex(code[1:]).decode(encoding, "replace")
        if code[:3] in _BREAKS and re.fullmatch(r"[+-]?\d{0,3}", code[3:]):
            count = abs(int(code[3:])) if code[3:].strip("+-") else 1
            return _BREAKS[code[:3]] * min(count, 80)
        return match[0]

    return re.sub(f"{escape}([^{escape}]{{1,64}}){escape}", undone, text)
