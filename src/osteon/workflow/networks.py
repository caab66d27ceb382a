"""A run's trained networks, fold by fold."""

from osteon.core.files import read_json
from osteon.core.settings import load_settings
from osteon.errors import StudyError
from osteon.models.card_classifier import Preprocessing
from osteon.models.checkpoint import load_checkpoint
from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.prediction.networks import Networks, networks_from_models
from osteon.prediction.run_folder import PREPROCESSING_NAME
from osteon.workflow.context import Context
from osteon.workflow.training import fold_folder

__all__ = ["fold_networks"]


def fold_networks(context: Context, fold: int) -> Networks:
    """Load a fold's detector and classifier.

    Raises
    ------
    StudyError
        If a folder holds a network of another kind.
    """
    detector, _ = load_checkpoint(fold_folder(context, fold, "detector"))
    classifier, _ = load_checkpoint(fold_folder(context, fold, "classifier"))
    if not isinstance(detector, HipDetector) or not isinstance(classifier, Classifier):
        raise StudyError(
            f"run {context.run_id}, fold {fold}: the folders hold other networks",
            remedy=f"delete {context.run_folder} and run again",
        )
    written = read_json(context.run_folder / PREPROCESSING_NAME)
    preprocessing = load_settings(Preprocessing, written)
    return networks_from_models([classifier], detector, context.recipe.labels, preprocessing)
