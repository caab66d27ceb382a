"""The flow chart as numbers: what came in, what was left out at each step and why, what is left.

Drawing it is the reports' task.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from osteon.cohort.eligibility import Eligibility
from osteon.core.records import Exclusion
from osteon.core.schemas import SUBSETS
from osteon.errors import TableError
from osteon.sources.report_scope import SearchStep

__all__ = ["FlowChart", "FlowCounts", "FlowStep", "SearchStep", "flow_chart", "patient_flow"]

_DATA_STEPS = {
    "film_missing": "The labelled film was not among the files",
    "no_label": "The film has no box and class",
    "reference_undecided": "The reference standard is undecided",
    "annotators_disagree": "Annotators disagree on the class",
    "patient_id_missing": "The film has no patient id",
}
_PIXEL_STEPS = {
    "file_unreadable": "The film's file can no longer be read",
    "content_changed": "The film's file is no longer the one that was ingested",
    "cannot_decode": "The film's pixels cannot be decoded",
    "cannot_render": "The film's pixels cannot be shown as grey values",
}


@dataclass(frozen=True, slots=True)
class FlowCounts:
    """Distinct images, hips (one side of a patient on one image) and patients."""

    images: int
    hips: int
    patients: int

    def __add__(self, other: "FlowCounts") -> "FlowCounts":
        """Add count by count."""
        return FlowCounts(
            self.images + other.images, self.hips + other.hips, self.patients + other.patients
        )

    def __sub__(self, other: "FlowCounts") -> "FlowCounts":
        """Subtract count by count."""
        return FlowCounts(
            self.images - other.images, self.hips - other.hips, self.patients - other.patients
        )


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step: the reason (code and sentence), what left, what remained, and the rule's level.

    ``level`` is ``data`` where no rule but the data decided and ``pixels`` where a film that is
    eligible could not be prepared, else ``hip``, ``image`` or ``patient``.

    An image leaves with its last hip and a patient with the last image, so each of the three
    counts adds up over the steps.
    """

    reason: str
    sentence: str
    excluded: FlowCounts
    remaining: FlowCounts
    level: str = "hip"


@dataclass(frozen=True, slots=True)
class FlowChart:
    """Counts from the files to the subsets.

    Parameters
    ----------
    start
        Films read (and films that labels name), labelled hips, patients.
    steps
        In the order applied; ``start = final + sum of steps' excluded``.
    subsets
        What is in each subset of the split; their sum is ``final`` when there is a split.
    files_excluded
        Files that the ingest did not take, by reason.
    search
        What a search of reports left out and drew before any film was asked for, in examinations.
    """

    start: FlowCounts
    steps: tuple[FlowStep, ...]
    subsets: Mapping[str, FlowCounts] = field(default_factory=dict)
    files_excluded: Mapping[str, int] = field(default_factory=dict)
    search: tuple[SearchStep, ...] = ()

    @property
    def final(self) -> FlowCounts:
        """What is left behind the last step."""
        return self.steps[-1].remaining if self.steps else self.start

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self) | {"final": asdict(self.final)}


def flow_chart(
    instances: pd.DataFrame,
    labels: pd.DataFrame,
    eligibility: Eligibility,
    exclusions: Sequence[Exclusion],
    *,
    splits: pd.DataFrame | None = None,
    files_excluded: Mapping[str, int] | None = None,
    search: Sequence[SearchStep] = (),
    unprepared: Sequence[Exclusion] = (),
) -> FlowChart:
    """Count what :func:`osteon.cohort.cases.build_cases` and the preparation of films did.

    Parameters
    ----------
    instances, labels, eligibility
        What the cases were built from.
    exclusions
        What building the cases left out.
    splits
        Table of splits; its first fold is counted.
    files_excluded
        Files that the ingest did not take, by reason.
    search
        Steps of the search of reports that led to the films.
    unprepared
        Films of cases that could not be prepared, as
        :meth:`osteon.pixels.cache.PixelCache.prepare` gives them.

    Raises
    ------
    TableError
        If an exclusion names a reason that no step has, or a patient that is left has no subset.
    """
    rows = _rows(instances, labels, exclusions, unprepared)
    rules = {rule.reason: rule.sentence for rule in eligibility.rules}
    sentences = _DATA_STEPS | rules | _PIXEL_STEPS
    levels = {rule.reason: str(rule.level) for rule in eligibility.rules}
    levels |= dict.fromkeys(_PIXEL_STEPS, "pixels")
    if unknown := set(rows["reason"].dropna()) - set(sentences):
        raise TableError(f"exclusions: reason {sorted(unknown)[0]!r} belongs to no step")
    start = remaining = _counts(rows)
    steps = []
    for reason, sentence in sentences.items():
        is_out = (rows["reason"] == reason).fillna(False).astype(bool)
        if reason not in rules and not is_out.any():
            continue
        rows = rows[~is_out]
        behind = _counts(rows)
        level = levels.get(reason, "data")
        steps.append(FlowStep(reason, sentence, remaining - behind, behind, level))
        remaining = behind
    return FlowChart(
        start,
        tuple(steps),
        {} if splits is None else _split_up(rows, splits, _counts),
        dict(files_excluded or {}),
        tuple(search),
    )


def patient_flow(
    imaging: pd.DataFrame,
    exclusions: Sequence[Exclusion],
    sentences: Mapping[str, str],
    *,
    splits: pd.DataFrame | None = None,
) -> FlowChart:
    """Count a cohort in which patients, not hips, are in or out; the counts of hips are 0.

    Parameters
    ----------
    imaging
        A row for each imaging, with ``patient_id``.
    exclusions
        Patients left out, each once.
    sentences
        What each reason means, in the order in which it is asked.
    splits
        Table of splits; its first fold is counted.

    Raises
    ------
    TableError
        If an exclusion names a reason that has no sentence, or a patient that is left no subset.
    """
    if unknown := {item.reason for item in exclusions} - set(sentences):
        raise TableError(f"exclusions: reason {sorted(unknown)[0]!r} belongs to no step")
    reasons = {item.key: item.reason for item in exclusions}
    rows = imaging[["patient_id"]].assign(reason=imaging["patient_id"].map(reasons))
    start = remaining = _patients(rows)
    steps = []
    for reason, sentence in sentences.items():
        rows = rows[(rows["reason"] != reason).fillna(True)]
        behind = _patients(rows)
        steps.append(FlowStep(reason, sentence, remaining - behind, behind, "patient"))
        remaining = behind
    subsets = {} if splits is None else _split_up(rows, splits, _patients)
    return FlowChart(start, tuple(steps), subsets)


def _patients(rows: pd.DataFrame) -> FlowCounts:
    return FlowCounts(len(rows), 0, int(rows["patient_id"].nunique()))


def _rows(
    instances: pd.DataFrame,
    labels: pd.DataFrame,
    exclusions: Sequence[Exclusion],
    unprepared: Sequence[Exclusion],
) -> pd.DataFrame:
    """One row per hip on a film and per film without hips, with the reason why it is out."""
    hips = labels[["sop_instance_uid", "laterality"]].drop_duplicates()
    hips = hips.assign(case_id=hips["sop_instance_uid"] + ":" + hips["laterality"])
    films = instances[["sop_instance_uid", "patient_id"]]
    rows = films.merge(hips[["sop_instance_uid", "case_id"]], on="sop_instance_uid", how="outer")
    reasons = {item.key: item.reason for item in exclusions if item.level in ("hip", "image")}
    left_out = rows["case_id"].fillna(rows["sop_instance_uid"]).map(reasons)
    without_pixels = rows["sop_instance_uid"].map({item.key: item.reason for item in unprepared})
    rows["reason"] = left_out.fillna(without_pixels)
    return rows


def _counts(rows: pd.DataFrame) -> FlowCounts:
    return FlowCounts(
        int(rows["sop_instance_uid"].nunique()),
        int(rows["case_id"].nunique()),
        int(rows["patient_id"].nunique()),
    )


def _split_up(
    rows: pd.DataFrame, splits: pd.DataFrame, count: Callable[[pd.DataFrame], FlowCounts]
) -> dict[str, FlowCounts]:
    first = splits[splits["fold"] == splits["fold"].min()]
    subset_of = rows["patient_id"].map(dict(zip(first["patient_id"], first["subset"], strict=True)))
    if subset_of.isna().any():
        patient = rows.loc[subset_of.isna(), "patient_id"].iloc[0]
        raise TableError(f"splits: patient {patient} has no subset", remedy="run the split again")
    present = [name for name in SUBSETS if (subset_of == name).any()]
    return {name: count(rows[subset_of == name]) for name in present}
