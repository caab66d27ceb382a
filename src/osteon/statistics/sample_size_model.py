"""How many patients a prediction model needs: to be developed, and to be validated.

Sources: Riley et al. 2019 (Stat Med 38:1276, binary and time-to-event outcomes) and 2020 (BMJ
368:m441, the criteria together); van Smeden et al. 2019 (Stat Methods Med Res 28:2455, prediction
error); Collins, Ogundimu and Altman 2016 (Stat Med 35:214, events for validation); Riley et al.
2021 (Stat Med 40:4230, validation of a binary model); Newcombe 2006 (Stat Med 25:559, c-statistic).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from osteon.errors import UsageError
from osteon.statistics.sample_size import SampleSize

__all__ = [
    "RileySize",
    "ValidationSize",
    "sample_size_external",
    "sample_size_prediction_model",
    "sample_size_survival_model",
    "sample_size_validation",
]

MOST_PARAMETERS = 30  # up to which the criterion on prediction error was found
Z = 1.96  # as in the published criteria
MOST = 1e9


@dataclass(frozen=True, slots=True)
class RileySize:
    """Rows for developing a prediction model, by criterion; ``n`` is the largest.

    Parameters
    ----------
    n
        Rows, rounded up.
    overall_risk, prediction_error, shrinkage, optimism
        What each criterion asks for, before rounding; ``prediction_error`` is NaN where it was not
        derived: more than 30 parameters, time-to-event outcomes.
    events_per_parameter
        Events among ``n`` rows for each candidate parameter.
    """

    n: int
    overall_risk: float
    prediction_error: float
    shrinkage: float
    optimism: float
    events_per_parameter: float


def _share(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise UsageError(f"{name} is {value}, wanted a number in (0, 1)")
    return value


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0 or math.isinf(value):
            raise UsageError(f"{name} is {value}, wanted a number above 0")


def _by_fit(
    parameters: int, r2: float, most: float, shrinkage: float, optimism: float
) -> tuple[float, float]:
    """Rows by expected shrinkage, and by optimism in Nagelkerke's R2."""
    _share("shrinkage", shrinkage)
    _positive(parameters=parameters, optimism=optimism)
    if not 0 < r2 < most:
        raise UsageError(
            f"r2_cox_snell is {r2}, wanted above 0 and below {most:.3f}",
            remedy="the largest possible R2 of Cox and Snell follows from the share of events",
        )

    def rows(wanted: float) -> float:
        return parameters / ((wanted - 1) * math.log(1 - r2 / wanted))

    return rows(shrinkage), rows(r2 / (r2 + optimism * most))


def sample_size_prediction_model(
    prevalence: float,
    parameters: int,
    r2_cox_snell: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    half_width: float = 0.05,
    prediction_error: float = 0.05,
) -> RileySize:
    """Rows needed to develop a model of a yes/no outcome (Riley et al. 2020).

    Four criteria: the overall risk known to within ``half_width``; a mean absolute error of the
    predicted risks of at most ``prediction_error`` (found for up to 30 parameters); expected
    shrinkage of at least ``shrinkage``; optimism in Nagelkerke's R2 of at most ``optimism``.

    Parameters
    ----------
    prevalence
        Share with the outcome.
    parameters
        Candidate parameters of the model.
    r2_cox_snell
        R2 of Cox and Snell the model is expected to reach.

    Examples
    --------
    >>> size = sample_size_prediction_model(0.174, 24, 0.288)
    >>> size.n, math.ceil(size.shrinkage), math.ceil(size.optimism), math.ceil(size.overall_risk)
    (801, 623, 662, 221)
    """
    p = _share("prevalence", prevalence)
    _positive(half_width=half_width, prediction_error=prediction_error)
    most = 1 - math.exp(2 * (p * math.log(p) + (1 - p) * math.log(1 - p)))
    by_shrinkage, by_optimism = _by_fit(parameters, r2_cox_snell, most, shrinkage, optimism)
    by_risk = (Z / half_width) ** 2 * p * (1 - p)
    by_error = math.nan
    if parameters <= MOST_PARAMETERS:
        logs = -0.508 + 0.259 * math.log(p) + 0.504 * math.log(parameters)
        by_error = math.exp((logs - math.log(prediction_error)) / 0.544)
    asked = [x for x in (by_risk, by_error, by_shrinkage, by_optimism) if not math.isnan(x)]
    n = math.ceil(max(asked) - 1e-9)
    return RileySize(n, by_risk, by_error, by_shrinkage, by_optimism, n * p / parameters)


def sample_size_survival_model(
    rate: float,
    parameters: int,
    r2_cox_snell: float,
    *,
    horizon: float,
    mean_follow_up: float,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    half_width: float = 0.05,
) -> RileySize:
    """Patients needed to develop a time-to-event model (Riley et al. 2019, 2020).

    The criteria of :func:`sample_size_prediction_model` but the prediction error. The overall risk
    by ``horizon`` is that of a constant rate, both of whose 95 % limits must lie within
    ``half_width`` of it.

    Parameters
    ----------
    rate
        Events for each unit of follow-up time.
    parameters, r2_cox_snell
        As there.
    horizon, mean_follow_up
        Time of the prediction and expected mean follow-up, in the unit of the rate.

    Examples
    --------
    >>> size = sample_size_survival_model(0.065, 25, 0.051, horizon=2, mean_follow_up=2.07)
    >>> size.n, math.ceil(size.shrinkage), math.ceil(size.optimism)
    (4286, 4286, 866)
    """
    _positive(rate=rate, horizon=horizon, mean_follow_up=mean_follow_up)
    _share("half_width", half_width)
    events = rate * mean_follow_up
    most = 1 - math.exp(2 * (events * math.log(events) - events))
    by_shrinkage, by_optimism = _by_fit(parameters, r2_cox_snell, most, shrinkage, optimism)
    # the lower limit of the risk is the further one: exp(-(rate - Z se) horizon)
    reach = math.log1p(half_width * math.exp(rate * horizon)) / (Z * horizon)
    by_risk = rate / reach**2 / mean_follow_up
    n = math.ceil(max(by_shrinkage, by_optimism, by_risk) - 1e-9)
    return RileySize(n, by_risk, math.nan, by_shrinkage, by_optimism, n * events / parameters)


def sample_size_external(prevalence: float, *, events: int = 100) -> SampleSize:
    """Rows for an external validation with at least so many of the rarer class (Collins 2016)."""
    p = _share("prevalence", prevalence)
    _positive(events=events)
    value = events / min(p, 1 - p)
    told = f"at least {events} of the rarer class"
    return SampleSize(math.ceil(value - 1e-9), value, "rows", told)


@dataclass(frozen=True, slots=True)
class ValidationSize:
    """Rows for an external validation, by what is to be precise; ``n`` is the largest."""

    n: int
    observed_expected_ratio: float
    calibration_slope: float
    auroc: float
    n_events: float


def sample_size_validation(
    prevalence: float,
    auroc: float,
    lp_mean: float,
    lp_sd: float,
    *,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    auroc_width: float = 0.1,
) -> ValidationSize:
    """Rows for validating a model of a yes/no outcome with precision (Riley et al. 2021).

    The model is expected to be calibrated; the widths are those of 95 % intervals.

    Parameters
    ----------
    prevalence
        Share with the outcome in the validation.
    auroc
        Expected area under the ROC curve (c-statistic).
    lp_mean, lp_sd
        Expected mean and standard deviation of the linear predictor (logit of the risk), which is
        taken as normal.
    ratio_width, slope_width, auroc_width
        Width of the interval of observed over expected, of the calibration slope, of the area.

    Examples
    --------
    >>> size = sample_size_validation(0.018, 0.8, -5, 2.5, ratio_width=1)
    >>> math.ceil(size.observed_expected_ratio), math.ceil(size.auroc)
    (906, 4252)
    """
    p = _share("prevalence", prevalence)
    area = _share("auroc", auroc)
    _positive(lp_sd=lp_sd, ratio_width=ratio_width, slope_width=slope_width)
    _positive(auroc_width=auroc_width)
    se_log = math.asinh(ratio_width / 2) / Z
    by_ratio = (1 - p) / (p * se_log**2)
    by_slope = _slope_variance(lp_mean, lp_sd) / (slope_width / 2 / Z) ** 2
    wanted = auroc_width / 2 / Z
    by_area = optimize.brentq(lambda n: _area_se(area, p, n) - wanted, 2 / min(p, 1 - p), MOST)
    n = math.ceil(max(by_ratio, by_slope, by_area) - 1e-9)
    return ValidationSize(n, by_ratio, by_slope, float(by_area), n * p)


def _slope_variance(mean: float, sd: float) -> float:
    """Variance of the slope from one row: of the inverse information of intercept and slope."""
    nodes, masses = np.polynomial.hermite_e.hermegauss(120)
    lp = mean + sd * nodes
    spread = special.expit(lp) * special.expit(-lp) * masses / masses.sum()
    a, b, c = float(spread.sum()), float(spread @ lp), float(spread @ lp**2)
    return a / (a * c - b * b)


def _area_se(area: float, p: float, n: float) -> float:
    half = n / 2 - 1
    spread = 1 + half * (1 - area) / (2 - area) + half * area / (1 + area)
    return math.sqrt(area * (1 - area) * spread / (n * n * p * (1 - p)))
