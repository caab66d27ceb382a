"""Settings of the recipes that predict the time to an event from projections of CT."""

from pydantic import Field

from osteon.cohort.follow_up import FollowUpSettings
from osteon.cohort.volume_choice import VolumeRules
from osteon.core.settings import Settings
from osteon.drr.settings import ProjectionSettings
from osteon.errors import UsageError
from osteon.models.clinical_spec import ClinicalSpec
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.pixels.volume_settings import VolumeSettings
from osteon.prediction.settings import SurvivalPackageSettings, SurvivalSettings
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.training.settings import SurvivalTraining
from osteon.workflow.context import Context
from osteon.workflow.study import StudySettings

__all__ = ["FollowUpFiles", "SurvivalStudySettings", "survival_settings"]


class FollowUpFiles(Settings):
    """Where a study's tables beside the images are; relative paths count from the study folder.

    Parameters
    ----------
    events
        Diagnoses: patient_id, event_date, system, code, where told laterality.
    vital_status
        patient_id, last_contact_date, death_date.
    clinical
        Risk factors, one row for each patient; ``None`` makes no clinical model.
    clinical_schema
        YAML that declares the clinical table; ``None`` where its columns are named as ours.
    truth
        True log hazards of synthetic patients, by which the ceiling is told; read by nothing but
        the evaluation.
    """

    events: str | None = None
    vital_status: str | None = None
    clinical: str | None = None
    clinical_schema: str | None = None
    truth: str | None = None


class SurvivalStudySettings(StudySettings):
    """Project, then predict when.

    Parameters
    ----------
    synthetic
        Makes synthetic patients in the study folder first; ``None`` for a study of real ones.
    tables
        The tables beside the images.
    follow_up
        Index date, definition of the event, end of the study.
    accepted_checks
        Failed checks of the follow-up the study goes on with, each with the reason.
    reading, volumes
        How CT volumes are read, and which stands for a patient.
    projection
        How a volume is projected.
    network
        The network of one view and how it is trained; ``network.model.view`` is set for each view.
    seeds
        Networks of each view, alike but for their seed.
    clinical_model
        How the model of known risk factors is fitted, where the study has them.
    prediction
        Horizons.
    package
        Storage of the package, whom patients are compared with, recalibration.
    analysis
        The analysis plan.
    shown_patients
        Test patients whose pages are made: those of the highest, middle and lowest risk.
    """

    synthetic: RefractureSettings | None = None
    tables: FollowUpFiles = FollowUpFiles()
    follow_up: FollowUpSettings = FollowUpSettings()
    accepted_checks: dict[str, str] = Field(default_factory=dict)
    reading: VolumeSettings = VolumeSettings()
    volumes: VolumeRules = VolumeRules()
    projection: ProjectionSettings = ProjectionSettings()
    network: SurvivalTraining = SurvivalTraining()
    seeds: int = Field(5, ge=1)
    clinical_model: ClinicalSpec = ClinicalSpec()
    prediction: SurvivalSettings = SurvivalSettings()
    analysis: SurvivalAnalysisPlan = SurvivalAnalysisPlan()
    shown_patients: int = Field(3, ge=0)
    package: SurvivalPackageSettings = SurvivalPackageSettings()
    model_name: str = "refracture"


def survival_settings(context: Context) -> SurvivalStudySettings:
    """Get the study's settings as those of a survival recipe.

    Raises
    ------
    UsageError
        If the recipe is of another kind.
    """
    settings = context.study.settings
    if not isinstance(settings, SurvivalStudySettings):
        raise UsageError(
            f"recipe {context.recipe.name} is no study of the time to an event",
            remedy="osteon recipes lists what each recipe asks",
        )
    return settings
