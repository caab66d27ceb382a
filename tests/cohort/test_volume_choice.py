"""One volume for each patient: every rule and preference decides, and says so."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.cohort.index_dates import read_index_dates
from osteon.cohort.volume_choice import VolumeRules, choose_volumes
from osteon.core.schemas import VOLUMES
from osteon.errors import SettingsError, TableError

GOOD = {
    "series_instance_uid": "1", "reconstruction": 1, "patient_id": "P1", "study_instance_uid": "s1",
    "study_date": "20200601", "convolution_kernel": "B30f", "n_slices": 150,
    "slice_spacing_mm": 2.0, "row_spacing_mm": 0.8, "column_spacing_mm": 0.8, "z_extent_mm": 300.0,
    "hips_in_view": 2, "enhanced_cm3": 0.0, "metal_cm3": 0.0, "is_chosen": False,
    "content_hash": "h", "path": "/ct",
}  # fmt: skip


def table(*changes):
    rows = [GOOD | {"series_instance_uid": str(at)} | own for at, own in enumerate(changes, 1)]
    return VOLUMES.checked(pd.DataFrame(rows).reindex(columns=list(VOLUMES.names)))


def reasons(*changes, rules=None, dates=None):
    chosen = choose_volumes(table(*changes), rules or VolumeRules(), dates)
    assert chosen["reason"].isna().equals(chosen["is_chosen"].astype(bool))
    return [None if pd.isna(reason) else reason for reason in chosen["reason"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hips_in_view": 0}, "hips_not_in_view"),
        ({"hips_in_view": 1}, "one_hip_in_view"),
        ({"n_slices": 2}, "too_few_slices"),
        ({"z_extent_mm": 60.0}, "too_short"),
        ({"slice_spacing_mm": 10.0}, "slices_too_far_apart"),
    ],
)
def test_a_broken_rule_leaves_a_volume_out(change, said):
    assert reasons(change) == [said]
    assert reasons(change, {}) == [said, None]


@pytest.mark.parametrize(
    ("rules", "change"),
    [
        ({"hips": "one"}, {"hips_in_view": 1}),
        ({"hips": "any"}, {"hips_in_view": 0}),
        ({"fewest_slices": 2}, {"n_slices": 2}),
        ({"shortest_mm": 50}, {"z_extent_mm": 60.0}),
        ({"widest_spacing_mm": 10}, {"slice_spacing_mm": 10.0}),
    ],
)
def test_rules_can_be_set(rules, change):
    assert reasons(change, rules=VolumeRules(**rules)) == [None]


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        ({"contrast_bolus_agent": "Iohexol"}, "contrast_given"),
        ({"enhanced_cm3": 100.0}, "contrast_given"),
        ({"convolution_kernel": "B70f"}, "other_kernel"),
        ({"convolution_kernel": None}, "other_kernel"),
        ({"slice_spacing_mm": 3.0}, "wider_spacing"),
        ({"z_extent_mm": 200.0}, "shorter"),
        ({}, "equal_to_chosen"),
    ],
)
def test_the_better_volume_of_a_study_is_chosen(worse, said):
    assert reasons({"series_instance_uid": "5"}, worse | {"series_instance_uid": "9"}) == [
        None, said,
    ]  # fmt: skip


def test_preferences_have_an_order_that_can_be_set():
    thin_sharp = {"slice_spacing_mm": 1.0, "convolution_kernel": "B70f"}
    assert reasons({}, thin_sharp) == [None, "other_kernel"]
    assert reasons({}, thin_sharp, rules=VolumeRules(kernel="bone")) == ["other_kernel", None]
    first_thin = VolumeRules(prefer=("spacing", "kernel"))
    assert reasons({}, thin_sharp, rules=first_thin) == ["wider_spacing", None]


def test_contrast_may_be_refused_or_not_asked():
    given_agent = {"contrast_bolus_agent": "Iohexol"}
    assert reasons(given_agent) == [None]
    assert reasons(given_agent, rules=VolumeRules(contrast="refuse")) == ["contrast_given"]
    assert reasons({"contrast_bolus_agent": "NONE"}, rules=VolumeRules(contrast="refuse")) == [None]
    thick = {"slice_spacing_mm": 3.0}
    rules = VolumeRules(contrast="any")
    assert reasons(given_agent, thick, rules=rules) == [None, "wider_spacing"]


def test_metal_may_be_limited():
    metal = {"metal_cm3": 50.0}
    assert reasons(metal) == [None]
    assert reasons(metal, rules=VolumeRules(most_metal_cm3=10)) == ["metal"]


def test_the_index_date_decides_among_imaging_studies():
    studies = [
        {"study_instance_uid": f"s{at}", "study_date": day}
        for at, day in enumerate(["20190101", "20200101", "20210101", None])
    ]
    other = "other_imaging_study"
    assert reasons(*studies) == [other, other, None, other]
    assert reasons(*studies, rules=VolumeRules(date="earliest")) == [None, other, other, other]
    dates = {"P1": date(2020, 6, 1)}
    late = "after_index_date"
    assert reasons(*studies, dates=dates) == [other, None, late, "no_study_date"]
    near = VolumeRules(days_before_index=10)
    assert reasons(*studies, dates=dates, rules=near) == ["before_window"] * 2 + [
        late, "no_study_date",
    ]  # fmt: skip
    after = VolumeRules(days_after_index=365)
    assert reasons(*studies, dates=dates, rules=after) == [other, other, None, "no_study_date"]


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "patient_id": st.sampled_from("AB"),
                "study_instance_uid": st.sampled_from("xy"),
                "study_date": st.sampled_from(["20200101", "20200201", None]),
                "hips_in_view": st.integers(0, 2),
                "slice_spacing_mm": st.sampled_from([1.0, 5.0, 9.0]),
                "convolution_kernel": st.sampled_from(["B30f", "B70f", None]),
            }
        ),
        max_size=8,
    ),
    order=st.randoms(),
)
def test_at_most_one_volume_stands_for_a_patient_whatever_the_order(rows, order):
    volumes = table(*rows)
    chosen = choose_volumes(volumes, VolumeRules())
    assert chosen[chosen["is_chosen"]]["patient_id"].is_unique
    able = volumes[(volumes["hips_in_view"] == 2) & (volumes["slice_spacing_mm"] <= 6)]
    assert set(chosen[chosen["is_chosen"]]["patient_id"]) == set(able["patient_id"])
    places = list(range(len(volumes)))
    order.shuffle(places)
    again = choose_volumes(volumes.iloc[places], VolumeRules()).sort_values("series_instance_uid")
    pd.testing.assert_frame_equal(
        again.reset_index(drop=True),
        chosen.sort_values("series_instance_uid").reset_index(drop=True),
    )


def test_a_rule_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="kernel"):
        VolumeRules().changed({"kernl": "soft"})


def test_index_dates_are_read_or_the_row_is_named(tmp_path):
    path = tmp_path / "dates.csv"
    path.write_text("patient_id,index_date\nP1,2020-06-01\nP2,31.12.2019\nP1,20200601\n")
    assert read_index_dates(path) == {"P1": date(2020, 6, 1), "P2": date(2019, 12, 31)}
    for content, said in (
        ("patient_id,date\nP1,2020-06-01\n", "no column index_date"),
        ("patient_id,index_date\nP1,soon\n", "index_date of P1: 'soon' is not a date"),
        ("patient_id,index_date\nP1,20200601\nP1,20200602\n", "second index date"),
    ):
        path.write_text(content)
        with pytest.raises(TableError, match=said):
            read_index_dates(path)
