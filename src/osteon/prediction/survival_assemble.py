"""Make a model package of a survival ensemble: reference cohort, recalibration, export, write.

Curves of training and tuning patients decide what is chosen here; test patients are not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from osteon.core.manifest import fingerprint
from osteon.core.schemas import DEATH, PROJECTED_VIEWS, SUBSEQUENT_FRACTURE
from osteon.errors import DataError, SettingsError
from osteon.models.card import Metric, TrainingData, preprocessing_hash
from osteon.models.card_survival import (
    ClinicalInput,
    CtPreprocessing,
    HazardRecalibration,
    SurvivalCard,
)
from osteon.models.package import write_package
from osteon.prediction.assemble import About
from osteon.prediction.hazard_recalibration import fit_recalibration, recalibrated_curves
from osteon.prediction.package_parts import arrays_of, exported_part, part_card
from osteon.prediction.patient_risk import reference_cohort
from osteon.prediction.risk_curves import RiskCurves
from osteon.prediction.settings import SurvivalPackageSettings
from osteon.prediction.survival_curves import model_of_views
from osteon.prediction.survival_members import SurvivalMember

__all__ = ["SurvivalAbout", "SurvivalRun", "SurvivalRunTables", "assemble_survival"]

_USE = (
    "Research on subsequent fractures after a fracture of the hip, from the CT made for it."
    " Not a medical device; no risk told here may decide on anybody's care."
)
_FAILURES = (
    "Absolute risks hold where fractures are as frequent as among the training patients; elsewhere"
    " they must be recalibrated.",
    "CTs that do not show both hips, or have missing slices, are refused; contrast agent and"
    " implants are flagged, and change the projections.",
    "Treatment after the fracture is not known to the networks.",
)


class SurvivalAbout(About):
    """What a person must know of a survival package."""

    recipe: str = "refracture"
    intended_use: str = _USE
    known_failures: tuple[str, ...] = _FAILURES


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalRun:
    """The networks of one fold, and how they are fed and read.

    Parameters
    ----------
    members
        Networks of every view and seed.
    preprocessing
        From CT to projection.
    horizons_days
        Days at which risks are told.
    causes
        The event, and what competes with it.
    """

    members: tuple[SurvivalMember, ...]
    preprocessing: CtPreprocessing
    horizons_days: tuple[float, ...]
    causes: tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalRunTables:
    """What the networks were trained on and answered, of one fold.

    Tables PROJECTIONS, FOLLOW_UP, SPLITS and SURVIVAL_CURVES.
    """

    projections: pd.DataFrame
    follow_up: pd.DataFrame
    splits: pd.DataFrame
    curves: pd.DataFrame


def assemble_survival(
    destination: Path,
    run: SurvivalRun,
    tables: SurvivalRunTables,
    about: SurvivalAbout,
    *,
    metrics: Sequence[Metric] = (),
    settings: SurvivalPackageSettings | None = None,
) -> SurvivalCard:
    """Make and write a package.

    Parameters
    ----------
    destination
        A new folder, or a new file ``*.zip``.
    run
        The networks; they are left as they are.
    tables
        Training and tuning patients, and the ensemble's curves of them.
    about
        Name, version, use.
    metrics
        To be written on the card, each with its subset.
    settings
        Storage, reference, recalibration.

    Raises
    ------
    SettingsError
        If ONNX is asked of networks that take clinical variables.
    DataError
        If no curve is of a reference patient, or a recalibration cannot be fitted.
    PackageError
        If the destination is there already.
    """
    settings = settings or SurvivalPackageSettings()
    if settings.onnx and any(member.spec.clinical for member in run.members):
        raise SettingsError(
            "onnx: networks that take clinical variables are not exported",
            remedy="build the package without onnx",
        )
    named = {f"{member.spec.view}-seed{member.seed}": member for member in run.members}
    views = tuple(v for v in PROJECTED_VIEWS if v in {m.spec.view for m in run.members})
    seen = _seen(tables)
    curves = tables.curves[tables.curves["model"] == model_of_views(views)]
    change = _recalibration(curves, seen, run, settings)
    own = recalibrated_curves(_curves_of(curves, seen, settings.reference)[0], change)
    followed = float(seen.loc[seen["subset"] == "training", "time_days"].max())
    exported = {
        name: exported_part(member.model, settings.dtype, settings.seed)
        for name, member in (named if settings.onnx else {}).items()
    }
    spec = run.members[0].spec
    card = SurvivalCard(
        **about.model_dump(exclude={"summary"}),
        parts={
            name: part_card(
                member.model, settings.dtype, exported[name][1] if settings.onnx else None
            )
            for name, member in named.items()
        },
        training_data=_training_data(seen, about),
        metrics=tuple(metrics),
        causes=run.causes[: spec.causes],
        head=spec.head,
        cuts_days=spec.cuts_days,
        image_size_px=spec.image_size_px,
        views=views,
        seeds={name: member.seed for name, member in named.items()},
        preprocessing=run.preprocessing,
        preprocessing_hash=preprocessing_hash(run.preprocessing),
        clinical=_clinical_inputs(run.members),
        reference=reference_cohort(own, settings.reference, followed, run.horizons_days),
        recalibration=change,
    )
    return write_package(
        destination,
        card,
        {name: arrays_of(member.model) for name, member in named.items()},
        training_inputs=tuple(seen["content_hash"].astype(str)),
        onnx={name: data for name, (data, _) in exported.items()},
    )


def _seen(tables: SurvivalRunTables) -> pd.DataFrame:
    """Take the CTs of training and tuning patients who were followed, a row for each."""
    used = tables.splits.loc[
        tables.splits["subset"].isin(["training", "tuning"]), ["patient_id", "subset"]
    ].drop_duplicates()
    scans = tables.projections[["case_id", "patient_id", "content_hash"]].drop_duplicates()
    followed = tables.follow_up[["patient_id", "time_days", "cause"]]
    return scans.merge(used, on="patient_id").merge(followed, on="patient_id")


def _curves_of(
    curves: pd.DataFrame, seen: pd.DataFrame, subset: str
) -> tuple[RiskCurves, pd.DataFrame]:
    """Take the curves of a subset's cases, and the cases in the same order."""
    cases = seen[(seen["subset"] == subset) & seen["case_id"].isin(set(curves["case_id"]))]
    if cases.empty:
        raise DataError(
            f"the run has no curve of a {subset} patient", remedy="run the prediction again"
        )
    cases = cases.sort_values("case_id")
    rows = curves[curves["case_id"].isin(set(cases["case_id"]))]
    names = cases["case_id"].to_numpy(np.str_)
    return RiskCurves.of(rows, names, str(rows["model"].iloc[0])), cases


def _recalibration(
    curves: pd.DataFrame, seen: pd.DataFrame, run: SurvivalRun, settings: SurvivalPackageSettings
) -> HazardRecalibration | None:
    if settings.recalibration == "none":
        return None
    own, cases = _curves_of(curves, seen, "tuning")
    return fit_recalibration(
        own,
        cases["time_days"].to_numpy(np.float64),
        np.asarray(cases["cause"] == SUBSEQUENT_FRACTURE, np.int64),
        max(run.horizons_days),
        settings.recalibration,
    )


def _clinical_inputs(members: Sequence[SurvivalMember]) -> tuple[ClinicalInput, ...]:
    """Give mean and deviation of each variable, as the first network that takes it has them."""
    found: dict[str, ClinicalInput] = {}
    for member in members:
        means, deviations = (
            values.tolist()
            for values in (member.model.clinical_mean, member.model.clinical_deviation)
        )
        for name, mean, deviation in zip(member.spec.clinical, means, deviations, strict=True):
            found.setdefault(name, ClinicalInput(name=name, mean=mean, deviation=deviation))
    return tuple(found.values())


def _training_data(seen: pd.DataFrame, about: About) -> TrainingData:
    counts: dict[str, int] = {}
    for subset in ("training", "tuning"):
        mine = seen[seen["subset"] == subset]
        counts[f"{subset} patients"] = int(mine["patient_id"].nunique())
        counts[f"{subset} CTs"] = len(mine)
        counts[f"{subset} fractures"] = int((mine["cause"] == SUBSEQUENT_FRACTURE).sum())
        counts[f"{subset} deaths"] = int((mine["cause"] == DEATH).sum())
    columns = ["case_id", "patient_id", "content_hash", "time_days", "cause", "subset"]
    rows = seen[columns].sort_values(columns).astype(str).to_numpy().tolist()
    return TrainingData(
        summary=about.summary, counts=counts, film_hashes_sha256="", data_hash=fingerprint(rows)
    )
