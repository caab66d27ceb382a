"""The check of coverage passes what holds, fails what does not, and writes its table."""

import re
import runpy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from osteon.core.records import Curve, Estimate
from osteon.statistics.froc import FIGURES, figure_of_merit_replicates
from osteon.statistics.froc_curves import froc_points
from osteon.statistics.survival_curves import kaplan_meier
from osteon.workflow.coverage import EVERY_INTERVAL, follow_up_risks, probabilities, readers
from osteon.workflow.coverage.bands import event_free_at
from osteon.workflow.coverage.detection import (
    draw_boxes,
    draw_marks,
    figure_truth,
    found_at,
    precision_truth,
)
from osteon.workflow.coverage.draws import event_rate, followed, true_risk, worst_point
from osteon.workflow.coverage.simulate import Design, Interval, covered, simulate
from osteon.workflow.coverage.table import as_markdown, failing
from osteon.workflow.coverage.utility import benefit_truth

DESIGN = Design(40, 0.5)
NAMED = {interval.name: interval for interval in EVERY_INTERVAL}


def half_width(design, rng, shrunk=1.0, warns=False):
    """The mean of normal values with a known spread: holds exactly when it is not shrunk."""
    mean, half = rng.normal() / np.sqrt(design.n), shrunk * 1.959963984540054 / np.sqrt(design.n)
    told = "normal; may be too narrow: 40 rows" if warns else "normal"
    return Estimate(mean, mean - half, mean + half, 0.95, told, design.n), 0.0


def test_a_right_interval_passes_and_one_made_too_narrow_fails():
    right = simulate(Interval("right", half_width), DESIGN, 2000)
    wrong = simulate(Interval("wrong", partial(half_width, shrunk=0.8)), DESIGN, 2000)
    assert right.share == pytest.approx(0.95, abs=0.015)
    assert right.passes
    assert wrong.share == pytest.approx(0.883, abs=0.02)
    assert failing([right, wrong]) == [wrong]


def test_only_a_method_asked_for_by_name_may_fail():
    warned = simulate(Interval("warns", partial(half_width, shrunk=0.5, warns=True)), DESIGN, 500)
    assert not warned.holds
    assert not warned.passes  # to say so does not help a default
    assert replace(warned, is_default=False).passes


def test_studies_without_an_interval_are_counted_and_shown():
    def withheld(design, rng):
        found, truth = half_width(design, rng)
        if rng.random() < 0.3:
            found = replace(found, low=np.nan, high=np.nan, reason="too few events")
        return found, truth

    row = simulate(Interval("withheld", withheld), DESIGN, 1000)
    assert row.withheld == pytest.approx(0.3, abs=0.05)
    assert row.share == pytest.approx(0.95, abs=0.02)
    assert re.search(r"0\.9\d\d \((2|3)\d %\)", as_markdown([row]))


def test_the_table_marks_what_fails():
    intervals = [
        Interval("right", half_width),
        Interval("narrow", partial(half_width, shrunk=0.5), is_default=False),
        Interval(
            "warns", partial(half_width, shrunk=0.5, warns=True), is_default=False, clusters=False
        ),
    ]
    designs = [DESIGN, Design(40, 0.5, clustered=True)]
    text = as_markdown(list(covered(intervals, runs=300, designs=designs, workers=1)))
    assert "| 40, 0.5 |" in text
    first, second = text.split("## Two rows for each")
    assert "| *narrow* | 0.7" in first
    assert first.count("x |") == 1
    assert first.count("! |") == 1
    assert "*warns*" not in second


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_interval_can_be_drawn_and_the_truth_lies_near(name):
    interval, rng = NAMED[name], np.random.default_rng(0)
    for design in (Design(100, 0.5), Design(100, 0.2, clustered=interval.clusters)):
        draws = [interval.draw(design, rng) for _ in range(4)]
        values = [estimate.value - truth for estimate, truth in draws if estimate.is_defined]
        assert len(values) >= 3
        assert abs(np.median(values)) < (4 if "likelihood_ratio" in name else 0.8)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_truth_of_a_figure_of_merit_is_that_of_a_large_study(figure):
    marks = draw_marks(Design(40_000, 0.2), np.random.default_rng(1))
    truth = figure_truth(figure)
    assert figure_of_merit_replicates(marks, figure)[0] == pytest.approx(truth, abs=0.01)


def test_the_truths_of_curves_of_marks_boxes_and_benefit_are_those_of_large_studies():
    rng = np.random.default_rng(2)
    x, y, _ = froc_points(draw_marks(Design(40_000, 0.2), rng), np.ones((1, 40_000)))
    assert np.interp(0.2, x[0], y[0]) == pytest.approx(found_at(0.2), abs=0.015)
    reference, detected = draw_boxes(Design(4_000, 0.2), rng)
    hit = np.isin(detected.image, reference.image) & (detected.box[:, 0] == 1)
    order = np.argsort(-detected.score)
    recall = np.cumsum(hit[order]) / len(reference.image)
    precision = np.cumsum(hit[order]) / np.arange(1, hit.size + 1)
    levels = [precision[recall >= r].max(initial=0.0) for r in np.linspace(0, 1, 101)]
    assert np.mean(levels) == pytest.approx(precision_truth(0.2), abs=0.02)
    t, status, score = followed(Design(40_000, 0.2), rng)
    risk = -np.expm1(-event_rate(0.2) * np.exp(score))
    gain = np.where(risk >= 0.2, risk - (1 - risk) / 4, 0.0)
    assert gain.mean() == pytest.approx(benefit_truth(0.2), abs=0.003)
    curve = kaplan_meier(t, status)
    half = np.searchsorted(curve.x, 0.5) - 1
    assert curve.y[half] == pytest.approx(event_free_at(0.2, 0.5), abs=0.01)


def test_a_band_is_held_as_a_whole_where_its_worst_point_is():
    x = np.linspace(0, 1, 5)
    curve = Curve(x, x, x - 0.1, x + 0.1, "x", "y", "band", 9)
    inside, truth = worst_point(curve, x + np.array([0, 0.05, -0.09, 0, 0]))
    assert inside.low <= truth <= inside.high
    outside, truth = worst_point(curve, x + np.array([0, 0.05, 0, 0.2, 0]))
    assert (outside.value, truth) == (0.75, 0.95)
    assert outside.high < truth


@pytest.mark.parametrize("prevalence", [0.05, 0.5])
def test_follow_up_has_the_events_it_says(prevalence):
    """By brute force: uncensored times of many patients, drawn from their hazards."""
    rng = np.random.default_rng(3)
    score = rng.normal(size=200_000)
    time = rng.exponential(1 / (event_rate(prevalence) * np.exp(score)))
    assert (time <= 1).mean() == pytest.approx(prevalence, abs=0.003)
    high = score > 1
    share = true_risk(prevalence, score)[high].mean()
    assert (time[high] <= 1).mean() == pytest.approx(share, abs=0.01)
    t, event, drawn = followed(Design(200_000, prevalence), rng)
    early = t <= 0.3  # nobody is censored so soon
    wanted = -np.expm1(-0.3 * event_rate(prevalence) * np.exp(drawn))
    assert event[early].all()
    assert early.mean() == pytest.approx(wanted.mean(), abs=0.003)


def test_true_distances_are_those_of_outcomes_in_fine_bins():
    rng = np.random.default_rng(4)
    score = rng.normal(size=1_000_000)
    risk, given = follow_up_risks._stretched(0.2, score)
    happened = rng.random(score.size) < risk
    order = np.argsort(given).reshape(500, -1)
    gap = np.abs(given[order].mean(axis=1) - happened[order].mean(axis=1))
    assert gap.mean() == pytest.approx(follow_up_risks._distance_truth(0.2)["ici"], abs=0.004)
    assert np.median(gap) == pytest.approx(follow_up_risks._distance_truth(0.2)["e50"], abs=0.006)
    assert probabilities._distance_truth(0.5)["e90"] < probabilities._distance_truth(0.5)["emax"]


def test_readers_have_the_areas_they_should():
    rng = np.random.default_rng(5)
    design = Design(400, 0.5)
    found = [readers._moments(design, rng, 5)[0].value for _ in range(60)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["proportion, mean over nearby truths", "auroc", "survival_at"])
def test_defaults_hold(name):
    interval = NAMED[name]
    designs = [Design(100, 0.05), Design(100, 0.2, clustered=interval.clusters)]
    rows = list(covered([interval], runs=1000, designs=designs, workers=1))
    assert not failing(rows)


@pytest.mark.slow
def test_delong_is_too_narrow_with_five_positives_and_says_so():
    row = simulate(NAMED["auroc, delong"], Design(100, 0.05), 600)
    assert row.share < 0.9
    assert row.warned > 0.9


def test_the_page_is_written(tmp_path, monkeypatch):
    script = Path(__file__).parents[2] / "docs" / "write_coverage.py"
    space = runpy.run_path(str(script), run_name="script")
    monkeypatch.setitem(
        space["main"].__globals__, "EVERY_INTERVAL", (Interval("right", half_width),)
    )
    assert space["main"](400, tmp_path / "page.md") == 0
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "| right | 0.9" in page
    assert "- `sensitivity`: `proportion` of the positives." in page
    wrong = Interval("wrong", partial(half_width, shrunk=0.5))
    monkeypatch.setitem(space["main"].__globals__, "EVERY_INTERVAL", (wrong,))
    assert space["main"](200, tmp_path / "page.md") == 1
