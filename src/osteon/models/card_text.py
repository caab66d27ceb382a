"""A model card as Markdown (the package's README.md) and as plain lines for a terminal."""

from collections.abc import Iterator, Sequence

from osteon.models.card import Card, Metric
from osteon.models.card_classifier import ClassifierCard
from osteon.models.card_survival import SurvivalCard

__all__ = ["SYNTHETIC_WARNING", "card_lines", "card_readme", "first_line"]

SYNTHETIC_WARNING = (
    "Trained on SYNTHETIC patients: made to test software, no evidence of clinical performance."
)
_YEAR_DAYS = 365.0


def first_line(card: Card) -> str:
    """Give the line that stands first on everything that is made with a package."""
    first = "Research software, not a medical device."
    return f"{first} {SYNTHETIC_WARNING}" if card.synthetic else first


def card_readme(card: Card) -> str:
    """Write the card as Markdown; the first line says whether the patients were synthetic."""
    first = f"**{SYNTHETIC_WARNING}**\n\n" if card.synthetic else ""
    blocks = [f"{first}# {card.name} {card.version}", *_sections(card)]
    return "\n\n".join(blocks) + "\n"


def card_lines(card: Card) -> Iterator[str]:
    """Write the card for a terminal, one line at a time."""
    if card.synthetic:
        yield SYNTHETIC_WARNING
    yield f"{card.name} {card.version} ({card.recipe}, licence {card.licence})"
    yield f"made with Osteon {card.osteon_version}"
    for name, part in card.parts.items():
        parity = part.onnx_parity_max_abs
        onnx = "no ONNX" if parity is None else f"ONNX within {parity:.1e} of torch"
        yield f"part {name}: {part.kind}, {part.parameters:,} parameters, {part.dtype}, {onnx}"
    if isinstance(card, ClassifierCard):
        yield _film_input(card)
    if isinstance(card, SurvivalCard):
        yield from (f"{name}: {words}" for name, words in _time_and_input(card).items())
    yield f"trained on: {card.training_data.summary}"
    for name, count in card.training_data.counts.items():
        yield f"  {name}: {count:,}"
    if isinstance(card, ClassifierCard):
        yield from _operating_points(card)
    for metric in card.metrics:
        yield f"{metric.subset} {metric.name}: {metric.formatted()} (n = {metric.n})"
    yield f"intended use: {card.intended_use}"
    for failure in card.known_failures:
        yield f"known failure: {failure}"


def _film_input(card: ClassifierCard) -> str:
    prepared = card.preprocessing
    return (
        f"input: render {prepared.render_version[:12]}, film {prepared.film_side_px} px,"
        f" classifier {prepared.classifier_size_px} px, box x {prepared.box_growth:g}"
    )


def _operating_points(card: ClassifierCard) -> Iterator[str]:
    for point in card.operating_points:
        yield (
            f"operating point {point.name}: P({point.question}) >= {point.threshold:.4f}"
            f" ({point.rule}; tuning sensitivity {point.sensitivity.formatted()},"
            f" specificity {point.specificity.formatted()}, {point.n_patients} patients)"
        )


def _time_and_input(card: SurvivalCard) -> dict[str, str]:
    """Say what a survival package predicts, from what, and beside whom, by name."""
    steps, cohort = card.preprocessing.projection, card.reference
    cuts = len(card.cuts_days)
    beam = f"{steps.kvp:g} kV" if steps.kvp is not None else f"{steps.energy_kev:g} keV"
    clinical = ", ".join(f"{item.name} (mean {item.mean:.4g})" for item in card.clinical)
    change, seeds = card.recalibration, ", ".join(map(str, sorted(set(card.seeds.values()))))
    means = "; ".join(f"{item.days:g} days {item.mean_risk:.1%}" for item in cohort.horizons)
    return {
        "predicts": f"days to {card.causes[0]}"
        + (f", {card.causes[1]} competing" if len(card.causes) == 2 else "")
        + f"; {card.head}, {cuts} cut points to {card.cuts_days[-1]:g} days",
        "risks told at": ", ".join(
            f"{days / _YEAR_DAYS:g} years ({days:g} days)" for days in card.horizons_days
        ),
        "input": f"CT, {len(card.views)} projections ({', '.join(card.views)}), {steps.geometry}"
        f" beam, {beam}, {steps.rows} x {steps.columns} pixels of {steps.pixel_mm:g} mm, fitted"
        f" into {card.image_size_px} px; hash {card.preprocessing_hash[:12]}",
        "clinical inputs": clinical or "none",
        "networks": f"{len(card.parts)}, seeds {seeds}",
        "percentiles among": f"{cohort.n_patients:,} {cohort.title}, followed for up to"
        f" {cohort.followed_days / _YEAR_DAYS:.1f} years; their mean risks: {means}",
        "recalibration": "none"
        if change is None
        else f"{change.kind} on {change.n_patients} tuning patients, {change.n_events} events"
        f" (intercept {change.intercept:.3f}, slope {change.slope:.3f})",
    }


def _sections(card: Card) -> Iterator[str]:
    yield card.intended_use
    made = f"Made with Osteon {card.osteon_version}."
    yield f"Licence: {card.licence}. Recipe: `{card.recipe}`. {made}"
    if isinstance(card, ClassifierCard):
        yield _classes(card)
    if isinstance(card, SurvivalCard):
        rows = list(_time_and_input(card).items())
        yield "## What it predicts, and from what\n\n" + _table(("what", "here"), rows)
    yield "## Networks\n\n" + _table(
        ("part", "architecture", "parameters", "weights", "ONNX against torch"),
        [
            (name, part.kind, f"{part.parameters:,}", part.dtype, _parity(part.onnx_parity_max_abs))
            for name, part in card.parts.items()
        ],
    )
    yield (
        "## Training data\n\n"
        + card.training_data.summary
        + "\n\n"
        + _table(
            ("what", "count"), [(name, f"{n:,}") for name, n in card.training_data.counts.items()]
        )
    )
    if isinstance(card, ClassifierCard) and card.operating_points:
        yield _operating_point_table(card)
    if card.metrics:
        yield "## Metrics\n\n" + _table(
            ("subset", "metric", "value (interval)", "n", "interval by"),
            [_metric_row(metric) for metric in card.metrics],
        )
    yield "## Known failures\n\n" + "\n".join(f"- {failure}" for failure in card.known_failures)


def _classes(card: ClassifierCard) -> str:
    return "## Classes\n\n" + "\n".join(
        f"- `{name}`: {title}" + (" (positive)" if name in card.labels.positive else "")
        for name, title in zip(card.labels.classes, card.labels.titles, strict=True)
    )


def _operating_point_table(card: ClassifierCard) -> str:
    return "## Operating points (chosen on tuning data)\n\n" + _table(
        ("name", "positive when", "rule", "sensitivity", "specificity", "patients"),
        [
            (
                point.name,
                f"P({point.question}) ≥ {point.threshold:.4f}",
                point.rule,
                point.sensitivity.formatted(),
                point.specificity.formatted(),
                str(point.n_patients),
            )
            for point in card.operating_points
        ],
    )


def _metric_row(metric: Metric) -> tuple[str, ...]:
    return metric.subset, metric.name, metric.formatted(), str(metric.n), metric.method


def _parity(value: float | None) -> str:
    return "not exported" if value is None else f"largest difference {value:.1e}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
