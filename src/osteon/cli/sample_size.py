"""Say how many patients, cases or readers a study needs."""

import json
import math
from dataclasses import asdict

import click

from osteon.statistics.sample_size import (
    SampleSize,
    sample_size_auroc,
    sample_size_auroc_difference,
    sample_size_kappa,
    sample_size_proportion,
)
from osteon.statistics.sample_size_model import (
    RileySize,
    ValidationSize,
    sample_size_external,
    sample_size_prediction_model,
    sample_size_survival_model,
    sample_size_validation,
)

__all__ = ["command"]

LEVEL = click.option("--level", default=0.95, show_default=True, help="Confidence level.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Say how many patients, cases or readers a study needs."""


def _print(size: SampleSize | RileySize | ValidationSize, as_json: bool) -> None:
    if as_json:
        # JSON knows no NaN
        known = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(size).items()
        }
        click.echo(json.dumps(known))
        return
    if isinstance(size, SampleSize):
        click.echo(f"{size.n} {size.unit} ({size.unrounded:.2f} before rounding; {size.method})")
        return
    asked = {
        name.replace("_", " "): value
        for name, value in asdict(size).items()
        if name != "n" and not math.isnan(value)
    }
    told = ", ".join(f"{name} {value:.1f}" for name, value in asked.items())
    click.echo(f"{size.n} rows ({told})")


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


@command.command("auroc-difference")
@click.option("--first", type=float, required=True, help="Expected area of one score.")
@click.option("--second", type=float, required=True, help="Expected area of the other.")
@click.option("--correlation", default=0.5, show_default=True, help="Of the scores in a class.")
@click.option("--power", default=0.9, show_default=True)
@click.option("--ratio", default=1.0, show_default=True, help="Negatives for each positive.")
@LEVEL
@JSON
def auroc_difference(
    first: float,
    second: float,
    correlation: float,
    power: float,
    ratio: float,
    level: float,
    as_json: bool,
) -> None:
    """Power to tell two areas of the same patients apart."""
    size = sample_size_auroc_difference(
        first, second, correlation=correlation, power=power, ratio=ratio, level=level
    )
    _print(size, as_json)


@command.command("prediction-model")
@click.option("--prevalence", type=float, required=True, help="Share with the outcome.")
@click.option("--parameters", type=int, required=True, help="Candidate parameters.")
@click.option("--r2", type=float, required=True, help="Expected R2 of Cox and Snell.")
@JSON
def prediction_model(prevalence: float, parameters: int, r2: float, as_json: bool) -> None:
    """Rows for developing a model of a yes/no outcome (Riley's four criteria)."""
    _print(sample_size_prediction_model(prevalence, parameters, r2), as_json)


@command.command("survival-model")
@click.option("--rate", type=float, required=True, help="Events for each unit of time.")
@click.option("--parameters", type=int, required=True, help="Candidate parameters.")
@click.option("--r2", type=float, required=True, help="Expected R2 of Cox and Snell.")
@click.option("--horizon", type=float, required=True, help="Time of the prediction.")
@click.option("--mean-follow-up", type=float, required=True, help="Expected mean follow-up.")
@JSON
def survival_model(
    rate: float, parameters: int, r2: float, horizon: float, mean_follow_up: float, as_json: bool
) -> None:
    """Patients for developing a time-to-event model (Riley's criteria)."""
    size = sample_size_survival_model(
        rate, parameters, r2, horizon=horizon, mean_follow_up=mean_follow_up
    )
    _print(size, as_json)


@command.command()
@click.option("--prevalence", type=float, required=True, help="Share with the outcome.")
@click.option("--area", type=float, required=True, help="Expected area under the ROC curve.")
@click.option("--lp-mean", type=float, required=True, help="Mean logit of the predicted risks.")
@click.option("--lp-sd", type=float, required=True, help="Their standard deviation.")
@click.option("--ratio-width", default=0.2, show_default=True, help="Width for observed/expected.")
@click.option("--slope-width", default=0.2, show_default=True, help="Width for the slope.")
@click.option("--area-width", default=0.1, show_default=True, help="Width for the area.")
@JSON
def validation(
    prevalence: float,
    area: float,
    lp_mean: float,
    lp_sd: float,
    ratio_width: float,
    slope_width: float,
    area_width: float,
    as_json: bool,
) -> None:
    """Rows for validating a model of a yes/no outcome with precision (Riley et al. 2021)."""
    size = sample_size_validation(
        prevalence, area, lp_mean, lp_sd, ratio_width=ratio_width, slope_width=slope_width,
        auroc_width=area_width,
    )  # fmt: skip
    _print(size, as_json)


@command.command()
@click.option("--prevalence", type=float, required=True, help="Share with the outcome.")
@click.option("--events", default=100, show_default=True, help="Wanted of the rarer class.")
@JSON
def external(prevalence: float, events: int, as_json: bool) -> None:
    """Rows for an external validation with enough events."""
    _print(sample_size_external(prevalence, events=events), as_json)
