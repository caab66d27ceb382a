"""Where a projection raises the risk: Grad-CAM of a survival network, in the projection's grid."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon.core.geometry import Box
from osteon.errors import UsageError
from osteon.models.clinical_inputs import clinical_values, join_clinical
from osteon.models.letterbox import letterbox
from osteon.models.survival import feature_layer
from osteon.prediction.saliency import grad_cam, paste
from osteon.prediction.survival_members import SurvivalMember

__all__ = ["explain_projection", "risk_target"]

_NEARLY_NONE = 1e-12


def risk_target(member: SurvivalMember, horizon_days: float) -> "_RiskTarget":
    """Give the function of a network's output that maps explain.

    It is the log cumulative hazard by the horizon, ``log(-log S)``: a rising function of the risk
    score ``1 - S``, so the maps are those of the risk score, without its flat ends.
    """
    return _RiskTarget(member, horizon_days)


class _RiskTarget:
    def __init__(self, member: SurvivalMember, horizon_days: float) -> None:
        self.member, self.times = member, torch.tensor([horizon_days], dtype=torch.float64)

    def __call__(self, raw: Tensor) -> Tensor:
        free = self.member.event_free(raw.cpu(), self.times)[:, 0]
        return (-free.clamp(_NEARLY_NONE, 1 - _NEARLY_NONE).log()).log()


def explain_projection(
    members: Sequence[SurvivalMember],
    picture: NDArray[np.float32],
    horizon_days: float,
    *,
    patient: pd.DataFrame | None = None,
) -> NDArray[np.float32]:
    """Average the Grad-CAM maps of one view's networks.

    Parameters
    ----------
    members
        Networks of the picture's view, usually one for each seed.
    picture
        float32 (rows, columns), line integrals.
    horizon_days
        The risk score's.
    patient
        One row with ``patient_id`` and the clinical variables, for networks that take them.

    Returns
    -------
    numpy.ndarray
        float32 of the picture's shape in [0, 1]: what moved the score up, not where a fracture
        will be. Zero where nothing did, and where no ray met the body.

    Raises
    ------
    UsageError
        If the members are of no view or of several, or a network was not fitted so far.
    """
    views = {member.spec.view for member in members}
    if len(views) != 1:
        raise UsageError(f"got networks of views {sorted(views)}, wanted those of one view")
    if late := [m for m in members if horizon_days > m.spec.last_cut_days]:
        last = late[0].spec.last_cut_days
        raise UsageError(f"horizon_days is {horizon_days:g}, wanted at most {last:g}")
    maps = [_map(member, picture, horizon_days, patient) for member in members]
    return np.where(picture > 0, np.mean(maps, axis=0, dtype=np.float32), np.float32(0))


def _map(
    member: SurvivalMember,
    picture: NDArray[np.float32],
    horizon_days: float,
    patient: pd.DataFrame | None,
) -> NDArray[np.float32]:
    square, placed = letterbox(torch.from_numpy(picture)[None, None], member.spec.image_size_px)
    one = pd.DataFrame({"patient_id": ["-"]}) if patient is None else patient[["patient_id"]]
    values = clinical_values(join_clinical(one, patient, member.spec), member.spec)
    device = member.model.baseline.device
    heat = grad_cam(
        lambda images: member.model(images, values.to(device)),
        feature_layer(member.model),
        square.to(device),
        risk_target(member, horizon_days),
    )[0]
    side = float(member.spec.image_size_px)
    region = placed.to_film(Box(0.0, 0.0, side, side))
    return paste(heat, region, picture.shape, mirrored=False)
