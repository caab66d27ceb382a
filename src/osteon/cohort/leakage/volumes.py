"""Copies of one CT under two patients: projections that agree more than two bodies can."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.cohort.leakage.finding import Finding

__all__ = ["COPY_CORRELATION", "projection_findings"]

COPY_CORRELATION = 0.9999
"""Two of 827 synthetic bodies at 4.5 mm reach 0.9992: only a copy of one CT is above."""


def projection_findings(
    patients: list[str], pictures: NDArray[np.float32], splits: pd.DataFrame
) -> Iterator[Finding]:
    """Find pairs of patients of different subsets whose projections are one picture.

    Parameters
    ----------
    patients
        Patient of each picture.
    pictures
        float32 (n, rows, columns), one view at one size.
    splits
        Table of splits.

    Yields
    ------
    Finding
        ``near_duplicate_pixels``, with Pearson's correlation of the pixels as its strength.
    """
    if len(patients) < 2:
        return
    flat = pictures.reshape(len(patients), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.where(norms > 0, norms, 1.0)
    alike = np.argwhere(np.triu(flat @ flat.T, k=1) >= COPY_CORRELATION)
    for fold, own in splits.groupby("fold", sort=True):
        subset = dict(zip(own["patient_id"], own["subset"], strict=True))
        for first, second in alike.tolist():
            one, two = patients[first], patients[second]
            here, there = subset.get(one), subset.get(two)
            if here is None or there is None or here == there or one == two:
                continue
            strength = float(flat[first] @ flat[second])
            detail = f"the CTs of {one} ({here}) and {two} ({there}) are one picture"
            yield Finding(
                "near_duplicate_pixels", "leakage", one, two, detail, here, there, strength,
                int(str(fold)),
            )  # fmt: skip
