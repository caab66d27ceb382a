"""Settings by name: as in the paper, as one would today, and small enough to watch."""

from osteon.cohort.follow_up import FollowUpSettings
from osteon.cohort.split import SplitSettings
from osteon.cohort.volume_choice import VolumeRules
from osteon.drr.settings import ProjectionSettings
from osteon.phantom.refracture_settings import demo_cohort
from osteon.training.survival_presets import survival_preset
from osteon.workflow.survival import FollowUpFiles, SurvivalStudySettings

__all__ = ["DEMO", "MODERN", "PAPER"]

_STRATIFY = ("label", "institution_name", "patient_sex")
_CLINICAL_DATES = {"t_score": "dxa_date"}

PAPER = SurvivalStudySettings(
    recipe="refracture",
    preset="paper",
    split=SplitSettings(stratify_by=_STRATIFY, positive_classes=("subsequent_fracture",)),
    projection=ProjectionSettings(rows=512, columns=512, pixel_mm=1.0),
    network=survival_preset("paper"),
)
MODERN = SurvivalStudySettings(
    recipe="refracture",
    preset="modern",
    split=SplitSettings(stratify_by=_STRATIFY, positive_classes=("subsequent_fracture",)),
    projection=ProjectionSettings(rows=640, columns=640, pixel_mm=0.8),
    network=survival_preset("modern"),
)
DEMO = SurvivalStudySettings(
    recipe="refracture",
    preset="demo",
    synthetic=demo_cohort(),
    sources=("synthetic/ct",),
    tables=FollowUpFiles(
        events="synthetic/events.csv",
        vital_status="synthetic/vital_status.csv",
        clinical="synthetic/clinical.csv",
        clinical_schema="synthetic/clinical.schema.yaml",
        truth="synthetic/truth/truth.csv",
    ),
    follow_up=FollowUpSettings(dated_covariates=_CLINICAL_DATES),
    accepted_checks={
        "event_after_death": "planted in the synthetic tables, to be found",
        "contact_after_death": "planted in the synthetic tables, to be found",
    },
    volumes=VolumeRules(fewest_slices=10, widest_spacing_mm=10.0),
    split=SplitSettings(
        proportions={"training": 0.5, "tuning": 0.1, "internal_test": 0.4},
        stratify_by=_STRATIFY,
        positive_classes=("subsequent_fracture",),
        external=("institution_name=Outside Hospital (synthetic)",),
    ),
    projection=ProjectionSettings(rows=96, columns=96, pixel_mm=4.5),
    network=survival_preset("demo"),
    seeds=5,
    model_name="refracture-demo",
)
