"""Two baselines every model must beat: the header alone, and a 16 x 16 thumbnail of the crop.

Both are softmax regressions with a ridge penalty, fitted on training cases only; the strength of
the penalty is the one with the smallest log loss on tuning cases. Test cases are predicted,
never fitted. What the header alone can tell is the study's shortcut; what a thumbnail can tell
needs no fracture line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from osteon.core.labels import LabelSet
from osteon.core.schemas import BOX_COLUMNS, CASES, PREDICTIONS, SPLITS
from osteon.core.settings import Settings
from osteon.errors import DataError

__all__ = [
    "BASELINE_TITLES",
    "THUMBNAIL_SIDE_PX",
    "BaselineSettings",
    "SoftmaxRegression",
    "fit_softmax",
    "header_baseline",
    "thumbnail_baseline",
]

Floats = NDArray[np.float64]
THUMBNAIL_SIDE_PX = 16
BASELINE_TITLES = {
    "header": "Baseline: header fields alone",
    "thumbnail": "Baseline: 16 × 16 thumbnail",
}


class BaselineSettings(Settings):
    """Which header columns the first baseline sees, and the ridge strengths that are tried.

    ``ridges`` multiply half the squared coefficients in the penalised log-likelihood.
    """

    number_columns: tuple[str, ...] = ("patient_age_years",)
    category_columns: tuple[str, ...] = (
        "patient_sex",
        "view_position",
        "laterality",
        "manufacturer",
        "manufacturer_model_name",
        "institution_name",
    )
    ridges: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxRegression:
    """A fitted model: ``coefficients`` (features, classes), ``intercepts`` (classes,).

    ``means`` and ``scales`` (features,) standardise what comes in; they are the training data's.
    """

    coefficients: Floats
    intercepts: Floats
    means: Floats
    scales: Floats
    ridge: float

    def probabilities(self, features: Floats) -> Floats:
        """Class probabilities of shape (n, classes) for features of shape (n, features)."""
        standard = (features - self.means) / self.scales
        return np.asarray(softmax(standard @ self.coefficients + self.intercepts, axis=1))


def fit_softmax(
    features: Floats, labels: NDArray[np.int64], class_count: int, ridge: float
) -> SoftmaxRegression:
    r"""Fit a multinomial logistic regression with a ridge penalty.

    Minimises :math:`-\sum_i \log p_{i,y_i} + \tfrac{\lambda}{2} \lVert W \rVert^2` over
    standardised features; intercepts are not penalised.

    Parameters
    ----------
    features
        Shape (n, features), finite.
    labels
        Class of every row, in ``range(class_count)``, shape (n,).
    class_count
        Number of classes, those without a training row included.
    ridge
        The penalty's strength, above 0.

    Raises
    ------
    DataError
        If there is no row or a feature is not finite.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = fit_softmax(x, np.array([0, 0, 1, 1]), 2, ridge=0.1)
    >>> model.probabilities(np.array([[3.0]]))[0, 1] > 0.9
    np.True_
    """
    if len(labels) == 0:
        raise DataError("a baseline needs training cases: got none")
    if not np.isfinite(features).all():
        raise DataError("a baseline's features must be finite")
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    standard = (features - means) / scales
    targets = np.eye(class_count)[labels]
    shape = (features.shape[1] + 1, class_count)
    found = minimize(
        _loss_and_gradient,
        np.zeros(shape).ravel(),
        args=(np.column_stack([standard, np.ones(len(labels))]), targets, ridge),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500},
    )
    weights = found.x.reshape(shape)
    return SoftmaxRegression(weights[:-1], weights[-1], means, scales, ridge)


def _loss_and_gradient(
    flat: Floats, design: Floats, targets: Floats, ridge: float
) -> tuple[float, Floats]:
    weights = flat.reshape(design.shape[1], targets.shape[1])
    log_probabilities = log_softmax(design @ weights, axis=1)
    penalised = weights.copy()
    penalised[-1] = 0.0
    loss = -(targets * log_probabilities).sum() + ridge / 2 * (penalised**2).sum()
    gradient = design.T @ (np.exp(log_probabilities) - targets) + ridge * penalised
    return float(loss), gradient.ravel()


def header_baseline(
    cases: pd.DataFrame, splits: pd.DataFrame, label_set: LabelSet, settings: BaselineSettings
) -> pd.DataFrame:
    """Predict every held-out case from its header fields alone.

    Categories the training cases do not have become "none of them"; a missing number becomes the
    training median and a flag.

    Returns
    -------
    A table of predictions (``box_source`` is manual), with a row for each case that is not in
    training.
    """
    table = _with_subset(cases, splits)
    features = _header_features(table, settings)
    return _fitted_predictions(table, features, label_set, settings)


def thumbnail_baseline(
    thumbnails: Mapping[str, NDArray[np.floating[Any]]],
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    label_set: LabelSet,
    settings: BaselineSettings,
) -> pd.DataFrame:
    """Predict every held-out case from a thumbnail of its crop.

    Parameters
    ----------
    thumbnails
        Case id to grey values of shape (16, 16), any unit; left hips mirrored as for the model.
        Each is brought to mean 0 and standard deviation 1, so exposure tells nothing.

    Returns
    -------
    A table of predictions as :func:`header_baseline` gives; cases without a thumbnail are
    left out.
    """
    table = _with_subset(cases, splits)
    table = table[table["case_id"].isin(list(thumbnails))].reset_index(drop=True)
    rows = [_normalised(np.asarray(thumbnails[case_id], float)) for case_id in table["case_id"]]
    features = np.array(rows).reshape(len(rows), THUMBNAIL_SIDE_PX**2)
    return _fitted_predictions(table, features, label_set, settings)


def _normalised(thumbnail: Floats) -> Floats:
    if thumbnail.shape != (THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX):
        raise DataError(f"a thumbnail has shape {thumbnail.shape}, wanted (16, 16)")
    spread = float(thumbnail.std())
    return np.asarray((thumbnail - thumbnail.mean()) / (spread if spread > 0 else 1.0)).ravel()


def _with_subset(cases: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Give a row for every case and fold, with the subset the case is in."""
    where = SPLITS.checked(splits)[["patient_id", "fold", "subset"]]
    return CASES.checked(cases).merge(where, on="patient_id")


def _header_features(table: pd.DataFrame, settings: BaselineSettings) -> Floats:
    is_training = table["subset"] == "training"
    columns: list[Floats] = []
    for name in settings.number_columns:
        values = table[name].to_numpy(float, na_value=np.nan)
        missing = np.isnan(values)
        known = values[~missing & is_training.to_numpy(bool)]
        middle = float(np.median(known)) if len(known) else 0.0
        columns += [np.where(missing, middle, values), missing.astype(float)]
    for name in settings.category_columns:
        known_names = sorted(table.loc[is_training, name].dropna().unique())
        columns += [(table[name] == one).fillna(False).to_numpy(float) for one in known_names]
    return np.column_stack(columns)


def _fitted_predictions(
    table: pd.DataFrame, features: Floats, label_set: LabelSet, settings: BaselineSettings
) -> pd.DataFrame:
    """Fit fold by fold; external patients, who are in every fold, are predicted by the first."""
    parts = []
    folds = sorted(int(fold) for fold in table["fold"].unique())
    for fold in folds:
        chosen = (table["fold"] == fold).to_numpy(bool)
        part = _fitted_fold(
            table[chosen].reset_index(drop=True), features[chosen], label_set, settings
        )
        parts.append(part if fold == folds[0] else part[part["subset"] != "external_test"])
    return pd.concat(parts, ignore_index=True)


def _fitted_fold(
    table: pd.DataFrame, features: Floats, label_set: LabelSet, settings: BaselineSettings
) -> pd.DataFrame:
    labels = np.array([label_set.index(label) for label in table["label"]], np.int64)
    training = (table["subset"] == "training").to_numpy(bool)
    tuning = (table["subset"] == "tuning").to_numpy(bool)
    models = [
        fit_softmax(features[training], labels[training], len(label_set), ridge)
        for ridge in settings.ridges
    ]
    losses = [_log_loss(model.probabilities(features[tuning]), labels[tuning]) for model in models]
    best = models[int(np.argmin(losses))]
    held_out = table[~training].reset_index(drop=True)
    return _as_predictions(held_out, best.probabilities(features[~training]), label_set)


def _log_loss(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    if len(labels) == 0:  # no tuning cases: the first strength is taken
        return 0.0
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def _as_predictions(
    table: pd.DataFrame, probabilities: Floats, label_set: LabelSet
) -> pd.DataFrame:
    names = ["case_id", "patient_id", "sop_instance_uid", "laterality", "subset", "fold", "label"]
    frame = table[[*names, *BOX_COLUMNS]].copy()
    frame = frame.assign(box_source="manual", detection_score=np.nan, iou=1.0)
    best = probabilities.argmax(axis=1)
    frame["predicted_label"] = [label_set.classes[i] for i in best]
    frame["probability_fracture"] = probabilities[:, list(label_set.positive_indices)].sum(axis=1)
    for index, name in enumerate(label_set.classes):
        frame[f"probability_{name}"] = probabilities[:, index]
    return PREDICTIONS.checked(frame)
