"""Projections on disk as the squares a survival network takes."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon.core.progress import track
from osteon.core.tables import rows_of
from osteon.errors import DataError
from osteon.models.letterbox import letterbox

__all__ = ["load_projections", "read_projection"]


def load_projections(rows: pd.DataFrame, root: Path, size_px: int) -> Tensor:
    """Read projections and fit them into squares, air around them.

    Parameters
    ----------
    rows
        Rows of table PROJECTIONS.
    root
        The study folder, from which their paths go.
    size_px
        Side of the square.

    Returns
    -------
    Tensor
        float32 (n, 1, s, s), line integrals without unit, in the order of the rows.

    Raises
    ------
    DataError
        As :func:`read_projection`.
    """
    squares = torch.zeros(len(rows), 1, size_px, size_px)
    found = rows_of(rows[["case_id", "view", "path", "rows", "columns"]])
    for number, row in enumerate(track(found, "reading projections")):
        case, shape = f"{row['case_id']}, {row['view']}", (row["rows"], row["columns"])
        picture = read_projection(root / row["path"], case, shape)
        squares[number] = letterbox(torch.from_numpy(picture)[None, None], size_px)[0][0]
    return squares


def read_projection(path: Path, case: str, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read one projection, float32 (rows, columns).

    Raises
    ------
    DataError
        If the file is missing or no .npy of this shape, or holds something that is not a line
        integral: not finite, or below 0.
    """
    try:
        picture = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"projection of {case} at {path} cannot be read: {error}",
            remedy="project the volumes again",
        ) from error
    if picture.shape != shape or picture.dtype != np.float32:
        raise DataError(
            f"projection of {case} is {picture.dtype} {picture.shape}, wanted float32 {shape}",
            remedy="project the volumes again",
        )
    if not np.isfinite(picture).all() or picture.min() < 0:
        raise DataError(
            f"projection of {case} holds values that are negative or not finite,"
            " wanted line integrals of at least 0"
        )
    return np.asarray(picture, np.float32)
