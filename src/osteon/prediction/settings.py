"""Settings of predicting and packaging; plain data, no torch."""

from typing import Literal

from pydantic import Field

from osteon.core.settings import Settings
from osteon.models.card_classifier import BoxFactor, CalibratorKind

__all__ = [
    "BoxSource",
    "PackageSettings",
    "PredictSettings",
    "SurvivalPackageSettings",
    "SurvivalSettings",
]

BoxSource = Literal["manual", "automatic"]


class PredictSettings(Settings):
    """How cases are predicted.

    Parameters
    ----------
    box_sources
        ``manual`` classifies the reference boxes, ``automatic`` those of the detector.
    box_factors
        Average the probabilities over boxes of these sizes; the package remembers it.
    search
        How the detector looks at a film: ``whole``, or in ``windows`` as a reading does (twenty
        times the work), see :func:`osteon.prediction.locate.locate`.
    films_per_chunk
        Films read, detected and classified at a time.
    """

    box_sources: tuple[BoxSource, ...] = ("manual", "automatic")
    box_factors: tuple[BoxFactor, ...] = Field((1.0,), min_length=1)
    search: Literal["whole", "windows"] = "whole"
    films_per_chunk: int = 16


class PackageSettings(Settings):
    """How a package is made.

    Parameters
    ----------
    dtype
        How weights are stored.
    onnx
        Export each part to ONNX and measure how far it is from torch.
    calibration
        See :func:`osteon.prediction.calibration.fit_calibrator`.
    box_source
        Whose boxes thresholds and calibration are chosen on; a reading uses automatic ones.
    coverage
        Of the conformal sets.
    suspicious_sensitivity, definite_specificity
        See :func:`osteon.prediction.thresholds.choose_operating_points`.
    seed
        Draws the image kept of each patient for the conformal quantiles.
    """

    dtype: Literal["float16", "float32"] = "float16"
    onnx: bool = False
    calibration: CalibratorKind = "vector"
    box_source: Literal["manual", "automatic"] = "automatic"
    coverage: float = Field(default=0.9, gt=0, lt=1)
    suspicious_sensitivity: float = Field(default=0.95, gt=0, le=1)
    definite_specificity: float = Field(default=0.98, gt=0, le=1)
    seed: int = 0


class SurvivalSettings(Settings):
    """How survival networks are read.

    ``horizons_days`` are the days at which absolute risks are told; curves have them among their
    times, and the last is the risk score's: the probability of an event by then.
    """

    horizons_days: tuple[float, ...] = Field((730.0, 1095.0, 1825.0), min_length=1)

    @property
    def risk_horizon_days(self) -> float:
        """The horizon of the risk score."""
        return max(self.horizons_days)


class SurvivalPackageSettings(Settings):
    """How a package of survival networks is made.

    Parameters
    ----------
    dtype
        How weights are stored. With half precision a package says nearly what its study said; a
        patient's rank is then among curves of slightly other networks.
    onnx
        Export each network to ONNX and measure how far it is from torch; for networks of
        pictures alone.
    reference
        Whose curves a patient's stands beside, and among whom a percentile is a rank. Networks
        know their training patients too well: ranks among tuning patients are fairer and rest on
        fewer.
    recalibration
        A change of the hazard's ``level``, or of ``level_and_spread``, fitted on tuning patients.
    seed
        Draws the pictures on which ONNX is compared.
    """

    dtype: Literal["float16", "float32"] = "float32"
    onnx: bool = False
    reference: Literal["training", "tuning"] = "training"
    recalibration: Literal["none", "level", "level_and_spread"] = "none"
    seed: int = 0
