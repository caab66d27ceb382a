"""Models against one another: concordance by paired bootstrap, areas by the two-marker test."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from osteon.core.records import TestResult
from osteon.core.rng import generator
from osteon.reports.survival.plan import CEILING, Comparison, SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import ModelTest
from osteon.statistics.comparison import noninferiority, undefined_test
from osteon.statistics.concordance_contrast import concordance_contrast, replicates_as_patients
from osteon.statistics.multiplicity import holm
from osteon.statistics.time_dependent import cumulative_dynamic_auroc_contrast

__all__ = ["model_tests"]


@dataclass(frozen=True, slots=True)
class _Case:
    """A comparison and the two sides' rows."""

    comparison: Comparison
    first: Predicted
    scores: np.ndarray
    contrast: tuple[float, ...]


def model_tests(
    models: Sequence[Predicted], plan: SurvivalAnalysisPlan, seed: int
) -> list[ModelTest]:
    """Make every comparison of the plan whose models are there, on one subset.

    P values of all measures of the family are adjusted together by Holm; tests that could not be
    made leave the family. Where the ceiling is known the main model is tested against it with the
    plan's margin, outside the family.
    """
    by_name = {one.model: one for one in models}
    cases = [_case(item, by_name) for item in plan.comparisons if _is_there(item, by_name)]
    found = [test for case in cases for test in _tests(case, plan, seed)]
    if plan.main_model in by_name and CEILING in by_name:
        return [*_adjusted(found), _against_ceiling(by_name, plan, seed)]
    return _adjusted(found)


def _is_there(item: Comparison, models: Mapping[str, Predicted]) -> bool:
    return all(name in models for name in (item.first, *item.second))


def _case(item: Comparison, models: Mapping[str, Predicted]) -> _Case:
    names = (item.first, *item.second)
    share = -1 / len(item.second)
    return _Case(
        item,
        models[item.first],
        np.stack([models[name].risk_score for name in names]),
        (1.0, *(share for _ in item.second)),
    )


def _tests(case: _Case, plan: SurvivalAnalysisPlan, seed: int) -> list[ModelTest]:
    one, found = case.first, []
    if "concordance" in plan.family:
        found.append(_concordance(case, plan, seed))
    if "auroc" in plan.family:
        for horizon in plan.horizons_days:
            result = _areas(case, horizon, plan)
            events = int(one.event[one.time_days <= horizon].sum())
            found.append(_named(case, f"auroc.{horizon:g}", result, events))
    return found


def _areas(case: _Case, horizon: float, plan: SurvivalAnalysisPlan) -> TestResult:
    one = case.first
    if one.no_weights:
        name = f"IPCW areas at {horizon:g}, difference"
        return undefined_test(one.no_weights, name, plan.level, len(one))
    return cumulative_dynamic_auroc_contrast(
        one.time_days, one.cause, case.scores, case.contrast, horizon,
        stratum=one.stratum, cluster=one.patient_ids, level=plan.level,
    )  # fmt: skip


def _concordance(case: _Case, plan: SurvivalAnalysisPlan, seed: int) -> ModelTest:
    one = case.first
    found = concordance_contrast(
        one.time_days, one.event, case.scores, case.contrast,
        rng=generator(seed, "survival", one.subset, "difference", case.comparison.name),
        entry=one.entry, stratum=one.stratum, cluster=one.patient_ids,
        replicates=plan.replicates, level=plan.level, method="bootstrap",
    )  # fmt: skip
    test = _named(case, "concordance.harrell", found.test, int(one.event.sum()))
    return replace(test, invalid=replicates_as_patients(found.replicates))


def _named(case: _Case, measure: str, result: TestResult, events: int) -> ModelTest:
    item = case.comparison
    return ModelTest(case.first.subset, item.name, item.title, measure, result, math.nan, events)


def _adjusted(tests: Sequence[ModelTest]) -> list[ModelTest]:
    known = [test for test in tests if not math.isnan(test.result.p_value)]
    values = holm([test.result.p_value for test in known]).tolist() if known else []
    by_test = {
        (test.comparison, test.measure): float(p) for test, p in zip(known, values, strict=True)
    }
    return [
        replace(test, p_holm=by_test.get((test.comparison, test.measure), math.nan))
        for test in tests
    ]


def _against_ceiling(
    models: Mapping[str, Predicted], plan: SurvivalAnalysisPlan, seed: int
) -> ModelTest:
    name = plan.main_model
    title = f"{name[:1].upper()}{name[1:]} − known ceiling"
    item = Comparison(name=CEILING, title=title, first=name, second=(CEILING,))
    test = _concordance(_case(item, models), plan, seed)
    gap = test.result.difference
    if gap is None or not gap.is_defined or math.isnan(gap.low):
        return replace(test, invalid=None)
    return replace(test, result=noninferiority(gap, plan.ceiling_margin), invalid=None)
