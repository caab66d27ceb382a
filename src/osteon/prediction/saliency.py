"""Heat maps: where in the crop the network found what it says, pasted into the film's own grid.

Grad-CAM after Selvaraju et al. 2017 (arXiv 1610.02391); occlusion after Zeiler and Fergus 2014; the
two sanity checks after Adebayo et al. 2018 (arXiv 1810.03292, weights made random) and Petsiuk et
al. 2018 (arXiv 1806.07421, deletion). A map shows what moved the answer, not where a fracture is.
"""

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from osteon.core.geometry import Box

__all__ = [
    "Target",
    "deletion_scores",
    "grad_cam",
    "occlusion_map",
    "paste",
    "randomised",
    "target_log_odds",
]


#: What a map explains: positions of classes, taken together, by their log-odds; or any function
#: from a network's output to one number for each picture.
Target = Sequence[int] | Callable[[Tensor], Tensor]


def target_log_odds(logits: Tensor, target: Sequence[int]) -> Tensor:
    """Log-odds of the target classes against the rest, (n,) from logits (n, k)."""
    inside = torch.zeros(logits.shape[1], dtype=torch.bool, device=logits.device)
    inside[list(target)] = True
    return logits[:, inside].logsumexp(1) - logits[:, ~inside].logsumexp(1)


def grad_cam(
    model: Callable[[Tensor], Tensor], layer: nn.Module, images: Tensor, target: Target
) -> NDArray[np.float32]:
    """Grad-CAM of the target.

    The layer's channels are summed, each weighted by the mean gradient of the target over it;
    what speaks against the target is cut off; each map is divided by its largest value.

    Parameters
    ----------
    model
        Network in evaluation mode, or a function that runs one.
    layer
        Its layer to look at, whose output is (n, channels, rows, columns).
    images
        float (n, 1, s, s), as the network takes them.
    target
        What is asked about. A rising function of a target gives the same maps.

    Returns
    -------
    numpy.ndarray
        float32 (n, s, s) in [0, 1]; all zero where nothing speaks for the target.
    """
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        with torch.enable_grad():
            # the input asks for gradients, so that a network with frozen weights has them too
            score = _score(model(images.detach().clone().requires_grad_(True)), target)
            (gradient,) = torch.autograd.grad(score.sum(), kept[-1])
    finally:
        handle.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    maps = (weights * kept[-1]).sum(dim=1, keepdim=True).relu().detach().float()
    return _normalised(_upsampled(maps, images.shape[-1]))


@torch.inference_mode()
def occlusion_map(
    model: nn.Module,
    image: Tensor,
    target: Target,
    *,
    patch_px: int = 32,
    stride_px: int = 16,
    batch: int = 32,
) -> NDArray[np.float32]:
    """How far the log-odds fall when a square is covered with the picture's mean.

    Parameters
    ----------
    model, target
        As in :func:`grad_cam`.
    image
        float (1, 1, s, s) in [0, 1].
    patch_px, stride_px
        Side of the square, and the step between two positions.
    batch
        Pictures in one pass.

    Returns
    -------
    numpy.ndarray
        float32 (s, s) in [0, 1]: the mean fall over all squares that cover a pixel, negative cut
        off, divided by the largest.
    """
    side = image.shape[-1]
    starts = [*range(0, max(side - patch_px, 0), stride_px), max(side - patch_px, 0)]
    corners = [(row, column) for row in starts for column in starts]
    before = float(_score(model(image), target))
    fall, cover = torch.zeros(side, side), torch.zeros(side, side)
    for first in range(0, len(corners), batch):
        chunk = corners[first : first + batch]
        pictures = image.repeat(len(chunk), 1, 1, 1)
        for picture, (row, column) in zip(pictures, chunk, strict=True):
            picture[:, row : row + patch_px, column : column + patch_px] = image.mean()
        after = _score(model(pictures), target).float().cpu()
        for value, (row, column) in zip(after.tolist(), chunk, strict=True):
            fall[row : row + patch_px, column : column + patch_px] += before - value
            cover[row : row + patch_px, column : column + patch_px] += 1
    return _normalised((fall / cover).relu()[None])[0]


def paste(
    heat: NDArray[np.float32],
    region: Box,
    shape: tuple[int, int],
    *,
    mirrored: bool,
) -> NDArray[np.float32]:
    """Put a crop's map where the crop came from.

    Parameters
    ----------
    heat
        float32 (s, s), the map of a crop.
    region
        The square that was cut out, in pixels of the film; may reach beyond it.
    shape
        (rows, columns) of the film.
    mirrored
        Whether the crop was mirrored left to right after it was cut out.

    Returns
    -------
    numpy.ndarray
        float32 of ``shape``, interpolated linearly, 0 outside the region.
    """
    film = np.zeros(shape, np.float32)
    inside = region.clipped(shape[1], shape[0])
    if inside is None:
        return film
    if mirrored:
        heat = heat[:, ::-1]
    columns = np.arange(math.floor(inside.x_min), math.ceil(inside.x_max))
    rows = np.arange(math.floor(inside.y_min), math.ceil(inside.y_max))
    across = _interpolation(columns, region.x_min, region.width, heat.shape[1])
    down = _interpolation(rows, region.y_min, region.height, heat.shape[0])
    film[np.ix_(rows, columns)] = down @ heat @ across.T
    return film


def randomised(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """Copy a network and draw its weights anew: the same spread, no knowledge.

    The map of such a network must differ from the map of the trained one, or the map shows the
    picture and not what was learned.
    """
    result = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in result.parameters():
            spread = parameter.std() if parameter.numel() > 1 else parameter.abs().mean()
            drawn = torch.randn(parameter.shape, generator=generator) * spread.cpu()
            parameter.copy_(drawn + parameter.mean().cpu())
    return result


@torch.inference_mode()
def deletion_scores(
    model: nn.Module,
    image: Tensor,
    heat: NDArray[np.float32],
    target: Target,
    *,
    steps: int = 10,
) -> NDArray[np.float64]:
    """Log-odds while ever more of the hottest pixels are replaced by the picture's mean.

    Parameters
    ----------
    model, target
        As in :func:`grad_cam`.
    image
        float (1, 1, s, s) in [0, 1].
    heat
        (s, s), the map under test; ties are taken from the top left.
    steps
        Number of equal steps from nothing to everything deleted.

    Returns
    -------
    numpy.ndarray
        float64 (steps + 1,). A map that points at what matters falls sooner than a random one.
    """
    order = torch.from_numpy(np.argsort(-heat.ravel(), kind="stable"))
    pictures = image.repeat(steps + 1, 1, 1, 1)
    for step in range(steps + 1):
        gone = order[: round(step / steps * heat.size)]
        pictures[step].view(-1)[gone] = image.mean()
    return np.asarray(_score(model(pictures), target).double().cpu().numpy())


def _score(output: Tensor, target: Target) -> Tensor:
    return target(output) if callable(target) else target_log_odds(output, target)


def _upsampled(maps: Tensor, side: int) -> Tensor:
    resized = functional.interpolate(maps, size=(side, side), mode="bilinear", align_corners=False)
    return resized[:, 0]


def _normalised(maps: Tensor) -> NDArray[np.float32]:
    largest = maps.amax(dim=(1, 2), keepdim=True)
    scaled = torch.where(largest > 0, maps / largest.clamp_min(1e-30), torch.zeros_like(maps))
    return np.asarray(scaled.cpu().numpy(), dtype=np.float32)


def _interpolation(
    pixels: NDArray[np.int64], start: float, extent: float, size: int
) -> NDArray[np.float32]:
    """Weights (pixels, size) that sample a map of ``size`` cells at the centres of film pixels."""
    position = (pixels + 0.5 - start) / extent * size - 0.5
    inside = (position > -0.5) & (position < size - 0.5)
    position = np.clip(position, 0, size - 1)
    lower = np.minimum(position.astype(np.int64), max(size - 2, 0))
    upper = np.minimum(lower + 1, size - 1)
    share = (position - lower).astype(np.float32)
    weights = np.zeros((len(pixels), size), np.float32)
    rows = np.arange(len(pixels))
    weights[rows, lower] = 1 - share
    weights[rows, upper] += share
    return np.asarray(weights * inside[:, None], np.float32)
