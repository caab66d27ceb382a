"""A model package's card for a page, and the answers it gives to the checklists."""

import pandas as pd

from osteon.models.card_classifier import ClassifierCard
from osteon.reports.table import Row, Table, text_cell

__all__ = ["card_facts", "card_table"]


def card_table(card: ClassifierCard) -> Table:
    """Write a model card as a table of two columns."""
    entries = _entries(card)
    return Table(
        name="model_card",
        title=f"Model card: {card.name} {card.version}",
        note="From the model package’s card.json.",
        head=("", "Answer"),
        rows=tuple(Row((text_cell(name), text_cell(words))) for name, words in entries.items()),
        data=pd.DataFrame(list(entries.items()), columns=["entry", "answer"]),
    )


def _entries(card: ClassifierCard) -> dict[str, str]:
    training = card.training_data
    counts = ", ".join(f"{name} {count:,}" for name, count in training.counts.items())
    entries = {
        "Patients": "Synthetic" if card.synthetic else "Real",
        "Intended use": card.intended_use,
        "Known failures": " ".join(card.known_failures),
        "Trained on": f"{training.summary} {counts}".strip(),
        "Parts": _parts(card),
        "Preprocessing": _preprocessing(card),
        "Calibration": _calibration(card),
        "Operating points": "; ".join(
            f"{p.name.replace('_', ' ')} {p.threshold:.3f} ({p.rule}, on {p.n_cases} tuning hips)"
            for p in card.operating_points
        ),
        "Licence": card.licence,
        "Made with": f"Osteon {card.osteon_version}",
    }
    return {name: words for name, words in entries.items() if words}


def _parts(card: ClassifierCard) -> str:
    return "; ".join(
        f"{name}: {part.kind}, {part.parameters:,} parameters, {part.dtype}"
        for name, part in card.parts.items()
    )


def _preprocessing(card: ClassifierCard) -> str:
    steps = card.preprocessing
    return (
        f"Films reduced to a longer side of {steps.film_side_px} pixels; hips cut out at"
        f" {steps.box_growth:g} times their box and {steps.classifier_size_px} pixels for the"
        f" classifier. Rendering {steps.render_version[:12]}, hash {card.preprocessing_hash[:12]}."
    )


def _calibration(card: ClassifierCard) -> str:
    if card.calibrator is None:
        return "None"
    return f"{card.calibrator.kind} scaling on {card.calibrator.n_cases} tuning hips"


def card_facts(card: ClassifierCard) -> dict[str, str]:
    """Give the answers of the checklists that a card knows."""
    return {
        "intended_use": card.intended_use,
        "index_test": _parts(card),
        "preprocessing": _preprocessing(card),
    }
