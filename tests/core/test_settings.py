import pytest

from osteon.core.settings import Settings, load_settings, with_overrides
from osteon.errors import SettingsError


class Optimiser(Settings):
    learning_rate: float = 1e-5
    decay: float = 0.9


class Fit(Settings):
    epochs: int = 10
    optimiser: Optimiser = Optimiser()


def test_dotted_assignment_reaches_the_nested_value():
    fit = with_overrides(Fit(), ["optimiser.learning_rate=0.001", "epochs=3"])
    assert fit.optimiser.learning_rate == 0.001
    assert fit.epochs == 3
    assert fit.optimiser.decay == 0.9


def test_unknown_key_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean learning_rate"):
        with_overrides(Fit(), ["optimiser.learning_rat=1"])


def test_unknown_top_key_names_the_nearest():
    with pytest.raises(SettingsError, match="epoch is not a setting: did you mean epochs"):
        load_settings(Fit, {"epoch": 3})


def test_wrong_type_says_what_was_got():
    with pytest.raises(SettingsError, match="epochs: got 'many'"):
        with_overrides(Fit(), ["epochs=many"])


@pytest.mark.parametrize("text", ["epochs", "=3"])
def test_an_assignment_needs_both_sides(text):
    with pytest.raises(SettingsError, match="wanted name=value"):
        with_overrides(Fit(), [text])


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        Fit().epochs = 3


def test_resolved_settings_build_the_same_settings():
    fit = with_overrides(Fit(), ["epochs=4"])
    assert load_settings(Fit, fit.resolved()) == fit
