import pandas as pd
import pytest

from osteon.reports.survival.seeds import seed_table
from osteon.statistics.concordance import concordance_index_harrell


def of_seeds(study, numbers):
    models = ("ensemble", "frontal", "lateral", "axial")
    own = study.risk_scores[study.risk_scores["model"].isin(models)]
    return pd.concat([own.assign(model=own["model"] + f" (seed {number})") for number in numbers])


@pytest.fixture(scope="module")
def table(survival_study, plan):
    scores = of_seeds(survival_study, (1, 2))
    return seed_table(scores, survival_study.risk_scores, survival_study.follow_up, plan, seed=3)


def test_each_seed_has_its_row_in_each_test_subset(table, survival_study):
    assert table.data[["subset", "seed"]].to_numpy().tolist() == [
        ["internal_test", 1], ["internal_test", 2], ["external_test", 1], ["external_test", 2],
    ]  # fmt: skip
    scores = survival_study.risk_scores.query("model == 'ensemble' and subset == 'internal_test'")
    known = survival_study.follow_up.set_index("patient_id").loc[scores["patient_id"]]
    c = concordance_index_harrell(known["time_days"], known["cause"] == 1, scores["risk_score"])
    assert table.data.loc[0, "c"] == pytest.approx(c.value)


def test_the_better_model_is_better_by_the_difference(table):
    assert (table.data["minus_mean_brightness"] > 0).all()
    assert (table.data["minus_mean_brightness_low"] < table.data["minus_mean_brightness"]).all()


def test_one_seed_makes_no_table(survival_study, plan):
    scores = of_seeds(survival_study, (1,))
    tables = (survival_study.risk_scores, survival_study.follow_up)
    assert seed_table(scores, *tables, plan, seed=3) is None
