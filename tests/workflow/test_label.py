"""No labels from reports are taken unless the study names them."""

import pandas as pd
import pytest

from osteon import recipes
from osteon.core.schemas import INSTANCES
from osteon.errors import TableError
from osteon.workflow.context import Context
from osteon.workflow.reference import read_answers
from osteon.workflow.run import load_stage
from osteon.workflow.stage import run_stage
from osteon.workflow.study import Study


def study(folder, **settings):
    recipe = recipes.load("hip_fracture")
    return Context(Study(folder, recipe.presets["demo"].changed(settings)), recipe)


def test_labels_from_reports_are_refused_unless_the_study_names_them(tmp_path):
    row = dict.fromkeys(INSTANCES.names) | {
        "sop_instance_uid": "1.2", "sop_class_uid": "1", "path": "a", "size_bytes": 1,
        "content_hash": "h", "rows": 100, "columns": 80,
    }  # fmt: skip
    (tmp_path / "boxes.csv").write_text(
        "sop_instance_uid,laterality,x_min_px,y_min_px,x_max_px,y_max_px,label,label_source\n"
        "1.2,L,1,2,30,40,no_fracture,report\n"
    )
    context = study(tmp_path, annotations=["boxes.csv"])
    context.study.write("instances", pd.DataFrame([row]))
    with pytest.raises(TableError, match="report_labels: true"):
        run_stage(load_stage("label"), context)
    with pytest.raises(TableError, match="report_labels: true"):
        read_answers(context)  # as every osteon reference-standard verb does
    assert not context.study.table_path("labels").exists()
    named = study(tmp_path, annotations=["boxes.csv"], report_labels=True)
    run_stage(load_stage("label"), named)
    assert named.study.read("labels")["label_source"].tolist() == ["report"]
