"""What a survival study knows about itself, in sentences: TRIPOD+AI's answers, and limitations."""

from collections.abc import Mapping

from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.survival.wording import horizon_title
from osteon.reports.wording import SUBSET_TITLES, interval, number
from osteon.statistics.sample_size import hanley_mcneil_se

__all__ = ["ENOUGH_EVENTS", "horizons_beyond", "survival_facts", "survival_limitations"]

ENOUGH_EVENTS = 100  # of an external evaluation: Collins, Ogundimu and Altman 2016


def survival_facts(
    evaluation: SurvivalEvaluation,
    *,
    question: str,
    outcome: str,
    has_flow: bool,
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write the answers that the study can give; what it cannot is absent.

    ``known`` holds further answers by fact (setting, predictors, model, ...), and wins.
    """
    horizons = ", ".join(horizon_title(h) for h in evaluation.horizons)
    settings = evaluation.settings
    facts = {
        "question": question,
        "outcome": f"{outcome.rstrip('.')}. Horizons: {horizons} from the index date.",
        "sample_size": "No calculation is on file; what the fractures allow stands in the cohort"
        " table.",
        "partitions": _by_subset(evaluation, "patients", "patients"),
        "events": _by_subset(evaluation, "events", "fractures"),
        "statistics": f"Harrell’s and Uno’s C, AUC at {horizons} with death competing, Brier"
        f" scores weighted for censoring, calibration against Aalen-Johansen, decision curves."
        f" {settings['replicates']} bootstrap replicates of patients; models compared by paired"
        " bootstrap (C) and the two-marker test (AUC), adjusted by Holm.",
        "imbalance": "Nothing was resampled; calibration shows what the rate of fractures does.",
        "output": "Risk by each horizon with death competing, and a fracture-free probability over"
        f" time. Cut points of groups: quantiles of the {settings['cut_points_from']} patients.",
        "protocol": "The analysis plan was settings before any result: horizons, tau, comparisons"
        " and their family are on this page.",
        "code": "Osteon, Apache-2.0; settings and seed are on this page.",
        "characteristics": "Cohort table, on this page.",
        "performance": _performance(evaluation),
        "external_differs": _rates(evaluation),
        "limitations": "Limitations, on this page; to be completed by the authors.",
        "missing": "Patients without follow-up or CT are in the flow chart." if has_flow else "",
        "flow": "Flow chart and cohort table, on this page." if has_flow else "",
        "eligibility": "Flow chart: the reasons in order." if has_flow else "",
    }
    if evaluation.recalibration is not None:
        facts["updating"] = (
            "Level, and level and spread, of the hazard updated on"
            f" {evaluation.recalibration.fitted_on}; tested on others."
        )
        facts["updated"] = "Recalibration, on this page."
    if evaluation.is_synthetic:
        facts["ethics"] = "Synthetic patients: none was needed."
        facts["data_source"] = "Synthetic patients made by Osteon."
    return {name: text for name, text in (facts | dict(known or {})).items() if text}


def _by_subset(evaluation: SurvivalEvaluation, name: str, word: str) -> str:
    parts = [f"{SUBSET_TITLES[c.subset].lower()} {getattr(c, name):,}" for c in evaluation.counts]
    return f"{word[:1].upper()}{word[1:]}: {', '.join(parts)}."


def _performance(evaluation: SurvivalEvaluation) -> str:
    parts = []
    for subset in evaluation.subsets:
        found = evaluation.find(subset, evaluation.main_model, "concordance.harrell")
        if found is not None and found.estimate.is_defined:
            value = number(found.estimate.value, found.id)
            limits = interval(found.estimate, found.id)
            parts.append(f"{SUBSET_TITLES[subset]}: C {value} {limits}".strip())
    return ". ".join(parts) + "." if parts else ""


def _rates(evaluation: SurvivalEvaluation) -> str:
    parts = [
        f"{SUBSET_TITLES[c.subset].lower()} {c.rate.formatted(1)}"
        for c in evaluation.counts
        if c.rate.is_defined
    ]
    return f"Fractures for each 100 person-years: {', '.join(parts)}." if parts else ""


def horizons_beyond(evaluation: SurvivalEvaluation) -> list[str]:
    """Say at which horizons nothing is known, because nobody of a subset is followed there."""
    found = []
    for subset in evaluation.subsets:
        last = evaluation.count(subset).last_day
        beyond = [horizon_title(h) for h in evaluation.horizons if h >= last]
        if beyond:
            found.append(
                f"{SUBSET_TITLES[subset]}: nothing is known at {' and '.join(beyond)}: follow-up"
                f" ends after {last:,.0f} days."
            )
    return found


def survival_limitations(evaluation: SurvivalEvaluation) -> tuple[str, ...]:
    """Write the limitations that the numbers themselves show."""
    found = []
    if evaluation.is_synthetic:
        found.append(
            "The patients are synthetic: their hazard was written down beforehand. No number here"
            " is evidence of clinical performance."
        )
    for subset in evaluation.subsets:
        counts = evaluation.count(subset)
        title = SUBSET_TITLES[subset]
        others = counts.patients - counts.events
        if counts.events < ENOUGH_EVENTS and counts.events and others:
            area = float(evaluation.settings["expected_auroc"])
            half = 1.96 * hanley_mcneil_se(area, counts.events, others)
            found.append(
                f"{title}: {counts.events} fractures, fewer than the {ENOUGH_EVENTS} that an"
                f" evaluation should have; so many allow an AUC of {area:g} to be known to"
                f" about ±{half:.2f}."
            )
        if counts.late_entries:
            found.append(
                f"{title}: {counts.late_entries} patients were observed from after the index date"
                " only (late entry). Person-years, Harrell’s C, incidences and the log-rank test"
                " count them from there. Uno’s C, AUC, Brier scores, calibration, net benefit and"
                " Gray’s test are not told: their weights for censoring are not settled under late"
                " entry."
            )
    found += horizons_beyond(evaluation)
    if evaluation.folds > 1:
        found.append(
            f"The {evaluation.folds} folds share training patients: intervals of the pooled"
            " internal test hold the models as they are, and not the chance of other folds."
        )
    if "external_test" not in evaluation.subsets:
        found.append("There is no external test: how the model does elsewhere is not known.")
    found.append(
        "Weights for censoring assume that leaving does not depend on risk, given nothing else."
    )
    return tuple(found)
