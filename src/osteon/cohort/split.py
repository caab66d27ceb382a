"""Patients into training, tuning and test: grouped, stratified, repeatable, never empty."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from osteon.cohort.balance import Parts, balance
from osteon.cohort.contingency import chi_square
from osteon.cohort.eligibility import parse_condition
from osteon.cohort.split_report import EmptyClass, PartCounts, SplitReport
from osteon.core.files import hash_bytes
from osteon.core.labels import HIP_CLASSES
from osteon.core.rng import seed_for
from osteon.core.schemas import SPLITS, SUBSETS
from osteon.core.settings import Settings
from osteon.errors import TableError

__all__ = ["SplitSettings", "split_hash", "split_patients"]

_PRIORITY = {"training": 20, "internal_test": 19, "tuning": 18}
EXTERNAL = "external_test"


class SplitSettings(Settings):
    """How patients are divided.

    Parameters
    ----------
    proportions
        Share of the patients in each subset, sum 1; used when there are no folds.
    folds
        Number of folds, at least 2. In fold i part i is the internal test set, part i + 1 tunes
        (with three folds or more) and the others train.
    external
        Conditions such as ``institution_name=Site B``; a patient with a film that fulfils one of
        them goes wholly into the external test set.
    stratify_by
        Column of the cases whose values are spread evenly.
    positive_classes
        Classes that count as positive in the binary chi-square test.
    allow_empty
        Classes that may be absent from a subset; ``all`` for every class.
    """

    proportions: dict[str, float] = Field(
        default={"training": 0.60, "tuning": 0.25, "internal_test": 0.15}
    )
    folds: int | None = Field(default=None, ge=2)
    external: tuple[str, ...] = ()
    stratify_by: str = "label"
    positive_classes: tuple[str, ...] = tuple(sorted(HIP_CLASSES.positive))
    allow_empty: tuple[str, ...] = ()

    @field_validator("proportions")
    @classmethod
    def _sum_is_one(cls, value: dict[str, float]) -> dict[str, float]:
        wanted = SUBSETS[:3]
        if unknown := set(value) - set(wanted):
            raise ValueError(f"{sorted(unknown)[0]} is no subset, wanted {', '.join(wanted)}")
        if any(not 0 <= share <= 1 for share in value.values()) or not np.isclose(
            sum(value.values()), 1.0
        ):
            raise ValueError(f"shares {value} must lie in [0, 1] and add up to 1")
        return {name: value[name] for name in wanted if value.get(name, 0) > 0}

    @model_validator(mode="after")
    def _conditions_parse(self) -> "SplitSettings":
        for condition in self.external:
            parse_condition(condition)
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts into which patients are divided."""
        if self.folds is not None:
            return tuple(f"fold {index}" for index in range(self.folds))
        return tuple(self.proportions)


def split_patients(
    cases: pd.DataFrame, settings: SplitSettings, seed: int, *, frozen: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, SplitReport]:
    """Divide the patients of a table of cases.

    All films and hips of a patient stay together. The result depends on the seed and on who the
    patients are, not on the order of the rows. No class is absent from a part if there is any
    way to avoid it; where there is none, the report says so.

    Parameters
    ----------
    cases
        Table of cases.
    settings
        How patients are divided.
    seed
        Breaks the ties.
    frozen
        An earlier split; its patients stay where they are, and only new ones are placed.

    Returns
    -------
    The table of splits, ordered by patient and fold, and the report.

    Raises
    ------
    TableError
        If there are no cases, or the column to stratify by is absent.
    """
    if cases.empty:
        raise TableError("there are no cases to split", remedy="look at the exclusions")
    if settings.stratify_by not in cases.columns:
        raise TableError(f"table cases: column {settings.stratify_by} is missing")
    external = _external_patients(cases, settings)
    hips = pd.crosstab(cases["patient_id"], cases[settings.stratify_by])
    given = {} if frozen is None else _parts_of(frozen, settings)
    places = {patient: part for patient, part in given.items() if patient in hips.index}
    remarks = []
    moved = sorted(external & {p for p, part in places.items() if part != EXTERNAL})
    if moved:
        remarks.append(f"{len(moved)} patients fulfil the external condition but stay put")
    places |= {patient: EXTERNAL for patient in external if patient not in places}
    kept = len([patient for patient in places if patient in given])
    places |= _placed(hips, places, settings, seed)
    frame = _frame({**given, **places}, settings)
    report = _report(cases, hips, places, settings, frame)
    new = len(places) - kept
    return frame, SplitReport(
        **report, kept_patients=kept, new_patients=new, remarks=tuple(remarks), seed=seed,
        split_hash=split_hash(frame),
    )  # fmt: skip


def split_hash(frame: pd.DataFrame) -> str:
    """Hash of who is where, independent of the order of the rows."""
    rows = sorted(frame[list(SPLITS.names)].astype(str).agg("\x1f".join, axis=1))
    return hash_bytes("\n".join(rows).encode())


def _external_patients(cases: pd.DataFrame, settings: SplitSettings) -> set[str]:
    found: set[str] = set()
    for condition in settings.external:
        found |= set(cases.loc[parse_condition(condition).passes(cases), "patient_id"])
    return found


def _parts_of(frozen: pd.DataFrame, settings: SplitSettings) -> dict[str, str]:
    """Part of each patient of an earlier split."""
    if settings.folds is None:
        return dict(zip(frozen["patient_id"], frozen["subset"], strict=True))
    is_own = frozen["subset"].isin(["internal_test", EXTERNAL])
    return {
        patient: EXTERNAL if subset == EXTERNAL else f"fold {fold}"
        for patient, fold, subset in frozen.loc[is_own, list(SPLITS.names)].itertuples(index=False)
    }


def _placed(
    hips: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings, seed: int
) -> dict[str, str]:
    """Give every patient without a place a part."""
    free = [patient for patient in hips.index if patient not in places]
    if not free:
        return {}
    free.sort(key=lambda patient: seed_for(seed, "split", patient))
    inside = [patient for patient, part in places.items() if part != EXTERNAL]
    relevant = hips.loc[[*free, *inside]]
    relevant = relevant.loc[:, relevant.sum(axis=0) > 0]
    matrix = relevant.loc[free].to_numpy(np.int64)
    kinds, kind_of = np.unique(matrix, axis=0, return_inverse=True)
    kind_of = kind_of.reshape(-1)
    numbers = np.bincount(kind_of, minlength=len(kinds))
    parts = _described_parts(relevant, places, settings)
    counts = balance(kinds, numbers, kind_of, parts)
    result: dict[str, str] = {}
    for kind, row in enumerate(counts):
        members = [free[index] for index in np.flatnonzero(kind_of == kind)]
        names = np.repeat(np.array(settings.parts, dtype=object), row)
        result |= dict(zip(members, names, strict=True))
    return result


def _described_parts(
    hips: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings
) -> Parts:
    names = settings.parts
    held = [[patient for patient in hips.index if places.get(patient) == name] for name in names]
    shares = (
        np.full(len(names), 1 / len(names))
        if settings.folds is not None
        else np.array([settings.proportions[name] for name in names])
    )
    return Parts(
        proportions=shares / shares.sum(),
        priority=np.array([_PRIORITY.get(name, 20) for name in names], dtype=np.int64),
        hips=np.stack([hips.loc[members].sum(axis=0).to_numpy(np.int64) for members in held]),
        patients=np.array([len(members) for members in held], dtype=np.int64),
    )


def _frame(places: Mapping[str, str], settings: SplitSettings) -> pd.DataFrame:
    rows = [
        (patient, fold, subset)
        for patient in sorted(places)
        for fold, subset in enumerate(_subsets(places[patient], settings))
    ]
    return SPLITS.checked(pd.DataFrame(rows, columns=list(SPLITS.names)))


def _subsets(part: str, settings: SplitSettings) -> list[str]:
    """Subset of a part in each fold."""
    if settings.folds is None:
        return [part]
    if part == EXTERNAL:
        return [EXTERNAL] * settings.folds
    own = settings.parts.index(part)
    result = ["training"] * settings.folds
    result[own] = "internal_test"
    if settings.folds >= 3:
        result[own - 1] = "tuning"
    return result


def _report(
    cases: pd.DataFrame,
    hips: pd.DataFrame,
    places: Mapping[str, str],
    settings: SplitSettings,
    frame: pd.DataFrame,
) -> dict[str, Any]:
    part_of = cases["patient_id"].map(dict(places))
    names = [*settings.parts, *([EXTERNAL] if EXTERNAL in set(places.values()) else [])]
    table = pd.crosstab(cases[settings.stratify_by], part_of).reindex(columns=names, fill_value=0)
    parts = [_part_counts(name, cases[part_of == name], table[name]) for name in names]
    inner: NDArray[np.int64] = table[list(settings.parts)].to_numpy(np.int64)
    is_positive = np.array([label in settings.positive_classes for label in table.index])
    binary = np.stack([inner[is_positive].sum(axis=0), inner[~is_positive].sum(axis=0)])
    return {
        "parts": tuple(parts),
        "multiclass": chi_square(inner),
        "binary": chi_square(binary),
        "empty": tuple(_empty(table, hips, places, settings)),
    }


def _part_counts(name: str, cases: pd.DataFrame, classes: "pd.Series[int]") -> PartCounts:
    return PartCounts(
        name,
        int(cases["patient_id"].nunique()),
        int(cases["sop_instance_uid"].nunique()),
        len(cases),
        {str(label): int(count) for label, count in classes.items()},
    )


def _empty(
    table: pd.DataFrame, hips: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings
) -> Sequence[EmptyClass]:
    found = []
    inside = [patient for patient in hips.index if places[patient] != EXTERNAL]
    for label in table.index:
        holders = int((hips.loc[inside, label] > 0).sum())
        for part in settings.parts:
            if table.loc[label, part]:
                continue
            count = len(settings.parts)
            reason = (
                f"{holders} patients have {label}, and {count} parts need one each"
                if holders < count
                else f"{holders} patients have {label}, but they cannot be spread: they share "
                "patients with other rare classes, or their places are given"
            )
            is_allowed = bool({"all", str(label)} & set(settings.allow_empty))
            found.append(EmptyClass(str(label), part, reason, is_allowed))
    return found
