"""Make synthetic patients in the study folder, where its settings ask for them."""

from osteon.phantom.refracture import make_refracture
from osteon.workflow.context import Context
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.survival import survival_settings

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    settings = survival_settings(context)
    if settings.synthetic is None:
        return Outcome({}, ran=False)
    folder = context.study.folder / "synthetic"
    made = make_refracture(settings.synthetic, folder, settings.seed, settings.workers)
    return Outcome(dict(made.counts), ran=not made.is_up_to_date)


STAGE = Stage("synthesise", "making synthetic patients", _run)
