"""Real DICOM objects made by others, and our own before a validator made by others."""

import sqlite3
import subprocess
import warnings
from pathlib import Path

import pandas as pd
import pydicom
import pytest
from pydicom.data import get_testdata_file
from tests.sources.annotations.drawings import label, table, uids

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import INSTANCES
from osteon.errors import AnnotationError, UsageError
from osteon.sources.annotations import read_annotations, read_raw, write_annotations

HIGHDICOM = "dicom/highdicom/data/test_files"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "regions"),
    [
        ("seg_image_cr_binary.dcm", 1), ("seg_image_ct_binary.dcm", 3),
        ("seg_image_ct_binary_overlap.dcm", 8), ("seg_image_ct_true_fractional.dcm", 3),
    ],
)  # fmt: skip
def test_segmentations_of_highdicom(real_data, name, regions):
    path = real_data / HIGHDICOM / name
    boxes, _ = read_raw(path)
    dataset = pydicom.dcmread(path)
    frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    half = int(dataset.get("MaximumFractionalValue", 1)) / 2
    drawn = [frame >= half for frame in frames if (frame >= half).any()]
    assert len(boxes) == len(drawn) <= regions
    for box, mask in zip(boxes, drawn, strict=True):
        assert (box.shape.mask.to_array() == mask).all()
        assert box.image in {
            str(item.ReferencedSOPInstanceUID)
            for series in dataset.ReferencedSeriesSequence
            for item in series.ReferencedInstanceSequence
        }


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["seg_image_sm_control_labelmap.dcm", "seg_image_sm_numbers.dcm"])
def test_tiles_of_slides_are_listed(real_data, name):
    boxes, _ = read_raw(real_data / HIGHDICOM / name)
    assert {box.shape.fault[0] for box in boxes} == {"image_unknown"}


@pytest.mark.real_data
def test_reports_of_highdicom(real_data):
    boxes, _ = read_raw(real_data / HIGHDICOM / "sr_document_with_multiple_groups.dcm")
    found = {box.label: box.shape for box in boxes}
    assert found["Nodule"].corners == (35, 45, 55, 65)
    assert found["Aorta"].corners == (25, 45, 45, 65)
    assert found["Vertebra"].fault[0] == "shape_not_box"
    assert {box.annotator for box in boxes} == {"Doe^John"}
    (spine,), _ = read_raw(real_data / HIGHDICOM / "sr_document.dcm")
    assert (spine.label, spine.annotator) == ("Spinal cord", "Foo")
    assert spine.shape.corners == (47, 41, 69, 63)


def test_a_structure_set_of_another_maker_without_images_is_listed():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = get_testdata_file("rtstruct.dcm")
    boxes, _ = read_raw(Path(path))
    assert boxes
    frame, exclusions = read_annotations(Path(path), INSTANCES.empty(), None)
    assert frame.empty
    assert len(exclusions) == len(boxes)
    assert {item.reason for item in exclusions} <= {"image_unknown", "shape_not_box"}


def rows_of(films):
    first, second, *_ = uids(films)
    return table(
        [
            label(first), label(first, "R", (40, 0, 80, 100), "arthroplasty"),
            label(first, annotator="bert", name="intertrochanteric"),
            label(second, "R", (5, 6, 7, 8), "displaced_femoral_neck"),
        ]
    )  # fmt: skip


@pytest.mark.referee
def test_segmentations_pass_the_validator(films, tmp_path, referee):
    program = referee("dciodvfy")
    write_annotations(rows_of(films), films, HIP_CLASSES, tmp_path / "seg", "dicom_seg")
    files = sorted((tmp_path / "seg").iterdir())
    assert len(files) == 3
    for path in files:
        answer = subprocess.run([program, path], capture_output=True, text=True, check=False)
        said = (answer.stdout + answer.stderr).splitlines()
        assert "Segmentation" in said
        assert [line for line in said if line.startswith("Error")] == []


@pytest.mark.referee
@pytest.mark.real_data
def test_a_segmentation_of_a_real_film_passes_the_validator(real_data, tmp_path, referee):
    program = referee("dciodvfy")
    path = (real_data / "radiographs/hip_cr/RG2_UNC.dcm").resolve()
    film = pydicom.dcmread(path, stop_before_pixels=True)
    row = dict.fromkeys(INSTANCES.names) | {
        "sop_instance_uid": str(film.SOPInstanceUID), "sop_class_uid": "1.2", "path": str(path),
        "rows": film.Rows, "columns": film.Columns, "size_bytes": 1, "content_hash": "h",
    }  # fmt: skip
    instances = INSTANCES.checked(pd.DataFrame([row]))
    labels = table([label(str(film.SOPInstanceUID), box=(400.0, 300.0, 1500.0, 1400.0))])
    write_annotations(labels, instances, HIP_CLASSES, tmp_path / "seg", "dicom_seg")
    (written,) = (tmp_path / "seg").iterdir()
    answer = subprocess.run([program, written], capture_output=True, text=True, check=False)
    said = (answer.stdout + answer.stderr).splitlines()
    assert [line for line in said if line.startswith("Error")] == []
    frame, exclusions = read_annotations(written, instances, HIP_CLASSES)
    assert exclusions == []
    assert frame.loc[0, "x_max_px"] == 1500


def test_segmentations_keep_side_source_and_annotator(films, tmp_path):
    wanted = rows_of(films)
    write_annotations(wanted, films, HIP_CLASSES, tmp_path / "seg", "dicom_seg")
    frame, exclusions = read_annotations(tmp_path / "seg", films, HIP_CLASSES)
    assert exclusions == []
    key = ["sop_instance_uid", "laterality", "annotator"]
    got = frame[list(wanted.columns)].sort_values(key).reset_index(drop=True)
    pd.testing.assert_frame_equal(got, wanted.sort_values(key).reset_index(drop=True))


def test_every_database_of_an_export_is_closed(films, tmp_path, monkeypatch):
    opened, connect = [], sqlite3.connect

    def remembered(*args, **settings):
        opened.append(connect(*args, **settings))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", remembered)
    write_annotations(rows_of(films), films, HIP_CLASSES, tmp_path / "seg", "dicom_seg")
    assert opened
    for database in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            database.execute("SELECT 1")


def test_a_box_without_a_pixel_stops_the_whole_export(films, tmp_path):
    rows = [label(uids(films)[0]), label(uids(films)[1], box=(1.6, 2.6, 1.7, 2.7))]
    with pytest.raises(AnnotationError, match="no pixel"):
        write_annotations(table(rows), films, HIP_CLASSES, tmp_path / "seg", "dicom_seg")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(films, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_annotations(rows_of(films), films, HIP_CLASSES, tmp_path, "dicom_seg")
