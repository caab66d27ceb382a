"""Put the run's survival networks and their reference cohort into a model package."""

from osteon.prediction.run_folder import METRICS_NAME
from osteon.prediction.survival_run_folder import CURVES_NAME
from osteon.workflow.package_stage import package_stage
from osteon.workflow.packages import pack_survival
from osteon.workflow.survival import survival_settings

__all__ = ["STAGE"]

STAGE = package_stage(
    "package_survival",
    pack_survival,
    lambda context: survival_settings(context).package,
    (CURVES_NAME, METRICS_NAME),
    lambda card: {"reference_patients": card.reference.n_patients},
)
