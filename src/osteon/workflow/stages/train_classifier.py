"""Train the classifier, fold by fold."""

from osteon.training.classification import train_classifier
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.training import train_folds

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    training = radiograph_settings(context).classifier
    return train_folds(context, "classifier", train_classifier, training.model, training.fit)


STAGE = Stage("train_classifier", "training the classifier", _run)
