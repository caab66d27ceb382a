"""How a gate is fitted; plain settings, no torch."""

from typing import Literal

from osteon.core.settings import Settings
from osteon.models.gate_spec import GateSpec
from osteon.training.augmentation import FilmAugmentation
from osteon.training.settings import FitSpec

__all__ = ["GateFit", "GateTraining", "gate_preset"]


class GateFit(FitSpec):
    """Training of a gate; metric ``loss``.

    ``others_per_film`` is how many other films are drawn for each hip film in an epoch;
    ``others_drawn`` whether the same ones serve in every epoch or new ones are drawn, which takes
    about 12 ms for each.
    """

    others_per_film: float = 1.0
    others_drawn: Literal["once", "each_epoch"] = "once"
    augmentation: FilmAugmentation = FilmAugmentation(
        window_scales=(0.6, 1.3),
        mirror=True,
        contrast=True,
        noise=True,
        collimation=True,
        markers=True,
        rotation_degrees=12.0,
    )


class GateTraining(Settings):
    """A gate and how it is fitted."""

    model: GateSpec = GateSpec()
    fit: GateFit = GateFit()


def gate_preset() -> GateTraining:
    """Give the training that two cores finish in a minute or two."""
    return GateTraining(
        fit=GateFit(
            optimiser="adamw",
            learning_rate=3e-3,
            weight_decay=0.02,
            batch_size=16,
            warmup_steps=40,
            epochs=40,
            evaluate_every=8,
            clip_norm=5.0,
            average_decay=0.99,
        )
    )
