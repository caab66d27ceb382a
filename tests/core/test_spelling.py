"""When two spellings are one name."""

from hypothesis import given
from hypothesis import strategies as st

from osteon.core.labels import HIP_CLASSES
from osteon.core.spelling import nearest_name, one_spelling, plain_name


@given(st.lists(st.text(max_size=8)))
def test_spellings_of_one_name_become_one(names):
    spelling = one_spelling(names)
    assert set(spelling) == set(names)
    for name in names:
        assert plain_name(spelling[name]) == plain_name(name)
    assert len(set(spelling.values())) <= len({plain_name(name) for name in names})


def test_the_nearest_name():
    assert nearest_name("Intertrochantric", HIP_CLASSES.classes) == "intertrochanteric"
    assert nearest_name("x", []) == ""


def test_classes_are_found_by_name_and_title():
    assert HIP_CLASSES.find("No fracture") == "no_fracture"
    assert HIP_CLASSES.find("femur") is None
    assert HIP_CLASSES.nearest("displaced neck") == "displaced_femoral_neck"
