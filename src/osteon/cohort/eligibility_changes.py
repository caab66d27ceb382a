"""A study's changes of its recipe's rules, and what a change of rules would change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import pandas as pd
from pydantic import Field, model_validator

from osteon.cohort.eligibility import Eligibility, Needs, Rule, RuleLevel, parse_condition
from osteon.cohort.flow import FlowCounts
from osteon.core.settings import Settings
from osteon.errors import SettingsError

__all__ = ["AddedRule", "EligibilityChange", "EligibilityChanges", "RuleEffect", "compare_rules"]


class AddedRule(Settings):
    """A rule of a study that its recipe does not have.

    Parameters
    ----------
    condition
        Column, sign and value, e.g. ``patient_age_years<=100``; signs are ``= != >= <= ~``.
    reason
        Code in snake_case of those that fail.
    sentence
        What the rule asks, for a person; the condition when empty.
    level, needs, missing_passes
        As in :class:`osteon.cohort.eligibility.Rule`.
    """

    condition: str
    reason: str
    sentence: str = ""
    level: RuleLevel = "hip"
    needs: Needs = "all"
    missing_passes: bool = False

    @model_validator(mode="after")
    def _is_a_rule(self) -> Self:
        self.rule()
        return self

    def rule(self) -> Rule:
        """Make the rule."""
        parsed = parse_condition(self.condition)
        return Rule(
            parsed.field, parsed.operator, parsed.value, self.reason,
            self.sentence or self.condition, self.missing_passes, self.level, self.needs,
        )  # fmt: skip


class EligibilityChanges(Settings):
    """What a study changes of its recipe's rules: reasons of rules to drop, and rules to add."""

    drop: tuple[str, ...] = ()
    add: tuple[AddedRule, ...] = Field(default=())

    def applied(self, eligibility: Eligibility) -> Eligibility:
        """Give the rules after the changes: those kept in their order, then the added ones.

        Raises
        ------
        SettingsError
            If a rule to drop does not exist.
        """
        reasons = [rule.reason for rule in eligibility.rules]
        if unknown := [reason for reason in self.drop if reason not in reasons]:
            raise SettingsError(
                f"eligibility.drop: there is no rule {unknown[0]!r}",
                remedy=f"rules are: {', '.join(reasons)}",
            )
        kept = tuple(rule for rule in eligibility.rules if rule.reason not in self.drop)
        return Eligibility((*kept, *(added.rule() for added in self.add)))


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """Hips that fail a rule before any other, and that fail it at all, before and after."""

    reason: str
    sentence: str
    level: str
    first_before: int
    first_after: int
    any_before: int
    any_after: int


@dataclass(frozen=True, slots=True)
class EligibilityChange:
    """What changed rules change.

    Parameters
    ----------
    before, after
        What is in.
    comes, goes
        What comes in, and what goes out.
    rules
        The rules before and after, in their order.
    comes_by_class, goes_by_class
        Hips by class.
    """

    before: FlowCounts
    after: FlowCounts
    comes: FlowCounts
    goes: FlowCounts
    rules: tuple[RuleEffect, ...]
    comes_by_class: Mapping[str, int]
    goes_by_class: Mapping[str, int]

    @property
    def is_nothing(self) -> bool:
        """Whether the same hips are in."""
        return self.comes.hips == self.goes.hips == 0

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def compare_rules(
    before: pd.DataFrame, after: pd.DataFrame, rules: Mapping[str, Rule], classes: "pd.Series[str]"
) -> EligibilityChange:
    """Hold two tables of eligibility against each other.

    Parameters
    ----------
    before, after
        Tables :data:`osteon.core.schemas.ELIGIBILITY`.
    rules
        Every rule of either by its reason, in order.
    classes
        Class of each hip by ``case_id``.
    """
    was, now = (frame[frame["is_in"]] for frame in (before, after))
    comes = now[~now["case_id"].isin(was["case_id"])]
    goes = was[~was["case_id"].isin(now["case_id"])]
    effects = []
    for reason, rule in rules.items():
        numbers = []
        for frame in (before, after):
            numbers.append(int((frame["first_failing"] == reason).sum()))
            failing = ";" + frame["failing"].fillna("") + ";"
            numbers.append(int(failing.str.contains(f";{reason};", regex=False).sum()))
        effects.append(
            RuleEffect(
                reason, rule.sentence, rule.level, numbers[0], numbers[2], numbers[1], numbers[3]
            )
        )
    return EligibilityChange(
        _counts(was), _counts(now), _counts(comes), _counts(goes), tuple(effects),
        _by_class(comes, classes), _by_class(goes, classes),
    )  # fmt: skip


def _counts(rows: pd.DataFrame) -> FlowCounts:
    return FlowCounts(
        int(rows["sop_instance_uid"].nunique()), len(rows), int(rows["patient_id"].nunique())
    )


def _by_class(rows: pd.DataFrame, classes: "pd.Series[str]") -> dict[str, int]:
    counts = rows["case_id"].map(classes).value_counts().sort_index()
    return {str(name): int(count) for name, count in counts.items()}
