"""The flow chart in words and numbers: its boxes, before anybody draws them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from osteon.cohort.flow import FlowChart, FlowCounts, FlowStep, SearchStep
from osteon.reports.records import Evaluation, Series
from osteon.reports.wording import SUBSET_TITLES

__all__ = [
    "FlowBox",
    "FlowRow",
    "FlowStage",
    "FlowView",
    "Numbers",
    "SearchBoxes",
    "counted",
    "flow_view",
    "reason_words",
]

Numbers = tuple[tuple[str, str], ...]  # each with its word, as counted() gives them
_SPELLED = {"dicom": "DICOM", "uid": "UID", "id": "ID", "sop": "SOP", "ct": "CT", "mri": "MRI"}
_LEFT_OUT = {
    "data": "Not usable",
    "image": "Films excluded",
    "hip": "Hips excluded",
    "patient": "Patients excluded",
    "pixels": "Not prepared",
}
_REMAINING = {
    "data": "With a box and a class",
    "image": "Eligible films",
    "hip": "Eligible hips",
    "patient": "Eligible patients",
    "pixels": "With prepared pixels",
}


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A reason and what left for it, each number with its word."""

    words: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A box: a heading, its numbers, the reasons behind them, and further sentences."""

    title: str
    numbers: Numbers
    rows: tuple[FlowRow, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowStage:
    """What left at one level, and what remained behind it."""

    left_out: FlowBox
    remaining: FlowBox


@dataclass(frozen=True, slots=True)
class SearchBoxes:
    """A search of reports: those read, what left and why, the examinations asked for.

    Numbers stand with their words, as :func:`counted` gives them.
    """

    read: Numbers
    left_out: Numbers
    asked_for: Numbers


@dataclass(frozen=True, slots=True)
class FlowView:
    """The boxes of a chart: what was read, level by level what left and remained, the subsets.

    ``files`` says in sentences which files were not taken before anything was counted; ``search``
    is what a search of reports left, in examinations.
    """

    start: FlowBox
    files: tuple[str, ...]
    search: SearchBoxes | None
    stages: tuple[FlowStage, ...]
    subsets: tuple[FlowBox, ...]
    files_title: str = "Files not taken"


def flow_view(chart: FlowChart, evaluation: Evaluation | None = None) -> FlowView:
    """Put a chart's counts into boxes.

    Consecutive steps of one level share a box. Test subsets also say what the index test made of
    them when an evaluation is given.
    """
    levels = [list(steps) for _, steps in groupby(chart.steps, key=lambda step: step.level)]
    tell = partial(counted, of_hips=chart.start.hips > 0)
    stages = [_stage(steps, tell, is_last=steps is levels[-1]) for steps in levels]
    files = tuple(
        f"{reason_words(reason)}: {count:,}" for reason, count in sorted(
            chart.files_excluded.items(), key=lambda item: (-item[1], item[0])
        )
    )  # fmt: skip
    subsets = tuple(
        FlowBox(SUBSET_TITLES.get(name, name), tell(counts), (), _index_test(evaluation, name))
        for name, counts in chart.subsets.items()
    )
    start = FlowBox("Read or labelled", tell(chart.start))
    return FlowView(start, files, _search(chart.search), tuple(stages), subsets)


def _search(steps: Sequence[SearchStep]) -> SearchBoxes | None:
    if not steps:
        return None
    drawn = sum(-step.left_out for step in steps if step.left_out < 0)
    read, asked_for = steps[0].remaining + steps[0].left_out, steps[-1].remaining
    return SearchBoxes(
        ((f"{read:,}", "reports"),),
        tuple((f"{step.left_out:,}", step.sentence) for step in steps if step.left_out > 0),
        (
            (f"{asked_for:,}", "examinations"),
            (f"{asked_for - drawn:,}", "found"),
            (f"{drawn:,}", "controls"),
        ),
    )


def _stage(
    steps: Sequence[FlowStep], tell: Callable[[FlowCounts], Numbers], *, is_last: bool
) -> FlowStage:
    nobody = FlowCounts(0, 0, 0)
    rows = tuple(
        FlowRow(reason_words(step.reason), tell(step.excluded))
        for step in steps
        if step.excluded != nobody
    )
    unmet = [reason_words(step.reason).lower() for step in steps if step.excluded == nobody]
    lines = (f"Looked for, and not met: {', '.join(unmet)}",) if unmet else ()
    level = steps[0].level
    left_out = sum((step.excluded for step in steps), nobody)
    title = "Included" if is_last else _REMAINING[level]
    return FlowStage(
        FlowBox(_LEFT_OUT[level], tell(left_out), rows, lines),
        FlowBox(title, tell(steps[-1].remaining)),
    )


def reason_words(reason: str) -> str:
    """Write a reason's code as words, e.g. ``under_18`` as "Under 18"."""
    words = [_SPELLED.get(word, word) for word in reason.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def counted(counts: FlowCounts, *, of_hips: bool = True) -> tuple[tuple[str, str], ...]:
    """Give each number with its word, patients first; where cases are patients, without hips."""
    parts = [("patient", counts.patients), ("image", counts.images)]
    if of_hips:
        parts.append(("hip", counts.hips))
    return tuple((f"{n:,}", word if n == 1 else f"{word}s") for word, n in parts)


def _index_test(evaluation: Evaluation | None, subset: str) -> tuple[str, ...]:
    if evaluation is None or subset not in evaluation.subsets:
        return ()
    series = Series(subset, "model", "manual")
    lines = []
    for measure_id, words in (
        ("binary.sensitivity", "with a fracture, {hit} called a fracture"),
        ("binary.specificity", "without, {hit} not called one"),
    ):
        measure = evaluation.find(series, measure_id)
        if measure is not None and measure.whole_patient.is_defined:
            estimate = measure.whole_patient
            hit = round(estimate.value * estimate.n)
            lines.append(f"{estimate.n} {words.format(hit=hit)}")
    return tuple(lines)
