"""VGG Image Annotator 3: projects of files, views and metadata.

A region is ``xy = [shape, coordinates ...]``; an attribute's value is the key of one of its
options, or a text. Source: the data structures in ``_via_metadata.js`` of VIA 3
(https://gitlab.com/vgg/via).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from osteon.core.files import write_json
from osteon.core.labels import LabelSet
from osteon.sources.annotations.documents import Document
from osteon.sources.annotations.formats.via2 import class_titles, corner_and_size, single_outline
from osteon.sources.annotations.record import (
    AnnotationFormat,
    Drawn,
    RawBox,
    attributes_of,
    raw_box,
)
from osteon.sources.annotations.shapes import (
    Shape,
    box_with_size,
    circle,
    ellipse,
    extent,
    faulty,
    outlines,
)

__all__ = ["FORMAT"]

_KEYS = frozenset({"project", "attribute", "file", "view", "metadata"})
_RECTANGLE, _CIRCLE, _ELLIPSE, _POLYGON, _EXTREMES = 2, 3, 4, 7, 8
_TEXT, _CHECKBOX, _RADIO, _SELECT = 1, 2, 3, 4
_ON_REGION, _ON_FILE = "FILE1_Z0_XY1", "FILE1_Z0_XY0"


def _recognises(document: Document) -> bool:
    content = document.json
    return isinstance(content, dict) and set(content) >= _KEYS


def _read(document: Document) -> Iterator[RawBox]:
    project = document.json
    names = _file_names(project)
    for key, item in project["metadata"].items():
        if not item["xy"]:  # what is said of a whole file
            continue
        place = f"{document.name}#metadata {key}"
        files = project["view"].get(str(item["vid"]), {}).get("fid_list", [])
        image = names.get(str(files[0]), "") if len(files) == 1 else ""
        attributes = _texts(project["attribute"], item["av"])
        shape = _shape(item["xy"])
        if item["z"]:
            shape = faulty("shape_not_still", "the region is on one moment of a video")
        yield raw_box(place, image, shape, attributes)


def _file_names(project: Mapping[str, Any]) -> dict[str, str]:
    """Name of each file: the UID among its attributes says more than its file name."""
    names = {str(key): str(file.get("fname", "")) for key, file in project["file"].items()}
    for item in project["metadata"].values():
        uid = _texts(project["attribute"], item["av"]).get("sop_instance_uid")
        files = project["view"].get(str(item["vid"]), {}).get("fid_list", [])
        if uid and not item["xy"] and len(files) == 1:
            names[str(files[0])] = uid
    return names


def _texts(attributes: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Names and texts of a region's attributes; keys of options become the options."""
    texts = {}
    for key, value in values.items():
        attribute = attributes.get(str(key))
        if attribute is None:
            continue
        options = attribute.get("options") or {}
        keys = str(value).split(",") if attribute.get("type") == _CHECKBOX else [str(value)]
        texts[str(attribute["aname"])] = ", ".join(
            str(options.get(item, item)) if attribute.get("type") != _TEXT else item
            for item in keys
        )
    return texts


def _shape(xy: Sequence[Any]) -> Shape:
    kind, values = xy[0], list(xy[1:])
    if kind == _RECTANGLE:
        return box_with_size(values)
    if kind == _POLYGON:
        return outlines([values])
    if kind == _CIRCLE and len(values) == 3:
        return circle(*values)
    if kind == _ELLIPSE and len(values) == 4:
        return ellipse(*values)
    if kind == _EXTREMES:
        points = outlines([values])
        return Shape(extent(points.outlines)) if points.fault is None else points
    return faulty("shape_not_box", f"a region of shape {kind} has no area, wanted a rectangle")


def _write(drawn: Drawn, path: Path) -> None:
    names = _attribute_names(drawn)
    keys = {name: str(number) for number, name in enumerate(names, start=1)}
    files: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for number, (uid, rows) in enumerate(drawn.films(), start=1):
        key = str(number)
        files[key] = {"fid": number, "fname": drawn.picture(uid), "type": 2, "loc": 1, "src": ""}
        about = {keys["sop_instance_uid"]: uid}
        metadata[f"{key}_file"] = {"vid": key, "flg": 0, "z": [], "xy": [], "av": about}
        for place, row in enumerate(rows):
            metadata[f"{key}_{place}"] = _region(row, key, keys)
    project = {
        "project": {
            "pid": "__VIA_PROJECT_ID__", "rev": "__VIA_PROJECT_REV_ID__",
            "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__", "pname": "osteon",
            "creator": "osteon", "created": 0, "vid_list": list(files),
            "data_format_version": "3.1.1",
        },
        "config": {},
        "attribute": {keys[name]: _attribute(name, drawn.label_set) for name in names},
        "file": files,
        "view": {key: {"fid_list": [int(key)]} for key in files},
        "metadata": metadata,
    }  # fmt: skip
    write_json(path, project)


def _attribute_names(drawn: Drawn) -> list[str]:
    names = {name for _, rows in drawn.films() for row in rows for name in attributes_of(row)}
    return ["sop_instance_uid", "label", "laterality", *sorted(names - {"label", "laterality"})]


def _attribute(name: str, label_set: LabelSet) -> dict[str, Any]:
    kind, options = _TEXT, {}
    if name == "label":
        kind, options = _SELECT, {label: label for label in class_titles(label_set)}
    elif name == "laterality":
        kind, options = _RADIO, {"L": "L", "R": "R"}
    anchor = _ON_FILE if name == "sop_instance_uid" else _ON_REGION
    return {
        "aname": name, "anchor_id": anchor, "type": kind, "desc": "", "options": options,
        "default_option_id": "",
    }  # fmt: skip


def _region(row: Mapping[Any, Any], view: str, keys: Mapping[str, str]) -> dict[str, Any]:
    points = single_outline(row)
    without = () if points is None else ("segmentation",)
    xy = [_RECTANGLE, *corner_and_size(row)] if points is None else [_POLYGON, *points]
    attributes = attributes_of(row, without=without)
    values = {keys[name]: text for name, text in attributes.items()}
    return {"vid": view, "flg": 0, "z": [], "xy": xy, "av": values}


FORMAT = AnnotationFormat(
    name="via3",
    title="VGG Image Annotator 3 project (JSON)",
    loss="a far corner is corner + size, which in rare ties moves it by the last bit; further"
    " columns, masks and several outlines become attributes",
    recognises=_recognises,
    read=_read,
    write=_write,
    suffix=".json",
)
