"""Each format's way of counting pixels, against examples known from elsewhere."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.sources.annotations.drawings import (
    COLUMNS,
    ROWS,
    image_region,
    label,
    measurement_group,
    report,
    uids,
)

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS
from osteon.sources.annotations import read_annotations, read_raw

# VOC2007 000001.jpg, 353 x 500: the dog is 148 columns and 132 rows (xmax - xmin + 1)
DOG = """<annotation><folder>VOC2007</folder><filename>000001.jpg</filename>
<size><width>353</width><height>500</height><depth>3</depth></size>
<object><name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
<bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox></object>
</annotation>"""


def corners(path):
    boxes, _ = read_raw(path)
    return [box.shape.corners for box in boxes]


def test_pascal_voc_counts_from_one_and_includes_the_last_pixel(tmp_path):
    (tmp_path / "000001.xml").write_text(DOG)
    ((x_min, y_min, x_max, y_max),) = corners(tmp_path / "000001.xml")
    assert (x_min, y_min, x_max, y_max) == (47, 239, 195, 371)
    assert (x_max - x_min, y_max - y_min) == (148, 132)


def test_yolo_is_the_middle_and_size_as_fractions(films, tmp_path):
    (tmp_path / "classes.txt").write_text("\n".join(f"{name}_L" for name in HIP_CLASSES.classes))
    text = "5 0.5 0.5 0.25 0.5\n4 0.1 0.1 0.5 0.1 0.5 0.9 0.1 0.9\n"
    (tmp_path / "film0.txt").write_text(text)
    (tmp_path / "film1.txt").write_text("0 0.5 0.5 1.0 1.0 0.875\n9 0.5 0.5 1 1\n")
    (tmp_path / "film2.txt").write_text("")
    frame, exclusions = read_annotations(tmp_path, films, HIP_CLASSES)
    assert [item.reason for item in exclusions] == [
        "label_unknown",
        "rows_conflict",
        "rows_conflict",
    ]
    assert list(frame.loc[0, list(BOX_COLUMNS)]) == [0, 0, COLUMNS, ROWS]
    assert frame.loc[0, "confidence"] == "0.875"
    raw = {box.label: box.shape for box in read_raw(tmp_path / "film0.txt")[0]}
    assert raw["arthroplasty_L"].corners == (0.375, 0.25, 0.625, 0.75)
    assert raw["internal_fixation_L"].corners == (0.1, 0.1, 0.5, 0.9)


def test_labelme_outlines_circles_and_masks(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(np.array([[0, 255], [255, 255], [0, 0]], np.uint8)).save(stream, "PNG")
    shapes = [
        {"label": "a", "shape_type": "polygon", "points": [[1, 2], [5, 2], [3, 9.5]]},
        {"label": "a", "shape_type": "circle", "points": [[10, 10], [13, 14]]},
        {
            "label": "a", "shape_type": "mask", "points": [[10, 20], [11, 22]],
            "mask": base64.b64encode(stream.getvalue()).decode(),
        },
        {"label": "a", "shape_type": "rectangle", "points": [[9, 8], [1, 2]]},
        {"label": "a", "shape_type": "point", "points": [[9, 8]]},
    ]  # fmt: skip
    content = {"imagePath": "x.png", "imageWidth": 80, "imageHeight": 100, "shapes": shapes}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content))
    assert corners(path) == [(1, 2, 5, 9.5), (5, 5, 15, 15), (10, 20, 12, 22), (1, 2, 9, 8), None]


def test_via3_shapes_and_options(films, tmp_path):
    first = uids(films)[0]
    attribute = {
        "1": {"aname": "label", "type": 4, "options": {"0": "no_fracture", "1": "arthroplasty"}},
        "2": {"aname": "side", "type": 3, "options": {"a": "L", "b": "R"}},
        "3": {"aname": "finding", "type": 2, "options": {"0": "osteophyte", "1": "cement"}},
    }
    metadata = {
        "k1": {"vid": "7", "z": [], "xy": [2, 1, 2, 30, 40],
               "av": {"1": "1", "2": "b", "3": "0,1"}},
        "k2": {"vid": "7", "z": [], "xy": [8, 5, 6, 40, 9, 20, 50, 7, 30],
               "av": {"1": "0", "2": "a"}},
        "k3": {"vid": "7", "z": [], "xy": [1, 5, 6], "av": {"1": "0", "2": "a"}},
        "k4": {"vid": "7", "z": [1.5], "xy": [2, 1, 2, 3, 4], "av": {"1": "0", "2": "a"}},
    }  # fmt: skip
    project = {
        "project": {"pname": "x"}, "config": {}, "attribute": attribute, "metadata": metadata,
        "file": {"3": {"fid": 3, "fname": "film0.png"}}, "view": {"7": {"fid_list": [3]}},
    }  # fmt: skip
    path = tmp_path / "via3.json"
    path.write_text(json.dumps(project))
    frame, exclusions = read_annotations(path, films, HIP_CLASSES)
    assert [item.reason for item in exclusions] == ["shape_not_box", "shape_not_still"]
    rows = frame.set_index("laterality")
    assert list(rows.loc["R", list(BOX_COLUMNS)]) == [1, 2, 31, 42]
    assert list(rows.loc["L", list(BOX_COLUMNS)]) == [5, 6, 40, 50]
    assert rows.loc["R", "finding"] == "osteophyte, cement"
    assert set(frame["sop_instance_uid"]) == {first}


def test_report_regions_of_every_kind(films, tmp_path):
    first = uids(films)[0]
    regions = [
        image_region("CIRCLE", [20, 30, 23, 34]),
        image_region("ELLIPSE", [10, 20, 30, 20, 20, 15, 20, 25]),
        image_region("POLYGON", [-10, 20, 30, -8, 20, 30, -8, 25, 30, -10, 20, 30], "SCOORD3D"),
        image_region("POLYGON", [-10, 20, 35, -8, 20, 35, -8, 25, 35, -10, 20, 35], "SCOORD3D"),
        image_region("POINT", [1, 2]),
    ]
    path = tmp_path / "report.dcm"
    report([measurement_group(label(first), region) for region in regions]).save_as(
        path, enforce_file_format=True
    )
    shapes = [box.shape for box in read_raw(path)[0]]
    assert [shape.corners for shape in shapes[:2]] == [(15, 25, 25, 35), (10, 15, 30, 25)]
    frame, exclusions = read_annotations(path, films, HIP_CLASSES)
    assert frame.empty
    assert sorted(item.reason for item in exclusions) == sorted(
        ["rows_conflict"] * 3 + ["outline_off_image", "shape_not_box"]
    )
    report([measurement_group(label(first), regions[2])]).save_as(path, enforce_file_format=True)
    frame, _ = read_annotations(path, films, HIP_CLASSES)
    assert list(frame.loc[0, list(BOX_COLUMNS)]) == pytest.approx([0.5, 0.5, 8.5, 10.5])
