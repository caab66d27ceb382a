"""From instances and labels to cases, one hip on one film, and to the hips that are not taken."""

from dataclasses import dataclass

import pandas as pd

from osteon.cohort.eligibility import Eligibility
from osteon.core.records import Exclusion
from osteon.core.schemas import CASES, ELIGIBILITY, INSTANCES, LABELS

__all__ = ["Candidates", "build_cases", "gather_candidates", "judge_candidates"]

_STAGE = "eligibility"
_OWN = ("sop_instance_uid", "laterality")


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Labelled hips joined with their films, before the rules.

    Parameters
    ----------
    frame
        One row per hip on a film with the columns of labels and instances and ``case_id``;
        ``film_laterality`` is the header's.
    exclusions
        Labels without a film, hips on which annotators disagree, films of nobody.
    unlabelled
        Films without any label, as rows of the instances.
    """

    frame: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    unlabelled: pd.DataFrame


def gather_candidates(instances: pd.DataFrame, labels: pd.DataFrame) -> Candidates:
    """Join labels with their films; one row remains for each hip on a film.

    Where several annotators gave a hip one class, the first annotator's box (by name) is taken;
    where they disagree, the hip is left out until a reference standard is made of them.
    """
    labels = labels.sort_values(["sop_instance_uid", "laterality", "annotator"], kind="stable")
    exclusions: list[Exclusion] = []
    hips: list[int] = []
    films = set(instances["sop_instance_uid"])
    for (uid, side), rows in labels.groupby(list(_OWN), sort=True):
        key = f"{uid}:{side}"
        classes = sorted(set(rows["label"]))
        if uid not in films:
            detail = "the film of this label is not among the instances"
            exclusions.append(Exclusion("hip", key, _STAGE, "film_missing", detail))
        elif "reference_status" in rows and (rows["reference_status"] == "undecided").any():
            detail = f"no class was decided: {rows['reference_rule'].iloc[0]}"
            exclusions.append(Exclusion("hip", key, _STAGE, "reference_undecided", detail))
        elif len(classes) > 1:
            detail = f"annotators disagree: {', '.join(classes)}"
            exclusions.append(Exclusion("hip", key, _STAGE, "annotators_disagree", detail))
        else:
            hips.append(rows.index[0])
    chosen = labels.loc[hips]
    own = instances.rename(columns={"laterality": "film_laterality"})
    overlap = [name for name in chosen.columns if name in own.columns and name not in _OWN]
    joined = chosen.drop(columns=overlap).merge(own, on="sop_instance_uid", how="left")
    joined["case_id"] = joined["sop_instance_uid"] + ":" + joined["laterality"]
    is_nobody = joined["patient_id"].isna()
    for case_id in joined.loc[is_nobody, "case_id"]:
        detail = "the film has no Patient ID, so it cannot be kept with its patient"
        exclusions.append(Exclusion("hip", str(case_id), _STAGE, "patient_id_missing", detail))
    unlabelled = instances[~instances["sop_instance_uid"].isin(set(labels["sop_instance_uid"]))]
    return Candidates(
        joined[~is_nobody].reset_index(drop=True),
        tuple(exclusions),
        unlabelled.reset_index(drop=True),
    )


def build_cases(
    instances: pd.DataFrame, labels: pd.DataFrame, eligibility: Eligibility
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Make the table of cases, and say for every other labelled hip why it is out.

    Parameters
    ----------
    instances
        Table of instances.
    labels
        Table of labels; its further columns (Garden stage, displacement) go along.
    eligibility
        The rules. A hip is excluded for the first rule it fails; the others are named in the
        detail.

    Returns
    -------
    The cases, ordered by ``case_id``, and the exclusions. Every labelled hip is in one of them,
    and every film without a label is an exclusion of level ``image``.
    """
    candidates = gather_candidates(instances, labels)
    frame = candidates.frame
    failing = eligibility.failing(frame)
    exclusions = list(candidates.exclusions)
    for case_id, reasons in zip(frame["case_id"], failing, strict=True):
        if reasons:
            detail = f"wanted: {eligibility.sentence(reasons[0])}"
            if len(reasons) > 1:
                detail += f"; fails also: {', '.join(reasons[1:])}"
            exclusions.append(Exclusion("hip", str(case_id), _STAGE, reasons[0], detail))
    for uid in candidates.unlabelled["sop_instance_uid"]:
        detail = "no box and class were given for this film"
        exclusions.append(Exclusion("image", str(uid), _STAGE, "no_label", detail))
    is_in = [not reasons for reasons in failing]
    return _cases(frame[pd.Series(is_in, index=frame.index, dtype=bool)], labels), exclusions


def judge_candidates(
    instances: pd.DataFrame, labels: pd.DataFrame, eligibility: Eligibility
) -> pd.DataFrame:
    """Say of every labelled hip of a known patient which rules it fails: the first, and all.

    Returns
    -------
    Table :data:`osteon.core.schemas.ELIGIBILITY`, ordered by ``case_id``.
    """
    frame = gather_candidates(instances, labels).frame
    failing = eligibility.failing(frame)
    judged = pd.DataFrame(
        [(not own, own[0] if own else None, ";".join(own) or None) for own in failing],
        columns=["is_in", "first_failing", "failing"],
        index=frame.index,
    )
    own = frame[["case_id", "sop_instance_uid", "patient_id"]]
    return ELIGIBILITY.checked(pd.concat([own, judged], axis=1).sort_values("case_id"))


def _cases(frame: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    extra = [
        name
        for name in labels.columns
        if name not in LABELS.names and name not in CASES.names and name not in INSTANCES.names
    ]
    return CASES.checked(frame.loc[:, [*CASES.names, *extra]].sort_values("case_id"))
