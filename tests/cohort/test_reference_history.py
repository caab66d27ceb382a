"""The history is only ever added to."""

from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import answers, films
from test_reference_standard import build

from osteon.cohort.reference_history import with_changes


def table(left, right=None):
    rows = [("f1", "L", "anna", left)] + ([("f1", "R", "anna", right)] if right else [])
    return build(answers(*rows), instances=films("f1")).table


def test_only_what_changed_is_added():
    first = with_changes(None, table("no_fracture", "arthroplasty"), built_at="t1")
    assert list(first["number"]) == [1, 1]
    assert with_changes(first, table("no_fracture", "arthroplasty"), built_at="t2").equals(first)
    second = with_changes(first, table("intertrochanteric", "arthroplasty"), built_at="t2")
    assert second.iloc[:2].reset_index(drop=True).equals(first)
    assert list(second.iloc[2:]["case_id"]) == ["f1:L"]
    third = with_changes(second, table("intertrochanteric"), built_at="t3")
    assert list(third.iloc[3:][["case_id", "status"]].itertuples(index=False, name=None)) == [
        ("f1:R", "withdrawn")
    ]
    assert with_changes(third, table("intertrochanteric"), built_at="t4").equals(third)
    fourth = with_changes(third, table("intertrochanteric", "arthroplasty"), built_at="t5")
    assert fourth.iloc[-1]["status"] == "decided"


CLASSES = st.sampled_from(["no_fracture", "arthroplasty", "intertrochanteric"])


@settings(max_examples=20)
@given(st.lists(st.tuples(CLASSES, st.none() | CLASSES), min_size=1, max_size=4))
def test_old_rows_stay_and_the_last_of_each_hip_is_today(builds):
    history = None
    for number, (left, right) in enumerate(builds):
        after = with_changes(history, table(left, right), built_at=f"t{number}")
        if history is not None:
            assert after.iloc[: len(history)].reset_index(drop=True).equals(history)
        history = after
    latest = history.drop_duplicates("case_id", keep="last").set_index("case_id")
    assert latest.loc["f1:L", "label"] == builds[-1][0]
    if builds[-1][1] is None and "f1:R" in latest.index:
        assert latest.loc["f1:R", "status"] == "withdrawn"
