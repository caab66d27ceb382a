"""The survival networks of a run, and what each says of a table of projections."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from osteon.core.files import read_json
from osteon.errors import PackageError, StudyError
from osteon.models.card_survival import SurvivalCard
from osteon.models.checkpoint import SPEC_NAME, load_checkpoint
from osteon.models.clinical_inputs import clinical_values, join_clinical
from osteon.models.hazards import (
    cumulative_incidence,
    event_free,
    interpolation_of,
    interval_hazards,
)
from osteon.models.package import ModelPackage
from osteon.models.spec import SurvivalSpec
from osteon.models.survival import SurvivalNetwork
from osteon.prediction.networks import built_part

__all__ = ["SurvivalMember", "members_of_package", "members_of_run", "outputs_of_member"]

_MANIFEST = "manifest.json"
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalMember:
    """One trained network of an ensemble: its view is the spec's, its seed the training's."""

    model: SurvivalNetwork
    spec: SurvivalSpec
    seed: int

    def event_free(self, raw: Tensor, times: Tensor) -> Tensor:
        """Event-free probability of the first cause, float64 (n, m), of outputs (n, causes, K)."""
        head, cuts = self.spec.head, self.spec.cuts_days
        hazards = interval_hazards(raw, head)
        return event_free(hazards, cuts, times, interpolation_of(head))[:, 0]

    def incidence(self, raw: Tensor, times: Tensor) -> Tensor:
        """Cumulative incidence of the first cause, float64 (n, m); NaN where death has no head."""
        if self.spec.causes == 1:
            return torch.full((len(raw), len(times)), torch.nan, dtype=torch.float64)
        head, cuts = self.spec.head, self.spec.cuts_days
        hazards = interval_hazards(raw, head)
        return cumulative_incidence(hazards, cuts, times, interpolation_of(head))[:, 0]


def members_of_run(run_folder: Path, *, fold: int = 0) -> tuple[SurvivalMember, ...]:
    """Load the survival networks below a folder that were trained on a fold, by path.

    Raises
    ------
    StudyError
        If there is none, or a training has not come to its end.
    PackageError
        If weights and spec do not fit.
    """
    found = []
    for path in sorted(run_folder.rglob(SPEC_NAME)):
        if _content(path).get("kind") != "survival":
            continue
        manifest = _content(path.parent / _MANIFEST)
        if manifest["settings"]["fold"] == fold:
            model, spec = load_checkpoint(path.parent)
            if isinstance(spec, SurvivalSpec):
                found.append(SurvivalMember(model, spec, int(manifest["seed"])))
    if not found:
        raise StudyError(
            f"no survival network of fold {fold} below {run_folder}",
            remedy="train one for each view first",
        )
    return tuple(found)


def members_of_package(package: ModelPackage[SurvivalCard]) -> tuple[SurvivalMember, ...]:
    """Build the networks of a package, in the order of its parts.

    Raises
    ------
    PackageError
        If weights do not fit.
    """
    found = []
    for name, seed in package.card.seeds.items():
        model = built_part(package, name)
        if not isinstance(model, SurvivalNetwork):
            raise PackageError(f"{package.source}: part {name} is no survival network")
        found.append(SurvivalMember(model, model.spec, seed))
    return tuple(found)


@torch.inference_mode()
def outputs_of_member(
    member: SurvivalMember, pictures: Tensor, rows: pd.DataFrame, clinical: pd.DataFrame | None
) -> Tensor:
    """Run a network on projections in portions.

    Parameters
    ----------
    member
        The network.
    pictures
        float32 (n, 1, s, s) at its size, in the order of the rows.
    rows
        With a column ``patient_id``.
    clinical
        As :func:`osteon.models.clinical_inputs.join_clinical` takes it.

    Returns
    -------
    Tensor
        float32 (n, causes, K), on the CPU.
    """
    device = member.model.baseline.device
    values = clinical_values(join_clinical(rows, clinical, member.spec), member.spec)
    parts = zip(pictures.split(_AT_ONCE), values.split(_AT_ONCE), strict=True)
    outputs = [member.model(images.to(device), own.to(device)).float() for images, own in parts]
    return torch.cat(outputs).cpu()


def _content(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{path} cannot be read: {error}", remedy="let the training come to its end"
        ) from error
    if not isinstance(content, dict):
        raise StudyError(f"{path} is not a JSON object")
    return content
