"""The border: arrays are checked here once, so that the formulas behind it stay bare."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.errors import DataError, UsageError

__all__ = [
    "Bools",
    "Codes",
    "Floats",
    "binary_array",
    "box_array",
    "cluster_codes",
    "cluster_sums",
    "finite_array",
    "number_table",
    "outcome_and_probability",
    "outcome_and_score",
    "probability_array",
    "require_choice",
    "require_generator",
    "require_level",
    "require_one_dimension",
    "safe_ratio",
    "same_length",
    "weight_matrix",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]
_NO_ID = frozenset({"", "nan", "NaN", "None", "<NA>", "NaT"})


def require_level(level: float) -> float:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise UsageError(
            f"level is {level}, wanted a number in (0, 1)", remedy="95 % is level=0.95"
        )
    return level


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse an option that is not one of the choices."""
    if value not in choices:
        raise UsageError(f"{name} is {value!r}, wanted one of {', '.join(choices)}")


def require_generator(rng: np.random.Generator | None) -> np.random.Generator:
    """Refuse to resample without a generator: results must repeat."""
    if rng is None:
        raise UsageError(
            "resampling needs a random generator, got none",
            remedy="pass rng=osteon.core.rng.generator(seed, 'what it is for')",
        )
    return rng


def finite_array(name: str, values: ArrayLike) -> Floats:
    """Take a one-dimensional array of finite numbers; shape (n,), float64.

    Raises
    ------
    DataError
        If it is not one-dimensional, not numeric, or holds NaN or an infinity.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds something that is not a number: {error}") from error
    if array.ndim != 1:
        raise DataError(f"{name} has shape {array.shape}, wanted one dimension")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise DataError(
            f"{name} has {bad.size} values that are not finite, the first at row {bad[0]}",
            remedy="leave these rows out, and say how many",
        )
    return array


def number_table(name: str, values: ArrayLike, shape: str, *, missing: bool = False) -> Floats:
    """Take an array of numbers with as many dimensions as ``shape`` names, float64.

    Parameters
    ----------
    name
        What it is called in the error.
    shape
        The axes, such as ``"(subjects, raters)"``.
    missing
        Whether NaN may stand for a missing value; infinities never may.

    Raises
    ------
    DataError
        If it holds text, has another number of dimensions, or is not finite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds something that is not a number: {error}") from error
    if array.ndim != shape.count(",") + 1:
        raise DataError(f"{name} has shape {array.shape}, wanted {shape}")
    bad = np.isinf(array) if missing else ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        remedy = "a value that is missing is NaN" if missing else "leave these out, say how many"
        raise DataError(
            f"{name}: got {array[first]} at {first}, wanted finite numbers", remedy=remedy
        )
    return array


def probability_array(name: str, values: ArrayLike) -> Floats:
    """Take probabilities: as :func:`finite_array`, and all in [0, 1]."""
    array = finite_array(name, values)
    outside = np.flatnonzero((array < 0) | (array > 1))
    if outside.size:
        first = outside[0]
        raise DataError(
            f"{name} is {array[first]} at row {first}, wanted a probability in [0, 1]",
            remedy="a score on another scale needs a calibrator first",
        )
    return array


def binary_array(name: str, values: ArrayLike) -> Bools:
    """Take a yes/no array: bool, or numbers that are all 0 or 1; shape (n,), bool."""
    array = np.asarray(values)
    if array.dtype == np.bool_ and array.ndim == 1:
        return array
    is_text = array.dtype == object and any(isinstance(item, str) for item in array.ravel())
    if array.dtype.kind in "US" or is_text:
        raise DataError(
            f"{name} holds text, wanted 0 or 1",
            remedy="compare with the positive class first: labels == 'fracture'",
        )
    numbers = finite_array(name, array)
    strange = np.flatnonzero((numbers != 0) & (numbers != 1))
    if strange.size:
        raise DataError(
            f"{name} is {numbers[strange[0]]} at row {strange[0]}, wanted 0 or 1",
            remedy="compare with the positive class first: labels == 'fracture'",
        )
    return np.equal(numbers, 1)


def outcome_and_score(reference_standard: ArrayLike, score: ArrayLike) -> tuple[Bools, Floats]:
    """Take outcomes and finite scores of the same rows; shapes (n,)."""
    truth = binary_array("reference_standard", reference_standard)
    values = finite_array("score", score)
    same_length(reference_standard=truth, score=values)
    return truth, values


def outcome_and_probability(
    reference_standard: ArrayLike, probability: ArrayLike
) -> tuple[Bools, Floats]:
    """Check outcomes and probabilities of the same rows."""
    truth = binary_array("reference_standard", reference_standard)
    chance = probability_array("probability", probability)
    same_length(reference_standard=truth, probability=chance)
    return truth, chance


def box_array(name: str, values: ArrayLike) -> Floats:
    """Take boxes (x_min, y_min, x_max, y_max) with positive area; shape (n, 4), float64."""
    if np.asarray(values).size == 0:
        return np.empty((0, 4))
    array = number_table(name, values, "(n, 4)")
    if array.shape[1] != 4:
        raise DataError(f"{name} has shape {array.shape}, wanted (n, 4)")
    flat = np.flatnonzero((array[:, 2] <= array[:, 0]) | (array[:, 3] <= array[:, 1]))
    if flat.size:
        raise DataError(
            f"{name} row {flat[0]} is {array[flat[0]].tolist()}, a box without area",
            remedy="corners are x_min, y_min, x_max, y_max; COCO files hold x, y, width, height",
        )
    return array


def safe_ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide element by element; NaN where the bottom is not positive."""
    blank = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=blank, where=bottom > 0), dtype=np.float64)


def require_one_dimension(**arrays: NDArray[Any]) -> None:
    """Refuse arrays of more than one dimension, or none."""
    for name, array in arrays.items():
        if array.ndim != 1:
            raise DataError(f"{name} has shape {array.shape}, wanted one dimension")


def same_length(**arrays: NDArray[Any]) -> int:
    """Refuse arrays of different lengths; returns the length."""
    lengths = {name: array.shape[-1] for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"arrays of one length were wanted, got {told}")
    return int(next(iter(lengths.values())))


def cluster_codes(cluster: ArrayLike | None, n: int) -> Codes:
    """Give clusters the numbers 0, 1, ...; without ids every row is its own; shape (n,)."""
    if cluster is None:
        return np.arange(n, dtype=np.intp)
    array = np.asarray(cluster)
    if array.shape != (n,):
        raise DataError(f"cluster has shape {array.shape}, wanted ({n},): one id for every row")
    if array.dtype == object:
        if any(item is None or str(item) in _NO_ID for item in array.tolist()):
            raise DataError("cluster has rows without an id", remedy="every row needs its patient")
        array = array.astype(str)
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError("cluster has rows without an id", remedy="every row needs its patient")
    return np.unique(array, return_inverse=True)[1].reshape(n).astype(np.intp)


def cluster_sums(values: Floats, codes: Codes, clusters: int) -> Floats:
    """Sum rows of values (k, n) over the clusters that :func:`cluster_codes` numbered; (k, m)."""
    sums = [np.bincount(codes, row, minlength=clusters) for row in values]
    return np.stack(sums).astype(np.float64)


def weight_matrix(weights: Floats | None, n: int) -> Floats:
    """Weights of shape (replicates, n); ``None`` is one replicate of ones."""
    if weights is None:
        return np.ones((1, n))
    if weights.ndim != 2 or weights.shape[1] != n:
        raise DataError(f"weights have shape {weights.shape}, wanted (replicates, {n})")
    return weights
