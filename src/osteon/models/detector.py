"""The detector: torchvision's RetinaNet head on a residual network with a feature pyramid.

The classes are the left (1) and the right (2) proximal femur of the patient; 0 is background, as
torchvision counts, and has no output of its own.
"""

from dataclasses import dataclass
from functools import partial

import osteon.models.torchvision_ready  # noqa: F401

# isort: split
import torch
from torch import Tensor, nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.ops import box_iou, nms
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelP6P7

from osteon.core.geometry import Box, Laterality
from osteon.models.encoders import residual_trunk
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.normalisation import make_input
from osteon.models.spec import DetectorSpec

__all__ = ["SIDES", "HipDetection", "HipDetector", "Pyramid", "candidates", "detect", "select"]

#: Sides in the order of the detector's outputs.
SIDES = (Laterality.LEFT, Laterality.RIGHT)
_CANDIDATES = 200  # best boxes of a film that enter non-maximum suppression


@dataclass(frozen=True, slots=True)
class HipDetection:
    """A proximal femur found: side of the patient, box in pixels of the input, score in [0, 1]."""

    laterality: Laterality
    box: Box
    score: float


class Pyramid(nn.Module):
    """A residual network's stages joined by a feature pyramid (Lin et al. 2017)."""

    def __init__(self, spec: DetectorSpec) -> None:
        super().__init__()
        trunk = residual_trunk(spec.encoder, frozen_normalisation=spec.normalisation == "frozen")
        wanted = {f"layer{level}": str(level) for level in spec.levels}
        channels = spec.fpn_channels
        self.body = IntermediateLayerGetter(trunk.network, return_layers=wanted)
        self.fpn = FeaturePyramidNetwork(
            [trunk.stage_channels[level - 1] for level in spec.levels],
            channels,
            extra_blocks=LastLevelP6P7(channels, channels) if spec.extra_levels else None,
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map images (n, 3, h, w) to feature maps, finest first."""
        return list(self.fpn(self.body(images)).values())


class HipDetector(nn.Module):
    """RetinaNet for the two proximal femurs on square films.

    Parameters
    ----------
    spec
        The architecture.

    Notes
    -----
    Works on float (n, 1, s, s) in [0, 1] with ``s = spec.image_size_px``; :func:`detect` takes
    films of any shape.
    """

    def __init__(self, spec: DetectorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.input = make_input(spec.input)
        self.backbone = Pyramid(spec)
        generator = _anchor_generator(spec)
        anchors_per_location = generator.num_anchors_per_location()[0]
        self.head = RetinaNetHead(
            spec.fpn_channels,
            anchors_per_location,
            len(SIDES),
            norm_layer=partial(nn.GroupNorm, 8) if spec.head_normalisation == "group" else None,
        )
        self.head.regression_head._loss_type = spec.box_loss
        self.register_buffer("anchors", _anchors(spec, generator), persistent=False)
        self._matcher = Matcher(0.5, 0.4, allow_low_quality_matches=True)
        self._coder = BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))

    def outputs(self, images: Tensor) -> dict[str, Tensor]:
        """Head's outputs: ``cls_logits`` (n, anchors, 2), ``bbox_regression`` (n, anchors, 4)."""
        return self.head(self.backbone(self.input(images)))

    def raw(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """All candidates: what is exported to other runtimes.

        Returns
        -------
        tuple
            Scores (n, anchors, 2) in [0, 1], in the order of :data:`SIDES`, and boxes
            (n, anchors, 4): x_min, y_min, x_max, y_max in pixels of the square.
        """
        outputs = self.outputs(images)
        deltas = outputs["bbox_regression"].float()
        boxes = self._coder.decode_single(
            deltas.reshape(-1, 4), self.anchors.repeat(deltas.shape[0], 1)
        )
        return outputs["cls_logits"].float().sigmoid(), boxes.reshape(deltas.shape)

    def forward(self, images: Tensor, boxes: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Parameters
        ----------
        images
            (n, 1, s, s) in [0, 1].
        boxes
            (n, 2, 4) in pixels of the square, in the order of :data:`SIDES`.
        present
            bool (n, 2): which of the two are on the film; boxes of the others are ignored.

        Returns
        -------
        dict
            ``classification`` (focal loss) and ``bbox_regression``, float32 scalars.
        """
        outputs = {name: value.float() for name, value in self.outputs(images).items()}
        targets = [_target(film, shown) for film, shown in zip(boxes, present, strict=True)]
        matched = [self._matched(target["boxes"]) for target in targets]
        anchors = [self.anchors] * len(targets)
        return self.head.compute_loss(targets, outputs, anchors, matched)

    def _matched(self, boxes: Tensor) -> Tensor:
        if len(boxes) == 0:
            return torch.full((len(self.anchors),), -1, dtype=torch.int64, device=boxes.device)
        return self._matcher(box_iou(boxes, self.anchors))


@torch.inference_mode()
def detect(model: HipDetector, images: Tensor) -> list[tuple[HipDetection, ...]]:
    """Find the hips on films of one size.

    Parameters
    ----------
    model
        The detector; it is used in evaluation mode, whatever its mode was.
    images
        Float (n, 1, h, w) in [0, 1], any h and w.

    Returns
    -------
    list
        For each film at most one box per side, best first, in pixels of the input, clipped to the
        film, with a score of at least ``model.spec.score_threshold``. Boxes that overlap by more
        than ``model.spec.nms_iou`` are one hip: the better keeps it.
    """
    was_training = model.training
    model.eval()
    try:
        squares, placed = letterbox(images, model.spec.image_size_px)
        scores, boxes = model.raw(squares)
    finally:
        model.train(was_training)
    return [
        select(film_scores, film_boxes, placed, model.spec)
        for film_scores, film_boxes in zip(scores, boxes, strict=True)
    ]


def select(
    scores: Tensor, boxes: Tensor, placed: Letterbox, spec: DetectorSpec
) -> tuple[HipDetection, ...]:
    """Choose at most one box per side among one film's candidates.

    ``scores`` (anchors, 2) and ``boxes`` (anchors, 4) are :meth:`HipDetector.raw`'s, which may
    come from another runtime; ``placed`` says where the film lies in the square.
    """
    found: dict[Laterality, HipDetection] = {}
    for hip in candidates(scores, boxes, placed, spec, lowest_score=spec.score_threshold):
        found.setdefault(hip.laterality, hip)
    return tuple(found.values())


def candidates(
    scores: Tensor, boxes: Tensor, placed: Letterbox, spec: DetectorSpec, *, lowest_score: float
) -> list[HipDetection]:
    """List the boxes of one film that no better box overlaps, best first.

    Parameters
    ----------
    scores, boxes, placed, spec
        As for :func:`select`.
    lowest_score
        Boxes below it are left out.
    """
    best, order = scores.flatten().topk(min(_CANDIDATES, scores.numel()))
    good = best >= lowest_score
    best, order = best[good], order[good]
    corners = boxes[order // len(SIDES)]
    found = []
    for index in nms(corners, best, spec.nms_iou).tolist():
        side = SIDES[int(order[index]) % len(SIDES)]
        box = _on_film(corners[index], placed)
        if box is not None:
            found.append(HipDetection(side, box, float(best[index])))
    return found


def _on_film(coordinates: Tensor, placed: Letterbox) -> Box | None:
    x_min, y_min, x_max, y_max = coordinates.tolist()
    if x_max <= x_min or y_max <= y_min:
        return None
    film_box = placed.to_film(Box(x_min, y_min, x_max, y_max))
    return film_box.clipped(placed.width_px, placed.height_px)


def _target(boxes: Tensor, present: Tensor) -> dict[str, Tensor]:
    return {"boxes": boxes[present].float(), "labels": present.nonzero().flatten()}


def _strides(spec: DetectorSpec) -> list[int]:
    strides = [2 ** (level + 1) for level in spec.levels]
    return [*strides, 2 * strides[-1], 4 * strides[-1]] if spec.extra_levels else strides


def _anchor_generator(spec: DetectorSpec) -> AnchorGenerator:
    octaves = [2 ** (step / spec.anchor_octaves) for step in range(spec.anchor_octaves)]
    sizes = tuple(
        tuple(spec.anchor_stride_ratio * stride * octave for octave in octaves)
        for stride in _strides(spec)
    )
    return AnchorGenerator(sizes, (spec.aspect_ratios,) * len(sizes))


def _anchors(spec: DetectorSpec, generator: AnchorGenerator) -> Tensor:
    size = spec.image_size_px
    maps = [torch.empty(1, 1, -(-size // s), -(-size // s)) for s in _strides(spec)]
    image = torch.empty(1, 1, size, size)
    return generator(ImageList(image, [(size, size)]), maps)[0]
