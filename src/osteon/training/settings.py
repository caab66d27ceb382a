"""How a network is fitted: frozen settings, every one of them in effect."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from osteon.core.settings import Settings
from osteon.models.spec import ClassifierSpec, DetectorSpec, SurvivalSpec
from osteon.training.augmentation import CropAugmentation, FilmAugmentation
from osteon.training.projection_augmentation import ProjectionAugmentation

__all__ = [
    "ClassifierFit",
    "ClassifierTraining",
    "DetectorFit",
    "DetectorTraining",
    "FitSpec",
    "InitialWeights",
    "SurvivalFit",
    "SurvivalTraining",
]


class InitialWeights(Settings):
    """Where training starts.

    Parameters
    ----------
    source
        ``scratch``; ``file``, a safetensors file the user names; or ``download``, ImageNet
        weights of the encoder from Hugging Face's hub. Nothing is ever fetched unless this says
        ``download``.
    path
        The file for ``file``.
    """

    source: Literal["scratch", "file", "download"] = "scratch"
    path: Path | None = None

    @model_validator(mode="after")
    def _path_goes_with_file(self) -> "InitialWeights":
        if (self.source == "file") != (self.path is not None):
            raise ValueError("initial.path is for initial.source=file, which needs it")
        return self


class FitSpec(Settings):
    """The one training loop's settings.

    Parameters
    ----------
    optimiser
        ``adam`` or ``adamw``.
    learning_rate
        At the start (after the warm-up).
    weight_decay
        Applied to matrices and kernels, not to biases and normalisation.
    batch_size
        Images per step, over all processes and pieces.
    accumulate
        Pieces a batch is worked through in, for small memories; the gradient is the same.
    schedule
        ``constant``; ``exponential``: times ``decay_gamma`` after every ``decay_per``; ``cosine``:
        to 0 at the last step.
    decay_gamma, decay_per
        For ``exponential``. The paper gives 0.9 and no unit; ``epoch`` is the reading that trains.
    warmup_steps
        Steps of linear rise from 0.
    epochs
        Most passes over the training set.
    max_steps
        Most steps, or no limit.
    patience
        Stop after this many evaluations without a better metric; never, when empty.
    metric
        What the tuning set is judged by; ``loss`` is better when lower, all others when higher.
    evaluate_every
        Epochs from one evaluation to the next; the last epoch is always evaluated.
    precision
        ``bf16`` runs the network in bfloat16 where that is safe; weights stay float32. ``auto`` is
        ``bf16`` on devices that compute in it, else ``fp32``: emulated it is many times slower.
    channels_last
        Memory layout that is faster for convolutions on most devices.
    clip_norm
        Largest norm of the gradient, or no limit.
    average_decay
        Evaluate and keep an exponential moving average of the weights; 0 keeps the weights.
    workers
        Processes that prepare images; 0 prepares them in the training process.
    device
        ``auto`` takes CUDA, then Apple's MPS, then the CPU.
    checkpoint_every_steps
        Also keep the resume state within an epoch, every so many steps.
    """

    optimiser: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    batch_size: int = Field(16, ge=1)
    accumulate: int = Field(1, ge=1)
    schedule: Literal["constant", "exponential", "cosine"] = "cosine"
    decay_gamma: float = Field(0.9, gt=0, le=1)
    decay_per: Literal["epoch", "step"] = "epoch"
    warmup_steps: int = Field(0, ge=0)
    epochs: int = Field(20, ge=1)
    max_steps: int | None = Field(None, ge=1)
    patience: int | None = Field(None, ge=1)
    metric: str = "loss"
    evaluate_every: int = Field(1, ge=1)
    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    channels_last: bool = True
    clip_norm: float | None = Field(None, gt=0)
    average_decay: float = Field(0.0, ge=0, lt=1)
    workers: int = Field(0, ge=0)
    device: Literal["auto", "cpu"] = "auto"
    checkpoint_every_steps: int | None = Field(None, ge=1)
    initial: InitialWeights = InitialWeights()


class DetectorFit(FitSpec):
    """Training of a detector: the loop's settings and how films are varied.

    Metrics: ``iou`` (mean over the tuning set's hips, a missed hip counting 0), ``found`` (share
    of hips with IoU of at least 0.5 and the right side), ``loss``.
    """

    metric: Literal["iou", "found", "loss"] = "iou"
    augmentation: FilmAugmentation = FilmAugmentation()


class ClassifierFit(FitSpec):
    """Training of a classifier: the loop's settings, class weights and how crops are varied.

    ``class_weighting``: ``balanced`` weights a class by the inverse of its frequency, ``root`` by
    the root of that; weights have mean 1 over the training hips. ``box_growth`` scales every box
    about its centre before it is cut out, in training, in evaluation and in the package that is
    built; the augmentation's box scales come on top. ``label_smoothing`` spreads a share of the
    target over all classes. Metrics: ``accuracy``, ``loss``.
    """

    metric: Literal["accuracy", "loss"] = "accuracy"
    box_growth: float = Field(1.0, gt=0.2, lt=5)
    class_weighting: Literal["none", "balanced", "root"] = "balanced"
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    augmentation: CropAugmentation = CropAugmentation()


class SurvivalFit(FitSpec):
    """Training of a survival network: the loop's settings, ties and how projections are varied.

    ``ties`` is for Cox: ``efron`` or ``breslow``. ``risk_horizon_days``: the risk score by which
    tuning patients are ranked is the probability of the first cause by then. Metrics:
    ``concordance`` (Harrell's, of the first cause, other ends counting as censorings; delayed entry
    does not enter), ``loss`` (the likelihood the network is fitted by, for Cox with the risk sets
    of the whole tuning set).
    """

    metric: Literal["concordance", "loss"] = "loss"
    ties: Literal["efron", "breslow"] = "efron"
    risk_horizon_days: float = Field(1825.0, gt=0)
    augmentation: ProjectionAugmentation = ProjectionAugmentation()


class DetectorTraining(Settings):
    """A detector and how it is fitted: one value for ``--set model.encoder=...``."""

    model: DetectorSpec = DetectorSpec()
    fit: DetectorFit = DetectorFit()


class ClassifierTraining(Settings):
    """A classifier and how it is fitted."""

    model: ClassifierSpec = ClassifierSpec()
    fit: ClassifierFit = ClassifierFit()


class SurvivalTraining(Settings):
    """A survival network and how it is fitted."""

    model: SurvivalSpec = SurvivalSpec()
    fit: SurvivalFit = SurvivalFit()

    @model_validator(mode="after")
    def _fits_together(self) -> "SurvivalTraining":
        if self.model.head == "cox" and self.fit.accumulate > 1:
            raise ValueError(
                f"fit.accumulate is {self.fit.accumulate}, wanted 1: Cox's risk sets are those of"
                " the batch, and pieces would cut them"
            )
        if self.fit.risk_horizon_days > self.model.last_cut_days:
            raise ValueError(
                f"fit.risk_horizon_days is {self.fit.risk_horizon_days:g}, beyond the last cut"
                f" point {self.model.last_cut_days:g}"
            )
        return self
