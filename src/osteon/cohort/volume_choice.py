"""Choose one CT volume for each patient, by rules that can be read and set."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from osteon.core.schemas import VOLUMES
from osteon.core.settings import Settings
from osteon.core.tables import rows_of
from osteon.dicom.contrast import is_contrast_named
from osteon.dicom.kernels import kernel_kind
from osteon.pixels.ct_content import ENHANCED_CM3

__all__ = ["REASONS", "VolumeRules", "choose_volumes", "contrast_words"]

Preference = Literal["contrast", "kernel", "spacing", "extent"]
_Row = dict[str, Any]
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "too_few_slices": "it has too few slices",
        "too_short": "it shows too little of the patient's length",
        "slices_too_far_apart": "its slices are too far apart",
        "hips_not_in_view": "no whole hip is in view",
        "one_hip_in_view": "only one hip is in view",
        "metal": "it shows too much metal",
        "contrast_given": "it was made with contrast agent",
        "no_study_date": "its imaging study has no date",
        "before_window": "it was made too long before the index date",
        "after_index_date": "it was made after the index date",
        "other_kernel": "another kernel was preferred",
        "wider_spacing": "a volume with thinner slices was preferred",
        "shorter": "a longer volume was preferred",
        "equal_to_chosen": "it is as good as the chosen volume",
        "other_imaging_study": "another imaging study was chosen",
    }
)


class VolumeRules(Settings):
    """Which volume stands for a patient.

    A volume that breaks a rule is out; among the others of an imaging study the preferences
    decide in their order, among a patient's imaging studies the date does.

    Parameters
    ----------
    hips
        Hips that must be in view: ``both``, ``one`` or ``any`` (not asked).
    fewest_slices
        Fewest slices.
    shortest_mm
        Shortest extent along the patient in mm.
    widest_spacing_mm
        Largest distance between slices in mm.
    most_metal_cm3
        Largest volume of metal; ``None`` takes any.
    contrast
        ``avoid`` prefers volumes without contrast agent, ``refuse`` leaves others out, ``any``
        does not ask. An agent counts when the header names one, or when ``enhanced_cm3`` or more
        looks like it.
    enhanced_cm3
        See ``contrast``.
    kernel
        Preferred kind of kernel: ``soft``, ``bone`` or ``any``.
    prefer
        Order of the preferences: ``contrast``, ``kernel``, ``spacing`` (thinner first), ``extent``
        (longer first).
    date
        The ``latest`` or ``earliest`` imaging study that the index date allows.
    days_before_index, days_after_index
        How far an imaging study may lie from the patient's index date; ``None`` for any distance
        before it. Asked only of patients with an index date.
    """

    hips: Literal["both", "one", "any"] = "both"
    fewest_slices: Annotated[int, Field(ge=2)] = 10
    shortest_mm: Annotated[float, Field(ge=0)] = 100.0
    widest_spacing_mm: Annotated[float, Field(gt=0)] = 6.0
    most_metal_cm3: Annotated[float, Field(ge=0)] | None = None
    contrast: Literal["avoid", "refuse", "any"] = "avoid"
    enhanced_cm3: Annotated[float, Field(gt=0)] = ENHANCED_CM3
    kernel: Literal["soft", "bone", "any"] = "soft"
    prefer: tuple[Preference, ...] = ("contrast", "kernel", "spacing", "extent")
    date: Literal["latest", "earliest"] = "latest"
    days_before_index: Annotated[int, Field(ge=0)] | None = None
    days_after_index: Annotated[int, Field(ge=0)] = 0


def choose_volumes(
    volumes: pd.DataFrame,
    rules: VolumeRules,
    index_dates: Mapping[str, date] | None = None,
) -> pd.DataFrame:
    """Mark one volume for each patient, and say of every other why it was not chosen.

    Parameters
    ----------
    volumes
        Table VOLUMES; ``is_chosen`` and ``reason`` are set anew.
    rules
        What is wanted.
    index_dates
        Index date by patient id, for the rules on dates.

    Returns
    -------
    DataFrame
        VOLUMES. ``reason`` is that of the first broken rule (``hips_not_in_view``,
        ``one_hip_in_view``, ``too_few_slices``, ``too_short``, ``slices_too_far_apart``,
        ``metal``, ``contrast_given``, ``no_study_date``, ``before_window``,
        ``after_index_date``), of the first
        preference that another volume of the imaging study meets better (``contrast_given``,
        ``other_kernel``, ``wider_spacing``, ``shorter``, ``equal_to_chosen``), or
        ``other_imaging_study``.
    """
    rows = rows_of(volumes)
    dates = index_dates or {}
    reasons: dict[str, str | None] = {}
    patients: dict[str, dict[str, list[_Row]]] = {}
    for row in rows:
        uid = row["series_instance_uid"]
        reasons[uid] = _broken(row, rules) or _mistimed(row, rules, dates.get(row["patient_id"]))
        if reasons[uid] is None:
            studies = patients.setdefault(row["patient_id"], {})
            studies.setdefault(row["study_instance_uid"] or uid, []).append(row)
    chosen: set[str] = set()
    for studies in patients.values():
        best = [_best(own, rules, reasons) for own in studies.values()]
        winner = _by_date(best, rules)
        chosen.add(winner["series_instance_uid"])
        for row in best:
            if row is not winner:
                reasons[row["series_instance_uid"]] = "other_imaging_study"
    frame = volumes.copy()
    uids = [row["series_instance_uid"] for row in rows]
    frame["is_chosen"] = [uid in chosen for uid in uids]
    frame["reason"] = [None if uid in chosen else reasons[uid] for uid in uids]
    return VOLUMES.checked(frame)


def contrast_words(row: Mapping[str, Any], rules: VolumeRules) -> str | None:
    """Say why a row of VOLUMES counts as made with contrast agent; ``None`` when it does not."""
    agent = row["contrast_bolus_agent"]
    if is_contrast_named(agent):
        return f"the header names contrast agent {agent}"
    if row["enhanced_cm3"] >= rules.enhanced_cm3:
        return f"{row['enhanced_cm3']:.0f} cm3 look like contrast agent"
    return None


def _has_contrast(row: _Row, rules: VolumeRules) -> bool:
    return contrast_words(row, rules) is not None


def _broken(row: _Row, rules: VolumeRules) -> str | None:
    wanted = {"both": 2, "one": 1, "any": 0}[rules.hips]
    metal = rules.most_metal_cm3
    broken = (
        (row["n_slices"] < rules.fewest_slices, "too_few_slices"),
        (row["z_extent_mm"] < rules.shortest_mm, "too_short"),
        (row["slice_spacing_mm"] > rules.widest_spacing_mm, "slices_too_far_apart"),
        (row["hips_in_view"] < wanted and row["hips_in_view"] == 0, "hips_not_in_view"),
        (row["hips_in_view"] < wanted, "one_hip_in_view"),
        (metal is not None and row["metal_cm3"] > metal, "metal"),
        (rules.contrast == "refuse" and _has_contrast(row, rules), "contrast_given"),
    )
    return next((reason for is_broken, reason in broken if is_broken), None)


def _mistimed(row: _Row, rules: VolumeRules, index_date: date | None) -> str | None:
    if index_date is None:
        return None
    if row["study_date"] is None:
        return "no_study_date"
    days = (_day(row) - index_date).days
    if days > rules.days_after_index:
        return "after_index_date"
    limit = rules.days_before_index
    return "before_window" if limit is not None and -days > limit else None


def _day(row: _Row) -> date:
    text = str(row["study_date"])
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _best(rows: Sequence[_Row], rules: VolumeRules, reasons: dict[str, str | None]) -> _Row:
    """Choose within an imaging study, and note why the others lose."""
    measures: dict[Preference, tuple[Callable[[_Row], float], str]] = {
        "contrast": (
            lambda row: rules.contrast != "any" and _has_contrast(row, rules), "contrast_given",
        ),
        "kernel": (lambda row: _kernel_rank(row, rules), "other_kernel"),
        "spacing": (lambda row: round(row["slice_spacing_mm"], 2), "wider_spacing"),
        "extent": (lambda row: -round(row["z_extent_mm"]), "shorter"),
    }  # fmt: skip
    order = [measures[name] for name in rules.prefer]

    def rank(row: _Row) -> tuple[tuple[float, ...], str]:
        return tuple(measure(row) for measure, _ in order), row["series_instance_uid"]

    winner = min(rows, key=rank)
    for row in rows:
        if row is winner:
            continue
        lost = (reason for measure, reason in order if measure(row) > measure(winner))
        reasons[row["series_instance_uid"]] = next(lost, "equal_to_chosen")
    return winner


def _kernel_rank(row: _Row, rules: VolumeRules) -> int:
    kind = kernel_kind(row["convolution_kernel"])
    if rules.kernel in ("any", kind):
        return 0
    return 1 if kind == "unknown" else 2


def _by_date(rows: Sequence[_Row], rules: VolumeRules) -> _Row:
    """Choose among imaging studies; one without a date only when none has one."""
    dated = [row for row in rows if row["study_date"] is not None] or list(rows)
    ordered = sorted(dated, key=lambda row: (row["study_date"] or "", row["series_instance_uid"]))
    return ordered[-1] if rules.date == "latest" else ordered[0]
