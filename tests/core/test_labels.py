import pytest

from osteon.core.labels import HIP_CLASSES, LabelSet


def test_the_six_classes_and_their_binary_question():
    assert len(HIP_CLASSES) == 6
    assert HIP_CLASSES.positive_indices == (1, 2, 3)
    assert HIP_CLASSES.title("internal_fixation") == "Internal fixation"


def test_an_unknown_class_lists_the_known():
    with pytest.raises(ValueError, match="wanted one of no_fracture"):
        HIP_CLASSES.index("broken")


@pytest.mark.parametrize(
    ("classes", "positive", "titles"),
    [(("a", "a"), {"a"}, ("A", "A")), (("a", "b"), {"c"}, ("A", "B")), (("a", "b"), {"a"}, ("A",))],
)
def test_a_contradictory_set_does_not_exist(classes, positive, titles):
    with pytest.raises(ValueError, match="label set"):
        LabelSet("x", classes, frozenset(positive), titles)
