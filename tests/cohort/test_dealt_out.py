import numpy as np
import pandas as pd

from osteon.cohort.dealt_out import deal_out_outcomes

SUBSETS = ("training", "tuning", "internal_test", "external_test")
OUTCOME = ["entry_days", "time_days", "cause", "end_reason", "end_date"]


def cohort(n=200, folds=1):
    rng = np.random.default_rng(0)
    ids = [f"P{i:03d}" for i in range(n)]
    follow_up = pd.DataFrame(
        {
            "patient_id": ids, "index_date": "2010-01-01", "entry_days": 0.0,
            "time_days": np.arange(1.0, n + 1), "cause": rng.integers(0, 3, n),
            "end_reason": "lost", "end_date": [f"2011-01-{i % 28 + 1:02d}" for i in range(n)],
        }
    )  # fmt: skip
    splits = pd.concat(
        pd.DataFrame(
            {"patient_id": ids, "fold": fold,
             "subset": [SUBSETS[(i + fold) % 4] for i in range(n)]}
        )
        for fold in range(folds)
    )  # fmt: skip
    return follow_up, splits


def test_outcomes_go_whole_to_others_of_the_same_subset():
    follow_up, splits = cohort()
    dealt = deal_out_outcomes(follow_up, splits, np.random.default_rng(1))
    assert dealt["patient_id"].tolist() == follow_up["patient_id"].tolist()
    assert (dealt["time_days"].to_numpy() != follow_up["time_days"].to_numpy()).mean() > 0.9
    rows = {tuple(row) for row in follow_up[OUTCOME].to_numpy().tolist()}
    assert {tuple(row) for row in dealt[OUTCOME].to_numpy().tolist()} == rows
    for subset in SUBSETS:
        own = splits.loc[splits["subset"] == subset, "patient_id"]
        before, after = (
            sorted(table.loc[table["patient_id"].isin(own), "time_days"])
            for table in (follow_up, dealt)
        )
        assert before == after


def test_with_folds_the_same_subset_in_every_fold_is_meant():
    follow_up, splits = cohort(folds=3)
    dealt = deal_out_outcomes(follow_up, splits, np.random.default_rng(1))
    for _, own in splits.groupby(["fold", "subset"]):
        is_own = follow_up["patient_id"].isin(own["patient_id"])
        assert sorted(dealt.loc[is_own, "time_days"]) == sorted(follow_up.loc[is_own, "time_days"])


def test_the_generator_decides():
    tables = cohort()
    deals = [deal_out_outcomes(*tables, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert deals[0].equals(deals[1])
    assert not deals[0].equals(deals[2])
