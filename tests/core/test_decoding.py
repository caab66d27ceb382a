"""Bytes become text by one decision, and what was not known is said."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.decoding import decode_text
from osteon.errors import TableError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_and_utf_8_need_no_notice(encoding):
    found = decode_text("Jürgen".encode(encoding), "a.csv")
    assert (found.text, found.notice) == ("Jürgen", None)


def test_windows_1252_is_counted_and_said_with_the_file(caplog):
    data = "id,name\n1,Anna\n2,Jürgen\n3,Zoë\n".encode("cp1252")
    found = decode_text(data, "names.csv")
    assert found.text.endswith("2,Jürgen\n3,Zoë\n")
    assert (found.notice.lines, found.notice.line, found.notice.shown) == (2, 3, "2,Jürgen")
    with caplog.at_level(logging.WARNING, "osteon"):
        assert found.tell() is found
    assert caplog.messages == [
        "names.csv is not UTF-8 and was read as Windows-1252: 2 lines hold such characters, the "
        "first is line 3: '2,Jürgen'"
    ]


def test_a_declared_encoding_is_the_only_one_tried(caplog):
    assert decode_text("骨折".encode("shift_jis"), "a.csv", "shift_jis").tell().text == "骨折"
    assert caplog.messages == []
    with pytest.raises(TableError, match=r"a\.csv is not utf-8: line 1, column 2 holds .*0xfc"):
        decode_text("Müller".encode("latin-1"), "a.csv", "utf-8")
    with pytest.raises(TableError, match="unknown"):
        decode_text(b"a", "a.csv", "no-such-encoding")


def test_what_no_decision_reads_is_placed_by_line_and_column():
    data = "id,name\n1,Jürgen\n2,".encode("cp1252") + b"ab\x81c\n"
    with pytest.raises(TableError, match=r"nor cp1252: line 3, column 5 .*0x81") as caught:
        decode_text(data, "a.csv")
    assert "line 2 reads '1,Jürgen' as latin-1" in caught.value.message
    assert "--encoding" in caught.value.remedy


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(data):
    try:
        found = decode_text(data, "a.csv")
    except TableError:
        return
    assert isinstance(found.text, str)
    assert (found.notice is None) == (found.encoding != "cp1252")
