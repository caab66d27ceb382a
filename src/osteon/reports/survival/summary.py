"""The key numbers of a survival evaluation, as cards and as a sentence for each test set."""

from osteon.reports.summary import Card
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.survival.wording import horizon_title
from osteon.reports.wording import SUBSET_TITLES, interval, is_share, number

__all__ = ["summary_cards", "summary_sentences"]


def summary_cards(evaluation: SurvivalEvaluation) -> tuple[Card, ...]:
    """Pick the key numbers of the main model on the first test subset, and elsewhere beneath."""
    last = evaluation.horizons[-1]
    wanted = [("concordance.harrell", "Harrell’s C"), ("concordance.uno", "Uno’s C")]
    wanted += [(f"auroc.{h:g}", f"AUC at {horizon_title(h)}") for h in evaluation.horizons]
    wanted += [
        (f"calibration.oe.{last:g}", f"Observed / expected at {horizon_title(last)}"),
        ("ipa.integrated", "Integrated Brier score, scaled"),
    ]
    found = (_card(evaluation, name, title) for name, title in wanted)
    return tuple(card for card in found if card is not None)


def _card(evaluation: SurvivalEvaluation, measure_id: str, title: str) -> Card | None:
    first, *others = evaluation.subsets
    main = evaluation.find(first, evaluation.main_model, measure_id)
    if main is None:
        return None
    beside = []
    for subset in others:
        found = evaluation.find(subset, evaluation.main_model, measure_id)
        if found is not None:
            value = number(found.estimate.value, measure_id)
            beside.append((SUBSET_TITLES[subset], value))
    limits = interval(main.estimate, measure_id)[1:-1].replace(", ", " to ")
    words = f"{main.events} fractures"
    return Card(
        title,
        number(main.estimate.value, measure_id),
        "%" if is_share(measure_id) and main.estimate.is_defined else "",
        f"{limits}, {words}" if limits else words,
        tuple(beside),
    )


def summary_sentences(evaluation: SurvivalEvaluation) -> tuple[str, ...]:
    """Say for each test set how many, what happened, and how the main model did."""
    sentences = []
    for subset in evaluation.subsets:
        counts = evaluation.count(subset)
        text = (
            f"{SUBSET_TITLES[subset]}: {counts.patients:,} patients, {counts.events:,} subsequent"
            f" fractures and {counts.deaths:,} deaths in {counts.person_years:,.0f} person-years"
        )
        found = evaluation.find(subset, evaluation.main_model, "concordance.harrell")
        if found is not None and found.estimate.is_defined:
            limits = interval(found.estimate, found.id)[1:-1].replace(", ", " to ")
            text += f"; concordance {number(found.estimate.value, found.id)} ({limits})"
        sentences.append(text + ".")
    return tuple(sentences)
