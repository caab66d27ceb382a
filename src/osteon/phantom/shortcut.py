"""Does a film give a hip's class away where the hip is not? A classifier that must fail.

Every film is masked from 42 mm above each femoral head downwards and from 42 mm on its inner side
outwards: the same region whatever the class, so the mask itself tells nothing; the hip, the shaft
and all hardware lie in it. A ridge logistic regression then sees a thumbnail and the grey-level
histogram of the rest. If its AUC's interval (patients as clusters) leaves 0.5 below, something
outside the hips knows the class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from osteon.core.files import read_json
from osteon.core.labels import HIP_CLASSES
from osteon.core.parallel import map_parallel
from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.dicom.open import open_instance
from osteon.errors import DataError
from osteon.pixels.render import render
from osteon.statistics import auroc

__all__ = ["MASK_MM", "ShortcutCheck", "check_shortcuts", "cross_validated_scores", "hide_hips"]

MASK_MM = 42.0
_MAGNIFICATION = 1.17
_THUMBNAIL = 24
_BINS = 24
_RIDGE = 30.0
_REPEATS = 5  # of the cross-validation: the luck of one division into folds averages out
_FRONTAL = ("ap_pelvis", "ap_hip", "frog_leg")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShortcutCheck:
    """AUC with interval of every question, on frontal films without their hips."""

    films: int
    hips: int
    patients: int
    areas: dict[str, Estimate]

    @property
    def passed(self) -> bool:
        """Whether the interval of the main question, fracture or not, reaches down to 0.5."""
        area = self.areas["fracture"]
        return area.is_defined and area.low <= 0.5


@dataclass(frozen=True, slots=True)
class _Work:
    folder: Path
    film: dict[str, Any]


def hide_hips(
    grey: NDArray[np.float32], heads_px: dict[str, Sequence[float]], pixel_mm: float
) -> NDArray[np.float32]:
    """Blank a frontal film's hips: the same region around each head, whatever its class.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1].
    heads_px
        ``L`` and ``R`` to the head's centre (x, y), on the film or beside it.
    pixel_mm
        Pixel size at the detector.
    """
    hidden = grey.copy()
    reach = MASK_MM * _MAGNIFICATION / pixel_mm
    rows, columns = grey.shape
    for side, (x, y) in heads_px.items():
        top = int(np.clip(y - reach, 0, rows))
        if side == "R":
            hidden[top:, : int(np.clip(x + reach, 0, columns))] = 0.0
        else:
            hidden[top:, int(np.clip(x - reach, 0, columns)) :] = 0.0
    return hidden


def _features(work: _Work) -> dict[str, Floats]:
    """Features of a film for each labelled hip; left hips see the film mirrored."""
    dataset = open_instance(work.folder / work.film["path"])
    radiograph = render(dataset)
    pixel_mm = float(dataset.ImagerPixelSpacing[0])
    hidden = hide_hips(radiograph.grey, work.film["heads_px"], pixel_mm)
    histogram, _ = np.histogram(hidden[hidden > 0], bins=_BINS, range=(0.0, 1.0), density=True)
    small = _shrink(hidden)
    return {
        hip["laterality"]: np.concatenate(
            [(small[:, ::-1] if hip["laterality"] == "L" else small).ravel(), histogram]
        )
        for hip in work.film["hips"]
    }


def _shrink(grey: NDArray[np.float32]) -> Floats:
    rows = np.array_split(np.arange(grey.shape[0]), _THUMBNAIL)
    columns = np.array_split(np.arange(grey.shape[1]), _THUMBNAIL)
    tall = np.stack([grey[index].mean(axis=0) for index in rows])
    return np.stack([tall[:, index].mean(axis=1) for index in columns], axis=1).astype(np.float64)


def cross_validated_scores(
    features: Floats, truth: NDArray[np.bool_], patients: NDArray[Any], rng: np.random.Generator,
    folds: int = 5, ridge: float = _RIDGE,
) -> Floats:  # fmt: skip
    """Score every row by a ridge logistic regression that has not seen its patient.

    Scores are ranks within the fold, in (0, 1), so that folds can be pooled.
    """
    names, codes = np.unique(patients, return_inverse=True)
    positive = np.bincount(codes, weights=truth) > 0
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(positive)), rng.permutation(np.flatnonzero(~positive))]
    )
    fold_of = np.empty(len(names), dtype=np.int64)
    fold_of[order] = np.arange(len(names)) % folds
    fold = fold_of[codes]
    scores = np.full(len(truth), 0.5)
    for number in range(folds):
        test = fold == number
        if not test.any() or truth[~test].all() or not truth[~test].any():
            continue
        raw = _fit_and_score(features[~test], truth[~test], features[test], ridge)
        scores[test] = rankdata(raw) / (test.sum() + 1)
    return scores


def _fit_and_score(
    features: Floats, truth: NDArray[np.bool_], unseen: Floats, ridge: float
) -> Floats:
    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    design = np.column_stack([(features - middle) / spread, np.ones(len(truth))])
    target = truth.astype(np.float64)
    penalty = np.append(np.full(features.shape[1], ridge), 0.0)

    def loss(beta: Floats) -> tuple[float, Floats]:
        linear = design @ beta
        value = np.logaddexp(0.0, linear).sum() - target @ linear + 0.5 * penalty @ beta**2
        return float(value), design.T @ (expit(linear) - target) + penalty * beta

    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(np.column_stack([(unseen - middle) / spread, np.ones(len(unseen))]) @ found.x)


@dataclass(frozen=True, slots=True, eq=False)
class _Cohort:
    """Features, class and patient of every hip on the frontal films of a folder."""

    films: int
    features: Floats
    label: NDArray[Any]
    patient: NDArray[Any]

    def truths(self) -> dict[str, NDArray[np.bool_]]:
        """Answers to the questions: fracture or not, then each class or not."""
        found = {"fracture": np.isin(self.label, sorted(HIP_CLASSES.positive))}
        return found | {name: self.label == name for name in HIP_CLASSES.classes}


def _cohort(folder: Path, workers: int | None) -> _Cohort:
    records = [read_json(path) for path in sorted((folder / "patients").glob("*.json"))]
    works, owners = [], []
    for record in records:
        for film in record["films"]:
            if film["view"] in _FRONTAL:
                works.append(_Work(folder, film))
                owners.append(record["patient_id"])
    if not works:
        raise DataError(
            f"{folder} holds no frontal synthetic film", remedy="make some: osteon phantom hips"
        )
    rows, labels, patients = [], [], []
    for work, owner, found in zip(
        works, owners, map_parallel(_features, works, workers=workers), strict=True
    ):
        for hip in work.film["hips"]:
            rows.append(found[hip["laterality"]])
            labels.append(hip["label"])
            patients.append(owner)
    return _Cohort(len(works), np.stack(rows), np.array(labels), np.array(patients))


def check_shortcuts(
    folder: Path, trained_on: Path | None = None, *, seed: int = 0, workers: int | None = 1
) -> ShortcutCheck:
    """Check a folder made by :func:`osteon.phantom.hips.make_hips`.

    Parameters
    ----------
    folder
        The synthetic study.
    trained_on
        Another one to learn from, made with another seed; without it the folder's patients are
        divided into five folds, five times, and the scores averaged.
    seed
        Draws the folds.
    workers
        Processes that read the films.

    Raises
    ------
    DataError
        If a folder holds no frontal film.
    """
    cohort = _cohort(folder, workers)
    other = None if trained_on is None else _cohort(trained_on, workers)
    areas = {}
    for name, truth in cohort.truths().items():
        rng = generator(seed, "shortcut", name)
        if other is None:
            arguments = (cohort.features, truth, cohort.patient, rng)
            draws = [cross_validated_scores(*arguments) for _ in range(_REPEATS)]
            scores = np.asarray(np.mean(draws, axis=0))
        else:
            learnt = other.truths()[name]
            scores = _fit_and_score(other.features, learnt, cohort.features, _RIDGE)
        areas[name] = auroc(truth, scores, cluster=cohort.patient)
    return ShortcutCheck(cohort.films, len(cohort.label), len(set(cohort.patient)), areas)
