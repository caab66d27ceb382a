"""Trainings of survival networks by name: ``paper``, ``modern`` and ``demo``.

``paper`` is Kim et al. 2024 (doi 10.1148/radiol.230614) as far as it is told: a DenseNet for each
view, and curves that are straight between 13 equidistant points over ten years. Depth, size of the
picture, initial weights, loss and optimiser are not told; those here are ours. ``modern`` is what
we would use today on one GPU. ``demo`` learns from some hundreds of patients on two cores in less
than half a minute a network.
"""

from osteon.errors import SettingsError
from osteon.models.spec import SurvivalSpec
from osteon.training.projection_augmentation import ProjectionAugmentation
from osteon.training.settings import SurvivalFit, SurvivalTraining

__all__ = ["SURVIVAL_PRESETS", "survival_preset"]


def survival_preset(name: str, view: str = "frontal") -> SurvivalTraining:
    """Give the training of one view by name.

    Raises
    ------
    SettingsError
        If the name is not one of :data:`SURVIVAL_PRESETS`, or the view none that is projected.

    Examples
    --------
    >>> survival_preset("paper", "axial").model.cut_points
    13
    """
    if name not in SURVIVAL_PRESETS:
        raise SettingsError(f"preset is {name!r}, wanted one of {', '.join(SURVIVAL_PRESETS)}")
    return SURVIVAL_PRESETS[name].changed({"model": {"view": view}})


_PAPER = SurvivalTraining(
    model=SurvivalSpec(encoder="densenet121", image_size_px=224, causes=1),
    fit=SurvivalFit(
        optimiser="adam",
        learning_rate=1e-4,
        batch_size=16,
        epochs=100,
        patience=15,
    ),
)

_MODERN = SurvivalTraining(
    model=SurvivalSpec(
        encoder="densenet121", image_size_px=320, time_effects="proportional", dropout=0.2
    ),
    fit=SurvivalFit(
        optimiser="adamw",
        learning_rate=3e-4,
        weight_decay=0.05,
        batch_size=32,
        warmup_steps=100,
        epochs=80,
        patience=20,
        precision="auto",
        clip_norm=1.0,
        average_decay=0.999,
        workers=4,
        augmentation=ProjectionAugmentation(rotation_degrees=6.0, noise=0.01),
    ),
)

_DEMO = SurvivalTraining(
    model=SurvivalSpec(
        encoder="densenet16_g8",
        image_size_px=96,
        input="local_contrast",
        time_effects="proportional",
        dropout=0.1,
    ),
    fit=SurvivalFit(
        optimiser="adamw",
        learning_rate=4e-3,
        weight_decay=0.05,
        batch_size=16,
        warmup_steps=20,
        epochs=20,
        precision="auto",
        clip_norm=5.0,
        average_decay=0.97,
    ),
)

#: By name.
SURVIVAL_PRESETS = {"paper": _PAPER, "modern": _MODERN, "demo": _DEMO}
