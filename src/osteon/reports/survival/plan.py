"""What is decided about a survival analysis before anybody sees a result."""

from typing import Literal, Self

from pydantic import model_validator

from osteon.core.settings import Settings

__all__ = ["CEILING", "PAIRS", "SINGLE_VIEWS", "Comparison", "SurvivalAnalysisPlan"]

SINGLE_VIEWS = ("frontal", "lateral", "axial")
PAIRS = ("frontal+lateral", "frontal+axial", "lateral+axial")
CEILING = "ceiling"


class Comparison(Settings):
    """A model against another, or against the mean of several.

    Parameters
    ----------
    name
        Short and stable, for files.
    title
        As on a page, e.g. ``"Ensemble − clinical model"``.
    first, second
        ``first`` minus the mean over ``second``, of each measure.
    """

    name: str
    title: str
    first: str
    second: tuple[str, ...]


def _against(second: tuple[str, ...], name: str, title: str) -> Comparison:
    return Comparison(name=name, title=f"Ensemble − {title}", first="ensemble", second=second)


_COMPARISONS = (
    _against(("clinical",), "clinical", "clinical model"),
    _against(SINGLE_VIEWS, "mean_single_view", "mean of the three single views"),
    *(_against((view,), view, f"{view} view") for view in SINGLE_VIEWS),
    *(_against((pair,), pair, pair.replace("+", " and ") + " views") for pair in PAIRS),
    _against(("mean_brightness",), "mean_brightness", "mean brightness"),
)


class SurvivalAnalysisPlan(Settings):
    """How a survival study is analysed.

    Parameters
    ----------
    horizons_days
        Times at which risks are judged, rising.
    tau_days
        Last event time that counts for Uno's concordance.
    level, replicates
        Confidence level; replicates of the patient bootstrap.
    main_model
        The model the study stands on.
    calibrated_models
        Models whose calibration and decision curves are drawn.
    comparisons
        Those of models that are there are made; the rest is left out.
    family
        Measures that are compared. All comparisons in all of them on one test subset are one
        family, adjusted by Holm.
    ceiling_margin
        How far below the known ceiling the main model's concordance may lie (simulated studies).
    expected_auroc
        Area at which is told how wide an interval the number of events allows.
    calibration_groups, brier_steps
        Groups of equal numbers; steps from 0 to the last horizon of the integrated Brier score.
    decision_thresholds
        Threshold probabilities of the decision curves.
    risk_group_shares
        Quantiles of the main model's score at which groups are cut, of ``cut_points_from``.
    cut_points_from
        Subset of the cut points, never a test subset.
    recalibrated_on
        ``part``: a part of the external patients, which is then not tested; ``tuning``.
    recalibration_share
        How large that part is.
    """

    horizons_days: tuple[float, ...] = (730.0, 1095.0, 1825.0)
    tau_days: float = 1825.0
    level: float = 0.95
    replicates: int = 2000
    main_model: str = "ensemble"
    calibrated_models: tuple[str, ...] = ("ensemble", "clinical", "ensemble+clinical")
    comparisons: tuple[Comparison, ...] = _COMPARISONS
    family: tuple[Literal["concordance", "auroc"], ...] = ("concordance", "auroc")
    ceiling_margin: float = 0.05
    expected_auroc: float = 0.74
    calibration_groups: int = 5
    brier_steps: int = 12
    decision_thresholds: tuple[float, ...] = tuple(x / 50 for x in range(1, 21))
    risk_group_shares: tuple[float, ...] = (1 / 3, 2 / 3)
    cut_points_from: Literal["training", "tuning"] = "tuning"
    recalibrated_on: Literal["part", "tuning"] = "part"
    recalibration_share: float = 0.5

    @model_validator(mode="after")
    def _checked(self) -> Self:
        horizons = self.horizons_days
        if not horizons or horizons[0] <= 0 or list(horizons) != sorted(set(horizons)):
            raise ValueError(f"horizons_days are {horizons}, wanted rising times above 0")
        if self.brier_steps < 1:
            raise ValueError(f"brier_steps is {self.brier_steps}, wanted 1 or more")
        if not 0 < self.recalibration_share < 1:
            raise ValueError(
                f"recalibration_share is {self.recalibration_share}, wanted a share in (0, 1)"
            )
        shares = self.risk_group_shares
        if list(shares) != sorted(set(shares)) or not all(0 < share < 1 for share in shares):
            raise ValueError(f"risk_group_shares are {shares}, wanted rising shares in (0, 1)")
        return self
