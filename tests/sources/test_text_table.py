"""Text tables as hospitals write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import TableError
from osteon.sources.text_table import decode_text, read_text_table


def write(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("\ufeffid;name\n1;Müller\n".encode(), None),
        ("id,name\r\n1,Müller\r\n".encode("latin-1"), "latin-1"),
        ("id\tname\n1\tMüller\n".encode("utf-16"), None),
        (b'id,name\n\n1,"M\xc3\xbcller"\n\n', None),
    ],
)
def test_marks_delimiters_and_encodings(tmp_path, data, encoding):
    table = read_text_table(write(tmp_path, data), encoding=encoding)
    assert table.columns == ("id", "name")
    assert [dict(row.cells) for row in table.rows] == [{"id": "1", "name": "Müller"}]


def test_japanese_is_read_when_declared_and_never_guessed(tmp_path):
    path = write(tmp_path, "id,name\n1,骨折太郎\n".encode("shift_jis"))
    assert read_text_table(path, encoding="shift_jis").rows[0].cells["name"] == "骨折太郎"
    with pytest.raises(TableError, match="'1,骨折太郎' as shift_jis") as caught:
        read_text_table(path)
    assert "--encoding" in str(caught.value)


def test_rows_know_their_line_and_what_is_wrong_with_them(tmp_path):
    table = read_text_table(write(tmp_path, 'a,b\n"one\ntwo",2\n1\n1,2,3\n'))
    assert [(row.number, row.cells["b"]) for row in table.rows] == [(3, "2"), (4, ""), (5, "2")]
    assert [row.fault for row in table.rows] == [None, None, "3 cells for 2 columns"]


@pytest.mark.parametrize(
    ("data", "said"),
    [("", "empty"), ("a,a\n", "two columns"), (b"a,b\n\0\1,2", "zero bytes")],
)
def test_what_is_no_table_is_refused(tmp_path, data, said):
    with pytest.raises(TableError, match=said):
        read_text_table(write(tmp_path, data))


def test_an_unknown_encoding_is_refused():
    with pytest.raises(TableError, match="unknown"):
        decode_text(b"a", "a.csv", "no-such-encoding")


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(data):
    try:
        text, _ = decode_text(data, "a.csv")
    except TableError:
        return
    assert isinstance(text, str)


def test_comments_before_the_names_are_passed_over(tmp_path):
    table = read_text_table(write(tmp_path, "# made, by; nobody\nid,name\n1,# not one\n"))
    assert table.columns == ("id", "name")
    assert dict(table.rows[0].cells) == {"id": "1", "name": "# not one"}
    assert table.rows[0].number == 3
    assert read_text_table(write(tmp_path, "#,name\n1,x\n")).columns == ("#", "name")
