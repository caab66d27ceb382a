"""Put the run's networks, thresholds and calibration into a model package."""

from osteon.prediction.run_folder import METRICS_NAME, PREDICTIONS_NAME
from osteon.workflow.package_stage import package_stage
from osteon.workflow.packages import pack_classifier
from osteon.workflow.radiograph import radiograph_settings

__all__ = ["STAGE"]

STAGE = package_stage(
    "package",
    pack_classifier,
    lambda context: radiograph_settings(context).package,
    (PREDICTIONS_NAME, METRICS_NAME),
    lambda card: {"operating_points": len(card.operating_points)},
)
