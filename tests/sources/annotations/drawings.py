"""Films, labels on them, and files of every format that is only read, written by hand."""

import json

import numpy as np
import pandas as pd
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from osteon.core.geometry import Laterality
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS, INSTANCES, LABELS
from osteon.dicom.codes import LEFT, RIGHT
from osteon.dicom.write import PatientTags, ProjectionImage, write_dx
from osteon.sources.annotations.formats import find_format
from osteon.sources.annotations.record import Drawn

ROWS, COLUMNS = 100, 80
ORIGIN_MM, SPACING_MM = (-10.0, 20.0, 30.0), (0.5, 0.25)  # between rows, between columns


def make_films(folder):
    rows = []
    for number in range(5):
        path = folder / f"film{number}.dcm"
        image = ProjectionImage(
            np.full((ROWS, COLUMNS), 7, np.uint16), 12, "MONOCHROME2", (0.2, 0.2), (2048.0, 4096.0),
            "ap_hip", "AP", Laterality.LEFT, ("L", "F"), "Maker", "Model", 70.0, 5.0, 1000.0, 900.0,
        )  # fmt: skip
        uid = write_dx(image, PatientTags("P1", "F", 80, instance_number=number + 1), path)
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = list(ORIGIN_MM)
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = list(SPACING_MM)
        dataset.save_as(path)
        rows.append(
            dict.fromkeys(INSTANCES.names)
            | {
                "sop_instance_uid": uid, "sop_class_uid": str(dataset.SOPClassUID),
                "path": str(path), "size_bytes": path.stat().st_size, "content_hash": f"h{number}",
                "rows": ROWS, "columns": COLUMNS, "patient_id": "P1",
            }
        )  # fmt: skip
    return INSTANCES.checked(pd.DataFrame(rows))


def uids(films):
    return films["sop_instance_uid"].tolist()


def label(uid, side="L", box=(1.0, 2.0, 31.0, 42.0), name="no_fracture", annotator="anna"):
    return {
        "sop_instance_uid": uid, "laterality": side, **dict(zip(BOX_COLUMNS, box, strict=True)),
        "label": name, "label_source": "film", "annotator": annotator,
    }  # fmt: skip


def by_format(name):
    """Write rows as they are, right or wrong, in a format: by its writer, else by hand."""
    by_hand = {
        "yolo": _yolo, "pascal_voc": _voc, "labelme": _labelme, "dicom_rtstruct": _rtstruct,
        "dicom_sr": _sr,
    }  # fmt: skip
    found = find_format(name)
    if found.write is None:
        return by_hand[name]

    def write(rows, films, folder):
        path = folder / f"labels{found.suffix}"
        frame = pd.DataFrame(rows, columns=list(rows[0]))
        found.write(Drawn(frame, films, HIP_CLASSES), path)
        return path

    return write


def _by_film(rows):
    found = {}
    for row in rows:
        found.setdefault(row["sop_instance_uid"], []).append(row)
    return found


def _box(row):
    return [row[name] for name in BOX_COLUMNS]


def _classes(rows):
    return sorted({f"{row['label']}_{row['laterality']}" for row in rows})


def _yolo(rows, films, folder):
    root = folder / "yolo"
    (root / "labels" / "train").mkdir(parents=True)
    names = _classes(rows)
    (root / "data.yaml").write_text(f"names: {json.dumps(names)}\n")
    for uid, own in _by_film(rows).items():
        lines = []
        for row in own:
            x_min, y_min, x_max, y_max = _box(row)
            numbers = (
                (x_min + x_max) / 2 / COLUMNS, (y_min + y_max) / 2 / ROWS,
                (x_max - x_min) / COLUMNS, (y_max - y_min) / ROWS,
            )  # fmt: skip
            number = names.index(f"{row['label']}_{row['laterality']}")
            lines.append(" ".join([str(number), *(f"{value:.6f}" for value in numbers)]))
        (root / "labels" / "train" / f"{uid}.txt").write_text("\n".join(lines))
    return root


def _voc(rows, films, folder):
    root = folder / "voc"
    root.mkdir()
    for uid, own in _by_film(rows).items():
        objects = ""
        for row in own:
            x_min, y_min, x_max, y_max = _box(row)
            objects += (
                f"<object><name>{row['label']}</name><laterality>{row['laterality']}</laterality>"
                f"<bndbox><xmin>{x_min + 1:g}</xmin><ymin>{y_min + 1:g}</ymin>"
                f"<xmax>{x_max:g}</xmax><ymax>{y_max:g}</ymax></bndbox></object>"
            )
        (root / f"{uid}.xml").write_text(
            f"<annotation><filename>{uid}.png</filename><size><width>{COLUMNS}</width>"
            f"<height>{ROWS}</height></size>{objects}</annotation>"
        )
    return root


def _labelme(rows, films, folder):
    root = folder / "labelme"
    root.mkdir()
    for uid, own in _by_film(rows).items():
        shapes = [
            {
                "label": f"{row['label']}_{row['laterality']}",
                "points": [_box(row)[:2], _box(row)[2:]],
                "shape_type": "rectangle",
            }
            for row in own
        ]
        content = {
            "version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": f"{uid}.png",
            "imageHeight": ROWS, "imageWidth": COLUMNS,
        }  # fmt: skip
        (root / f"{uid}.json").write_text(json.dumps(content))
    return root


def dicom_file(sop_class, **values):
    dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3.4"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def item(**values):
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def reference(uid):
    return Sequence([item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID=uid)])


def ring(row):
    x_min, y_min, x_max, y_max = _box(row)
    return [(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)]


def _rtstruct(rows, films, folder):
    names, contours = [], []
    for number, row in enumerate(rows, start=1):
        names.append(item(ROINumber=number, ROIName=f"{row['label']}_{row['laterality']}"))
        data = []
        for x, y in ring(row):
            data += [
                ORIGIN_MM[0] + (x - 0.5) * SPACING_MM[1], ORIGIN_MM[1] + (y - 0.5) * SPACING_MM[0],
                ORIGIN_MM[2],
            ]  # fmt: skip
        contour = item(
            ContourGeometricType="CLOSED_PLANAR", ContourData=[f"{value:.9g}" for value in data],
            ContourImageSequence=reference(row["sop_instance_uid"]),
        )  # fmt: skip
        contours.append(item(ReferencedROINumber=number, ContourSequence=Sequence([contour])))
    dataset = dicom_file(
        "1.2.840.10008.5.1.4.1.1.481.3", StructureSetROISequence=Sequence(names),
        ROIContourSequence=Sequence(contours), OperatorsName="anna",
    )  # fmt: skip
    return _saved(dataset, folder / "structures.dcm")


def _saved(dataset, path):
    dataset.save_as(path, enforce_file_format=True)
    return path


def code(value, meaning, scheme="DCM"):
    return Sequence([item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)])


def measurement_group(row, region):
    side = Sequence([(LEFT if row["laterality"] == "L" else RIGHT).item()])
    laterality = item(
        RelationshipType="HAS CONCEPT MOD", ValueType="CODE", ConceptCodeSequence=side,
        ConceptNameCodeSequence=code("272741003", "Laterality", "SCT"),
    )  # fmt: skip
    finding = item(
        ValueType="CODE", ConceptNameCodeSequence=code("121071", "Finding"),
        ConceptCodeSequence=code("1", row["label"], "99TEST"),
    )  # fmt: skip
    site = item(
        ValueType="CODE", ConceptNameCodeSequence=code("363698007", "Finding Site", "SCT"),
        ConceptCodeSequence=code("24136001", "Hip joint", "SCT"),
        ContentSequence=Sequence([laterality]),
    )  # fmt: skip
    image = item(ValueType="IMAGE", ReferencedSOPSequence=reference(row["sop_instance_uid"]))
    region.ContentSequence = Sequence([image])
    return item(
        ValueType="CONTAINER", ConceptNameCodeSequence=code("125007", "Measurement Group"),
        ContentSequence=Sequence([finding, site, region]),
    )  # fmt: skip


def report(groups):
    observer = item(
        ValueType="PNAME", ConceptNameCodeSequence=code("121008", "Person Observer Name"),
        PersonName="anna",
    )  # fmt: skip
    measurements = item(
        ValueType="CONTAINER", ConceptNameCodeSequence=code("126010", "Imaging Measurements"),
        ContentSequence=Sequence(groups),
    )  # fmt: skip
    return dicom_file(
        "1.2.840.10008.5.1.4.1.1.88.34", ContentSequence=Sequence([observer, measurements])
    )


def image_region(kind, data, value_type="SCOORD"):
    return item(
        ValueType=value_type, ConceptNameCodeSequence=code("111030", "Image Region"),
        GraphicType=kind, GraphicData=data,
    )  # fmt: skip


def _sr(rows, films, folder):
    groups = []
    for row in rows:
        points = [*ring(row), ring(row)[0]]
        flat = [value for point in points for value in point]
        groups.append(measurement_group(row, image_region("POLYLINE", flat)))
    return _saved(report(groups), folder / "report.dcm")


def table(rows):
    return LABELS.checked(pd.DataFrame(rows, columns=list(LABELS.names)))


def make_study(folder, settings):
    """Write a study: five hips on four films; two annotators agree on two hips, not on two."""
    (folder / "films").mkdir(parents=True)
    films = make_films(folder / "films")
    first, second, third, fourth, _ = uids(films)
    rows = [
        label(first), label(first, annotator="bert"), label(first, "R"),
        label(second, name="arthroplasty"), label(second, name="arthroplasty", annotator="bert"),
        label(third, "R"), label(third, "R", name="intertrochanteric", annotator="bert"),
        label(fourth), label(fourth, name="displaced_femoral_neck", annotator="bert"),
    ]  # fmt: skip
    by_format("csv")(rows, films, folder)
    head = "recipe: hip_fracture\npreset: demo\nsources: [films]\n"
    (folder / "study.yaml").write_text(head + settings)
    return rows, films
