"""The key numbers of an evaluation, as cards and as two sentences."""

from dataclasses import dataclass

from osteon.core.records import Estimate
from osteon.reports.records import Evaluation, Measure, Series
from osteon.reports.table_parts import count_word
from osteon.reports.wording import SUBSET_TITLES, interval, is_share, number, predictor_title

__all__ = ["Card", "Summary", "summarise_evaluation"]


@dataclass(frozen=True, slots=True)
class Card:
    """A key number: its value and interval, and the same measure elsewhere as pairs."""

    title: str
    value: str
    unit: str
    interval: str
    beside: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a reader sees first; ``subset`` names the patients of the large numbers."""

    subset: str
    cards: tuple[Card, ...]
    sentences: tuple[str, ...]


def summarise_evaluation(evaluation: Evaluation) -> Summary:
    """Pick the key numbers of the first test subset, manual boxes, whole patients."""
    subset = evaluation.subsets[0]
    count = count_word(len(evaluation.classes))
    wanted = [
        ("binary.auroc", "Fracture or not: area under the ROC curve"),
        ("binary.sensitivity", "Fracture or not: sensitivity"),
        ("binary.specificity", "Fracture or not: specificity"),
        ("multiclass.accuracy", f"{count} classes: accuracy"),
    ]
    hard = evaluation.own_class
    if hard:
        title = f"{evaluation.title(hard)}: sensitivity as it is"
        wanted.append((f"class.sensitivity.{hard}", title))
    wanted.append(("detection.iou_mean", "Automatic boxes: mean overlap (IoU)"))
    cards = [_card(evaluation, subset, measure_id, title) for measure_id, title in wanted]
    found = tuple(card for card in cards if card is not None)
    return Summary(SUBSET_TITLES[subset].lower(), found, _sentences(evaluation))


def _series_of(measure_id: str, subset: str) -> Series:
    is_detector = measure_id.startswith("detection.")
    return Series(subset, "model", "automatic" if is_detector else "manual")


def _card(evaluation: Evaluation, subset: str, measure_id: str, title: str) -> Card | None:
    main = evaluation.find(_series_of(measure_id, subset), measure_id)
    if main is None:
        return None
    beside: list[tuple[str, str]] = []
    for series in evaluation.series:
        if series.predictor == "model" and series.subset == subset:
            continue
        is_baseline = series.predictor != "model"
        if is_baseline and series.subset != subset:
            continue
        if not is_baseline and series != _series_of(measure_id, series.subset):
            continue
        words = SUBSET_TITLES[series.subset] if not is_baseline else _short(series)
        measure = evaluation.find(series, measure_id)
        if measure is not None:
            beside.append((words, _value(measure)))
    estimate = main.whole_patient
    return Card(
        title,
        number(estimate.value, measure_id),
        "%" if is_share(measure_id) and estimate.is_defined else "",
        _interval_words(estimate, measure_id),
        tuple(sorted(beside, key=lambda pair: pair[0] not in SUBSET_TITLES.values())),
    )


def _short(series: Series) -> str:
    return predictor_title(series).removeprefix("Baseline: ").capitalize()


def _interval_words(estimate: Estimate, measure_id: str) -> str:
    limits = interval(estimate, measure_id)
    words = f"n = {estimate.n}"
    return f"{limits[1:-1].replace(', ', ' to ')}, {words}" if limits else words


def _value(measure: Measure) -> str:
    unit = " %" if is_share(measure.id) and measure.whole_patient.is_defined else ""
    return number(measure.whole_patient.value, measure.id) + unit


def _sentences(evaluation: Evaluation) -> tuple[str, ...]:
    sentences = []
    for subset in evaluation.subsets:
        series = Series(subset, "model", "manual")
        area = evaluation.find(series, "binary.auroc")
        found = evaluation.find(series, "binary.sensitivity")
        spared = evaluation.find(series, "binary.specificity")
        if not area or not found or not spared:
            continue
        if not found.whole_patient.is_defined or not spared.whole_patient.is_defined:
            continue
        hits = round(found.whole_patient.value * found.whole_patient.n)
        right = round(spared.whole_patient.value * spared.whole_patient.n)
        limits = interval(area.whole_patient, area.id)[1:-1].replace(", ", " to ")
        sentences.append(
            f"{SUBSET_TITLES[subset]}: of {found.whole_patient.n} hips with a fracture the model"
            f" called {hits} a fracture ({number(found.whole_patient.value, found.id)} %), of"
            f" {spared.whole_patient.n} without one it left {right}"
            f" ({number(spared.whole_patient.value, spared.id)} %) uncalled; the area under the"
            f" ROC curve was {number(area.whole_patient.value, area.id)} ({limits})."
        )
    return tuple(sentences)
