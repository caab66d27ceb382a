"""Every interval that a public statistic gives is simulated, or it is said why not."""

import dataclasses
import importlib
import typing

import pytest

from osteon.core.records import Curve, Estimate
from osteon.statistics.catalogue import catalogue
from osteon.workflow.coverage import EVERY_INTERVAL
from osteon.workflow.coverage.not_simulated import NOT_SIMULATED, as_list

SIMULATED = {interval.name.split(",")[0] for interval in EVERY_INTERVAL if interval.is_default}


def holds_interval(kind, seen=()):
    """Whether a type is an estimate or a curve with its band, or has one somewhere inside."""
    if kind in (Estimate, Curve):
        return True
    if dataclasses.is_dataclass(kind) and kind not in seen:
        fields = typing.get_type_hints(kind).values()
        return any(holds_interval(field, (*seen, kind)) for field in fields)
    return any(holds_interval(part, seen) for part in typing.get_args(kind))


def gives_interval(entry):
    module = importlib.import_module(f"osteon.statistics.{entry.module}")
    return holds_interval(typing.get_type_hints(getattr(module, entry.name)).get("return"))


GIVING = sorted({entry.name for entry in catalogue() if gives_interval(entry)})


def unexplained(giving, simulated, reasons):
    return [name for name in giving if name not in simulated and name not in reasons]


def test_every_interval_is_simulated_or_it_is_said_why_not():
    missing = unexplained(GIVING, SIMULATED, NOT_SIMULATED)
    assert not missing, f"no row in the table of coverage and no reason: {missing}"


def test_reasons_are_given_for_what_needs_them_alone():
    assert not SIMULATED & set(NOT_SIMULATED), "has a row and a reason why it has none"
    assert set(NOT_SIMULATED) <= set(GIVING), "a reason for what gives no interval or is not there"


@pytest.mark.parametrize("name", sorted(NOT_SIMULATED))
def test_a_reason_that_names_another_function_names_one_with_a_row(name):
    named = NOT_SIMULATED[name].split("`")[1::2]
    assert set(named) <= SIMULATED
    assert f"`{name}`" in as_list()


def test_what_holds_an_interval_is_found():
    @dataclasses.dataclass
    class Inner:
        gap: Estimate | None

    @dataclasses.dataclass
    class Outer:
        parts: dict[str, tuple[Inner, ...]]
        itself: "list[Outer]"

    Outer.__annotations__["itself"] = list[Outer]
    assert holds_interval(Outer)
    assert holds_interval(tuple[Estimate, ...])
    assert not holds_interval(dict[str, float])
    assert {"auroc", "delong_test", "per_class", "obuchowski_rockette"} <= set(GIVING)


@pytest.mark.parametrize("name", ["auroc", "bland_altman", "delong_test", "krogue_margin"])
def test_a_row_or_a_reason_that_is_missing_is_noticed(name):
    reasons = {other: why for other, why in NOT_SIMULATED.items() if other != name}
    assert unexplained(GIVING, SIMULATED - {name}, reasons) == [name]
