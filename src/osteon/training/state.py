"""Everything a training needs to go on as if it had never stopped, in one file.

Model, optimiser, average and best weights are safetensors; counters and the history are the JSON
record in the same file, so that there is no moment at which they disagree. The order of the images,
their augmentation, dropout and the learning rate are functions of (seed, epoch, step) and need no
state of their own.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from osteon.errors import PackageError
from osteon.models.checkpoint import read_tensors, write_tensors

__all__ = ["Progress", "TrainingState"]


@dataclass(slots=True)
class Progress:
    """Where a training stands.

    ``epoch`` and ``batch`` say which batch comes next, ``step`` how many were taken;
    ``loss_sum`` and ``seen`` belong to the running epoch; ``history`` has one row per epoch.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seen: int = 0
    best: float | None = None
    best_epoch: int = -1
    without_gain: int = 0
    stopped: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


class TrainingState:
    """Tensors and counters of a training.

    Parameters
    ----------
    model
        The network itself, not wrapped.
    optimiser
        Over the model's parameters.
    average
        Network that holds the moving average of the weights, when one is kept.
    """

    def __init__(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, average: nn.Module | None
    ) -> None:
        self.model = model
        self.optimiser = optimiser
        self.average = average
        self.best: dict[str, Tensor] = {}
        self.progress = Progress()

    @property
    def judged(self) -> nn.Module:
        """The network that is evaluated and kept: the average where there is one."""
        return self.model if self.average is None else self.average

    def keep_best(self) -> None:
        """Remember the judged network's weights."""
        state = self.judged.state_dict()
        self.best = {name: t.detach().cpu().clone() for name, t in state.items()}

    def write(self, path: Path, key: str) -> None:
        """Write all of it; ``key`` names the inputs and settings it belongs to."""
        tensors = {**_prefixed("model", self.model.state_dict()), **_prefixed("best", self.best)}
        if self.average is not None:
            tensors |= _prefixed("average", self.average.state_dict())
        content = self.optimiser.state_dict()
        for index, values in content["state"].items():
            tensors |= _prefixed(f"optimiser/{index}", values)
        record = {
            "key": key,
            "progress": asdict(self.progress),
            "groups": [
                {name: value for name, value in group.items() if name != "params"}
                for group in content["param_groups"]
            ],
        }
        write_tensors(path, tensors, record)

    def read(self, path: Path, key: str) -> bool:
        """Take up what was written for the same key; ``False`` when there is nothing usable."""
        try:
            tensors, record = read_tensors(path)
        except PackageError:
            return False
        if record is None or record.get("key") != key:
            return False
        self.model.load_state_dict(_part(tensors, "model"))
        self.best = _part(tensors, "best")
        if self.average is not None:
            self.average.load_state_dict(_part(tensors, "average"))
        content = self.optimiser.state_dict()
        for group, saved in zip(content["param_groups"], record["groups"], strict=True):
            group.update(saved)
        count = sum(len(group["params"]) for group in content["param_groups"])
        states = {index: _part(tensors, f"optimiser/{index}") for index in range(count)}
        content["state"] = {index: state for index, state in states.items() if state}
        self.optimiser.load_state_dict(content)
        self.progress = Progress(**record["progress"])
        return True


def _prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)}
