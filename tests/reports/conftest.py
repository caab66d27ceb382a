"""One simulated study, evaluated once, for all tests of the room."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.reports.simulated import simulate

from osteon.core.labels import HIP_CLASSES
from osteon.reports.baselines import BaselineSettings, header_baseline
from osteon.reports.evaluation import EvaluationSettings, evaluate
from osteon.reports.operating_points import (
    TuningScores,
    choose_operating_points,
)


@pytest.fixture(scope="session")
def study():
    return simulate(seed=4, patients=220)


@pytest.fixture(scope="session")
def baselines(study):
    header = header_baseline(study.cases, study.splits, HIP_CLASSES, BaselineSettings())
    return {"header": header}


@pytest.fixture(scope="session")
def points(study, baselines):
    found = []
    for predictor, table in {"model": study.predictions, **baselines}.items():
        tuning = TuningScores.of(table, HIP_CLASSES, predictor=predictor)
        found += choose_operating_points(tuning, EvaluationSettings())
    return tuple(found)


@pytest.fixture(scope="session")
def evaluation(study, baselines, points):
    return evaluate(
        study.predictions,
        study.cases,
        HIP_CLASSES,
        points,
        seed=3,
        settings=EvaluationSettings(replicates=60),
        baselines=baselines,
        extra_boxes={"internal_test": 4},
    )


@pytest.fixture(scope="session")
def png():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
