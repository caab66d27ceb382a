"""Join what reports say to hips on films, and hold it against the reference standard."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Estimate, Exclusion
from osteon.core.schemas import WEAK_LABELS
from osteon.core.tables import rows_of
from osteon.errors import TableError
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.diagnostic import positive_predictive_value
from osteon.statistics.proportion import accuracy, sensitivity

__all__ = [
    "ClassAgreement",
    "WeakLabelAgreement",
    "agreement_with_reference",
    "join_weak_labels",
    "refuse_report_labels",
    "rests_on_report",
]

_STAGE = "weak-label"
_FILM = ["sop_instance_uid", "patient_id", "accession_number"]
_HIP = ["sop_instance_uid", "laterality"]


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class: hips in the reference standard, hips by reports, sensitivity and PPV."""

    name: str
    n_reference: int
    n_weak: int
    sensitivity: Estimate
    ppv: Estimate


@dataclass(frozen=True, slots=True)
class WeakLabelAgreement:
    """How far reports agree with the reference standard, on the hips that have both.

    Parameters
    ----------
    hips, patients
        With both labels.
    without_weak_label
        Hips of the reference standard of which the reports give no class.
    kappa, accuracy
        Over all classes, patients as clusters.
    kappa_fracture
        Fracture or not.
    classes
        Each class against the rest.
    """

    hips: int
    patients: int
    without_weak_label: int
    kappa: Estimate
    accuracy: Estimate
    kappa_fracture: Estimate
    classes: tuple[ClassAgreement, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; NaN is ``None``."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def join_weak_labels(
    findings: pd.DataFrame, hips: pd.DataFrame, instances: pd.DataFrame, label_set: LabelSet
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Give every detected hip the class that the report of its examination states for its side.

    A class stated of no side counts for a hip only where nothing is stated of that side, and
    either it is the absence of a fracture or the examination shows hips of one side only.

    Parameters
    ----------
    findings
        Table :data:`osteon.core.schemas.REPORT_FINDINGS`.
    hips
        Anything with ``sop_instance_uid`` and ``laterality``: predictions, labels, cases.
    instances
        Table of instances: the films' patients and accessions.
    label_set
        The classes; a finding that is none of them is listed.

    Returns
    -------
    Table :data:`osteon.core.schemas.WEAK_LABELS` and every hip that got none: ``film_missing``,
    ``accession_missing``, ``patient_id_missing``, ``report_missing``, ``patient_differs`` (the
    report is of another patient), ``side_not_stated``, ``finding_missing``, ``class_unresolved``.
    """
    hips = hips[_HIP].drop_duplicates().sort_values(_HIP, kind="stable")
    joined = hips.merge(instances[_FILM], on="sop_instance_uid", how="left", indicator=True)
    shown = joined.groupby("accession_number")["laterality"].agg(set).to_dict()
    said: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows_of(findings):
        said.setdefault(row["accession_number"], {})[row["laterality"]] = row
    rows, exclusions = [], []
    for hip in rows_of(joined):
        found = _for_hip(hip, said, shown, label_set)
        if isinstance(found, tuple):
            key = f"{hip['sop_instance_uid']}:{hip['laterality']}"
            exclusions.append(Exclusion("hip", key, _STAGE, *found))
            continue
        rows.append(
            {name: hip[name] for name in (*_HIP, "patient_id", "accession_number")}
            | {name: found[name] for name in ("certainty", "rule", "evidence")}
            | {"weak_label": found["finding"], "weak_label_source": "report"}
        )
    return WEAK_LABELS.checked(pd.DataFrame(rows, columns=list(WEAK_LABELS.names))), exclusions


def _for_hip(
    hip: dict[str, Any],
    said: dict[str, dict[str, dict[str, Any]]],
    shown: dict[Any, set[str]],
    label_set: LabelSet,
) -> dict[str, Any] | tuple[str, str]:
    accession, side = hip["accession_number"], hip["laterality"]
    if fault := _film_fault(hip):
        return fault
    if accession not in said:
        return "report_missing", f"no report of {accession} says anything the rules know"
    found = said[accession].get(side) or said[accession].get("U")
    if found is None:
        return "finding_missing", f"the report of {accession} says nothing of this side"
    is_ours = found["laterality"] == side or found["is_absence"] or shown[accession] == {side}
    if not is_ours:
        return "side_not_stated", f"the report names no side: {found['evidence']}"
    if found["patient_id"] not in (None, hip["patient_id"]):
        detail = f"report of {found['patient_id']}, film of {hip['patient_id']} under {accession}"
        return "patient_differs", detail
    if found["finding"] not in label_set.classes:
        return "class_unresolved", f"{found['finding']}: {found['evidence']}"
    return found


def _film_fault(hip: dict[str, Any]) -> tuple[str, str] | None:
    if hip["_merge"] == "left_only":
        return "film_missing", "the film of this hip is not among the instances"
    if hip["accession_number"] is None:
        return "accession_missing", "the film has no accession, so no report can be its own"
    if hip["patient_id"] is None:
        return "patient_id_missing", "the film has no patient"
    return None


def agreement_with_reference(
    weak: pd.DataFrame,
    reference: pd.DataFrame,
    label_set: LabelSet,
    *,
    certainties: Sequence[str] = ("affirmed", "uncertain"),
    level: float = 0.95,
) -> WeakLabelAgreement:
    """Hold weak labels against the reference standard, hip by hip, patients as clusters.

    Parameters
    ----------
    weak
        Table of weak labels.
    reference
        Table of cases, or anything with ``sop_instance_uid``, ``laterality``, ``label``.
    label_set
        The classes.
    certainties
        Weak labels that count.
    level
        Confidence level.

    Raises
    ------
    TableError
        If a hip stands twice in the reference standard, or rests on reports itself.
    """
    if rests_on_report(reference).any():
        raise TableError("labels of the reference standard rest on reports: agreement is circular")
    truth = reference[[*_HIP, "label"]]
    if truth.duplicated(_HIP).any():
        raise TableError(
            "a hip stands twice in the reference standard", remedy="give the table of cases"
        )
    counted = weak[weak["certainty"].isin(list(certainties))]
    both = truth.merge(counted, on=_HIP, how="inner")
    index = {name: number for number, name in enumerate(label_set.classes)}
    first = both["label"].map(index).to_numpy(dtype=np.int64)
    second = both["weak_label"].map(index).to_numpy(dtype=np.int64)
    cluster = both["patient_id"].to_numpy(dtype=object).astype(str)
    positive = np.isin(first, label_set.positive_indices)
    called = np.isin(second, label_set.positive_indices)
    numbers = range(len(label_set))
    return WeakLabelAgreement(
        hips=len(both),
        patients=len(set(cluster)),
        without_weak_label=len(truth) - len(both),
        kappa=cohen_kappa(
            first, second, categories=list(numbers), cluster=cluster, level=level
        ),
        accuracy=accuracy(first == second, np.ones(len(both)), cluster=cluster, level=level),
        kappa_fracture=cohen_kappa(
            positive.astype(int), called.astype(int), categories=[0, 1], cluster=cluster,
            level=level,
        ),
        classes=tuple(
            ClassAgreement(
                label_set.classes[i],
                int((first == i).sum()),
                int((second == i).sum()),
                sensitivity(first == i, second == i, cluster=cluster, level=level),
                positive_predictive_value(first == i, second == i, cluster=cluster, level=level),
            )
            for i in numbers
        ),
    )  # fmt: skip


def refuse_report_labels(labels: pd.DataFrame, *, is_named: bool) -> None:
    """Refuse labels that rest on radiology reports, unless the study names them.

    Raises
    ------
    TableError
        If a row's ``label_source`` is ``report`` and ``is_named`` is false.
    """
    count = 0 if is_named else int(rests_on_report(labels).sum())
    if count:
        raise TableError(
            f"{count} labels rest on radiology reports, which are no reference standard",
            remedy="leave them out; a study that wants them says so in study.yaml: "
            "report_labels: true",
        )


def rests_on_report(labels: pd.DataFrame) -> "pd.Series[bool]":
    """Mark the labels whose ``label_source`` says that they come from reports."""
    source = labels["label_source"].fillna("").astype(str).str.strip().str.casefold()
    return source.str.startswith("report")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
