"""Say how many patients, cases or readers a study needs."""

import json
from dataclasses import asdict

import click

from osteon.statistics.sample_size import (
    RileySize,
    SampleSize,
    sample_size_auroc,
    sample_size_external,
    sample_size_kappa,
    sample_size_prediction_model,
    sample_size_proportion,
)

__all__ = ["command"]

LEVEL = click.option("--level", default=0.95, show_default=True, help="Confidence level.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Say how many patients, cases or readers a study needs."""


def _print(size: SampleSize | RileySize, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(size)))
        return
    if isinstance(size, SampleSize):
        click.echo(f"{size.n} {size.unit} ({size.unrounded:.2f} before rounding; {size.method})")
        return
    click.echo(
        f"{size.n} rows (shrinkage {size.shrinkage:.1f}, optimism {size.optimism:.1f}, overall "
        f"risk {size.overall_risk:.1f}; {size.events_per_parameter:.1f} events per parameter)"
    )


@command.command()
@click.option("--expected", type=float, required=True, help="Expected share, such as 0.90.")
@click.option("--half-width", type=float, required=True, help="Half width of the interval.")
@click.option("--design-effect", default=1.0, show_default=True, help="Of clustered units.")
@LEVEL
@JSON
def proportion(
    expected: float, half_width: float, design_effect: float, level: float, as_json: bool
) -> None:
    """Precision of a sensitivity, specificity or other share."""
    size = sample_size_proportion(expected, half_width, level=level, design_effect=design_effect)
    _print(size, as_json)


@command.command()
@click.option("--area", type=float, required=True, help="Expected area under the ROC curve.")
@click.option("--power", default=0.9, show_default=True)
@click.option("--ratio", default=1.0, show_default=True, help="Negatives for each positive.")
@LEVEL
@JSON
def auroc(area: float, power: float, ratio: float, level: float, as_json: bool) -> None:
    """Power to tell an area under the ROC curve from 0.5."""
    _print(sample_size_auroc(area, power=power, ratio=ratio, level=level), as_json)


@command.command()
@click.option("--kappa", type=float, required=True, help="Expected kappa of two readers.")
@click.option("--half-width", type=float, required=True, help="Half width of the interval.")
@click.option("--prevalence", default=0.5, show_default=True, help="Share called positive.")
@LEVEL
@JSON
def kappa(kappa: float, half_width: float, prevalence: float, level: float, as_json: bool) -> None:
    """Precision of the kappa of two readers and two classes."""
    _print(sample_size_kappa(kappa, half_width, prevalence=prevalence, level=level), as_json)


@command.command("prediction-model")
@click.option("--prevalence", type=float, required=True, help="Share with the outcome.")
@click.option("--parameters", type=int, required=True, help="Candidate parameters.")
@click.option("--r2", type=float, required=True, help="Expected R2 of Cox and Snell.")
@JSON
def prediction_model(prevalence: float, parameters: int, r2: float, as_json: bool) -> None:
    """Rows for developing a prediction model (Riley's criteria)."""
    _print(sample_size_prediction_model(prevalence, parameters, r2), as_json)


@command.command()
@click.option("--prevalence", type=float, required=True, help="Share with the outcome.")
@click.option("--events", default=100, show_default=True, help="Wanted of the rarer class.")
@JSON
def external(prevalence: float, events: int, as_json: bool) -> None:
    """Rows for an external validation with enough events."""
    _print(sample_size_external(prevalence, events=events), as_json)
