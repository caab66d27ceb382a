"""The reference standard: the class of every hip on a film, what it rests on, and all the evidence.

Later evidence decides in the order of the recipe's rules; where pieces of one source contradict
one another, and where the annotators of the film do, an adjudicator does. Krogue et al. 2020
(doi 10.1148/ryai.2020190023): later CT, MRI and postoperative imaging where the film was doubtful,
the implant where there was an operation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from osteon.cohort.consensus import Answer, Verdict, agree
from osteon.cohort.evidence import Evidence, Hip, Judged, hips_of, judge
from osteon.cohort.evidence_rules import ReferencePlan, ReferenceSettings
from osteon.core.labels import LabelSet
from osteon.core.records import Exclusion
from osteon.core.schemas import EVIDENCE, REFERENCE_STANDARD

__all__ = ["ReferenceStandard", "apply_to_labels", "build_reference"]

_STAGE = "reference_standard"
_UNUSED = {
    "source_unknown": "no rule takes its source",
    "before_film": "dated before every film of this hip",
    "before_window": "dated before the window of its rule begins",
    "after_window": "dated after the window of its rule ends",
    "film_undated": "the films of this hip have no date",
    "finding_unknown": "its rule knows no class of this finding",
    "implant_on_film": "the implant was there on the film already",
    "indication_other": "the operation was not done because of a fracture",
    "hip_unlabelled": "no film of this hip has a box and class",
}


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceStandard:
    """The result of one build.

    Parameters
    ----------
    table
        One row for each hip on a film: schema ``reference_standard``.
    evidence
        Every answer and piece of evidence for every hip it could be about: schema ``evidence``.
    exclusions
        Evidence that no hip could use, and adjudications that no longer fit.
    """

    table: pd.DataFrame
    evidence: pd.DataFrame
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One hip with all that is known of it."""

    hip: Hip
    answers: tuple[Answer, ...]
    film: Verdict
    judged: tuple[Judged, ...]

    @property
    def text(self) -> str:
        """Every answer and usable piece of evidence, in one order."""
        said = [f"{item.annotator}: {item.label}" for item in self.answers]
        later = [
            f"{item.evidence.source} {item.evidence.date} {item.evidence.who}".strip()
            + f": {item.label}"
            for item in self.judged
            if not item.reason
        ]
        return " | ".join([*sorted(said), *sorted(later)])


def build_reference(
    labels: pd.DataFrame,
    instances: pd.DataFrame,
    evidence: Sequence[Evidence],
    plan: ReferencePlan,
    label_set: LabelSet,
    *,
    settings: ReferenceSettings,
    adjudications: pd.DataFrame | None = None,
) -> ReferenceStandard:
    """Decide the class of every labelled hip.

    Parameters
    ----------
    labels
        Table of labels as the annotators gave them, one row per hip, film and annotator.
    instances
        Table of instances.
    evidence
        Later evidence, as :func:`osteon.cohort.evidence.read_evidence` gives it.
    plan, label_set
        The recipe's rules and classes.
    settings
        The rule of consensus.
    adjudications
        Table of adjudications; the latest of a case counts while the answers it was made on stand.
    """
    cases = _cases(labels, instances, evidence, plan, label_set, settings)
    latest = _latest(adjudications)
    rows, exclusions = [], []
    for case in cases:
        adjudication = latest.get(case.hip.case_id)
        if adjudication is not None and adjudication["original_answers"] != case.text:
            detail = "answers or evidence have changed since it was adjudicated"
            key = case.hip.case_id
            exclusions.append(Exclusion("hip", key, _STAGE, "adjudication_stale", detail))
            adjudication = None
        rows.append(_decided(case, plan, adjudication))
    pieces = [row for case in cases for row in _evidence_rows(case)]
    table = pd.DataFrame(rows, columns=list(REFERENCE_STANDARD.names)).sort_values("case_id")
    kept = pd.DataFrame(pieces, columns=list(EVIDENCE.names)).sort_values(list(EVIDENCE.key))
    return ReferenceStandard(
        REFERENCE_STANDARD.checked(table),
        EVIDENCE.checked(kept),
        (*exclusions, *_without_use(evidence, cases)),
    )


def _cases(
    labels: pd.DataFrame,
    instances: pd.DataFrame,
    evidence: Sequence[Evidence],
    plan: ReferencePlan,
    label_set: LabelSet,
    settings: ReferenceSettings,
) -> list[_Case]:
    by_hip: dict[tuple[str, str], list[Evidence]] = {}
    for piece in evidence:
        by_hip.setdefault((piece.patient_id, piece.laterality), []).append(piece)
    answers: dict[str, list[Answer]] = {}
    names = ["sop_instance_uid", "laterality", "annotator", "label", "label_source"]
    for uid, side, annotator, label, source in labels[names].itertuples(index=False):
        answers.setdefault(f"{uid}:{side}", []).append(Answer(annotator, label, source))
    cases = []
    for case_id, hip in sorted(hips_of(labels, instances).items()):
        own = tuple(sorted(answers[case_id], key=lambda answer: answer.annotator))
        film = agree(own, settings)
        about = [e for e in by_hip.get((hip.patient_id, hip.laterality), []) if _is_about(e, hip)]
        judged = tuple(judge(piece, hip, film.label, plan, label_set) for piece in about)
        cases.append(_Case(hip, own, film, judged))
    return cases


def _is_about(evidence: Evidence, hip: Hip) -> bool:
    """Whether a piece of evidence is for this film, where it names a film or study."""
    return evidence.sop_instance_uid in ("", hip.sop_instance_uid) and (
        evidence.accession_number in ("", hip.accession_number)
    )


def _latest(adjudications: pd.DataFrame | None) -> dict[str, Mapping[Any, Any]]:
    if adjudications is None:
        return {}
    ordered = adjudications.sort_values("number")
    return {str(row["case_id"]): row for row in ordered.to_dict("records")}


def _decided(
    case: _Case, plan: ReferencePlan, adjudication: Mapping[Any, Any] | None
) -> dict[str, Any]:
    """Take the first rule that decides: later evidence, an adjudicator, the film's annotators."""
    warnings: list[str] = []
    verdict, date, is_adjudicated = case.film, case.hip.film_date, False
    later, conflict = _later(case, plan)
    if later is not None and later.rule is not None:
        who = later.evidence.who
        verdict = Verdict(later.label, later.rule.name, who, later.evidence.source)
        date = later.evidence.date
        warnings = [later.rule.warning, *_overruled(case, later)]
        warnings += ["adjudication not needed: later evidence decides"] if adjudication else []
    elif adjudication is not None:
        verdict = Verdict(
            str(adjudication["label"]), "adjudication", str(adjudication["adjudicator"]), "film"
        )
        date, is_adjudicated = str(adjudication["adjudicated_on"]), True
        warnings = [plan.film_warning]
        if any(adjudication["adjudicator"] == answer.annotator for answer in case.answers):
            warnings.append("the adjudicator was one of the annotators")
    elif conflict:
        verdict = Verdict(None, "evidence_conflicts", case.film.decided_by)
    elif verdict.label is not None and "film" in verdict.label_source.split("+"):
        warnings = [plan.film_warning]
    hip = case.hip
    is_decided = verdict.label is not None
    return {
        "case_id": hip.case_id, "patient_id": hip.patient_id or None,
        "sop_instance_uid": hip.sop_instance_uid, "laterality": hip.laterality,
        "status": "decided" if is_decided else "undecided", "label": verdict.label,
        "label_source": verdict.label_source if is_decided else None, "rule": verdict.rule,
        "decided_by": (verdict.decided_by or None) if is_decided else None,
        "decided_on": (date or None) if is_decided else None,
        "is_adjudicated": is_adjudicated, "annotators": len(case.answers),
        "answers": case.text, "warnings": " | ".join(warnings) or None,
    }  # fmt: skip


def _later(case: _Case, plan: ReferencePlan) -> tuple[Judged | None, bool]:
    """Give the evidence that decides, and whether pieces of one source contradict one another."""
    for rule in plan.rules:
        usable = [item for item in case.judged if item.rule is rule and not item.reason]
        if len({item.label for item in usable}) > 1:
            return None, True
        if usable:
            return min(usable, key=lambda item: (item.evidence.date, item.evidence.place)), False
    return None, False


def _overruled(case: _Case, later: Judged) -> list[str]:
    """Say what says otherwise than the evidence that decides."""
    others = [
        f"{item.evidence.source} of {item.evidence.date} says {item.label}"
        for item in case.judged
        if not item.reason and item.label != later.label
    ]
    if case.film.label is None:
        return [f"film undecided: {case.film.rule}", *others]
    if case.film.label != later.label:
        return [f"film says {case.film.label} ({case.film.rule})", *others]
    return others


def _evidence_rows(case: _Case) -> list[dict[str, Any]]:
    hip = case.hip
    shared = {"case_id": hip.case_id, "patient_id": hip.patient_id or None}
    rows: list[dict[str, Any]] = [
        shared
        | {
            "evidence_id": f"film#{answer.annotator}", "source": answer.label_source,
            "finding": answer.label, "label": answer.label,
            "evidence_date": hip.film_date or None, "days_after_film": 0, "who": answer.annotator,
            "rule": "consensus", "is_used": True, "not_used_because": None, "comment": None,
        }
        for answer in case.answers
    ]  # fmt: skip
    rows += [
        shared
        | {
            "evidence_id": item.evidence.place, "source": item.evidence.source,
            "finding": item.evidence.finding, "label": item.label or None,
            "evidence_date": item.evidence.date, "days_after_film": item.days,
            "who": item.evidence.who or None, "rule": item.rule.name if item.rule else None,
            "is_used": not item.reason, "not_used_because": item.reason or None,
            "comment": item.evidence.comment or None,
        }
        for item in case.judged
    ]  # fmt: skip
    return rows


def _without_use(evidence: Sequence[Evidence], cases: Sequence[_Case]) -> list[Exclusion]:
    """List the evidence that no hip could use, by the reason of the hip that came nearest."""
    reasons: dict[str, list[str]] = {piece.place: [] for piece in evidence}
    for case in cases:
        for item in case.judged:
            reasons[item.evidence.place].append(item.reason)
    order = list(_UNUSED)
    unused = []
    for place, found in reasons.items():
        if "" in found:
            continue
        reason = max(found, key=order.index, default="hip_unlabelled")
        unused.append(Exclusion("hip", place, _STAGE, f"evidence_{reason}", _UNUSED[reason]))
    return unused


def apply_to_labels(labels: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Give labels the reference standard's class; the annotators' own stays as ``film_label``.

    Every annotator's box stays. Hips that are undecided keep their answers, and
    ``reference_status`` keeps them out of the cases.

    Parameters
    ----------
    labels
        Table of labels as the annotators gave them.
    reference
        Table ``reference_standard`` made of them.
    """
    case_ids = labels["sop_instance_uid"] + ":" + labels["laterality"]
    rows = reference.set_index("case_id").loc[case_ids]
    is_decided = (rows["status"] == "decided").to_numpy()
    result = labels.copy()
    result["film_label"] = labels["label"]
    for name in ("label", "label_source"):
        result[name] = labels[name].mask(is_decided, pd.Series(rows[name].to_numpy(), labels.index))
    for name, column in (("status", "status"), ("rule", "rule"), ("warnings", "warnings")):
        result[f"reference_{name}"] = rows[column].to_numpy()
    return result
