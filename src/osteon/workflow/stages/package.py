"""Put the run's networks, thresholds and calibration into a model package."""

import shutil

from osteon.core.files import hash_file
from osteon.prediction.assemble import About, assemble
from osteon.prediction.run_folder import (
    METRICS_NAME,
    PREDICTIONS_NAME,
    metrics_of_run,
    parts_of_run,
    tables_of_run,
)
from osteon.workflow.context import Context
from osteon.workflow.packages import package_folder
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    settings, run = radiograph_settings(context), context.run_folder
    tables = tables_of_run(run, context.study.folder)
    patients = int(tables.cases["patient_id"].nunique())
    who = "synthetic patients (phantoms)" if context.is_synthetic() else "patients"
    about = About(
        name=settings.model_name,
        version=settings.model_version,
        synthetic=context.is_synthetic(),
        recipe=context.recipe.name,
        summary=f"A study of {patients} {who}, of which those below were seen.",
    )
    folder = package_folder(context)
    shutil.rmtree(folder, ignore_errors=True)
    card = assemble(
        folder, parts_of_run(run, context.recipe.labels), tables, about,
        metrics=metrics_of_run(run), settings=settings.package,
    )  # fmt: skip
    return Outcome({"parts": len(card.parts), "operating_points": len(card.operating_points)})


def _inputs(context: Context) -> dict[str, str]:
    run = context.run_folder
    return {name: hash_file(run / name) for name in (PREDICTIONS_NAME, METRICS_NAME)}


STAGE = Stage(
    "package",
    "building the model package",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        inputs=_inputs,
        settings=lambda context: {
            **radiograph_settings(context).package.resolved(),
            "destination": package_folder(context).name,
        },
    ),
)
