"""What a network is made of: frozen settings that fully decide its architecture."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import PROJECTED_VIEWS
from osteon.core.settings import Settings, load_settings
from osteon.errors import SettingsError

__all__ = [
    "ClassifierSpec",
    "DetectorSpec",
    "InputKind",
    "ModelSpec",
    "SurvivalHead",
    "SurvivalSpec",
    "load_spec",
]

InputKind = Literal["replicated", "local_contrast"]
SurvivalHead = Literal["logistic_hazard", "cox", "piecewise_exponential"]


class DetectorSpec(Settings):
    """A RetinaNet that finds the left and the right proximal femur.

    Parameters
    ----------
    encoder
        Name of a residual network of :data:`osteon.models.encoders.RESIDUAL`.
    image_size_px
        Side of the square the network works on; films are fitted into it and padded with 0.
    input
        ``replicated``: the grey image three times, normalised as ImageNet's; ``local_contrast``:
        the grey image and its local contrast at two scales, for training from scratch.
    levels
        Stages of the encoder that feed the pyramid, 1 to 4 (strides 4, 8, 16, 32).
    extra_levels
        Add two coarser levels (P6 and P7), as RetinaNet does.
    fpn_channels
        Channels of every level of the pyramid.
    anchor_stride_ratio
        Side of the smallest anchor of a level over the level's stride.
    anchor_octaves
        Anchor sizes within one level, at ratios of 2 ** (1 / anchor_octaves).
    aspect_ratios
        Height over width of the anchors.
    normalisation
        ``batch`` learns batch statistics (from scratch); ``frozen`` keeps those of the initial
        weights, as is usual with ImageNet or COCO weights and small batches.
    head_normalisation
        ``none`` is RetinaNet's head; ``group`` puts group normalisation (8 groups) into it, without
        which a narrow head does not learn from scratch in useful time.
    box_loss
        ``l1`` (RetinaNet's) or ``giou``.
    score_threshold
        A box below this score is not reported, in [0, 1].
    nms_iou
        Of two boxes that overlap more than this the better is kept, whatever their sides.
    largest_hip_mm
        On films that tell their pixel spacing a box of a larger size
        (:func:`osteon.models.hip_size.hip_size_mm`) is not a hip. ``None``: training sets it from
        the hips it sees (:func:`osteon.models.hip_size.largest_hip_mm`).
    """

    kind: Literal["detector"] = "detector"
    encoder: str = "resnet50"
    image_size_px: int = Field(512, ge=64, le=4096, multiple_of=32)
    input: InputKind = "replicated"
    levels: tuple[int, ...] = (2, 3, 4)
    extra_levels: bool = True
    fpn_channels: int = Field(256, ge=8, multiple_of=8)
    anchor_stride_ratio: float = Field(4.0, gt=0)
    anchor_octaves: int = Field(3, ge=1, le=8)
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    normalisation: Literal["batch", "frozen"] = "batch"
    head_normalisation: Literal["none", "group"] = "none"
    box_loss: Literal["l1", "giou"] = "l1"
    score_threshold: float = Field(0.05, ge=0, le=1)
    nms_iou: float = Field(0.3, ge=0, le=1)
    largest_hip_mm: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _levels_are_consecutive(self) -> "DetectorSpec":
        first = self.levels[0] if self.levels else 0
        if self.levels != tuple(range(first, first + len(self.levels))) or not (
            first >= 1 and self.levels[-1] <= 4
        ):
            raise ValueError(f"levels is {self.levels}, wanted consecutive stages from 1 to 4")
        if not self.aspect_ratios or min(self.aspect_ratios) <= 0:
            raise ValueError("aspect_ratios needs one or more positive numbers")
        return self


class ClassifierSpec(Settings):
    """An encoder, a squeeze-and-excitation block, global pooling and a linear head.

    Parameters
    ----------
    encoder
        Any name of :func:`osteon.models.encoders.names`.
    image_size_px
        Side of the square crop the network sees.
    input
        ``replicated``: the grey image three times, normalised as ImageNet's; ``local_contrast``:
        the grey image and its local contrast at two scales, for training from scratch.
    classes
        Class names in the order of the outputs.
    squeeze_excitation
        Weight the channels before pooling ("attention" in Krogue et al. 2020).
    reduction
        Channels over hidden units of the squeeze-and-excitation block.
    dropout
        Share of pooled features dropped while training, in [0, 1).
    """

    kind: Literal["classifier"] = "classifier"
    encoder: str = "densenet169"
    image_size_px: int = Field(224, ge=32, le=4096)
    input: InputKind = "replicated"
    classes: tuple[str, ...] = HIP_CLASSES.classes
    squeeze_excitation: bool = True
    reduction: int = Field(16, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _classes_differ(self) -> "ClassifierSpec":
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ValueError(f"classes is {self.classes}, wanted two or more different names")
        return self


class SurvivalSpec(Settings):
    """An encoder of one projected view, global pooling, and a head that gives hazards over time.

    Parameters
    ----------
    encoder
        Any name of :func:`osteon.models.encoders.names`.
    image_size_px
        Side of the square the network sees; projections are fitted into it and padded with air.
    input
        ``replicated`` or ``local_contrast``, as of a classifier.
    view
        The projection it is for, one of :data:`osteon.core.schemas.PROJECTED_VIEWS`.
    head
        ``logistic_hazard``: discrete time, as the paper's curves look; ``cox``: log hazard ratio
        and Breslow's baseline; ``piecewise_exponential``: a constant hazard in every interval.
        See :mod:`osteon.models.hazards` for what each assumes between the cut points.
    time_effects
        ``free``: every interval has weights of its own; ``proportional``: one risk shifts all
        intervals alike, which fewer events can carry. Cox's is always proportional.
    cut_points, last_cut_days
        Equidistant points from 0 to the last; 13 points bound 12 intervals.
    causes
        1: subsequent fracture alone, a death counting as a censoring; 2: death has a
        cause-specific hazard of its own, and cumulative incidence can be computed.
    clinical
        Names of clinical variables that join the pooled features; none uses the picture alone.
    dropout
        Share of features dropped while training, in [0, 1).
    """

    kind: Literal["survival"] = "survival"
    encoder: str = "densenet121"
    image_size_px: int = Field(224, ge=32, le=4096)
    input: InputKind = "replicated"
    view: str = "frontal"
    head: SurvivalHead = "logistic_hazard"
    time_effects: Literal["free", "proportional"] = "free"
    cut_points: int = Field(13, ge=2, le=200)
    last_cut_days: float = Field(3650.0, gt=0, allow_inf_nan=False)
    causes: Literal[1, 2] = 2
    clinical: tuple[str, ...] = ()
    dropout: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> "SurvivalSpec":
        if self.view not in PROJECTED_VIEWS:
            raise ValueError(f"view is {self.view!r}, wanted one of {', '.join(PROJECTED_VIEWS)}")
        if len(set(self.clinical)) != len(self.clinical):
            raise ValueError(f"clinical is {self.clinical}, wanted different names")
        return self

    @property
    def cuts_days(self) -> tuple[float, ...]:
        """The cut points, the first 0."""
        intervals = self.cut_points - 1
        return tuple(self.last_cut_days * index / intervals for index in range(self.cut_points))


ModelSpec = DetectorSpec | ClassifierSpec | SurvivalSpec
_KINDS: dict[str, type[DetectorSpec] | type[ClassifierSpec] | type[SurvivalSpec]] = {
    "detector": DetectorSpec,
    "classifier": ClassifierSpec,
    "survival": SurvivalSpec,
}


def load_spec(values: Mapping[str, Any]) -> ModelSpec:
    """Build the settings of a network from a mapping; ``kind`` says of which.

    Raises
    ------
    SettingsError
        If the kind or a key is unknown, or a value is not allowed.

    Examples
    --------
    >>> load_spec({"kind": "classifier", "encoder": "resnet18"}).image_size_px
    224
    """
    kind = values.get("kind")
    if kind not in _KINDS:
        raise SettingsError(f"kind is {kind!r}, wanted one of {', '.join(_KINDS)}")
    return load_settings(_KINDS[kind], values)
