"""Is the model better than its baselines? The difference of areas on the same hips."""

from collections.abc import Sequence

import numpy as np

from osteon.reports.records import NamedTest
from osteon.reports.scored import Scored
from osteon.reports.task import Task
from osteon.statistics.comparison import delong_test

__all__ = ["baseline_tests"]


def baseline_tests(scored: Sequence[Scored], subset: str, task: Task) -> list[NamedTest]:
    """Compare the model's area, manual boxes, with every baseline's on the hips both predicted."""
    own = [s for s in scored if (s.subset, s.box_source) == (subset, "manual")]
    models = [s for s in own if s.predictor == "model"]
    return [
        _test(models[0], baseline, task)
        for baseline in own
        if models and baseline.predictor != "model"
    ]


def _test(model: Scored, baseline: Scored, task: Task) -> NamedTest:
    shared = np.intersect1d(model.case_ids, baseline.case_ids)
    model = model.where(np.isin(model.case_ids, shared))
    baseline = baseline.where(np.isin(baseline.case_ids, shared))
    result = delong_test(
        model.is_positive,
        model.positive_score,
        baseline.positive_score,
        cluster=model.patient_ids,
        level=task.settings.level,
    )
    return NamedTest(model.subset, f"auroc_difference.{baseline.predictor}", result)
