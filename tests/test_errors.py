import copy

import pytest

from osteon import errors


def all_errors():
    return [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", all_errors())
def test_every_error_is_an_osteon_error_drawn_in_the_tree(kind):
    assert issubclass(kind, errors.OsteonError)
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind", all_errors())
def test_errors_survive_the_way_back_from_a_worker(kind):
    error = copy.copy(kind("case 3 has no spacing", remedy="give one"))
    assert type(error) is kind
    assert str(error) == "case 3 has no spacing\n  remedy: give one"
