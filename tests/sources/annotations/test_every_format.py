"""Every format that is found keeps the same promises: round trips, and bad rows are listed."""

import json
import math
import zipfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.annotations.drawings import by_format, label, table, uids

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS, LABELS
from osteon.errors import AnnotationError, UsageError
from osteon.sources.annotations import (
    all_formats,
    find_format,
    read_annotations,
    read_raw,
    write_annotations,
)

NAMES = [item.name for item in all_formats()]
WRITTEN = [item.name for item in all_formats() if item.write is not None]
FRACTIONS = ("coco", "csv", "labelme", "via2", "via3")  # the others hold whole or rounded pixels
WITH_SIZE = ("coco", "via2", "via3")  # corner + size can be a tie that rounds to the other side
ROUNDED_PX = {"yolo": 2e-4, "dicom_rtstruct": 1e-6, "dicom_sr": 1e-4}
DRAWN = ("dicom_seg",)  # pixels cannot stand outside, or be reversed
OUTLINED = ("dicom_rtstruct", "dicom_sr")  # the extent of an outline cannot be reversed


def read(path, films):
    frame, exclusions = read_annotations(path, films, HIP_CLASSES, annotator="anna")
    rows = [item for item in exclusions if item.level == "hip"]
    assert len(frame) + len(rows) == len(read_raw(path)[0])
    return frame, [item.reason for item in rows]


def sorted_rows(frame):
    return frame[list(LABELS.names)].sort_values(list(LABELS.key)).reset_index(drop=True)


def test_the_formats_are_the_files():
    assert NAMES == [
        "coco", "csv", "dicom_rtstruct", "dicom_seg", "dicom_sr", "labelme", "pascal_voc", "via2",
        "via3", "yolo",
    ]  # fmt: skip
    assert WRITTEN == ["coco", "csv", "dicom_seg", "via2", "via3"]
    with pytest.raises(UsageError, match="did you mean"):
        find_format("pascal-voc")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_cannot_hold(name):
    found = find_format(name)
    assert found.title
    assert len(found.loss) > 5


@pytest.mark.parametrize("name", NAMES)
def test_whole_pixels_read_back_as_they_were(name, films, tmp_path):
    first, second, *_ = uids(films)
    rows = [
        label(first), label(first, "R", (40, 0, 80, 100), "arthroplasty"),
        label(second, "R", (5, 6, 7, 8), "displaced_femoral_neck"),
    ]  # fmt: skip
    frame, reasons = read(by_format(name)(rows, films, tmp_path), films)
    assert reasons == []
    pd.testing.assert_frame_equal(
        sorted_rows(frame), sorted_rows(table(rows)), rtol=0, atol=ROUNDED_PX.get(name, 0.0)
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_bad_row_is_listed_and_the_good_one_comes_in(name, films, tmp_path):
    first, second, third, fourth, fifth = uids(films)
    rows = [label(first), label(first), label("1.2.3", name="arthroplasty")]
    wanted = ["row_repeated", "image_unknown"]
    unknown_class = label(second, name="femur")
    if name not in DRAWN:
        rows += [label(third, box=(70, 2, 100, 42)), label(fourth, box=(5, 6, 5, 9))]
        wanted += ["box_outside_image", "box_without_area"]
    if name not in (*DRAWN, *OUTLINED, "labelme"):  # two corners in any order are a rectangle
        rows.append(label(fifth, box=(9, 6, 5, 9)))
        wanted.append("box_reversed")
    if name in ("coco", "dicom_seg"):  # writers that know the classes and the films
        rows = [row for row in rows if row["sop_instance_uid"] != "1.2.3"]
        wanted.remove("image_unknown")
    if name == "coco":
        unknown_class = None
    if unknown_class is not None:
        rows.append(unknown_class)
        wanted.append("label_unknown")
    frame, reasons = read(by_format(name)(rows, films, tmp_path), films)
    assert sorted(reasons) == sorted(wanted)
    assert list(frame["sop_instance_uid"]) == [first]


@pytest.mark.parametrize("name", ["csv", "pascal_voc", "yolo", "via2", "via3", "coco", "labelme"])
def test_a_box_that_is_not_a_number_is_listed(name, films, tmp_path):
    path = by_format(name)([label(uids(films)[0], box=(1, 2, 40, 62.5))], films, tmp_path)
    sought = {"yolo": "0.605000", "via2": "60.5", "via3": "60.5", "coco": "60.5"}.get(name, "62.5")
    for file in [path] if path.is_file() else path.rglob("*.*"):
        if file.is_file():
            file.write_text(file.read_text().replace(sought, "NaN"))
    frame, reasons = read(path, films)
    assert frame.empty
    assert reasons == ["box_unreadable"]


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_lets_nothing_in(name, films, tmp_path):
    if name in ("csv", "yolo"):
        pytest.skip("a text cut at the end of a line is a whole text")
    path = by_format(name)([label(uids(films)[0])], films, tmp_path)
    file = path if path.is_file() else next(p for p in path.rglob("*.*") if p.is_file())
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    with pytest.raises(AnnotationError):
        read_annotations(path, films, HIP_CLASSES)


@pytest.mark.parametrize("name", NAMES)
def test_a_zip_of_it_reads_the_same(name, films, tmp_path):
    path = by_format(name)([label(uids(films)[0])], films, tmp_path)
    archive = tmp_path / "labels.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("pictures/film0.png", b"a picture is passed over")
        for file in [path] if path.is_file() else sorted(path.rglob("*.*")):
            if file.is_file():
                written.write(file, str(file.relative_to(tmp_path)))
    assert read(archive, films)[0].equals(read(path, films)[0])


any_side = st.floats(0, 79, allow_nan=False).filter(lambda value: value == 0 or value > 1e-3)
tool_side = st.integers(0, 79 * 1024).map(lambda steps: steps / 1024)


@st.composite
def boxes(draw, side):
    x_min, x_max = sorted(draw(st.lists(side, min_size=2, max_size=2, unique=True)))
    y_min, y_max = sorted(draw(st.lists(side, min_size=2, max_size=2, unique=True)))
    return x_min, y_min, x_max, y_max


def there_and_back(name, films, folder, left, right):
    first = uids(films)[0]
    rows = [label(first, "L", left), label(first, "R", right, "arthroplasty")]
    frame, reasons = read(by_format(name)(rows, films, folder), films)
    assert reasons == []
    return sorted_rows(frame), sorted_rows(table(rows))


@pytest.mark.parametrize("name", FRACTIONS)
@settings(max_examples=15)
@given(left=boxes(tool_side), right=boxes(tool_side))
def test_boxes_read_back_to_the_last_bit(name, films, tmp_path_factory, left, right):
    got, wanted = there_and_back(name, films, tmp_path_factory.mktemp("a"), left, right)
    assert got.equals(wanted)


@pytest.mark.parametrize("name", FRACTIONS)
@settings(max_examples=15)
@given(left=boxes(any_side), right=boxes(any_side))
def test_boxes_of_every_double_read_back(name, films, tmp_path_factory, left, right):
    got, wanted = there_and_back(name, films, tmp_path_factory.mktemp("a"), left, right)
    if name in WITH_SIZE:
        tie = math.ulp(80.0)
        pd.testing.assert_frame_equal(got, wanted, rtol=0, atol=tie)
        assert got[["x_min_px", "y_min_px"]].equals(wanted[["x_min_px", "y_min_px"]])
    else:
        assert got.equals(wanted)


OUTLINE = "[[1.25, 2.0, 30.5, 2.0, 30.5, 42.75, 10.0, 20.0]]"
MASK = json.dumps({"size": [100, 80], "counts": [202, 40, 60, 40, 7658]})


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(
    ("segmentation", "box"), [(OUTLINE, (1.25, 2.0, 30.5, 42.75)), (MASK, (2.0, 2.0, 4.0, 42.0))]
)
def test_outlines_and_masks_are_kept(name, segmentation, box, films, tmp_path):
    rows = [label(uids(films)[0], box=box) | {"segmentation": segmentation}]
    frame, reasons = read(by_format(name)(rows, films, tmp_path), films)
    assert reasons == []
    kept = json.loads(frame.loc[0, "segmentation"])
    if name != "dicom_seg":
        assert kept == json.loads(segmentation)
        assert tuple(frame.loc[0, list(BOX_COLUMNS)]) == box
    elif segmentation == MASK:
        assert kept == json.loads(MASK)


def test_a_format_that_is_only_read_is_not_written(films, tmp_path):
    labels = table([label(uids(films)[0])])
    with pytest.raises(UsageError, match="only read"):
        write_annotations(labels, films, HIP_CLASSES, tmp_path / "x", "yolo")


def test_a_label_without_its_film_is_not_written(films, tmp_path):
    with pytest.raises(AnnotationError, match=r"1\.2\.3"):
        write_annotations(table([label("1.2.3")]), films, HIP_CLASSES, tmp_path / "x.csv", "csv")
    assert list(tmp_path.iterdir()) == []
