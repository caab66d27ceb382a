from types import SimpleNamespace

import numpy as np
import pytest
from tests.prediction.conftest import TINY_GATE

from osteon.models.gate import build_gate
from osteon.models.gate_spec import VIEWS
from osteon.prediction.gate import GateAnswer, ask_gate, decide
from osteon.prediction.runtime import runner


def answer(hip=0.9, view="ap_pelvis", hardware=0.0):
    views = {name: 0.8 if name == view else 0.05 for name in VIEWS}
    return GateAnswer(hip, views, hardware)


def finding(code, severity):
    return SimpleNamespace(code=code, severity=severity, detail=f"{code} is so")


def codes(notes):
    return [note.code for note in notes]


def test_a_plain_hip_is_accepted_without_a_word():
    decision = decide((), answer())
    assert decision.accepted
    assert (decision.reasons, decision.flags, decision.view) == ((), (), "ap_pelvis")


def test_hardware_is_a_flag_and_never_a_refusal():
    decision = decide((), answer(hardware=0.99))
    assert decision.accepted
    assert codes(decision.flags) == ["hardware"]


def test_findings_refuse_and_flag_by_their_severity():
    found = (finding("modality", "refuse"), finding("blurred", "flag"))
    decision = decide(found, answer())
    assert not decision.accepted
    assert codes(decision.reasons) == ["modality"]
    assert codes(decision.flags) == ["blurred"]


@pytest.mark.parametrize("view", VIEWS)
def test_only_the_cross_table_lateral_is_refused_among_the_views(view):
    decision = decide((), answer(view=view))
    assert decision.accepted is (view != "cross_table_lateral")
    assert decision.view == view


OTHER = (finding("header_names_other_body_part", "flag"),)


def test_the_picture_overrules_a_header_that_lies():
    decision = decide(OTHER, answer())
    assert decision.accepted
    assert codes(decision.flags) == ["header_names_other_body_part"]
    assert codes(decide((), answer(hip=0.01)).reasons) == ["not_a_hip"]


def test_a_film_of_no_view_of_a_hip_is_refused_where_the_picture_is_in_doubt():
    limits = {"hip": 0.2}
    assert codes(decide((), answer(hip=0.3, view="other"), limits).reasons) == ["not_a_hip"]
    assert decide((), answer(hip=0.6, view="other"), limits).accepted
    assert decide((), answer(hip=0.3, view="frog_leg"), limits).accepted


def test_a_header_is_believed_where_the_picture_is_in_doubt():
    decision = decide(OTHER, answer(hip=0.3), {"hip": 0.2})
    assert codes(decision.reasons) == ["not_a_hip"]
    assert OTHER[0].detail in decision.reasons[0].detail
    assert decide((), answer(hip=0.3), {"hip": 0.2}).accepted
    assert decide(OTHER, answer(hip=0.6), {"hip": 0.2}).accepted
    assert not decide(OTHER, answer(hip=0.6), {"hip": 0.7}).accepted


def test_without_a_network_the_header_decides_and_an_empty_one_passes():
    assert codes(decide(OTHER, None).reasons) == ["not_a_hip"]
    assert decide((), None).accepted


def test_thresholds_of_the_package_count():
    assert not decide((), answer(hip=0.9), {"hip": 0.95}).accepted
    assert decide((), answer(hip=0.3), {"hip": 0.2}).accepted
    assert codes(decide((), answer(hardware=0.2), {"hardware": 0.1}).flags) == ["hardware"]


def test_every_reason_says_something():
    decision = decide((), answer(hip=0.1, view="cross_table_lateral", hardware=1.0))
    assert all(len(note.detail) > 20 for note in (*decision.reasons, *decision.flags))


def test_the_network_answers_films_of_any_shape_and_brightness_alike():
    run = runner("torch", build_gate(TINY_GATE, 1))
    film = np.random.default_rng(0).random((90, 60)).astype(np.float32)
    one, darker, other = ask_gate(
        [film, np.ascontiguousarray(film * 0.5), film.T.copy()], run, TINY_GATE
    )
    assert sum(one.view_probabilities.values()) == pytest.approx(1)
    assert 0 <= one.hip_probability <= 1
    assert one.hip_probability == pytest.approx(darker.hip_probability, abs=0.02)
    assert one != other
    assert ask_gate([], run, TINY_GATE) == []
