"""Read every case with the trained networks and choose the operating points on tuning data."""

import pandas as pd

from osteon.core.files import hash_file, write_json
from osteon.core.schemas import DETECTIONS, PREDICTIONS
from osteon.core.tables import write_table
from osteon.models.checkpoint import WEIGHTS_NAME
from osteon.prediction.calibration import fit_calibrator, with_probabilities
from osteon.prediction.predict import predict_cases
from osteon.prediction.run_folder import (
    DETECTIONS_NAME,
    PREDICTIONS_NAME,
    current_preprocessing,
    save_preprocessing,
)
from osteon.prediction.thresholds import choose_operating_points
from osteon.prediction.tuning import TuningSet
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.networks import fold_networks
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.training import fold_folder, folds_of

__all__ = ["STAGE"]


def _inputs(context: Context) -> dict[str, str]:
    weights = {
        f"fold {fold} {part}": hash_file(fold_folder(context, fold, part) / WEIGHTS_NAME)
        for fold in folds_of(context)
        for part in ("detector", "classifier")
    }
    return {**context.table_hashes("cases", "splits"), **weights}


def _run(context: Context) -> Outcome:
    settings, run = radiograph_settings(context), context.run_folder
    preprocessing = current_preprocessing(
        film_side_px=settings.film_side_px,
        classifier_size_px=settings.classifier.model.image_size_px,
        box_growth=settings.classifier.fit.box_growth,
        box_factors=settings.prediction.box_factors,
    )
    save_preprocessing(run, preprocessing)
    cases, splits, cache = (
        context.prepared_cases(),
        context.study.read("splits"),
        pixel_cache(context),
    )
    folds = [
        predict_cases(
            cases, splits, cache, fold_networks(context, fold),
            fold=fold, settings=settings.prediction, keep_in=run / "chunks",
        )
        for fold in folds_of(context)
    ]  # fmt: skip
    raw = pd.concat([fold.predictions for fold in folds], ignore_index=True)
    boxes = pd.concat([fold.detections for fold in folds], ignore_index=True)
    write_table(boxes, DETECTIONS, run / DETECTIONS_NAME)
    labels, package = context.recipe.labels, settings.package
    tuning = TuningSet.from_predictions(raw, labels, box_source=package.box_source)
    calibrator = fit_calibrator(tuning, package.calibration)
    points = choose_operating_points(
        tuning,
        calibrator,
        suspicious_sensitivity=package.suspicious_sensitivity,
        definite_specificity=package.definite_specificity,
    )
    write_json(run / "operating_points.json", [point.resolved() for point in points])
    frame = with_probabilities(raw, calibrator, labels)
    write_table(frame, PREDICTIONS, run / PREDICTIONS_NAME)
    missed = int((frame["box_source"].eq("automatic") & frame["x_min_px"].isna()).sum())
    extra = int(boxes["case_id"].isna().sum())
    return Outcome({"predictions": len(frame), "hips_missed": missed, "extra_boxes": extra})


STAGE = Stage(
    "predict",
    "reading every case",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        outputs=lambda context: [
            context.run_folder / name
            for name in (DETECTIONS_NAME, "operating_points.json", PREDICTIONS_NAME)
        ],
        inputs=_inputs,
        settings=lambda context: {
            "prediction": radiograph_settings(context).prediction.resolved(),
            "package": radiograph_settings(context).package.resolved(),
        },
    ),
)
