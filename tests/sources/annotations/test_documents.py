"""Files as people and enemies send them: encodings, sizes, archives, XML bombs."""

import json
import zipfile

import pytest
from openpyxl import Workbook
from tests.sources.annotations.drawings import by_format, label, uids

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import exclusion_rows
from osteon.errors import AnnotationError
from osteon.sources.annotations import documents as module
from osteon.sources.annotations import read_annotations

HEADER = "filename;laterality;x;y;width;height;label;annotator"
ROW = "film0;L;1,5;2;30;40;no_fracture;Jürgen"

BOMB = """<?xml version="1.0"?>
<!DOCTYPE annotation [
 <!ENTITY a "aaaaaaaaaa">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<annotation><filename>&b;</filename></annotation>"""
OUTSIDE = """<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<annotation><filename>&x;</filename></annotation>"""
PLAIN_DOCTYPE = "<!DOCTYPE annotation><annotation><filename>film0.png</filename></annotation>"


def read(path, films):
    return read_annotations(path, films, HIP_CLASSES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_in_every_encoding(encoding, films, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode(encoding))
    frame, exclusions = read(path, films)
    assert exclusions == []
    assert frame.loc[0, "annotator"] == "Jürgen"
    assert frame.loc[0, "x_min_px"] == 1.5


def test_a_json_with_a_byte_order_mark(films, tmp_path):
    path = by_format("coco")([label(uids(films)[0])], films, tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read(path, films)[0]) == 1


def test_decimal_commas_between_commas_are_listed_not_guessed(films, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text((HEADER + "\n" + ROW).replace(";", ","))
    frame, exclusions = read(path, films)
    assert frame.empty
    assert [item.reason for item in exclusions] == ["row_unreadable"]


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, PLAIN_DOCTYPE])
def test_xml_that_declares_anything_is_refused(text, films, tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(AnnotationError, match="refused"):
        read(path, films)


def workbook(path, rows, merged=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    book.save(path)
    return path


def test_an_excel_workbook_of_boxes(films, tmp_path):
    rows = [HEADER.split(";"), ["film0", "L", 1.5, 2, 30, 40, "no_fracture", "anna"]]
    frame, exclusions = read(workbook(tmp_path / "a.xlsx", rows), films)
    assert exclusions == []
    assert frame.loc[0, "x_max_px"] == 31.5


def test_merged_cells_are_refused(films, tmp_path):
    rows = [HEADER.split(";"), *[["film0", "L", 1, 2, 30, 40, "no_fracture", "anna"]] * 2]
    with pytest.raises(AnnotationError, match="A2:A3"):
        read(workbook(tmp_path / "a.xlsx", rows, "A2:A3"), films)


def test_a_large_json_comes_in_and_a_larger_one_is_refused(films, tmp_path, monkeypatch):
    path = by_format("via2")([label(uids(films)[0])], films, tmp_path)
    text = path.read_text()
    with path.open("w") as stream:
        stream.write(text.rstrip()[:-1])
        stream.write(',"padding": "')
        for _ in range(200):
            stream.write("x" * 2**20)
        stream.write('"}')
    assert len(read(path, films)[0]) == 1
    monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", 2**20)
    with pytest.raises(AnnotationError, match="at most"):
        read(path, films)


def test_files_of_a_folder_in_no_format_are_listed(films, tmp_path):
    by_format("pascal_voc")([label(uids(films)[0])], films, tmp_path)
    (tmp_path / "notes.txt").write_text("drawn on Monday")
    (tmp_path / "film0.png").write_bytes(b"a picture")
    frame, exclusions = read(tmp_path, films)
    assert len(frame) == 1
    assert [(item.level, item.key, item.reason) for item in exclusions] == [
        ("file", "notes.txt", "format_unknown")
    ]


def test_one_damaged_file_of_a_folder_lets_nothing_in(films, tmp_path):
    by_format("pascal_voc")([label(uids(films)[0])], films, tmp_path)
    (tmp_path / "z.xml").write_text("<annotation><object>")
    with pytest.raises(AnnotationError, match=r"z\.xml"):
        read(tmp_path, films)


@pytest.mark.parametrize("member", ["../out.csv", "/etc/out.csv"])
def test_an_archive_that_climbs_is_refused(member, films, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, f"{HEADER}\n{ROW}\n")
    with pytest.raises(AnnotationError, match=r"\.\./out|/etc/out"):
        read(path, films)


def test_a_damaged_archive_is_an_error(films, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 300)
    with pytest.raises(AnnotationError, match="cannot be read"):
        read(path, films)


def test_an_absent_file_is_an_error(films, tmp_path):
    with pytest.raises(AnnotationError, match="no such file"):
        read(tmp_path / "nothing.json", films)


def test_an_annotator_in_two_spellings_is_one(films, tmp_path):
    path = tmp_path / "a.csv"
    again = ROW.replace("1,5", "9").replace("Jürgen", "jürgen ")
    path.write_text(f"{HEADER}\n{ROW}\n{again}\n{ROW.replace('film0', 'film1')}\n", "utf-8")
    frame, exclusions = read(path, films)
    assert [item.reason for item in exclusions] == ["rows_conflict", "rows_conflict"]
    assert list(frame["annotator"]) == ["Jürgen"]


def test_rows_of_two_exports_with_the_same_names_are_told_apart(films, tmp_path):
    paths = [tmp_path / "anna", tmp_path / "bert"]
    for path in paths:
        path.mkdir()
        by_format("pascal_voc")([label("1.2.3")], films, path)
    item = {"id": 1, "image_id": 9, "category_id": 1, "bbox": [1, 2, 3, 4]}
    coco = {"images": [], "categories": [], "annotations": [item, item]}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    _, exclusions = read_annotations([*paths, tmp_path / "coco.json"], films, HIP_CLASSES)
    assert len(exclusion_rows(exclusions)) == 4
