"""Patients into training, tuning and test: grouped, stratified, repeatable, never empty."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.cohort.contingency import chi_square
from osteon.cohort.eligibility import parse_condition
from osteon.cohort.persons import joined_persons
from osteon.cohort.split_folds import SITE_ROLE, site_of, sites_of, splits_frame
from osteon.cohort.split_places import place
from osteon.cohort.split_report import EmptyClass, PartCounts, SplitReport
from osteon.cohort.split_settings import EXTERNAL, SplitSettings
from osteon.core.files import hash_bytes
from osteon.core.schemas import SPLITS
from osteon.errors import TableError

__all__ = ["SplitSettings", "split_hash", "split_patients"]


def split_patients(
    cases: pd.DataFrame,
    settings: SplitSettings,
    seed: int,
    *,
    frozen: Mapping[str, str] | None = None,
    persons: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, SplitReport]:
    """Divide the patients of a table of cases.

    All films and hips of a person stay together, whatever ids they have. The result depends on
    the seed and on who the patients are, not on the order of the rows. No class is absent from a
    part if there is any way to avoid it; where there is none, the report says so.

    Parameters
    ----------
    cases
        Table of cases.
    settings
        How patients are divided.
    seed
        Breaks the ties.
    frozen
        The parts of an earlier split by patient (``report.places``); its patients stay where they
        are, and only new ones are placed.
    persons
        Patient id to person, of a link table.

    Returns
    -------
    The table of splits, ordered by patient and fold, and the report. Where the report has
    problems, the table has no new patients.

    Raises
    ------
    TableError
        If there are no cases, or a column to go by is absent.
    """
    _check(cases, settings)
    given = dict(frozen or {})
    heads = joined_persons([*cases["patient_id"].astype(str), *given], persons or {})
    cases = cases.assign(person=cases["patient_id"].astype(str).map(heads))
    taken, problems = _taken(given, heads)
    external = {heads[patient] for patient in _external_patients(cases, settings)}
    remarks = []
    moved = sorted(external & {who for who, part in taken.items() if part != EXTERNAL})
    if moved:
        remarks.append(f"{len(moved)} patients fulfil the external condition but stay put")
    places = taken | {who: EXTERNAL for who in external if who not in taken}
    placed = place(cases, places, settings, seed)
    problems += placed.problems
    places |= placed.places
    ids = sorted(set(heads) if not problems else set(given))
    parts = {patient: places[heads[patient]] for patient in ids}
    joined = len(set(cases["patient_id"])) - cases["person"].nunique()
    if joined:
        remarks.append(f"{joined} patient ids are further ids of a person, and go with them")
    frame = splits_frame(given | parts, settings)
    counted = cases[cases["person"].isin(places.keys())]
    report = SplitReport(
        **_described(counted, places, settings),
        kept_patients=len(set(cases["patient_id"]) & set(given)),
        new_patients=len(set(parts) - set(given)),
        remarks=(*remarks, *placed.remarks), problems=tuple(problems), seed=seed,
        split_hash=split_hash(frame), places=given | parts,
    )  # fmt: skip
    return frame, report


def split_hash(frame: pd.DataFrame) -> str:
    """Hash of who is where, independent of the order of the rows."""
    rows = sorted(frame[list(SPLITS.names)].astype(str).agg("\x1f".join, axis=1))
    return hash_bytes("\n".join(rows).encode())


def _check(cases: pd.DataFrame, settings: SplitSettings) -> None:
    if cases.empty:
        raise TableError("there are no cases to split", remedy="look at the exclusions")
    by_site = (settings.site_column,) if settings.kind == "leave_site_out" else ()
    for column in (*settings.stratify_by, *by_site):
        if column not in cases.columns:
            raise TableError(f"table cases: column {column} is missing")


def _taken(given: Mapping[str, str], heads: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Part of each person of an earlier split, and persons who were torn apart by it."""
    taken: dict[str, str] = {}
    problems = []
    for patient in sorted(given):
        part = taken.setdefault(heads[patient], given[patient])
        if part != given[patient]:
            problems.append(
                f"patient ids {heads[patient]} ({part}) and {patient} ({given[patient]}) are one "
                "person in two parts of the frozen split: --again"
            )
    return taken, problems


def _external_patients(cases: pd.DataFrame, settings: SplitSettings) -> set[str]:
    found: set[str] = set()
    for condition in settings.external:
        rows = parse_condition(condition).passes(cases)
        found |= set(cases.loc[rows, "patient_id"].astype(str))
    return found


def _described(
    cases: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings
) -> dict[str, Any]:
    """Count the parts, test their balance, and name the classes that are absent."""
    by_site = settings.kind == "leave_site_out"
    shown = {who: site_of(part) if SITE_ROLE in part else part for who, part in places.items()}
    inner_names = sites_of(places) if by_site else list(settings.parts)
    part_of = cases["person"].map(shown)
    names = [*inner_names, *([EXTERNAL] if EXTERNAL in set(places.values()) else [])]
    column = settings.stratify_by[0]
    table = pd.crosstab(cases[column], part_of).reindex(columns=names, fill_value=0)
    parts = [_part_counts(name, cases[part_of == name], table[name]) for name in names]
    inner: NDArray[np.int64] = table[inner_names].to_numpy(np.int64)
    is_positive = np.array([label in settings.positive_classes for label in table.index], bool)
    binary = np.stack([inner[is_positive].sum(axis=0), inner[~is_positive].sum(axis=0)])
    pools = _pools(cases, places) if by_site else {n: part_of == n for n in inner_names}
    return {
        "parts": tuple(parts),
        "multiclass": chi_square(inner),
        "binary": chi_square(binary),
        "empty": tuple(_empty(cases, column, pools, places, settings)),
    }


def _pools(cases: pd.DataFrame, places: Mapping[str, str]) -> dict[str, "pd.Series[bool]"]:
    """Training and tuning cases of each fold of a split that leaves sites out."""
    part_of = cases["person"].map(dict(places))
    roles = sorted({part.rpartition(SITE_ROLE)[2] for part in places.values() if SITE_ROLE in part})
    return {
        f"{role} without {site}": part_of.str.endswith(f"{SITE_ROLE}{role}").astype(bool)
        & (part_of.map(site_of) != site)
        for site in sites_of(places)
        for role in roles
    }


def _part_counts(name: str, cases: pd.DataFrame, classes: "pd.Series[int]") -> PartCounts:
    image = "sop_instance_uid" if "sop_instance_uid" in cases.columns else "case_id"
    return PartCounts(
        name,
        int(cases["patient_id"].nunique()),
        int(cases[image].nunique()),
        len(cases),
        {str(label): int(count) for label, count in classes.items()},
    )


def _empty(
    cases: pd.DataFrame,
    column: str,
    pools: Mapping[str, "pd.Series[bool]"],
    places: Mapping[str, str],
    settings: SplitSettings,
) -> Sequence[EmptyClass]:
    found = []
    is_inside = cases["person"].map(dict(places)) != EXTERNAL
    for label in sorted(cases[column].dropna().unique()):
        is_class = cases[column] == label
        holders = int(cases.loc[is_class & is_inside, "person"].nunique())
        for name, is_member in pools.items():
            if bool((is_class & is_member).any()):
                continue
            count = len(pools)
            reason = (
                f"{holders} patients have {label}, and {count} parts need one each"
                if holders < count
                else f"{holders} patients have {label}, but they cannot be spread: they share "
                "patients with other rare classes, or their places are given"
            )
            is_allowed = bool({"all", str(label)} & set(settings.allow_empty))
            found.append(EmptyClass(str(label), name, reason, is_allowed))
    return found
