"""Read CTs with a survival package: one CT in, curve, risks and heat maps out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from osteon.core.settings import Settings
from osteon.drr.views import project_views
from osteon.errors import PackageError, UsageError
from osteon.models.card import Card
from osteon.models.card_survival import SurvivalCard
from osteon.models.clinical_inputs import join_clinical
from osteon.models.letterbox import letterbox
from osteon.models.package import ModelPackage
from osteon.prediction.ct_reading import CtReading
from osteon.prediction.ct_sources import Ct, Unread
from osteon.prediction.hazard_recalibration import recalibrated_curves
from osteon.prediction.kept_readings import trouble
from osteon.prediction.patient_risk import patient_risk
from osteon.prediction.reading import Note
from osteon.prediction.risk_curves import RiskCurves
from osteon.prediction.runtime import Runner, RuntimeName, runner
from osteon.prediction.survival_curves import SurvivalCurves, curve_times, model_of_views
from osteon.prediction.survival_explain import explain_projection
from osteon.prediction.survival_members import (
    SurvivalMember,
    members_of_package,
    outputs_of_member,
)

__all__ = ["CtReadSettings", "CtReader", "ReadCt", "unread"]

Pictures = Mapping[str, NDArray[np.float32]]


class CtReadSettings(Settings):
    """How CTs are read.

    Parameters
    ----------
    heat_maps
        Make a Grad-CAM map for each projection.
    """

    heat_maps: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ReadCt:
    """A reading with what pictures are made from.

    Parameters
    ----------
    reading
        The record.
    projections
        View to line integrals, float32 (rows, columns), without unit.
    heat
        View to heat map of the same shape, in [0, 1].
    """

    reading: CtReading
    projections: Pictures = field(default_factory=dict)
    heat: Pictures = field(default_factory=dict)


class CtReader:
    """Reads CTs with the networks, the recalibration and the reference cohort of one package.

    Parameters
    ----------
    package
        An opened package of survival networks.
    clinical
        One row for each patient, as :func:`osteon.models.clinical_inputs.join_clinical` takes it,
        for networks that take clinical variables; ``None`` for the others.
    runtime
        Where the networks run. Heat maps need gradients and always run in torch.
    device
        For torch.
    settings
        What to make.

    Raises
    ------
    PackageError
        If the package is of another kind, or its networks cannot be built.
    UsageError
        If clinical variables are wanted and not given, or given and not wanted.
    TableError
        If a column that is wanted is missing or no number, or a patient has two rows.
    """

    def __init__(
        self,
        package: ModelPackage[Card],
        *,
        clinical: pd.DataFrame | None = None,
        runtime: RuntimeName = "torch",
        device: str = "cpu",
        settings: CtReadSettings | None = None,
    ) -> None:
        self.package = package.of_kind(SurvivalCard)
        self.settings = settings or CtReadSettings()
        self.clinical = clinical
        card = self.package.card
        self.variables = tuple(item.name for item in card.clinical)
        self.times = curve_times(card.cuts_days, card.horizons_days)
        self.members = members_of_package(self.package)
        _check_clinical(self.members, self.variables, clinical)
        self._exported = _exported(self.package, runtime)
        for member in self.members:
            member.model.to(device)

    def values_of(self, patient_id: str) -> dict[str, float | None] | None:
        """Give a patient's clinical values, ``None`` where one is missing or nothing is wanted."""
        if self.clinical is None:
            return None
        rows = self.clinical[self.clinical["patient_id"].astype("string") == patient_id]
        if rows.empty:
            return dict.fromkeys(self.variables)
        own = rows.iloc[0]
        return {n: None if pd.isna(own[n]) else float(own[n]) for n in self.variables}

    def read(self, ct: Ct) -> ReadCt:
        """Read one CT; whatever is wrong with it becomes a reason, never an exception."""
        reading = CtReading(
            ct.patient_id, ct.source, "unreadable", case_id=ct.case_id,
            content_hash=ct.content_hash, clinical=self.values_of(ct.patient_id),
        )  # fmt: skip
        try:
            return self._read(ct, reading)
        except Exception as error:  # one odd CT must not stop the others
            return ReadCt(replace(reading, reasons=(trouble(error, Path(ct.source)),)))

    def _read(self, ct: Ct, reading: CtReading) -> ReadCt:
        card = self.package.card
        steps = card.preprocessing
        volume = ct.volume(steps.reading)
        drrs = project_views(volume, steps.projection, views=card.views)
        projections = {view: drr.line_integral for view, drr in drrs.items()}
        patient = self._patient(ct.patient_id)
        members = self._curves(projections, patient)
        own = recalibrated_curves(RiskCurves.of_members(members), card.recalibration)
        risk = patient_risk(
            ct.patient_id, own, card.reference, model=model_of_views(card.views),
            is_synthetic=card.synthetic or ct.is_synthetic,
        )  # fmt: skip
        heat = self._heat(projections, patient) if self.settings.heat_maps else {}
        first = next(iter(drrs.values()))
        done = replace(
            reading, status="read", flags=(*ct.flags, *self._flags(ct, reading)), risk=risk,
            steps=first.steps,
        )  # fmt: skip
        return ReadCt(done, projections, heat)

    def _patient(self, patient_id: str) -> pd.DataFrame:
        """One row with the patient's id, and the clinical variables where they are wanted."""
        values = self.values_of(patient_id) or {}
        row = {"patient_id": patient_id, **values}
        frame = pd.DataFrame([row]).astype({"patient_id": "string"})
        return frame.astype(dict.fromkeys(values, "Float64"))

    def _curves(self, projections: Pictures, patient: pd.DataFrame) -> SurvivalCurves:
        times = torch.from_numpy(self.times)
        free, incidence = [], []
        for member, exported in zip(self.members, self._exported, strict=True):
            picture = torch.from_numpy(projections[member.spec.view])[None, None]
            square = letterbox(picture, member.spec.image_size_px)[0]
            if exported is None:
                raw = outputs_of_member(member, square, patient[["patient_id"]], patient)
            else:
                raw = torch.from_numpy(exported(square.numpy())[0])
            free.append(member.event_free(raw, times).numpy())
            incidence.append(member.incidence(raw, times).numpy())
        groups = tuple(member.spec.view for member in self.members)
        return SurvivalCurves(self.times, np.stack(free), np.stack(incidence), groups)

    def _heat(self, projections: Pictures, patient: pd.DataFrame) -> Pictures:
        horizon = max(self.package.card.horizons_days)
        return {
            view: explain_projection(
                [member for member in self.members if member.spec.view == view], picture, horizon,
                patient=patient if self.variables else None,
            )
            for view, picture in projections.items()
        }  # fmt: skip

    def _flags(self, ct: Ct, reading: CtReading) -> list[Note]:
        notes = []
        if self.package.was_trained_on(ct.content_hash):
            words = "the model was trained or tuned on this CT: its answer says nothing new"
            notes.append(Note("trained_on", words))
        for name, value in (reading.clinical or {}).items():
            if value is None:
                words = f"{name} is missing: the training patients' mean stands for it"
                notes.append(Note("clinical_missing", words))
        return notes


def unread(patient: Unread) -> CtReading:
    """Make the record of a patient without a CT to be read."""
    return CtReading(patient.patient_id, patient.source, "refused", patient.reasons)


def _check_clinical(
    members: tuple[SurvivalMember, ...], variables: tuple[str, ...], clinical: pd.DataFrame | None
) -> None:
    if variables and clinical is None:
        raise UsageError(
            f"the networks take {', '.join(variables)}: no clinical table",
            remedy="give one with --clinical FILE.csv, with the columns patient_id and these",
        )
    if clinical is not None and not variables:
        raise UsageError(
            "the networks of this package take no clinical variables",
            remedy="leave the clinical table out",
        )
    nobody = pd.DataFrame({"patient_id": pd.array([], "string")})
    for member in members:
        join_clinical(nobody, clinical, member.spec)


def _exported(
    package: ModelPackage[SurvivalCard], runtime: RuntimeName
) -> tuple[Runner | None, ...]:
    """Make the function that runs each network's ONNX model; ``None`` where torch runs it."""
    if runtime == "torch":
        return (None,) * len(package.card.seeds)
    if package.card.clinical:
        raise PackageError(
            f"{package.source}: networks that take clinical variables run in torch alone",
            remedy="use --runtime torch",
        )
    return tuple(
        runner(runtime, None, package.onnx.get(name), part=name) for name in package.card.seeds
    )
