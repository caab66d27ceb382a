"""A model card as Markdown (the package's README.md) and as plain lines for a terminal."""

from collections.abc import Iterator

from osteon.models.card import Card, Metric

__all__ = ["SYNTHETIC_WARNING", "card_lines", "card_readme"]

SYNTHETIC_WARNING = (
    "Trained on SYNTHETIC patients: made to test software, no evidence of clinical performance."
)


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
    prepared = card.preprocessing
    yield (
        f"input: render {prepared.render_version[:12]}, film {prepared.film_side_px} px,"
        f" classifier {prepared.classifier_size_px} px, box x {prepared.box_growth:g}"
    )
    yield f"trained on: {card.training_data.summary}"
    for name, count in card.training_data.counts.items():
        yield f"  {name}: {count:,}"
    for point in card.operating_points:
        yield (
            f"operating point {point.name}: P({point.question}) >= {point.threshold:.4f}"
            f" ({point.rule}; tuning sensitivity {point.sensitivity.formatted()},"
            f" specificity {point.specificity.formatted()}, {point.n_patients} patients)"
        )
    for metric in card.metrics:
        yield f"{metric.subset} {metric.name}: {metric.formatted()} (n = {metric.n})"
    yield f"intended use: {card.intended_use}"
    for failure in card.known_failures:
        yield f"known failure: {failure}"


def _sections(card: Card) -> Iterator[str]:
    yield card.intended_use
    made = f"Made with Osteon {card.osteon_version}."
    yield f"Licence: {card.licence}. Recipe: `{card.recipe}`. {made}"
    yield "## Classes\n\n" + "\n".join(
        f"- `{name}`: {title}" + (" (positive)" if name in card.labels.positive else "")
        for name, title in zip(card.labels.classes, card.labels.titles, strict=True)
    )
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
    if card.operating_points:
        yield "## Operating points (chosen on tuning data)\n\n" + _table(
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
    if card.metrics:
        yield "## Metrics\n\n" + _table(
            ("subset", "metric", "value (interval)", "n", "interval by"),
            [_metric_row(metric) for metric in card.metrics],
        )
    yield "## Known failures\n\n" + "\n".join(f"- {failure}" for failure in card.known_failures)


def _metric_row(metric: Metric) -> tuple[str, ...]:
    return metric.subset, metric.name, metric.formatted(), str(metric.n), metric.method


def _parity(value: float | None) -> str:
    return "not exported" if value is None else f"largest difference {value:.1e}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
