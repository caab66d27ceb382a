import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.errors import TableError
from osteon.reports.paper_table import paper_table
from osteon.reports.published import PublishedValue, load_published

KROGUE = Path(str(files("osteon.recipes") / "hip_fracture" / "published.json"))
VALUE = PublishedValue("binary.accuracy", "Accuracy", 0.9, "Results")


def test_krogue_et_al_are_on_file():
    published = load_published(KROGUE)
    values = {value.id: value for value in published.values}
    assert published.doi == "10.1148/ryai.2020190023"
    accuracy = values["binary.accuracy"]
    assert (accuracy.value, accuracy.low, accuracy.high) == (0.937, 0.908, 0.965)
    assert values["multiclass.accuracy@automatic"].box_source == "automatic"
    assert values["own_threshold.sensitivity.nondisplaced_femoral_neck"].value == 0.78
    assert "78.8" in values["own_threshold.sensitivity.nondisplaced_femoral_neck"].note
    assert [v.id for v in published.values if v.status == "derived"] == [
        "readers.kappa_difference.experts.aided.multiclass"
    ]
    assert all(value.source for value in published.values)


def test_most_of_the_papers_model_numbers_are_measured_here(evaluation):
    table = paper_table(load_published(KROGUE), evaluation)
    data = table.data.set_index("id")
    measured = data["internal_test_value"].notna()
    wanted = ["binary.accuracy", "multiclass.accuracy@automatic", "detection.iou_mean",
              "own_threshold.sensitivity.nondisplaced_femoral_neck", "detection.extra"]  # fmt: skip
    assert measured[wanted].all()
    assert not measured[[i for i in data.index if i.startswith("readers.")]].any()
    known = {m.id for m in evaluation.measures}
    of_classes = [i.partition("@")[0] for i in data.index if i.startswith(("class.", "own_"))]
    assert all(i in known for i in of_classes if i.rpartition(".")[2] in HIP_CLASSES.classes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "per cent"}, "wanted one of"),
        ({"digits": -1}, "wanted at least 0"),
        ({"value": 93.7}, "is not a proportion"),
        ({"low": 0.8}, "both limits or none"),
        ({"low": 0.91, "high": 0.95}, "outside its own interval"),
        ({"status": "guessed"}, "wanted printed or derived"),
        ({"status": "derived"}, "needs a note"),
    ],
)
def test_a_value_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(VALUE, **change)


def test_the_message_names_the_file_and_the_value(tmp_path):
    content = json.loads(KROGUE.read_text("utf-8"))
    content["values"][0]["value"] = 93.7
    path = tmp_path / "published.json"
    path.write_text(json.dumps(content))
    with pytest.raises(TableError, match=r"published\.json: binary\.accuracy: 93\.7"):
        load_published(path)
    content["values"][0]["value"] = 0.937
    content["values"].append(content["values"][0])
    path.write_text(json.dumps(content))
    with pytest.raises(TableError, match="two published values have one id"):
        load_published(path)
    with pytest.raises(TableError, match="no published numbers"):
        load_published(tmp_path / "none.json")
