"""Every row of an annotation file comes in or is listed with its reason."""

import json

import pandas as pd
import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS, INSTANCES
from osteon.errors import AnnotationError
from osteon.sources.annotations import read_annotations, read_raw

UIDS = [f"1.2.840.{number}" for number in range(5)]


def instances():
    rows = []
    for number, uid in enumerate(UIDS):
        row = dict.fromkeys(INSTANCES.names)
        row |= {
            "sop_instance_uid": uid, "sop_class_uid": "1.2", "path": f"/data/site/film{number}.dcm",
            "size_bytes": 1, "content_hash": "h", "rows": 100, "columns": 80,
        }  # fmt: skip
        rows.append(row)
    rows[3]["laterality"] = "L"
    rows[4] |= {"path": "/data/films.zip", "archive_member": "a/IM1"}
    return INSTANCES.checked(pd.DataFrame(rows))


def via_region(x=1, y=2, width=30, height=40, label="no_fracture", laterality="L", **more):
    return {
        "shape_attributes": {"name": "rect", "x": x, "y": y, "width": width, "height": height},
        "region_attributes": {"label": label, "laterality": laterality, **more},
    }


def via(*images):
    return {
        f"{name}12": {"filename": name, "size": 12, "regions": regions, "file_attributes": {}}
        for name, regions in images
    }


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def read(path, label_set=HIP_CLASSES):
    frame, exclusions = read_annotations(path, instances(), label_set)
    assert len(frame) + len(exclusions) == len(read_raw(path)[0])
    return frame, [item.reason for item in exclusions]


def test_via_project_and_annotations_and_csv_agree(tmp_path):
    content = via(
        ("film0.png", [via_region(), via_region(laterality="R", label="Arthroplasty")]),
        ("film1.dcm", [via_region(label="displaced-femoral neck", side="right", laterality="")]),
        ("1.2.840.2.png", []),
    )
    lines = [
        "filename,file_size,file_attributes,region_count,region_id,"
        "region_shape_attributes,region_attributes"
    ]
    for image in content.values():
        for number, region in enumerate(image["regions"]):
            cells = [json.dumps(region[key]).replace('"', '""') for key in region]
            lines.append(
                f'{image["filename"]},12,"{{}}",{len(image["regions"])},{number},'
                f'"{cells[0]}","{cells[1]}"'
            )
        if not image["regions"]:
            lines.append(f'{image["filename"]},12,"{{}}",0,0,"{{}}","{{}}"')
    files = [
        write(tmp_path / "a.json", content),
        write(tmp_path / "b.json", {"_via_settings": {}, "_via_img_metadata": content}),
        write(tmp_path / "c.csv", "\n".join(lines)),
    ]
    frames = []
    for path in files:
        frame, reasons = read(path)
        assert reasons == []
        frames.append(frame.drop(columns="annotator"))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    rows = frames[0].set_index(["sop_instance_uid", "laterality"])
    assert rows.loc[("1.2.840.0", "R"), "label"] == "arthroplasty"
    assert rows.loc[("1.2.840.1", "R"), "label"] == "displaced_femoral_neck"
    assert list(rows.loc[("1.2.840.0", "L"), list(BOX_COLUMNS)]) == [1, 2, 31, 42]


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("film0.dcm", UIDS[0]), ("film0", UIDS[0]), ("film0.dcm.png", UIDS[0]),
        ("site/film1.dcm", UIDS[1]), ("C:\\export\\film1.png", UIDS[1]), (UIDS[2], UIDS[2]),
        (f"{UIDS[2]}.jpg", UIDS[2]), ("/data/site/film2.dcm", UIDS[2]), ("a/IM1", UIDS[4]),
        ("/data/films.zip!a/IM1", UIDS[4]),
    ],
)  # fmt: skip
def test_an_image_is_found_by_every_usual_name(tmp_path, name, uid):
    frame, reasons = read(write(tmp_path / "a.json", via((name, [via_region()]))))
    assert reasons == []
    assert list(frame["sop_instance_uid"]) == [uid]


@pytest.mark.parametrize("name", ["film9", "1.2.840", "1.2.840.9", "1.2.840.0.5", "", "films.zip"])
def test_an_unknown_image_is_never_taken_for_another(tmp_path, name):
    frame, reasons = read(write(tmp_path / "a.json", via((name, [via_region()]))))
    assert frame.empty
    assert reasons == ["image_unknown"]


def test_every_bad_row_is_listed_and_the_good_ones_come_in(tmp_path):
    content = via(
        ("film0", [
            via_region(), via_region(),  # the second repeats the first
            via_region(laterality="R", x=70, width=30),
            via_region(laterality="R", width=0),
            via_region(laterality="R", label="femur"),
            via_region(laterality="R", label=""),
            via_region(laterality="up"),
            {"shape_attributes": {"name": "point", "cx": 1}, "region_attributes": {}},
            via_region(laterality="R", x="left"),
        ]),
        ("film1", [via_region(), via_region(label="arthroplasty")]),
        ("film3", [via_region(laterality="")]),  # the header knows the side
        ("nowhere", [via_region()]),
    )  # fmt: skip
    frame, reasons = read(write(tmp_path / "a.json", content))
    assert sorted(reasons) == sorted(
        [
            "row_repeated", "box_outside_image", "box_without_area", "label_unknown",
            "label_missing", "laterality_missing", "shape_not_box", "box_unreadable",
            "rows_conflict", "rows_conflict", "image_unknown",
        ]
    )  # fmt: skip
    assert list(frame["sop_instance_uid"]) == ["1.2.840.0", "1.2.840.3"]
    assert list(frame["laterality"]) == ["L", "L"]


def test_the_nearest_class_is_suggested(tmp_path):
    path = write(tmp_path / "a.json", via(("film0", [via_region(label="intertrochantric")])))
    _, exclusions = read_annotations(path, instances(), HIP_CLASSES)
    assert "did you mean intertrochanteric?" in exclusions[0].detail


def test_a_box_rounded_over_the_edge_is_cut_and_one_further_out_is_not(tmp_path):
    near = via(("film0", [via_region(x=-0.5, y=0, width=81, height=100.4)]))
    frame, reasons = read(write(tmp_path / "a.json", near))
    assert reasons == []
    assert list(frame.loc[0, list(BOX_COLUMNS)]) == [0, 0, 80, 100]
    far = via(("film0", [via_region(x=-2, width=50)]))
    assert read(write(tmp_path / "b.json", far))[1] == ["box_outside_image"]


def test_plain_csv_with_corners_or_sizes_and_further_columns(tmp_path):
    corners = (
        "sop_instance_uid,laterality,x_min_px,y_min_px,x_max_px,y_max_px,label,annotator,"
        "garden_stage\n"
        f"{UIDS[0]},L,1,2,31,42,displaced_femoral_neck,anna,III\n"
        f"{UIDS[0]},L,1,2,31,43,displaced_femoral_neck,bert,IV\n"
        f"{UIDS[1]},R,1,2,x,42,no_fracture,anna,\n"
    )
    frame, reasons = read(write(tmp_path / "a.csv", corners))
    assert reasons == ["box_unreadable"]
    assert list(frame["garden_stage"]) == ["III", "IV"]
    assert list(frame["annotator"]) == ["anna", "bert"]
    sizes = f"filename,side,x,y,width,height,class\nfilm0.png,left,1,2,30,40,no fracture\n{UIDS[1]}"
    frame, reasons = read(write(tmp_path / "b.csv", sizes))
    assert list(frame.loc[0, list(BOX_COLUMNS)]) == [1, 2, 31, 42]
    assert reasons == ["box_unreadable"]


def test_a_csv_with_comments_semicolons_and_decimal_commas(tmp_path):
    text = (
        "# drawn by hand\n# in 2020\nfilename;laterality;x;y;width;height;label;note\n"
        'film0;L;1,5;2;30;40;no_fracture;"two\nlines, one note"\n'
        "film9;L;1;2;30;40;no_fracture;\n"
    )
    frame, exclusions = read_annotations(write(tmp_path / "a.csv", text), instances(), HIP_CLASSES)
    assert list(frame.loc[0, list(BOX_COLUMNS)]) == [1.5, 2, 31.5, 42]
    assert frame.loc[0, "note"] == "two\nlines, one note"
    assert exclusions[0].key == "a.csv#line 6"


def test_the_uid_among_the_attributes_names_the_image(tmp_path):
    content = via(("picture.png", [via_region()]))
    content["picture.png12"]["file_attributes"]["sop_instance_uid"] = UIDS[3]
    frame, _ = read(write(tmp_path / "a.json", content))
    assert list(frame["sop_instance_uid"]) == [UIDS[3]]


def test_coco_on_a_scaled_picture_is_refused(tmp_path):
    content = {
        "images": [
            {"id": 1, "file_name": "film0.png", "width": 40, "height": 50},
            {"id": 2, "file_name": "film1.png", "width": 80, "height": 100},
        ],
        "categories": [{"id": 7, "name": "no_fracture"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "side": "L"},
            {"id": 2, "image_id": 2, "category_id": 7, "bbox": [1, 2, 3, 4], "side": "L"},
            {"id": 3, "image_id": 9, "category_id": 7, "bbox": [1, 2, 3, 4], "side": "L"},
            {"id": 4, "image_id": 2, "category_id": 8, "bbox": [1, 2, 3, 4], "side": "R"},
            {"id": 5, "image_id": 2, "category_id": 7, "side": "R"},
        ],
    }
    frame, reasons = read(write(tmp_path / "a.json", content))
    assert len(frame) == 1
    assert reasons == ["image_size_differs", "image_unknown", "label_missing", "box_unreadable"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"a": 1}',
        "a,b\n1,2\n",
        '{"images": []}',
        '{"a": {"filename": "x", "regions": [3]}}',
        '{"images": [3], "annotations": [], "categories": []}',
        '{"images": [], "annotations": [7], "categories": []}',
        "label,filename,x,y,width,height\n\0" + "9" * 200_000,
    ],
)
def test_a_file_in_no_format_is_an_error(tmp_path, text):
    with pytest.raises(AnnotationError):
        read_annotations(write(tmp_path / "a", text), instances(), HIP_CLASSES)


def test_rows_that_contradict_one_another_are_found_across_files(tmp_path):
    paths = [
        write(tmp_path / "a.json", via(("film0", [via_region(annotator="anna")]))),
        write(tmp_path / "b.json", via(("film0", [via_region(annotator="anna", x=9)]))),
        write(tmp_path / "c.json", via(("film1", [via_region(annotator="anna")]))),
    ]
    frame, exclusions = read_annotations(paths, instances(), HIP_CLASSES)
    assert list(frame["sop_instance_uid"]) == [UIDS[1]]
    assert [item.reason for item in exclusions] == ["rows_conflict", "rows_conflict"]


def test_any_class_is_taken_without_a_label_set(tmp_path):
    path = write(tmp_path / "a.json", via(("film0", [via_region(label="new")])))
    assert list(read(path, None)[0]["label"]) == ["new"]
