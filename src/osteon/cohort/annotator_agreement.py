"""How far the annotators of one study agree: on classes beyond chance, and on boxes.

Patients are clusters. Pairs by Cohen's kappa, all together by Fleiss' (missing answers allowed),
each class against all others, and the overlap of the boxes that two drew around one hip.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import Estimate
from osteon.core.schemas import BOX_COLUMNS
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_many import fleiss_kappa
from osteon.statistics.detection import BoxSummary, box_iou, summarise_iou

__all__ = ["AnnotatorAgreement", "PairAgreement", "annotator_agreement"]

_HIP = ["sop_instance_uid", "laterality"]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators on the hips that both labelled: kappa, and the overlap of their boxes."""

    first: str
    second: str
    hips: int
    kappa: Estimate
    boxes: BoxSummary


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Agreement of a study's annotators.

    Parameters
    ----------
    hips
        Labelled by at least two.
    fleiss
        Of all annotators; undefined where fewer than two labelled one hip.
    per_class
        Fleiss' kappa of each class against all others.
    pairs
        Every two annotators with a hip in common.
    """

    hips: int
    fleiss: Estimate
    per_class: dict[str, Estimate]
    pairs: tuple[PairAgreement, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; NaN is ``None``."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def annotator_agreement(
    labels: pd.DataFrame,
    instances: pd.DataFrame,
    label_set: LabelSet,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    level: float = 0.95,
) -> AnnotatorAgreement:
    """Measure how far annotators agree.

    Parameters
    ----------
    labels
        Table of labels as the annotators gave them.
    instances
        Table of instances, for the patient of each film; a film without patient is its own.
    label_set
        The classes.
    rng, replicates
        Bootstrap of the mean overlap, whole patients.
    level
        Confidence level.
    """
    classes = labels.pivot(index=_HIP, columns="annotator", values="label").astype(object)
    classes = classes.where(classes.notna(), "")
    twice = classes[(classes != "").sum(axis=1) >= 2]
    patients = instances.set_index("sop_instance_uid")["patient_id"]
    films = twice.index.get_level_values(0)
    cluster = np.asarray([_patient(patients, uid) for uid in films], dtype=object)
    table = twice.to_numpy(dtype=object)
    categories = list(label_set.classes)
    per_class = {
        name: _fleiss(_against_others(table, name), cluster, level, ("others", name))
        for name in categories
        if (table == name).any()
    }
    pairs = []
    for first, second in combinations(classes.columns, 2):
        pair = _pair(labels, str(first), str(second), patients)
        if pair.empty:
            continue
        own = pair["patient"].to_numpy(dtype=object)
        kappa = cohen_kappa(
            pair["label_1"].to_numpy(dtype=object), pair["label_2"].to_numpy(dtype=object),
            categories=categories, cluster=own, level=level,
        )  # fmt: skip
        overlap = box_iou(_corners(pair, "_1"), _corners(pair, "_2"))
        boxes = summarise_iou(overlap, rng=rng, cluster=own, replicates=replicates, level=level)
        pairs.append(PairAgreement(str(first), str(second), len(pair), kappa, boxes))
    together = _fleiss(table, cluster, level, categories)
    return AnnotatorAgreement(len(twice), together, per_class, tuple(pairs))


def _fleiss(table: Any, cluster: Any, level: float, categories: Sequence[str]) -> Estimate:
    if len(table) == 0:
        reason = "no hip was labelled by two annotators"
        return Estimate.undefined(reason, level=level, method="fleiss", n=0)
    return fleiss_kappa(table, categories=list(categories), cluster=cluster, level=level)


def _against_others(table: Any, name: str) -> Any:
    return np.where((table == "") | (table == name), table, "others")


def _patient(patients: "pd.Series[Any]", uid: str) -> str:
    patient = patients.get(uid)
    return uid if patient is None or pd.isna(patient) else str(patient)


def _pair(
    labels: pd.DataFrame, first: str, second: str, patients: "pd.Series[Any]"
) -> pd.DataFrame:
    names = [*_HIP, "label", *BOX_COLUMNS]
    one = labels.loc[labels["annotator"] == first, names]
    two = labels.loc[labels["annotator"] == second, names]
    pair = one.merge(two, on=_HIP, suffixes=("_1", "_2")).sort_values(_HIP)
    pair["patient"] = [_patient(patients, uid) for uid in pair["sop_instance_uid"]]
    return pair


def _corners(pair: pd.DataFrame, suffix: str) -> Any:
    return pair[[f"{name}{suffix}" for name in BOX_COLUMNS]].to_numpy(dtype=np.float64)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
