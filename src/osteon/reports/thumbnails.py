"""Thumbnails of crops, for the baseline that sees no fracture line."""

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.core.logs import logger
from osteon.core.schemas import BOX_COLUMNS
from osteon.errors import GeometryError, StudyError
from osteon.pixels.crop import crop_square
from osteon.reports.baselines import THUMBNAIL_SIDE_PX

__all__ = ["Films", "make_thumbnails"]

_LOG = logger(__name__)


class Films(Protocol):
    """Where prepared films come from: a :class:`osteon.pixels.cache.PixelCache`."""

    def load(self, content_hash: str) -> tuple[NDArray[np.float32], float]:
        """Give ``(grey, factor)``: multiply boxes of the stored image by ``factor``."""


def make_thumbnails(cases: pd.DataFrame, films: Films) -> dict[str, NDArray[np.float32]]:
    """Cut the reference box of every case to 16 x 16, left hips mirrored as for the model.

    Films that are not prepared and boxes outside their film are left out, which the log says.

    Returns
    -------
    Case id to grey values in [0, 1], float32 (16, 16).

    Raises
    ------
    StudyError
        If no film is prepared.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for content_hash, rows in cases.groupby("content_hash", sort=True):
        try:
            grey, factor = films.load(str(content_hash))
        except StudyError:
            continue
        for _, case in rows.iterrows():
            box = Box(*(float(case[name]) for name in BOX_COLUMNS)).scaled(factor)
            is_left = case["laterality"] == Laterality.LEFT
            try:
                crop = crop_square(grey, box, THUMBNAIL_SIDE_PX, mirror=is_left)
            except GeometryError:
                continue
            found[str(case["case_id"])] = crop
    if not found and len(cases):
        raise StudyError(
            "no film of the cases is prepared, so the thumbnail baseline has nothing to see",
            remedy="run the stage that prepares films",
        )
    if len(found) < len(cases):
        _LOG.warning("%d of %d cases have no thumbnail", len(cases) - len(found), len(cases))
    return found
