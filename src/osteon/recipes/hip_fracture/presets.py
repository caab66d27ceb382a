"""Settings by name: as in the paper, as one would today, and small enough to watch."""

from osteon.prediction.settings import PredictSettings
from osteon.training.gate_settings import gate_preset
from osteon.training.presets import classifier_preset, detector_preset
from osteon.workflow.radiograph import RadiographStudySettings

__all__ = ["DEMO", "KEPT", "MODERN", "PAPER"]

PAPER = RadiographStudySettings(
    recipe="hip_fracture",
    preset="paper",
    detector=detector_preset("paper"),
    classifier=classifier_preset("paper"),
)
MODERN = RadiographStudySettings(
    recipe="hip_fracture",
    preset="modern",
    film_side_px=2048,
    detector=detector_preset("modern"),
    classifier=classifier_preset("modern"),
)
DEMO = RadiographStudySettings(
    recipe="hip_fracture",
    preset="demo",
    film_side_px=640,
    detector=detector_preset("demo"),
    classifier=classifier_preset("demo"),
    prediction=PredictSettings(box_factors=(0.9, 1.0, 1.1)),
    gate=gate_preset().changed({"fit": {"epochs": 21, "evaluate_every": 7}}),
    model_name="hip-fracture-demo",
)
KEPT = RadiographStudySettings(
    recipe="hip_fracture",
    preset="kept",
    film_side_px=640,
    detector=detector_preset("kept"),
    classifier=classifier_preset("kept"),
    gate=gate_preset().changed({"fit": {"others_per_film": 2.0, "others_drawn": "each_epoch"}}),
    model_name="hip-fracture-synthetic",
)
