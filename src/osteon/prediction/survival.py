"""From survival networks and projections to risk scores and curves of every model of a study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from osteon.core.records import Exclusion
from osteon.core.schemas import PROJECTIONS, RISK_SCORES, SPLITS, SURVIVAL_CURVES
from osteon.errors import SettingsError, StudyError
from osteon.models.mean_brightness import MeanBrightness, mean_line_integrals
from osteon.models.projections import load_projections
from osteon.prediction.settings import SurvivalSettings
from osteon.prediction.survival_curves import (
    COMBINATIONS,
    SurvivalCurves,
    curve_times,
    rows_of_model,
)
from osteon.prediction.survival_members import SurvivalMember, outputs_of_member

__all__ = ["SurvivalPredictions", "predict_mean_brightness", "predict_survival"]

STAGE = "predict survival"


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalPredictions:
    """Tables RISK_SCORES and SURVIVAL_CURVES, and the patients no model could be asked about.

    ``by_seed`` has the risk scores again, of the networks of each seed alone: how much an answer
    owes to the seed. It is empty for models without seeds.
    """

    risk_scores: pd.DataFrame
    survival_curves: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    by_seed: Mapping[int, pd.DataFrame] = field(default_factory=dict)


def predict_survival(
    members: Sequence[SurvivalMember],
    projections: pd.DataFrame,
    splits: pd.DataFrame,
    root: Path,
    settings: SurvivalSettings,
    *,
    clinical: pd.DataFrame | None = None,
    fold: int = 0,
) -> SurvivalPredictions:
    """Ask the ensemble and the six smaller combinations of its views.

    Parameters
    ----------
    members
        Networks of all views, any number of seeds of each. With one seed's networks alone, the
        answers are that seed's.
    projections, splits
        Tables PROJECTIONS and SPLITS; every patient of the fold is predicted, whatever the subset.
    root
        The study folder, from which the paths of projections go.
    settings
        Horizons.
    clinical
        As :func:`osteon.models.clinical_inputs.join_clinical` takes it, for networks that want it.
    fold
        Which split.

    Returns
    -------
    SurvivalPredictions
        Each model on the cases that have all its views. A model is left out where a view has no
        network.

    Raises
    ------
    SettingsError
        If the risk score's horizon lies beyond a network's last cut point.
    StudyError
        If networks have different cut points.
    DataError
        As :func:`osteon.models.projections.read_projection`.
    """
    cuts = _common_cuts(members, settings)
    times = torch.from_numpy(curve_times(cuts, settings.horizons_days))
    cases = _cases(projections, splits, fold)
    answers = _answers(members, cases, root, clinical, times)
    horizon = settings.risk_horizon_days
    seeds = sorted({answer.seed for answer in answers})
    own = {seed: [answer for answer in answers if answer.seed == seed] for seed in seeds}
    found = _gathered(
        _tables(answers, cases, times, fold, horizon),
        _without(cases, {member.spec.view for member in members}),
    )
    alone = {seed: _tables(own[seed], cases, times, fold, horizon) for seed in seeds}
    scores = {seed: _gathered(tables, ()).risk_scores for seed, tables in alone.items() if tables}
    return replace(found, by_seed=scores)


def predict_mean_brightness(
    model: MeanBrightness,
    projections: pd.DataFrame,
    splits: pd.DataFrame,
    root: Path,
    settings: SurvivalSettings,
    *,
    fold: int = 0,
) -> SurvivalPredictions:
    """Ask the baseline ``mean_brightness``; parameters and result are as of the networks."""
    _refuse_late(settings, model.cuts_days)
    times = torch.from_numpy(curve_times(model.cuts_days, settings.horizons_days))
    cases = _cases(projections, splits, fold)
    brightness = mean_line_integrals(cases, root, model.views)
    free = model.event_free(brightness[list(model.views)].to_numpy(np.float64), times).numpy()[None]
    curves = SurvivalCurves(times.numpy(), free, np.full_like(free, np.nan), ("brightness",))
    known = _first_rows(cases).loc[brightness["case_id"]].reset_index()
    table = rows_of_model("mean_brightness", known, curves, fold, settings.risk_horizon_days)
    return _gathered([table], _without(cases, set(model.views)))


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """One member's curves of the cases of its view: event-free and incidence, by case."""

    view: str
    seed: int
    case_ids: list[str]
    event_free: np.ndarray
    incidence: np.ndarray


def _answers(
    members: Sequence[SurvivalMember],
    cases: pd.DataFrame,
    root: Path,
    clinical: pd.DataFrame | None,
    times: torch.Tensor,
) -> list[_Answers]:
    """Ask every member; networks of one view and size share its pictures, read once."""
    groups: dict[tuple[str, int], list[SurvivalMember]] = {}
    for member in members:
        groups.setdefault((member.spec.view, member.spec.image_size_px), []).append(member)
    found = []
    for (view, size_px), group in groups.items():
        rows = cases[cases["view"] == view]
        pictures, case_ids = load_projections(rows, root, size_px), rows["case_id"].to_list()
        for member in group:
            raw = outputs_of_member(member, pictures, rows, clinical)
            free, incidence = member.event_free(raw, times), member.incidence(raw, times)
            found.append(_Answers(view, member.seed, case_ids, free.numpy(), incidence.numpy()))
    return found


def _tables(
    answers: Sequence[_Answers],
    cases: pd.DataFrame,
    times: torch.Tensor,
    fold: int,
    horizon_days: float,
) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Make the rows of every combination of views that has networks for all of them."""
    return [
        rows_of_model(name, *_combined(chosen, cases, times), fold, horizon_days)
        for name, views in COMBINATIONS.items()
        if (chosen := [a for a in answers if a.view in views])
        and {answer.view for answer in chosen} == set(views)
    ]


def _combined(
    answers: Sequence[_Answers], cases: pd.DataFrame, times: torch.Tensor
) -> tuple[pd.DataFrame, SurvivalCurves]:
    """Stack the answers of some members on the cases that all of them saw."""
    shared = sorted(set.intersection(*(set(answer.case_ids) for answer in answers)))
    free, incidence = [], []
    for answer in answers:
        place = {case: number for number, case in enumerate(answer.case_ids)}
        chosen = [place[case] for case in shared]
        free.append(answer.event_free[chosen])
        incidence.append(answer.incidence[chosen])
    groups = tuple(answer.view for answer in answers)
    curves = SurvivalCurves(times.numpy(), np.stack(free), np.stack(incidence), groups)
    return _first_rows(cases).loc[shared].reset_index(), curves


def _cases(projections: pd.DataFrame, splits: pd.DataFrame, fold: int) -> pd.DataFrame:
    splits = SPLITS.checked(splits)
    placed = splits.loc[splits["fold"] == fold, ["patient_id", "subset"]]
    rows = PROJECTIONS.checked(projections).merge(placed, on="patient_id", how="right")
    return rows.sort_values(["case_id", "view"]).reset_index(drop=True)


def _first_rows(cases: pd.DataFrame) -> pd.DataFrame:
    return cases.dropna(subset=["case_id"]).drop_duplicates("case_id").set_index("case_id")


def _without(cases: pd.DataFrame, views: set[str]) -> Iterable[Exclusion]:
    """Name the patients who lack a projection of one of the views."""
    for view in sorted(views):
        seen = set(cases.loc[cases["view"] == view, "patient_id"])
        for patient in sorted(set(cases["patient_id"]) - seen):
            detail = f"no {view} projection of this patient"
            yield Exclusion("patient", str(patient), STAGE, "no_projection", detail)


def _gathered(
    tables: Sequence[tuple[pd.DataFrame, pd.DataFrame]], exclusions: Iterable[Exclusion]
) -> SurvivalPredictions:
    scores = pd.concat([scores for scores, _ in tables], ignore_index=True)
    curves = pd.concat([curves for _, curves in tables], ignore_index=True)
    return SurvivalPredictions(
        RISK_SCORES.checked(scores), SURVIVAL_CURVES.checked(curves), tuple(exclusions)
    )


def _common_cuts(
    members: Sequence[SurvivalMember], settings: SurvivalSettings
) -> tuple[float, ...]:
    found = {member.spec.cuts_days for member in members}
    if len(found) != 1:
        raise StudyError(
            f"got networks of {len(found)} different sets of cut points, wanted one",
            remedy="train all with the same model.cut_points and model.last_cut_days",
        )
    cuts = found.pop()
    _refuse_late(settings, cuts)
    return cuts


def _refuse_late(settings: SurvivalSettings, cuts_days: Sequence[float]) -> None:
    if settings.risk_horizon_days > cuts_days[-1]:
        raise SettingsError(
            f"the last of horizons_days is {settings.risk_horizon_days:g}, beyond the last cut"
            f" point {cuts_days[-1]:g}: no risk score can be told there"
        )
