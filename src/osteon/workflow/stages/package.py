"""Put the run's networks, thresholds and calibration into a model package."""

import shutil

from osteon.core.files import hash_file
from osteon.prediction.run_folder import METRICS_NAME, PREDICTIONS_NAME
from osteon.workflow.context import Context
from osteon.workflow.packages import pack_classifier, package_folder, packing
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    folder = package_folder(context)
    shutil.rmtree(folder, ignore_errors=True)
    card = pack_classifier(packing(context), folder, radiograph_settings(context).package)
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
