"""The flow chart of a survival study: patients, who left and why, and what became of the rest."""

from collections.abc import Mapping, Sequence

import pandas as pd

from osteon.core.schemas import EXCLUSIONS
from osteon.errors import TableError
from osteon.reports.figure import Figure
from osteon.reports.flow_chart import flow_svg
from osteon.reports.flow_view import FlowBox, FlowRow, FlowStage, FlowView, Numbers, reason_words
from osteon.reports.survival.records import SurvivalCounts
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["survival_flow"]


def survival_flow(
    counts: Sequence[SurvivalCounts],
    exclusions: pd.DataFrame,
    *,
    series_left_out: Mapping[str, int] | None = None,
) -> Figure:
    """Draw patients from those found to those analysed, with events, deaths and censorings.

    Parameters
    ----------
    counts
        Of every subset; their sum is who was included.
    exclusions
        Table EXCLUSIONS; rows of level ``patient`` are counted, each patient under his first.
    series_left_out
        CT series that were not used, by reason.

    Raises
    ------
    TableError
        If no subset has a patient.
    """
    included = sum(item.patients for item in counts)
    if not included:
        raise TableError("no patient is in a subset: there is no flow to draw")
    rows = EXCLUSIONS.checked(exclusions)
    left = rows[rows["level"] == "patient"].drop_duplicates("key")
    reasons = {str(name): int(n) for name, n in left["reason"].value_counts(sort=False).items()}
    view = FlowView(
        start=FlowBox("Patients found", _patients(included + len(left))),
        files=tuple(f"{reason_words(r)}: {n:,}" for r, n in (series_left_out or {}).items()),
        search=None,
        stages=(_stage(reasons, included),) if reasons else (),
        subsets=tuple(_end(item) for item in counts),
        files_title="CT series not used",
    )
    words = "; ".join(
        f"{SUBSET_TITLES[item.subset]}: {item.patients} patients, {item.events} fractures"
        for item in counts
    )
    return Figure(
        "flow_chart",
        "Flow of patients",
        "A patient counts under the first reason he left for. Every column adds up.",
        f"Flow chart. Found: {included + len(left)} patients. Included: {included}. {words}.",
        flow_svg(view),
        _table(reasons, counts, included),
    )


def _patients(count: int) -> Numbers:
    return ((f"{count:,}", "patient" if count == 1 else "patients"),)


def _stage(reasons: Mapping[str, int], included: int) -> FlowStage:
    rows = tuple(FlowRow(reason_words(reason), _patients(n)) for reason, n in reasons.items())
    out = FlowBox("Patients excluded", _patients(sum(reasons.values())), rows)
    return FlowStage(out, FlowBox("Included", _patients(included)))


def _end(item: SurvivalCounts) -> FlowBox:
    lines = (
        f"{item.events:,} fractures",
        f"{item.deaths:,} deaths without one",
        f"{item.censored:,} censored",
        f"{item.person_years:,.0f} person-years",
    )
    return FlowBox(SUBSET_TITLES[item.subset], _patients(item.patients), (), lines)


def _table(
    reasons: Mapping[str, int], counts: Sequence[SurvivalCounts], included: int
) -> pd.DataFrame:
    out = sum(reasons.values())
    rows: list[tuple[str, str, int]] = [("found", "", included + out)]
    rows += [("left out", reason, n) for reason, n in reasons.items()]
    rows.append(("included", "", included))
    rows += [("subset", item.subset, item.patients) for item in counts]
    return pd.DataFrame(rows, columns=["level", "what", "patients"])
