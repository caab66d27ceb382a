"""Evaluate predictions of the time until an event, once, into one record.

>>> from osteon.reports.survival.evaluation import evaluate_survival  # docs/survival-reports.md
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from osteon.core.schemas import SPLITS
from osteon.errors import TableError
from osteon.reports.survival.comparisons import model_tests
from osteon.reports.survival.counts import subset_counts
from osteon.reports.survival.measures import model_measures
from osteon.reports.survival.model_curves import model_curves, observed_curves
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted, SurvivalTables
from osteon.reports.survival.recalibration import recalibrated
from osteon.reports.survival.records import (
    ModelCurve,
    ModelMeasure,
    ModelTest,
    Recalibration,
    RiskGroups,
    SurvivalCounts,
    SurvivalEvaluation,
)
from osteon.reports.survival.risk_groups import cut_points, risk_groups
from osteon.reports.task import TEST_SUBSETS

__all__ = ["evaluate_survival"]


def evaluate_survival(
    follow_up: pd.DataFrame,
    splits: pd.DataFrame,
    risk_scores: pd.DataFrame,
    survival_curves: pd.DataFrame,
    *,
    is_synthetic: bool,
    seed: int,
    plan: SurvivalAnalysisPlan,
    ceiling_log_hazard: Mapping[str, float] | None = None,
) -> SurvivalEvaluation:
    """Measure every model on the test subsets, and compare them.

    What is chosen (cut points, recalibration) is chosen on patients who are not tested.

    Parameters
    ----------
    follow_up, splits, risk_scores, survival_curves
        Tables of these schemas. Tuning rows of the main model serve the cut points. With several
        folds the internal test is every patient once, scored by the fold that tests him, and the
        external test the mean of the folds (:mod:`osteon.reports.survival.folds`).
    is_synthetic
        Whether any patient is synthetic.
    seed
        Names the random numbers of the bootstraps.
    plan
        Horizons, comparisons, the family of tests.
    ceiling_log_hazard
        True log hazard by patient where patients are simulated: measured as the model
        ``ceiling``, which no model can be expected to beat.

    Returns
    -------
    SurvivalEvaluation
        Beyond follow-up every number is NaN with the reason and the last honest time.

    Raises
    ------
    TableError
        If a table does not fit (see :class:`SurvivalTables`), a patient is scored in another
        subset than the splits say, or nobody of a test subset is scored.
    """
    tables = SurvivalTables(follow_up, risk_scores, survival_curves, ceiling_log_hazard)
    _require_same_subsets(risk_scores, splits)
    tested = [name for name in TEST_SUBSETS if name in tables.subsets()]
    if not tested:
        raise TableError(
            "table risk_scores: no case is in a test subset",
            remedy="score internal_test or external_test patients first",
        )
    models = {name: tables.predicted(name) for name in tables.subsets()}
    measures: list[ModelMeasure] = []
    tests: list[ModelTest] = []
    curves: list[ModelCurve] = []
    for name in tested:
        tests += model_tests(models[name], plan, seed)
        curves += observed_curves(models[name][0], plan)
        for one in models[name]:
            measures += model_measures(one, plan, seed)
            curves += model_curves(one, plan)
    return SurvivalEvaluation(
        is_synthetic=is_synthetic,
        seed=seed,
        settings=plan.resolved(),
        folds=tables.n_folds,
        counts=_counts(tables, splits, models, plan),
        measures=tuple(measures),
        tests=tuple(tests),
        curves=tuple(curves),
        groups=_groups(models, tested, plan),
        recalibration=_recalibration(models, plan, seed),
    )


_Models = Mapping[str, Sequence[Predicted]]


def _require_same_subsets(risk_scores: pd.DataFrame, splits: pd.DataFrame) -> None:
    known = SPLITS.checked(splits)[["patient_id", "fold", "subset"]]
    rows = risk_scores[["patient_id", "fold", "subset"]].drop_duplicates()
    both = rows.merge(known, on=["patient_id", "fold"], how="left", suffixes=("", "_of_split"))
    wrong = both[(both["subset"] != both["subset_of_split"]).fillna(True).to_numpy(bool)]
    if len(wrong):
        first = wrong.iloc[0]
        raise TableError(
            f"table risk_scores: patient {first['patient_id']} is scored as {first['subset']}, the"
            f" splits say {first['subset_of_split']}"
        )


def _counts(
    tables: SurvivalTables, splits: pd.DataFrame, models: _Models, plan: SurvivalAnalysisPlan
) -> tuple[SurvivalCounts, ...]:
    rows_of = splits[splits["fold"] == splits["fold"].min()]
    if tables.n_folds > 1:  # training and tuning patients are the other folds' tested ones
        rows_of = splits[splits["subset"].isin(TEST_SUBSETS)].drop_duplicates("patient_id")
    found = []
    for subset, rows in rows_of.groupby("subset", sort=False):
        patients = tables.follow_up.loc[tables.follow_up.index.isin(set(rows["patient_id"]))]
        if patients.empty:
            continue
        own = models.get(str(subset), ())
        cases = len(own[0]) if own else 0
        found.append(subset_counts(str(subset), patients.reset_index(), cases, plan))
    order = {name: place for place, name in enumerate(("training", "tuning", *TEST_SUBSETS))}
    return tuple(sorted(found, key=lambda item: order[item.subset]))


def _of(models: _Models, subset: str, model: str) -> Predicted | None:
    return next((one for one in models.get(subset, ()) if one.model == model), None)


def _groups(
    models: _Models, tested: Sequence[str], plan: SurvivalAnalysisPlan
) -> tuple[RiskGroups, ...]:
    source = _of(models, plan.cut_points_from, plan.main_model)
    if source is None:
        return ()
    cuts = cut_points(source, plan)
    own = [_of(models, name, plan.main_model) for name in tested]
    return tuple(risk_groups(one, cuts, plan) for one in own if one is not None)


def _recalibration(models: _Models, plan: SurvivalAnalysisPlan, seed: int) -> Recalibration | None:
    outside = _of(models, "external_test", plan.main_model)
    if outside is None:
        return None
    return recalibrated(outside, _of(models, "tuning", plan.main_model), plan, seed)
