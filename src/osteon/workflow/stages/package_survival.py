"""Put the run's survival networks and their reference cohort into a model package."""

import shutil

from osteon.core.files import hash_file
from osteon.prediction.run_folder import METRICS_NAME
from osteon.prediction.survival_run_folder import CURVES_NAME
from osteon.workflow.context import Context
from osteon.workflow.packages import pack_survival, package_folder, packing
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    folder = package_folder(context)
    shutil.rmtree(folder, ignore_errors=True)
    card = pack_survival(packing(context), folder, survival_settings(context).package)
    return Outcome({"parts": len(card.parts), "reference_patients": card.reference.n_patients})


def _inputs(context: Context) -> dict[str, str]:
    run = context.run_folder
    return {name: hash_file(run / name) for name in (CURVES_NAME, METRICS_NAME)}


STAGE = Stage(
    "package_survival",
    "building the model package",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        inputs=_inputs,
        settings=lambda context: {
            **survival_settings(context).package.resolved(),
            "destination": package_folder(context).name,
        },
    ),
)
