"""Why a hip was called what it was called: its heat map in the film's own grid."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.models.classifier import Classifier, feature_layer
from osteon.prediction.crops import crop_region, is_mirrored
from osteon.prediction.networks import Networks
from osteon.prediction.saliency import grad_cam, paste

__all__ = ["explain_hip"]


def explain_hip(
    networks: Networks,
    crop: NDArray[np.float32],
    region_of: Box,
    laterality: Laterality,
    target: Sequence[str],
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """Average the classifiers' Grad-CAM maps of a hip and put them where the hip is.

    Parameters
    ----------
    networks
        What classified it.
    crop
        float32 (s, s), what the classifiers saw.
    region_of
        The hip's box in pixels of the film that the map is for.
    laterality
        Side of the patient.
    target
        Names of the classes asked about, taken together.
    shape
        (rows, columns) of that film.

    Returns
    -------
    numpy.ndarray
        float32 of ``shape`` in [0, 1].
    """
    positions = [networks.label_set.index(name) for name in target]
    maps = []
    for model in networks.classifier_models:
        if isinstance(model, Classifier):
            device = next(model.parameters()).device
            image = torch.from_numpy(np.array(crop))[None, None].to(device)
            maps.append(grad_cam(model, feature_layer(model), image, positions)[0])
    preprocessing = networks.preprocessing
    return paste(
        np.mean(maps, axis=0, dtype=np.float32),
        crop_region(region_of, preprocessing),
        shape,
        mirrored=is_mirrored(laterality, preprocessing),
    )
