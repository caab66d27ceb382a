"""What a survival study's recipe and tables decide about its report, and its patients' pages."""

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from osteon.cohort.table_one import patient_table_one
from osteon.core.schemas import RISK_SCORES, SURVIVAL_CURVES
from osteon.core.spreadsheets import open_sheet, text_frame
from osteon.core.tables import read_table
from osteon.drr.display import grey
from osteon.errors import StudyError
from osteon.models.card_survival import ReferenceCohort
from osteon.prediction.patient_risk import patient_risk, reference_cohort
from osteon.prediction.risk_curves import RiskCurves
from osteon.prediction.survival_explain import explain_projection
from osteon.prediction.survival_members import members_of_run
from osteon.prediction.survival_run_folder import CURVES_NAME, SCORES_NAME, SEEDS_NAME
from osteon.reports.patient_table import patient_table
from osteon.reports.survival.build import (
    SurvivalExtras,
    SurvivalReportPlan,
    build_survival_report,
)
from osteon.reports.survival.patient_page import ViewPicture, write_patient
from osteon.reports.survival.seeds import seed_table
from osteon.reports.table import Table
from osteon.workflow.context import Context
from osteon.workflow.negative_control import control_table
from osteon.workflow.recipe import TimeToEvent
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import clinical_table

__all__ = ["ceiling_log_hazard", "make_survival_report", "survival_plan", "write_patient_pages"]

_LEAVING = ("follow_up", "patients", "project", "predict_survival")


def survival_plan(context: Context) -> SurvivalReportPlan:
    """Make the plan of a study's report from its recipe and settings."""
    recipe, settings = context.recipe, survival_settings(context)
    target = recipe.target
    outcome = target.event if isinstance(target, TimeToEvent) else ""
    return SurvivalReportPlan(
        title=recipe.title,
        question=recipe.question,
        outcome=f"{outcome}: {recipe.reference_standard}",
        seed=settings.seed,
        is_synthetic=context.is_synthetic(),
        analysis=settings.analysis,
        published=recipe.published,
    )


def ceiling_log_hazard(context: Context) -> dict[str, float] | None:
    """Read the true log hazards of synthetic patients, by patient; ``None`` for real ones."""
    named = survival_settings(context).tables.truth
    if named is None:
        return None
    path = context.study.resolve(named)
    if not path.exists():
        raise StudyError(f"tables.truth: there is no {path}", remedy="correct study.yaml")
    truth = text_frame(open_sheet(path), ["patient_id", "log_hazard_fracture"])
    return dict(zip(truth["patient_id"], truth["log_hazard_fracture"].astype(float), strict=True))


def make_survival_report(context: Context, run_id: str) -> Path:
    """Make the page of a run that was evaluated, dated today; gives its path."""
    today, study = date.today(), context.study
    left_out = pd.concat([study.read_exclusions(name) for name in _LEAVING], ignore_index=True)
    reasons = Counter(study.read("volumes")["reason"].dropna())
    reasons.update(study.read_exclusions("volumes")["reason"])
    who = patient_table_one(
        study.read("patient_cases"), study.read("splits"), clinical_table(context)
    )
    extras = SurvivalExtras(
        exclusions=left_out.drop_duplicates(["level", "key"]),
        series_left_out=dict(sorted(reasons.items())),
        characteristics=(patient_table(who),),
        seeds=_seeds(context, run_id),
        control=control_table(context, run_id, survival_settings(context).analysis),
        records={"Settings of the study": study.settings.resolved()},
    )
    return build_survival_report(
        study.folder, run_id, survival_plan(context),
        made_on=f"{today.day} {today:%B %Y}", extras=extras,
    )  # fmt: skip


def _seeds(context: Context, run_id: str) -> Table | None:
    run, settings = context.study.folder / "runs" / run_id, survival_settings(context)
    return seed_table(
        read_table(RISK_SCORES, run / SEEDS_NAME), read_table(RISK_SCORES, run / SCORES_NAME),
        context.study.read("follow_up"), settings.analysis, seed=settings.seed,
    )  # fmt: skip


def write_patient_pages(context: Context) -> list[Path]:
    """Write a page for some test patients: risks from the highest to the lowest.

    Their curves are shown beside those of the training patients, which no test patient is among.
    """
    settings, run = survival_settings(context), context.run_folder
    main = settings.analysis.main_model
    scores = read_table(RISK_SCORES, run / SCORES_NAME)
    curves = read_table(SURVIVAL_CURVES, run / CURVES_NAME)
    curves = curves[(curves["model"] == main) & (curves["fold"] == 0)]
    chosen = _spread(
        scores[(scores["model"] == main) & (scores["fold"] == 0)], settings.shown_patients
    )
    if chosen.empty:
        return []
    reference = _reference(context, curves, main)
    pages = []
    for row in chosen.to_dict("records"):
        own = curves[curves["case_id"] == row["case_id"]]
        risk = patient_risk(
            row["case_id"], RiskCurves.of(own, np.array([row["case_id"]]), main), reference,
            model=main, is_synthetic=context.is_synthetic(),
        )  # fmt: skip
        pictures = _pictures(context, row["case_id"], row["patient_id"])
        folder = context.report_folder / "patients"
        pages.append(write_patient(risk, pictures, folder, str(row["patient_id"])))
    return pages


def _spread(scores: pd.DataFrame, count: int) -> pd.DataFrame:
    """Take evenly spaced ranks of the first test subset's risk scores, the highest first."""
    for subset in ("internal_test", "external_test"):
        rows = scores[scores["subset"] == subset].sort_values("risk_score", ascending=False)
        if len(rows):
            places = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round())
            return rows.iloc[places.astype(int)]
    return scores.iloc[:0]


def _reference(context: Context, curves: pd.DataFrame, model: str) -> ReferenceCohort:
    rows = curves[curves["subset"] == "training"]
    cases = np.sort(rows["case_id"].unique().astype(np.str_))
    follow_up = context.study.read("follow_up")
    own = follow_up[follow_up["patient_id"].isin(set(rows["patient_id"]))]
    longest = float(own["time_days"].max())
    horizons = survival_settings(context).prediction.horizons_days
    return reference_cohort(RiskCurves.of(rows, cases, model), "training", longest, horizons)


def _pictures(context: Context, case_id: str, patient_id: str) -> list[ViewPicture]:
    study, horizon = context.study, survival_settings(context).prediction.risk_horizon_days
    rows = study.read("projections")
    clinical = clinical_table(context)
    patient = None if clinical is None else clinical[clinical["patient_id"] == patient_id]
    members = members_of_run(context.run_folder, fold=0)
    pictures = []
    for row in rows[rows["case_id"] == case_id].to_dict("records"):
        integral = np.load(study.folder / row["path"])
        own = [member for member in members if member.spec.view == row["view"]]
        heat = explain_projection(own, integral, horizon, patient=patient)
        pictures.append(ViewPicture(row["view"], grey(integral), heat))
    return pictures
