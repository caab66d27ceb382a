import io
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from tests.reports.simulated import write_study

from osteon.reports.learning import read_learning
from osteon.reports.other_figures import learning_figure
from osteon.reports.pictures import evaluation_figures
from osteon.reports.records import Series

EPOCHS = [
    {"epoch": i, "step": i, "training_loss": 2 - i / 10, "tuning_loss": 2 - i / 12}
    for i in range(5)
]


@pytest.fixture(scope="module")
def figures(evaluation):
    found = (*evaluation_figures(evaluation), learning_figure("learning", "Training", EPOCHS))
    return {figure.name: figure for figure in found}


def test_every_figure_of_the_report_is_there(figures):
    assert set(figures) == {
        "roc_binary", "roc_per_class", "calibration", "thresholds", "iou", "subgroups", "learning",
        "own_threshold_roc",
        *(f"confusion_{s}_{b}" for s in ("internal_test", "external_test")
          for b in ("manual", "automatic")),
    }  # fmt: skip


def test_every_figure_is_an_svg_with_words_for_those_who_cannot_see(figures):
    for figure in figures.values():
        root = ElementTree.fromstring(figure.svg)
        assert root.tag.endswith("svg")
        assert figure.alt.endswith(".")
        assert figure.title
        assert "<text" in figure.svg
        for outside in re.findall(r'(?:href|src)="([^"]+)"', figure.svg):
            assert outside.startswith("#")
        assert "<dc:date>" not in figure.svg


def test_figures_are_the_same_bytes_when_drawn_again(figures, evaluation):
    for figure in evaluation_figures(evaluation):
        assert figure.svg == figures[figure.name].svg
        assert figure.csv == figures[figure.name].csv


def test_written_files_are_the_figure_and_its_numbers(figures, tmp_path):
    for figure in figures.values():
        figure.write(tmp_path)
        assert (tmp_path / f"{figure.name}.svg").read_text("utf-8") == figure.svg
        table = pd.read_csv(io.StringIO((tmp_path / f"{figure.name}.csv").read_text("utf-8")))
        assert list(table.columns) == list(figure.data.columns)
        for name in table.columns:
            if pd.api.types.is_numeric_dtype(figure.data[name]):
                expected = figure.data[name].to_numpy(float)
                np.testing.assert_allclose(table[name].to_numpy(float), expected, rtol=1e-8)


def test_the_numbers_of_a_curve_are_those_of_the_evaluation(figures, evaluation):
    series = Series("external_test", "model", "manual")
    curve = evaluation.curve(series, "roc.positive")
    table = figures["roc_binary"].data
    own = table[(table["subset"] == "external_test") & (table["box_source"] == "manual")]
    np.testing.assert_array_equal(own["sensitivity"], curve.y)
    np.testing.assert_array_equal(own["low"], curve.low)


def test_the_path_of_a_curve_has_a_vertex_for_each_of_its_numbers():
    figure = learning_figure("learning", "Training", EPOCHS)
    paths = [
        path for path in re.findall(r'<path d="([^"]+)" clip-path', figure.svg)
        if len(re.findall(r"[ML] ", path)) == len(EPOCHS)
    ]  # fmt: skip
    assert len(paths) == 2
    first = np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", paths[0]), float)
    # drawn height is a straight line of the loss: the loss falls, y in the SVG grows
    slope = np.polyfit(figure.data["training_loss"], first[:, 1], 1)
    np.testing.assert_allclose(
        np.polyval(slope, figure.data["training_loss"]), first[:, 1], atol=0.01
    )
    assert slope[0] < 0


def test_rows_of_a_confusion_matrix_sum_to_one(figures, evaluation):
    for figure in (f for name, f in figures.items() if name.startswith("confusion")):
        sums = figure.data.groupby("reference_standard")[["share_of_row", "count"]].sum()
        np.testing.assert_allclose(sums["share_of_row"], sums["count"] > 0)
    missed = figures["confusion_external_test_automatic"].data
    counted = missed.loc[missed["called"] == "Not found", "count"].sum()
    measure = evaluation.find(Series("external_test", "model", "automatic"), "detection.missed")
    assert counted == measure.whole_patient.value


def test_a_training_of_one_epoch_has_no_curve():
    assert learning_figure("learning", "Training", EPOCHS[:1]) is None


def test_learning_curves_are_found_in_the_run(study, tmp_path):
    write_study(tmp_path, study, epochs=4)
    (figure,) = read_learning(tmp_path / "runs" / "run-1")
    assert figure.name == "learning_classifier"
    assert len(figure.data) == 4
