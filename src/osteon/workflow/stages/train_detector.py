"""Train the detector, fold by fold."""

from osteon.training.detection import train_detector
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.training import train_folds

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    training = radiograph_settings(context).detector
    return train_folds(context, "detector", train_detector, training.model, training.fit)


STAGE = Stage("train_detector", "training the detector", _run)
