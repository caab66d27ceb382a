"""From a film and a box to the square the classifier sees: the same in predicting and reading."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.models.card_classifier import Preprocessing
from osteon.pixels.crop import crop_square

__all__ = ["classifier_crop", "crop_region", "is_mirrored"]


def crop_region(box: Box, preprocessing: Preprocessing) -> Box:
    """Square around a box that is cut out, in the box's own pixels; may reach beyond the film."""
    return box.grown(preprocessing.box_growth).squared()


def is_mirrored(laterality: Laterality, preprocessing: Preprocessing) -> bool:
    """Whether a hip of this side is mirrored before the classifier sees it."""
    return preprocessing.mirrored == "left_hips" and laterality == Laterality.LEFT


def classifier_crop(
    grey: NDArray[np.float32], box: Box, laterality: Laterality, preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Cut out one hip.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1], the prepared film.
    box
        Box of the hip in pixels of ``grey``.
    laterality
        Side of the patient.
    preprocessing
        Growth of the box, size of the square, which side is mirrored.

    Returns
    -------
    numpy.ndarray
        float32 (s, s) in [0, 1].

    Raises
    ------
    GeometryError
        If the box lies outside the film.
    """
    region = box.grown(preprocessing.box_growth)
    return crop_square(
        grey,
        region,
        preprocessing.classifier_size_px,
        mirror=is_mirrored(laterality, preprocessing),
    )
