"""Try a detector on real pictures it was never trained on, beside the mean training box."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from osteon.core.files import hash_file
from osteon.core.geometry import Box, Laterality
from osteon.core.progress import say
from osteon.core.schemas import BOX_COLUMNS
from osteon.errors import DataError, StudyError
from osteon.models.checkpoint import load_checkpoint
from osteon.models.detector import HipDetection, HipDetector
from osteon.pixels.resample import fit_within, spacing_after
from osteon.prediction.locate import locate
from osteon.prediction.runtime import runner
from osteon.training.detection import train_detector
from osteon.training.subsets import training_cases
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.real_hips import COPIES, RealPicture, real_pictures
from osteon.workflow.training import fold_folder

__all__ = [
    "MeanBoxes",
    "Trial",
    "mean_boxes",
    "refuse_known_films",
    "trial_lines",
    "try_detector",
    "try_seeds",
]

MeanBoxes = dict[Laterality, Box]
"""Mean box of each side, in shares of a film's width and height."""

_FOUND_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Trial:
    """One picture in one form.

    Parameters
    ----------
    picture, copy
        What was looked at.
    iou
        Smallest IoU over the picture's hips with the box of their side; 0 where there is none.
    is_side_right
        Whether the best box names a side that is in the picture.
    mean_box_iou
        The same as ``iou`` for the mean training box.
    """

    picture: str
    copy: str
    iou: float
    is_side_right: bool
    mean_box_iou: float

    @property
    def is_found(self) -> bool:
        """Every hip with an IoU of at least 0.5, and the best box on the right side."""
        return self.iou >= _FOUND_IOU and self.is_side_right


def mean_boxes(cases: pd.DataFrame, instances: pd.DataFrame) -> MeanBoxes:
    """Average the training boxes of each side, in shares of their films' width and height."""
    sizes = instances[["sop_instance_uid", "columns", "rows"]]
    joined = cases.merge(sizes, on="sop_instance_uid", validate="many_to_one")
    result = {}
    for side, group in joined.groupby("laterality"):
        corners = group[list(BOX_COLUMNS)].astype(float).to_numpy()
        whole = group[["columns", "rows", "columns", "rows"]].astype(float).to_numpy()
        result[Laterality(str(side))] = Box(*(corners / whole).mean(axis=0).tolist())
    return result


def refuse_known_films(pictures: Iterable[RealPicture], training_hashes: set[str]) -> None:
    """Refuse to try a detector on a file it was trained on.

    Raises
    ------
    DataError
        With the first such file.
    """
    for picture in pictures:
        if hash_file(picture.path) in training_hashes:
            raise DataError(
                f"{picture.name} ({picture.path}) was in training", remedy="try other pictures"
            )


def try_detector(
    model: HipDetector, pictures: Sequence[RealPicture], film_side_px: int, mean: MeanBoxes
) -> list[Trial]:
    """Look for the hips on every picture in every form of :data:`COPIES`."""
    run = runner("torch", model)
    trials = []
    for picture in pictures:
        for copy, change in COPIES.items():
            changed = change(picture)
            small, factor = fit_within(changed.grey, film_side_px)
            spacing = spacing_after(changed.pixel_spacing_mm, factor)
            (found,) = locate(
                [small], run, model.spec, pixel_spacings_mm=[spacing], search="windows"
            )
            trials.append(_trial(changed, copy, found.hips, factor, mean))
    return trials


def _trial(
    picture: RealPicture,
    copy: str,
    found: Sequence[HipDetection],
    factor: float,
    mean: MeanBoxes,
) -> Trial:
    boxes = {item.laterality: item.box.scaled(1 / factor) for item in found}
    rows, columns = picture.grey.shape
    usual = {side: box.scaled(columns, rows) for side, box in mean.items()}
    best = max(found, key=lambda item: item.score, default=None)
    return Trial(
        picture.name,
        copy,
        _smallest_iou(picture, boxes),
        best is not None and best.laterality in picture.hips,
        _smallest_iou(picture, usual),
    )


def _smallest_iou(picture: RealPicture, boxes: dict[Laterality, Box]) -> float:
    return min(box.iou(boxes[side]) if side in boxes else 0.0 for side, box in picture.hips.items())


def try_seeds(context: Context, seeds: Iterable[int], folder: Path) -> dict[int, list[Trial]]:
    """Train the study's detector with several seeds and try each on the real pictures.

    Parameters
    ----------
    context
        A study whose films are prepared.
    seeds
        Seeds of the trainings; that with the study's own seed is the study's own.
    folder
        Gets one folder for each other training; finished ones are kept.

    Raises
    ------
    DataError
        If there are no real pictures, or one of them was in training.
    """
    pictures = real_pictures()
    cases, splits = context.prepared_cases(), context.study.read("splits")
    training, tuning = training_cases(cases, splits, 0)
    refuse_known_films(pictures, {*training["content_hash"], *tuning["content_hash"]})
    settings = radiograph_settings(context)
    mean = mean_boxes(training, context.study.read("instances"))
    cache, detector = pixel_cache(context), settings.detector
    trials = {}
    for seed in seeds:
        own = seed == context.study.settings.seed
        place = fold_folder(context, 0, "detector") if own else folder / f"seed-{seed}"
        train_detector(cases, splits, cache, detector.model, detector.fit, place, seed)
        model, _ = load_checkpoint(place)
        if not isinstance(model, HipDetector):
            raise StudyError(f"{place} holds another network", remedy=f"delete {place}")
        trials[seed] = try_detector(model, pictures, settings.film_side_px, mean)
        good = sum(trial.is_found for trial in trials[seed])
        say(f"seed {seed}: {good} of {len(trials[seed])} pictures and copies found")
    return trials


def trial_lines(trials: dict[int, list[Trial]]) -> list[str]:
    """Tell the trials of several training seeds as a Markdown table.

    One row for each picture: IoU as it is by seed, in how many seeds it was found, how many of
    all copies were, and the mean box's IoU.
    """
    seeds = list(trials)
    names = list(dict.fromkeys(trial.picture for trial in trials[seeds[0]]))
    head = ["picture", *(f"seed {seed}" for seed in seeds), "found", "copies found", "mean box"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        own = {seed: [t for t in trials[seed] if t.picture == name] for seed in seeds}
        plain = [own[seed][0] for seed in seeds]
        copies = [t.is_found for seed in seeds for t in own[seed][1:]]
        cells = [
            name,
            *(f"{t.iou:.2f}" + ("" if t.is_side_right else " wrong side") for t in plain),
            f"{sum(t.is_found for t in plain)} of {len(plain)}",
            f"{sum(copies)} of {len(copies)}",
            f"{np.mean([t.mean_box_iou for t in plain]):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
