import pytest
from pydantic import ValidationError
from tests.prediction.survival_packages import SPEC, make_survival_card, reference, untrained

from osteon.models.card_survival import HazardRecalibration, HorizonRisks, ReferenceCohort
from osteon.models.card_text import card_readme


@pytest.fixture(scope="module")
def models():
    return {f"{view}-seed1": untrained(view, 1) for view in ("frontal", "axial")}


def test_a_card_knows_views_and_horizons(models):
    card = make_survival_card(models)
    assert card.views == ("frontal", "axial")
    assert card.horizons_days == (730.0, 1095.0, 1825.0)
    assert card.time_unit == "days"
    text = card_readme(card)
    assert "days to subsequent fracture, death competing" in text
    assert "parallel beam, 60 keV, 32 x 32 pixels of 14 mm" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"head": "cox"}, "has head logistic_hazard, the card says cox"),
        ({"cuts_days": (0.0, 3650.0)}, "cut points"),
        ({"image_size_px": 64}, "image_size_px"),
        ({"causes": ("fracture",)}, "has causes 2, the card says 1"),
        ({"views": ("frontal", "lateral")}, "views are"),
        ({"seeds": {"frontal-seed1": 1}}, "seeds are not one for every part"),
        ({"time_unit": "months"}, "time_unit"),
        ({"preprocessing_hash": "0"}, "preprocessing_hash"),
    ],
)
def test_a_card_that_contradicts_its_parts_cannot_be_made(models, changes, words):
    with pytest.raises(ValidationError, match=words):
        make_survival_card(models, **changes)


def test_networks_that_want_what_the_card_does_not_name_are_refused():
    aged = {"frontal-seed1": untrained("frontal", 1, SPEC.changed({"clinical": ["age_years"]}))}
    assert make_survival_card(aged).clinical[0].name == "age_years"
    with pytest.raises(ValidationError, match="takes age_years, which the card does not name"):
        make_survival_card(aged, clinical=())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"times_days": (1.0, 2.0), "mean_event_free": (1.0, 0.9)}, "rise from 0"),
        ({"times_days": (0.0, 2.0), "mean_event_free": (0.9, 1.0)}, "may not rise"),
        ({"times_days": (0.0, 2.0)}, "as long"),
        ({"subset": "internal_test"}, "subset"),
        ({"n_patients": 0}, "n_patients"),
    ],
)
def test_a_reference_cohort_is_a_curve_of_somebody_who_was_not_tested(changes, words):
    with pytest.raises(ValidationError, match=words):
        ReferenceCohort.model_validate(reference().resolved() | changes)


def test_risks_ascend_and_a_level_has_no_slope():
    with pytest.raises(ValidationError, match="ascend"):
        HorizonRisks(days=730, mean_risk=0.1, risks=(0.2, 0.1))
    with pytest.raises(ValidationError, match="only the level"):
        HazardRecalibration(
            kind="level", intercept=0.1, slope=1.2, centre=0, at_days=730, n_patients=9, n_events=2
        )
