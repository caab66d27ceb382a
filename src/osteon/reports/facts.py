"""What a study knows about itself, in sentences: the answers of the checklists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from osteon.reports.baselines import BASELINE_TITLES
from osteon.reports.records import Evaluation, Series
from osteon.reports.wording import SUBSET_TITLES, interval, number, rule_title

__all__ = ["StudyFacts", "limitations", "study_facts"]

FEW_HIPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class StudyFacts:
    """What the facts are made from.

    Parameters
    ----------
    evaluation, cases, splits
        The numbers, and the tables behind them.
    question, reference_standard
        The recipe's sentences.
    has_flow, has_paper, error_count
        What the page shows.
    versions
        Library to version, from the manifest of the run.
    model_facts
        Answers that the model card gives, by fact.
    """

    evaluation: Evaluation
    cases: pd.DataFrame
    splits: pd.DataFrame
    question: str
    reference_standard: str
    has_flow: bool = False
    has_paper: bool = False
    error_count: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    model_facts: Mapping[str, str] = field(default_factory=dict)


def study_facts(known: StudyFacts) -> dict[str, str]:
    """Write the answers that the study can give; what it cannot is absent."""
    facts = {
        "question": known.question,
        "disjoint_level": "Patients: all films and hips of a patient are in one subset.",
        "blinding_index": "The model sees the pixels inside a box, and nothing of the header.",
        "indeterminate": "Every hip gets a class; a hip the detector missed counts as not called.",
        "preprocessing_crops": "A square around each hip, left hips mirrored.",
        "code": "Code: Osteon, Apache-2.0. Data: to be completed by the authors.",
        "outputs": "Predictions, thresholds, numbers and a manifest with hashes are in the study"
        " folder.",
        "settings": "Settings and manifest, on this page.",
        "table_one": "Table 1, by subset, with what is missing.",
        "limitations": "Limitations, on this page; to be completed by the authors.",
        **_data_facts(known),
        **_analysis_facts(known),
        **known.model_facts,
    }
    if known.has_flow:
        facts["flow"] = "Flow chart, on this page."
        facts["eligibility"] = "Flow chart: the rules in the order they were applied."
    if known.error_count:
        facts["explanations"] = "Heat maps in the error gallery; they were not tested."
        failed = f"Confusion matrices and {known.error_count} films that were called wrong."
        facts["failures"] = failed
    else:
        facts["failures"] = "Confusion matrices."
    if known.evaluation.is_synthetic:
        facts["ethics"] = "Synthetic patients: none was needed."
        facts["deidentification"] = "Synthetic patients: nothing to remove."
        facts["data_source"] = "Synthetic patients made by Osteon."
        facts["annotation"] = "None: the truth is known from how the films were made."
    if known.versions:
        words = ", ".join(f"{name} {version}" for name, version in known.versions.items())
        facts["software"] = words
    return {name: text for name, text in facts.items() if text}


def _data_facts(known: StudyFacts) -> dict[str, str]:
    cases, evaluation = known.cases, known.evaluation
    makers = ", ".join(sorted(cases["manufacturer"].dropna().unique()))
    sites = ", ".join(sorted(cases["institution_name"].dropna().unique()))
    dates = cases["study_date"].dropna()
    years = f", {dates.min()[:4]} to {dates.max()[:4]}" if len(dates) else ""
    sources = cases["label_source"].value_counts()
    rests = ", ".join(f"{name} {count}" for name, count in sources.items())
    first = known.splits[known.splits["fold"] == known.splits["fold"].min()]
    sizes = first["subset"].value_counts()
    parts = ", ".join(
        f"{SUBSET_TITLES[str(name)].lower()} {count}" for name, count in sizes.items()
    )
    return {
        "devices_and_software": f"Manufacturers: {makers}." if makers else "",
        "setting": f"{sites}{years}." if sites else "",
        "reference_standard": f"{known.reference_standard.rstrip('.')}. Labels rest on: {rests}.",
        "classes": ", ".join(evaluation.titles) + ".",
        "partitions": f"Split by patient and stratified by class; patients: {parts}.",
        "severity": _class_counts(evaluation, is_positive=True),
        "alternatives": _class_counts(evaluation, is_positive=False),
        "missing": _missing(evaluation),
        "external_differs": _external_differs(known),
    }


def _external_differs(known: StudyFacts) -> str:
    if "external_test" not in known.evaluation.subsets:
        return ""
    first = known.splits[known.splits["fold"] == known.splits["fold"].min()]
    subset_of = dict(zip(first["patient_id"], first["subset"], strict=True))
    is_external = known.cases["patient_id"].map(subset_of) == "external_test"
    parts = []
    for word, cases in (
        ("External", known.cases[is_external]),
        ("elsewhere", known.cases[~is_external]),
    ):
        makers = ", ".join(sorted(cases["manufacturer"].dropna().unique())) or "not recorded"
        sites = ", ".join(sorted(cases["institution_name"].dropna().unique())) or "not recorded"
        share = number(float(cases["label"].isin(known.evaluation.positive).mean()), "share")
        parts.append(f"{word}: site {sites}; manufacturer {makers}; {share} % of hips fractured")
    return ". ".join(part[:1].upper() + part[1:] for part in parts) + "."


def _class_counts(evaluation: Evaluation, *, is_positive: bool) -> str:
    sentences = []
    for item in evaluation.counts:
        chosen = [
            f"{evaluation.title(name).lower()} {count}"
            for name, count in item.by_class.items()
            if (name in evaluation.positive) == is_positive
        ]
        sentences.append(f"{SUBSET_TITLES[item.subset]}: {', '.join(chosen)}.")
    return " ".join(sentences)


def _missing(evaluation: Evaluation) -> str:
    missed = []
    for subset in evaluation.subsets:
        measure = evaluation.find(Series(subset, "model", "automatic"), "detection.missed")
        if measure is not None:
            count = number(measure.whole_patient.value, measure.id)
            missed.append(f"{SUBSET_TITLES[subset].lower()} {count}")
    hips = f" Hips without an automatic box: {', '.join(missed)}." if missed else ""
    return f"Missing header fields are counted in Table 1.{hips}"


def _analysis_facts(known: StudyFacts) -> dict[str, str]:
    evaluation = known.evaluation
    replicates = evaluation.settings.get("replicates", "?")
    points = dict.fromkeys(rule_title(p.rule, p.target) for p in evaluation.thresholds)
    paper = " The paper’s numbers stand beside ours." if known.has_paper else ""
    columns = ", ".join(
        str(name).replace("_", " ") for name in evaluation.settings.get("subgroup_columns", ())
    )
    return {
        "statistics": f"{replicates} bootstrap replicates, by one image per patient and by whole"
        " patients; ROC bands by vertical averaging; areas compared by Obuchowski’s method.",
        "thresholds": f"Frozen before the test, chosen on tuning data: {', '.join(points)}."
        if points
        else "",
        "subgroups": f"Subgroups by {columns}." if columns else "",
        "fairness": "Performance by age and sex is in the subgroups; what the header alone can"
        " tell is a baseline.",
        "cross_tabulation": "Confusion matrices and flow chart, on this page.",
        "accuracy": _accuracy(evaluation),
        "internal": _accuracy_of(evaluation, "internal_test"),
        "external": _accuracy_of(evaluation, "external_test"),
        "measures_and_paper": "Accuracy, sensitivity, specificity, areas, kappa, Brier score,"
        f" overlap of boxes; two baselines.{paper}",
    }


def _accuracy(evaluation: Evaluation) -> str:
    return " ".join(_accuracy_of(evaluation, subset) for subset in evaluation.subsets)


def _accuracy_of(evaluation: Evaluation, subset: str) -> str:
    parts = []
    names = (("binary.auroc", "AUC"), ("binary.sensitivity", "sensitivity"))
    for measure_id, word in (*names, ("binary.specificity", "specificity")):
        measure = evaluation.find(Series(subset, "model", "manual"), measure_id)
        if measure is not None and measure.whole_patient.is_defined:
            value = number(measure.whole_patient.value, measure_id)
            parts.append(f"{word} {value} {interval(measure.whole_patient, measure_id)}".strip())
    return f"{SUBSET_TITLES[subset]}: {', '.join(parts)}." if parts else ""


def limitations(evaluation: Evaluation) -> tuple[str, ...]:
    """Write the limitations that the numbers themselves show."""
    found = []
    if evaluation.is_synthetic:
        found.append(
            "The patients are synthetic. Real films are harder in ways nobody has thought of; no"
            " number here is evidence of clinical performance."
        )
    for item in evaluation.counts:
        few = [
            f"{evaluation.title(name).lower()} ({count})"
            for name, count in item.by_class.items()
            if count < FEW_HIPS
        ]
        if few:
            found.append(
                f"{SUBSET_TITLES[item.subset]}: fewer than {FEW_HIPS} hips of {', '.join(few)};"
                " their intervals are wide, and a single hip moves the value."
            )
    if "external_test" not in evaluation.subsets:
        found.append("There is no external test: how the model does elsewhere is not known.")
    measured = {series.predictor for series in evaluation.series}
    absent = [title for name, title in BASELINE_TITLES.items() if name not in measured]
    if absent:
        words = " and ".join(title.removeprefix("Baseline: ") for title in absent)
        found.append(f"Not every baseline could be made: {words} is missing.")
    found.append(
        "Predictive values depend on how common fractures are in a test set, and test sets are"
        " enriched; they are in the CSV, not on this page."
    )
    found.append("Subgroups were not planned to be large enough for conclusions.")
    return tuple(found)
