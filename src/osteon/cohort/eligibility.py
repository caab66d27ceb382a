"""Who is in, as data: rules that a person can read and a table can be held against."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from osteon.errors import SettingsError

__all__ = [
    "Eligibility", "Needs", "Operator", "Rule", "RuleLevel", "Value", "parse_condition",
]  # fmt: skip

Operator = Literal[
    "equals", "not_equals", "one_of", "none_of", "at_least", "at_most", "matches",
    "is_present", "is_missing",
]  # fmt: skip
RuleLevel = Literal["hip", "image", "patient"]
Needs = Literal["all", "any"]
_UNITS: Mapping[str, str] = MappingProxyType(
    {"hip": "case_id", "image": "sop_instance_uid", "patient": "patient_id"}
)
Value = str | float | bool | tuple[str, ...] | None
_Test = Callable[["pd.Series[Any]", Any], "pd.Series[Any]"]


def _text(values: "pd.Series[Any]") -> "pd.Series[str]":
    return values.astype("string").str.casefold()


def _fold(value: Any) -> str:
    return str(value).casefold()


def _equals(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        return _text(values) == _fold(wanted)
    return pd.to_numeric(values, errors="coerce") == wanted


def _one_of(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    return _text(values).isin([_fold(item) for item in wanted])


def _ordered(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    """Give numbers as numbers, and texts (dates as YYYYMMDD) as they sort."""
    if isinstance(wanted, str):
        return values.astype("string")
    return pd.to_numeric(values, errors="coerce")


def _at_least(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    return _ordered(values, wanted).ge(wanted)


def _at_most(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    return _ordered(values, wanted).le(wanted)


def _matches(values: "pd.Series[Any]", wanted: Any) -> "pd.Series[Any]":
    return values.astype("string").str.contains(wanted, case=False, regex=True)


_TESTS: Mapping[str, _Test] = MappingProxyType(
    {
        "equals": _equals,
        "not_equals": lambda values, wanted: ~_equals(values, wanted),
        "one_of": _one_of,
        "none_of": lambda values, wanted: ~_one_of(values, wanted),
        "at_least": _at_least,
        "at_most": _at_most,
        "matches": _matches,
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition that a case must fulfil.

    Parameters
    ----------
    field
        Column of the instances or labels.
    operator
        How the column is compared; texts are compared without regard to case.
    value
        What with: a text or number, texts for ``one_of`` and ``none_of``, a regular expression
        for ``matches``, nothing for ``is_present`` and ``is_missing``.
    reason
        Code in snake_case of those that fail, e.g. ``"age_under_18"``.
    sentence
        What the rule asks, for a person, e.g. ``"18 years or older"``.
    missing_passes
        Whether a case passes when the column is empty (headers lie, or are empty).
    level
        What is in or out as a whole: a ``hip`` on a film, an ``image`` with all its hips, or a
        ``patient`` with all images.
    needs
        Whether ``all`` hips of the image or patient must fulfil the condition, or ``any`` does.

    Raises
    ------
    SettingsError
        If operator and value do not fit, or the reason is not in snake_case.
    """

    field: str
    operator: Operator
    value: Value
    reason: str
    sentence: str
    missing_passes: bool = False
    level: RuleLevel = "hip"
    needs: Needs = "all"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.reason):
            raise SettingsError(f"reason {self.reason!r}: wanted a code in snake_case")
        wants_many = self.operator in ("one_of", "none_of")
        wants_none = self.operator in ("is_present", "is_missing")
        if wants_none != (self.value is None) or wants_many != isinstance(self.value, tuple):
            raise SettingsError(
                f"rule {self.reason}: {self.operator} does not go with {self.value!r}"
            )
        if self.operator == "matches":
            try:
                re.compile(str(self.value))
            except re.error as error:
                raise SettingsError(f"rule {self.reason}: {self.value!r}: {error}") from error

    def passes(self, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Whether each row is in by the rule: alone, or with its image or patient.

        Raises
        ------
        SettingsError
            If the table has no such column.
        """
        own = self._fulfilled(frame)
        if self.level == "hip":
            return own
        unit = frame[_UNITS[self.level]]
        return own.groupby(unit).transform(self.needs).astype(bool)

    def _fulfilled(self, frame: pd.DataFrame) -> "pd.Series[bool]":
        if self.field not in frame.columns:
            raise SettingsError(
                f"rule {self.reason}: there is no column {self.field!r}",
                remedy=f"columns are: {', '.join(map(str, frame.columns))}",
            )
        values = frame[self.field]
        is_missing = values.isna() | (values.astype("string").str.strip() == "").fillna(False)
        if self.operator == "is_missing":
            return is_missing.astype(bool)
        if self.operator == "is_present":
            return (~is_missing).astype(bool)
        result = _TESTS[self.operator](values, self.value).fillna(False).astype(bool)
        return result.mask(is_missing, self.missing_passes).astype(bool)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The rules of a study in the order in which they are applied.

    Raises
    ------
    SettingsError
        If two rules give one reason.
    """

    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        reasons = [rule.reason for rule in self.rules]
        if len(set(reasons)) != len(reasons):
            raise SettingsError(f"two rules give one reason: {reasons}")

    def evaluate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Hold a table against the rules: one boolean column per reason, ``True`` passes."""
        columns = {rule.reason: rule.passes(frame) for rule in self.rules}
        return pd.DataFrame(columns, index=frame.index, dtype=bool)

    def failing(self, frame: pd.DataFrame) -> list[tuple[str, ...]]:
        """Reasons each row fails for, in the order of the rules; empty for those that are in."""
        passed = self.evaluate(frame).to_numpy()
        reasons = [rule.reason for rule in self.rules]
        return [
            tuple(reason for reason, is_in in zip(reasons, row, strict=True) if not is_in)
            for row in passed
        ]

    def sentence(self, reason: str) -> str:
        """Say what the rule with this reason asks."""
        return next(rule.sentence for rule in self.rules if rule.reason == reason)


_SIGNS: tuple[tuple[str, Operator], ...] = (
    (">=", "at_least"), ("<=", "at_most"), ("!=", "not_equals"), ("~", "matches"),
    ("=", "equals"),
)  # fmt: skip


def parse_condition(text: str) -> Rule:
    """Read ``institution_name=Site B``, ``study_date>=20150101``, ``manufacturer~^fuji``.

    Raises
    ------
    SettingsError
        If it is not ``column sign value`` with one of ``= != >= <= ~``.

    Examples
    --------
    >>> parse_condition("study_date>=20150101").operator
    'at_least'
    """
    match = re.fullmatch(r"\s*(\w+)\s*(>=|<=|!=|~|=)\s*(.+?)\s*", text)
    if match is None:
        raise SettingsError(
            f"got the condition {text!r}", remedy="write column=value; signs are = != >= <= ~"
        )
    field, sign, value = match.groups()
    is_column_of_text = field.endswith(("_date", "_time", "_uid", "_id"))
    number = None if is_column_of_text or sign == "~" else _number(value)
    operator = dict(_SIGNS)[sign]
    return Rule(field, operator, value if number is None else number, "condition", text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
