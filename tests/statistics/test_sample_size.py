import numpy as np
import pytest

from osteon.errors import UsageError
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.roc import auroc
from osteon.statistics.sample_size import (
    auroc_power,
    hanley_mcneil_se,
    sample_size_auroc,
    sample_size_external,
    sample_size_kappa,
    sample_size_prediction_model,
    sample_size_proportion,
)


def test_proportion_of_the_registry_protocol():
    size = sample_size_proportion(0.90, 0.05)
    assert size.n == 139
    assert size.unrounded == pytest.approx(138.2925, abs=1e-3)
    assert sample_size_proportion(0.9, 0.05, design_effect=1.5).n == 208
    assert sample_size_proportion(0.9, 0.05, level=0.99).n > 139


def test_area_size_and_power_are_inverse():
    size = sample_size_auroc(0.75, power=0.8, ratio=2.0)
    assert auroc_power(0.75, size.n, 2 * size.n) == pytest.approx(0.8, abs=0.02)
    assert auroc_power(0.75, 200, 200) > auroc_power(0.65, 200, 200)


def test_hanley_mcneil_on_exponential_scores():
    rng = np.random.default_rng(0)
    truth = np.r_[np.ones(40), np.zeros(60)]
    ratio = 0.8 / 0.2  # area of exponential scores with this ratio of scales is 0.8
    areas = [
        auroc(truth, rng.exponential(np.where(truth == 1, ratio, 1.0))).value for _ in range(1500)
    ]
    assert np.std(areas) == pytest.approx(hanley_mcneil_se(0.8, 40, 60), rel=0.07)


def test_kappa_precision_by_simulation():
    kappa, share = 0.6, 0.3
    size = sample_size_kappa(kappa, 0.1, prevalence=share)
    both = share**2 + kappa * share * (1 - share)
    table = [both, share - both, share - both, 1 - 2 * share + both]
    rng = np.random.default_rng(1)
    values = []
    for _ in range(600):
        cell = rng.choice(4, size.n, p=table)
        values.append(cohen_kappa(cell < 2, cell % 2 == 0).value)
    assert 1.96 * np.std(values) == pytest.approx(0.1, rel=0.12)


def test_riley_criteria_by_their_meaning():
    size = sample_size_prediction_model(0.2, 20, 0.1)
    expected_shrinkage = 1 + 20 / (size.shrinkage * np.log(1 - 0.1 / 0.9))
    assert expected_shrinkage == pytest.approx(0.9, abs=1e-9)
    half = 1.96 * np.sqrt(0.2 * 0.8 / size.overall_risk)
    assert half == pytest.approx(0.05)
    assert size.n == int(np.ceil(max(size.shrinkage, size.optimism, size.overall_risk)))
    with pytest.raises(UsageError, match="r2_cox_snell"):
        sample_size_prediction_model(0.2, 20, 0.9)


def test_external_validation_and_bad_numbers():
    assert sample_size_external(0.047).n == 2128
    assert sample_size_external(0.9).n == 1000
    for call in (
        lambda: sample_size_proportion(1.0, 0.05),
        lambda: sample_size_proportion(0.9, 0),
        lambda: sample_size_kappa(1.0, 0.1),
        lambda: sample_size_auroc(0.8, power=1.0),
    ):
        with pytest.raises(UsageError):
            call()
