"""What a survival evaluation holds: frozen, and as JSON and tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from osteon.core.records import Curve, Estimate, TestResult
from osteon.reports.json_parts import curve_from_json, estimate_from_json, plain, result_from_json

__all__ = [
    "AtRisk",
    "ModelCurve",
    "ModelMeasure",
    "ModelTest",
    "Recalibration",
    "RiskGroup",
    "RiskGroups",
    "SurvivalCounts",
    "SurvivalEvaluation",
    "measure_row",
]


@dataclass(frozen=True, slots=True)
class SurvivalCounts:
    """Whom a subset has, and what became of them.

    Parameters
    ----------
    subset, patients, cases
        Whose, and how many; a case is one CT.
    events, deaths, censored
        Patients by what ended their follow-up.
    person_years
        From each patient's start of observation to his end.
    rate
        Fractures for each 100 person-years.
    median_follow_up_days
        Reverse Kaplan-Meier: follow-up as it would be without events.
    last_day
        Longest follow-up: nothing is known beyond.
    late_entries
        Patients whose observation began after the index date.
    events_by
        Fractures by each horizon (days as text).
    """

    subset: str
    patients: int
    cases: int
    events: int
    deaths: int
    censored: int
    person_years: float
    rate: Estimate
    median_follow_up_days: Estimate
    last_day: float
    late_entries: int
    events_by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ModelMeasure:
    """A number of a model on a subset, with the events it rests on."""

    subset: str
    model: str
    id: str
    estimate: Estimate
    events: int


@dataclass(frozen=True, slots=True, eq=False)
class ModelCurve:
    """A curve of a model on a subset, e.g. ``calibration.groups.730`` or ``decision.1825``.

    ``model`` is ``observed`` for curves of the patients themselves.
    """

    subset: str
    model: str
    id: str
    curve: Curve


@dataclass(frozen=True, slots=True)
class ModelTest:
    """A comparison of models in one measure.

    Parameters
    ----------
    subset, comparison, title, measure
        On whom, which comparison of the plan, how it is written, and in which measure.
    result
        The test, with the difference.
    p_holm
        Adjusted over the family of the subset; NaN outside it.
    events
        Fractures that count.
    invalid
        The paper's paired t test over the same bootstrap replicates, which is not valid; ``None``
        where there are no replicates.
    """

    subset: str
    comparison: str
    title: str
    measure: str
    result: TestResult
    p_holm: float
    events: int
    invalid: TestResult | None = None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """How many are still followed, without a fracture, at each of some days."""

    days: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RiskGroup:
    """A group of patients by cut points: its cumulative incidence and who is at risk."""

    title: str
    patients: int
    events: int
    deaths: int
    curve: Curve | None
    at_risk: AtRisk
    incidence: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, eq=False)
class RiskGroups:
    """Groups of one subset by the main model; cut points were chosen on ``cut_points_from``.

    With folds each is cut at its own, and ``cut_points`` are their means. ``test`` is the log-rank
    test of the cause-specific hazard, ``gray`` Gray's of the cumulative incidence.
    """

    subset: str
    model: str
    cut_points: tuple[float, ...]
    cut_points_from: str
    groups: tuple[RiskGroup, ...]
    test: TestResult
    gray: TestResult


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A model before and after its hazard was updated.

    Parameters
    ----------
    model, fitted_on, patients, events
        Which model, whose patients fitted the update (in words), how many and with how many events.
    tested_on, tested_patients
        The remainder: none of those it was fitted on.
    intercept
        Of the update of the level alone.
    intercept_with_slope, slope
        Of the update of level and spread.
    measures
        Of the models ``as_it_is``, ``level`` and ``level_and_spread`` on the remainder.
    """

    model: str
    fitted_on: str
    patients: int
    events: int
    tested_on: str
    tested_patients: int
    intercept: Estimate
    intercept_with_slope: Estimate
    slope: Estimate
    measures: tuple[ModelMeasure, ...]


@dataclass(frozen=True, slots=True)
class SurvivalEvaluation:
    """All numbers of a survival report: computed once, read by tables, figures and pages.

    ``folds`` is how many models each stands for: 1, or the folds that are pooled.
    """

    is_synthetic: bool
    seed: int
    settings: Mapping[str, Any]
    folds: int
    counts: tuple[SurvivalCounts, ...]
    measures: tuple[ModelMeasure, ...]
    tests: tuple[ModelTest, ...]
    curves: tuple[ModelCurve, ...]
    groups: tuple[RiskGroups, ...]
    recalibration: Recalibration | None

    @property
    def subsets(self) -> tuple[str, ...]:
        """The tested subsets, the internal one first."""
        return tuple(dict.fromkeys(measure.subset for measure in self.measures))

    @property
    def horizons(self) -> tuple[float, ...]:
        """Horizons in days."""
        return tuple(self.settings["horizons_days"])

    @property
    def main_model(self) -> str:
        """The model the study stands on."""
        return str(self.settings["main_model"])

    def models(self, subset: str) -> tuple[str, ...]:
        """Give the models of a subset, in the order they were measured."""
        return tuple(dict.fromkeys(m.model for m in self.measures if m.subset == subset))

    def find(self, subset: str, model: str, measure_id: str) -> ModelMeasure | None:
        """Give a measure, or ``None`` when it was not measured."""
        for measure in self.measures:
            if (measure.subset, measure.model, measure.id) == (subset, model, measure_id):
                return measure
        return None

    def curve(self, subset: str, model: str, curve_id: str) -> Curve | None:
        """Give a curve, or ``None``."""
        for item in self.curves:
            if (item.subset, item.model, item.id) == (subset, model, curve_id):
                return item.curve
        return None

    def count(self, subset: str) -> SurvivalCounts:
        """Give the counts of a subset."""
        return next(item for item in self.counts if item.subset == subset)

    def measures_table(self) -> pd.DataFrame:
        """Every measure as a row; proportions in [0, 1]."""
        extra = () if self.recalibration is None else self.recalibration.measures
        return pd.DataFrame([measure_row(measure) for measure in (*self.measures, *extra)])

    def to_json(self) -> dict[str, Any]:
        """As JSON types; not-a-number becomes null."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "SurvivalEvaluation":
        """Read what :meth:`to_json` gave."""
        updated = content["recalibration"]
        return cls(
            is_synthetic=content["is_synthetic"],
            seed=content["seed"],
            settings=content["settings"],
            folds=content["folds"],
            counts=tuple(_counts(item) for item in content["counts"]),
            measures=tuple(_measure(item) for item in content["measures"]),
            tests=tuple(_test(item) for item in content["tests"]),
            curves=tuple(
                ModelCurve(**{**item, "curve": curve_from_json(item["curve"])})
                for item in content["curves"]
            ),
            groups=tuple(_groups(item) for item in content["groups"]),
            recalibration=None if updated is None else _recalibration(updated),
        )


def measure_row(measure: ModelMeasure) -> dict[str, Any]:
    """Write a measure as a row of a table."""
    row = asdict(measure)
    estimate = row.pop("estimate")
    parts = ("value", "low", "high", "n", "method", "reason")
    return row | {name: estimate[name] for name in parts}


def _counts(item: Mapping[str, Any]) -> SurvivalCounts:
    estimates = {n: estimate_from_json(item[n]) for n in ("rate", "median_follow_up_days")}
    return SurvivalCounts(**{**item, **estimates})


def _measure(item: Mapping[str, Any]) -> ModelMeasure:
    return ModelMeasure(**{**item, "estimate": estimate_from_json(item["estimate"])})


def _test(item: Mapping[str, Any]) -> ModelTest:
    wrong = item["invalid"]
    p_holm = float("nan") if item["p_holm"] is None else item["p_holm"]
    return ModelTest(
        **{
            **item,
            "result": result_from_json(item["result"]),
            "p_holm": p_holm,
            "invalid": None if wrong is None else result_from_json(wrong),
        }
    )


def _groups(item: Mapping[str, Any]) -> RiskGroups:
    groups = tuple(_group(group) for group in item["groups"])
    tests = {name: result_from_json(item[name]) for name in ("test", "gray")}
    words = {**item, "groups": groups, **tests}
    return RiskGroups(**{**words, "cut_points": tuple(item["cut_points"])})


def _group(item: Mapping[str, Any]) -> RiskGroup:
    at_risk = AtRisk(*(tuple(item["at_risk"][name]) for name in ("days", "counts")))
    incidence = {key: estimate_from_json(one) for key, one in item["incidence"].items()}
    curve = None if item["curve"] is None else curve_from_json(item["curve"])
    return RiskGroup(**{**item, "at_risk": at_risk, "incidence": incidence, "curve": curve})


def _recalibration(item: Mapping[str, Any]) -> Recalibration:
    names = ("intercept", "intercept_with_slope", "slope")
    estimates = {name: estimate_from_json(item[name]) for name in names}
    measures = tuple(_measure(measure) for measure in item["measures"])
    return Recalibration(**{**item, **estimates, "measures": measures})
