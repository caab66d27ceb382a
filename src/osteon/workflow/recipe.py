"""A recipe: one published study design, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from osteon.cohort.eligibility import Eligibility
from osteon.cohort.evidence_rules import ReferencePlan
from osteon.core.labels import LabelSet
from osteon.core.schemas import CASES, PATIENT_CASES
from osteon.core.tables import Schema
from osteon.errors import UsageError
from osteon.workflow.study import StudySettings

__all__ = ["AnalysisPlan", "Recipe", "TimeToEvent"]


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """What is decided before anybody sees a result.

    Parameters
    ----------
    primary_endpoint
        The one number the study stands on, in words.
    subgroups
        Columns of the table of cases by which the results are broken down.
    bootstrap_replicates
        Number of bootstrap replicates.
    thresholds_from
        The subset operating points are chosen on; never a test subset.
    """

    primary_endpoint: str
    subgroups: tuple[str, ...]
    bootstrap_replicates: int = 2000
    thresholds_from: str = "tuning"

    def __post_init__(self) -> None:
        if self.thresholds_from != "tuning":
            raise ValueError(f"thresholds are chosen on tuning data, not on {self.thresholds_from}")


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """What a study of times predicts.

    Parameters
    ----------
    event, competing
        The event that is waited for, and the one that makes it impossible.
    horizons_days
        Days at which risks are told and judged, ascending.
    """

    event: str
    competing: str
    horizons_days: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.horizons_days or list(self.horizons_days) != sorted(set(self.horizons_days)):
            raise ValueError(f"horizons {self.horizons_days} days: wanted some, ascending")
        if self.horizons_days[0] <= 0:
            raise ValueError(f"a horizon of {self.horizons_days[0]} days lies before the start")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One published study design.

    Parameters
    ----------
    name, title
        As on the command line, and as on a page.
    question
        What the study asks, in one sentence.
    paper
        Citation with DOI.
    unit_of_analysis
        ``patient``, ``hip``, ``vertebra`` or ``image``.
    reference_standard
        What the labels rest on.
    target
        What is predicted: one of several classes, or the time to an event.
    eligibility
        Who is in, as rules.
    presets
        Named settings; the first is the default.
    stages
        Names of the stages, in order.
    analysis
        The analysis plan.
    published
        File with the paper's numbers.
    reference_plan
        Which later evidence decides a label, as rules; ``None`` where the recipe has none.
    report_rules
        Rules that read the classes out of reports, by language.
    """

    name: str
    title: str
    question: str
    paper: str
    unit_of_analysis: str
    reference_standard: str
    target: LabelSet | TimeToEvent
    eligibility: Eligibility
    presets: Mapping[str, StudySettings]
    stages: tuple[str, ...]
    analysis: AnalysisPlan
    published: Path
    reference_plan: ReferencePlan | None = None
    report_rules: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for preset, settings in self.presets.items():
            if (settings.recipe, settings.preset) != (self.name, preset):
                raise ValueError(
                    f"recipe {self.name}: preset {preset} names another recipe or preset"
                )

    @property
    def labels(self) -> LabelSet:
        """The classes.

        Raises
        ------
        UsageError
            If the recipe predicts the time to an event.
        """
        if not isinstance(self.target, LabelSet):
            raise UsageError(
                f"recipe {self.name} predicts when a {self.target.event} comes, and has no classes",
                remedy="this command is for recipes that sort into classes (osteon recipes)",
            )
        return self.target

    @property
    def cases_table(self) -> Schema:
        """Table with one row for each unit of analysis."""
        return PATIENT_CASES if self.unit_of_analysis == "patient" else CASES
