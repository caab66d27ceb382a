"""Settings of the recipes that find something on a radiograph and classify it."""

from pydantic import Field

from osteon.errors import UsageError
from osteon.prediction.settings import PackageSettings, PredictSettings
from osteon.reports.evaluation import EvaluationSettings
from osteon.training.gate_settings import GateTraining, gate_preset
from osteon.training.settings import ClassifierTraining, DetectorTraining
from osteon.workflow.context import Context
from osteon.workflow.study import StudySettings

__all__ = ["RadiographStudySettings", "radiograph_settings"]


class RadiographStudySettings(StudySettings):
    """Detect, then classify.

    Parameters
    ----------
    film_side_px
        Longer side to which prepared films are reduced, in pixels.
    detector, classifier
        The networks and how they are trained.
    gate
        The gate and its training.
    prediction
        How cases are read.
    package
        Calibration, operating points (chosen on tuning data) and storage of the package.
    evaluation
        Bootstrap replicates, level and bins.
    """

    film_side_px: int = Field(1024, ge=128, le=8192)
    detector: DetectorTraining = DetectorTraining()
    classifier: ClassifierTraining = ClassifierTraining()
    gate: GateTraining = gate_preset()
    prediction: PredictSettings = PredictSettings()
    package: PackageSettings = PackageSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    model_name: str = "hip-fracture"


def radiograph_settings(context: Context) -> RadiographStudySettings:
    """Get the study's settings as those of a radiograph recipe.

    Raises
    ------
    UsageError
        If the recipe is of another kind.
    """
    settings = context.study.settings
    if not isinstance(settings, RadiographStudySettings):
        raise UsageError(
            f"recipe {context.recipe.name} is no study of films",
            remedy="osteon recipes lists what each recipe asks",
        )
    return settings
