"""Masks against the reference standard: overlap, distance of surfaces in mm, points found.

The surface is the voxels of a mask with a face neighbour outside it (the edge of the image is
outside). Programs differ on purpose here; this is the convention of medpy and MetricsReloaded.
Sources: Dice 1945; Huttenlocher et al. 1993 (Hausdorff); Heimann et al. 2009 (IEEE TMI 28:1251,
average surface distance); Nikolov et al. 2021 (J Med Internet Res 23:e26151, surface Dice);
Sekuboyina et al. 2021 (Med Image Anal 73:102166, identification rate).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from osteon.core.records import Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.bounded_mean import MEAN_METHODS, bounded_mean
from osteon.statistics.checks import (
    Bools,
    Floats,
    cluster_codes,
    number_table,
    require_choice,
    require_level,
)
from osteon.statistics.detection import mean_replicates
from osteon.statistics.limits import warning
from osteon.statistics.proportion import proportion

__all__ = [
    "SurfaceDistances",
    "dice",
    "identification_rate",
    "jaccard",
    "mean_over_cases",
    "surface_dice",
    "surface_distances",
]

FEW = 200  # cases or patients: below it the percentile interval holds less than it says


def _masks(reference: ArrayLike, predicted: ArrayLike) -> tuple[Bools, Bools]:
    a, b = np.asarray(reference), np.asarray(predicted)
    if a.shape != b.shape or a.ndim not in (2, 3):
        raise DataError(f"masks have shapes {a.shape} and {b.shape}, wanted two alike, 2-D or 3-D")
    for name, mask in (("reference", a), ("predicted", b)):
        if mask.dtype != np.bool_ and not np.isin(mask, (0, 1)).all():
            raise DataError(f"{name} holds other values than 0 and 1", remedy="one label at a time")
    return a.astype(bool), b.astype(bool)


def dice(reference: ArrayLike, predicted: ArrayLike) -> float:
    """Twice the shared voxels over the sum of both, in [0, 1]; NaN when both masks are empty.

    Examples
    --------
    >>> dice([[1, 1], [0, 0]], [[1, 0], [0, 0]])
    0.6666666666666666
    """
    a, b = _masks(reference, predicted)
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else math.nan


def jaccard(reference: ArrayLike, predicted: ArrayLike) -> float:
    """Shared voxels over the union, in [0, 1]; NaN when both masks are empty."""
    a, b = _masks(reference, predicted)
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else math.nan


@dataclass(frozen=True, slots=True)
class SurfaceDistances:
    """Distances between two surfaces in mm; all NaN when a mask is empty.

    Parameters
    ----------
    hausdorff_mm, hausdorff_95_mm
        Largest distance, and the 95th percentile of both directions pooled.
    average_mm
        Mean of both directions pooled.
    reference_to_predicted_mm, predicted_to_reference_mm
        The two directions' mean distances.
    """

    hausdorff_mm: float
    hausdorff_95_mm: float
    average_mm: float
    reference_to_predicted_mm: float
    predicted_to_reference_mm: float


def _surface(mask: Bools) -> Bools:
    return np.asarray(mask & ~ndimage.binary_erosion(mask), dtype=np.bool_)


def _both_directions(
    reference: ArrayLike, predicted: ArrayLike, spacing_mm: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Distances reference to predicted surface, and back; empty when a mask is."""
    a, b = _masks(reference, predicted)
    if len(spacing_mm) != a.ndim or min(spacing_mm) <= 0:
        raise DataError(f"spacing_mm is {spacing_mm}, wanted {a.ndim} lengths above 0")
    if not a.any() or not b.any():
        return np.zeros(0), np.zeros(0)
    inside = ndimage.find_objects((a | b).astype(np.uint8))[0]
    box = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in inside)
    first, second = (_surface(np.pad(mask[box], 1)) for mask in (a, b))
    to_second = ndimage.distance_transform_edt(~second, sampling=spacing_mm)[first]
    to_first = ndimage.distance_transform_edt(~first, sampling=spacing_mm)[second]
    return to_second, to_first


def surface_distances(
    reference: ArrayLike, predicted: ArrayLike, spacing_mm: tuple[float, ...]
) -> SurfaceDistances:
    """Measure how far apart the surfaces of two masks are.

    Parameters
    ----------
    reference, predicted
        Masks of one shape, 2-D (y, x) or 3-D (z, y, x).
    spacing_mm
        Distance of neighbouring voxels along each axis, in the order of the axes.

    Examples
    --------
    >>> a, b = np.zeros((5, 9), bool), np.zeros((5, 9), bool)
    >>> a[1:4, 1:4], b[1:4, 3:6] = True, True
    >>> surface_distances(a, b, (1.0, 0.5)).hausdorff_mm
    1.0
    """
    there, back = _both_directions(reference, predicted, spacing_mm)
    if not there.size:
        nan = math.nan
        return SurfaceDistances(nan, nan, nan, nan, nan)
    pooled = np.concatenate([there, back])
    return SurfaceDistances(
        hausdorff_mm=float(pooled.max()),
        hausdorff_95_mm=float(np.percentile(pooled, 95)),
        average_mm=float(pooled.mean()),
        reference_to_predicted_mm=float(there.mean()),
        predicted_to_reference_mm=float(back.mean()),
    )


def surface_dice(
    reference: ArrayLike,
    predicted: ArrayLike,
    spacing_mm: tuple[float, ...],
    *,
    tolerance_mm: float,
) -> float:
    """Share of both surfaces' voxels within a tolerance of the other; NaN when both are empty.

    0 when one mask is empty. Arguments as in :func:`surface_distances`.
    """
    if tolerance_mm < 0:
        raise DataError(f"tolerance_mm is {tolerance_mm}, wanted at least 0")
    there, back = _both_directions(reference, predicted, spacing_mm)
    if there.size:
        return float(np.mean(np.concatenate([there, back]) <= tolerance_mm))
    a, b = _masks(reference, predicted)
    return 0.0 if a.any() or b.any() else math.nan


def identification_rate(
    reference_mm: ArrayLike,
    predicted_mm: ArrayLike,
    *,
    within_mm: float = 20.0,
    image: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Share of labelled points (vertebrae, landmarks) found.

    A point counts as found when its own prediction is no further than ``within_mm`` and no other
    reference point is nearer to that prediction.

    Parameters
    ----------
    reference_mm, predicted_mm
        Points, row by row the same structure, shape (n, d); a row of NaN in ``predicted_mm`` is a
        miss.
    within_mm
        Largest distance that counts, above 0; 20 mm is the vertebrae's.
    image
        Image of every row, shape (n,): only points of the same image compete. ``None`` is one
        image.
    cluster, level
        As in :func:`proportion`.

    Examples
    --------
    >>> reference = [[0, 0], [30, 0], [0, 0]]
    >>> identification_rate(reference, [[1, 0], [16, 0], [40, 0]], image=[1, 1, 2]).value
    0.6666666666666666
    """
    truth = number_table("reference_mm", reference_mm, "(n, d)")
    found = number_table("predicted_mm", predicted_mm, "(n, d)", missing=True)
    if truth.shape != found.shape:
        raise DataError(f"points have shapes {truth.shape} and {found.shape}, wanted two alike")
    if not within_mm > 0:
        raise UsageError(f"within_mm is {within_mm}, wanted a length above 0")
    codes = np.zeros(len(truth), np.intp) if image is None else cluster_codes(image, len(truth))
    gaps = np.linalg.norm(found[:, None, :] - truth[None, :, :], axis=2)
    gaps = np.where(codes[:, None] == codes[None, :], gaps, np.inf)
    own = np.diag(gaps)
    nearest = np.nan_to_num(gaps, nan=np.inf).min(axis=1, initial=np.inf)
    hit = (own <= within_mm) & (own <= nearest)
    return proportion(hit, cluster=cluster, level=level)


def mean_over_cases(
    values: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
    method: str = "gaffke",
) -> Estimate:
    """Average a measure over cases.

    Parameters
    ----------
    values
        Shape (n,); NaN (an empty mask) is left out and counted in ``reason``.
    rng, cluster, replicates, level
        As in :func:`osteon.statistics.bootstrap`.
    bounds
        Least and greatest that a value can be, (0, 1) for an overlap.
    method
        ``gaffke`` (:mod:`osteon.statistics.bounded_mean`; holds with few cases where rare ones are
        far off, and needs the bounds for it: without them there is no interval) or ``bootstrap``
        (percentile, whole patients; too narrow with few cases or rare bad ones, and says so).

    Examples
    --------
    >>> mean_over_cases([0.9, 0.8, 0.95, 0.0], bounds=(0, 1)).formatted(2)
    '0.66 (0.17, 0.93)'
    """
    require_level(level)
    require_choice("method", method, MEAN_METHODS)
    array = number_table("values", values, "(n)", missing=True)
    missing = int(np.isnan(array).sum())
    if missing == array.size:
        return Estimate.undefined("no case has a value", level=level, method="mean", n=array.size)
    if method == "bootstrap":
        found = bootstrap(
            mean_replicates, array, rng=rng, cluster=cluster, replicates=replicates, level=level
        )
        units = np.unique(cluster_codes(cluster, array.size)[~np.isnan(array)]).size
        found = replace(found, method=found.method + warning(units, FEW, "cases or patients"))
    elif bounds is None:
        none = "a mean of values without bounds: give bounds, or method='bootstrap'"
        value = float(np.nanmean(array))
        found = Estimate(value, math.nan, math.nan, level, "mean", array.size, none)
    else:
        found = bounded_mean(array, cluster, bounds, level)
    told = f"{missing} of {array.size} cases have no value and are left out" if missing else None
    reason = "; ".join(filter(None, (told, found.reason))) or None
    return Estimate(found.value, found.low, found.high, level, found.method, found.n, reason)
