"""Train the gate on the study's films of every view against drawn films of anything else."""

from osteon.cohort.cases import build_cases
from osteon.cohort.eligibility import Eligibility
from osteon.training.gate import train_gate
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.training import finished_at, folds_of

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, training = context.study, radiograph_settings(context).gate
    everything, _ = build_cases(study.read("instances"), study.read("labels"), Eligibility())
    splits, fold = study.read("splits"), folds_of(context)[0]
    cache = pixel_cache(context)
    unreadable = {item.key for item in cache.prepare(everything, workers=study.settings.workers)}
    films = everything[~everything["sop_instance_uid"].isin(unreadable)]
    folder = context.run_folder / "gate"
    before = finished_at(folder)
    result = train_gate(
        films, splits, cache, training.model, training.fit, folder, study.settings.seed,
        fold,
    )  # fmt: skip
    return Outcome({"steps": result.steps}, ran=finished_at(folder) != before)


STAGE = Stage("train_gate", "training the gate", _run)
