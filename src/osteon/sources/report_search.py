"""Find examinations by their reports, as Krogue et al. 2020 did, and draw controls beside them.

The paper's search: "intertrochanteric" or "femoral neck" near "fracture" in reports of hip or
pelvic radiographs of the emergency department, adults, by year; candidates were then read by
people, and controls drawn at random under the same limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from osteon.core.records import Exclusion
from osteon.core.schemas import REPORT_HITS
from osteon.core.settings import Settings
from osteon.core.tables import rows_of
from osteon.sources.report_index import ReportIndex, Span
from osteon.sources.report_language import Place, ReportText, load_language
from osteon.sources.report_scope import ReportScope, SearchStep, in_scope
from osteon.sources.report_text import in_force

__all__ = ["ReportSearch", "SearchSettings", "search_reports"]

_STAGE = "search-reports"


class SearchSettings(Settings):
    """What is searched for.

    Parameters
    ----------
    terms
        Any of these; ``*`` at the end for words that begin so.
    near
        Near any of these; none: the terms alone.
    within_words
        How many words may lie between a term and what it is near to. The paper gives no number;
        10 is what FTS5's NEAR takes by itself.
    language
        Code or file of the cues for negation, doubt and side.
    scope
        Which reports are looked at.
    keep
        Which hits make a candidate: all (people read them, as in the paper), those that are not
        negated, or the affirmed ones.
    controls
        How many other examinations in the scope are drawn at random.
    """

    terms: tuple[str, ...] = ("femoral neck", "intertrochanteric")
    near: tuple[str, ...] = ("fracture*",)
    within_words: int = Field(10, ge=0, le=1000)
    language: str = "en"
    scope: ReportScope = ReportScope()
    keep: Literal["all", "not_negated", "affirmed"] = "all"
    controls: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True, eq=False)
class ReportSearch:
    """What a search found.

    Parameters
    ----------
    hits
        One row per place of a term (:data:`osteon.core.schemas.REPORT_HITS`).
    candidates, controls
        Reports in force of the examinations found and drawn, as the table of reports.
    exclusions
        Reports that were out of the scope, and why.
    steps
        Counts of examinations for the flow chart, in order.
    """

    hits: pd.DataFrame
    candidates: pd.DataFrame
    controls: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    steps: tuple[SearchStep, ...]


def search_reports(
    reports: pd.DataFrame,
    settings: SearchSettings,
    rng: np.random.Generator,
    *,
    index_path: Path | None = None,
) -> ReportSearch:
    """Search the reports in force (last version and addenda of each examination).

    Parameters
    ----------
    reports
        Table of reports, every version.
    settings
        Terms, scope and controls.
    rng
        Draws the controls.
    index_path
        Where to keep the index; ``None`` for memory.

    Raises
    ------
    UsageError
        If a term holds no word.

    Examples
    --------
    >>> reports = pd.DataFrame(
    ...     [
    ...         {
    ...             "report_id": "1",
    ...             "accession_number": "A1",
    ...             "patient_id": "P1",
    ...             "status": "final",
    ...             "text": "Displaced fracture of the left femoral neck.",
    ...             "source": "x",
    ...         }
    ...     ]
    ... )
    >>> from osteon.core.schemas import REPORTS
    >>> found = search_reports(
    ...     REPORTS.checked(reports.reindex(columns=REPORTS.names)),
    ...     SearchSettings(),
    ...     np.random.default_rng(0),
    ... )
    >>> found.hits[["laterality", "certainty"]].values.tolist()
    [['L', 'affirmed']]
    """
    current = in_force(reports)
    scoped, exclusions, steps = in_scope(current, settings.scope, versions=len(reports))
    with ReportIndex(scoped, index_path) as index:
        numbers = index.search(settings.terms, settings.near, settings.within_words)
        hits = _hits(scoped, index, numbers, settings)
    kept = _kept(hits, settings.keep)
    found = scoped["report_id"].isin(kept["report_id"])
    candidates, others = scoped[found], scoped[~found]
    count = min(settings.controls, len(others))
    drawn = np.sort(rng.permutation(len(others))[:count])
    controls = others.iloc[drawn]
    steps += (
        SearchStep("no_hit", "The report has none of the terms", len(scoped) - len(numbers),
                   len(numbers)),
        SearchStep("hit_not_kept", f"Every hit is left out by keep={settings.keep}",
                   len(numbers) - len(candidates), len(candidates)),
        SearchStep("control", "Drawn at random among the others in the scope", -count,
                   len(candidates) + count),
    )  # fmt: skip
    return ReportSearch(
        hits,
        candidates.reset_index(drop=True),
        controls.reset_index(drop=True),
        tuple(Exclusion("file", key, _STAGE, *why) for key, why in exclusions),
        steps,
    )


def _kept(hits: pd.DataFrame, keep: str) -> pd.DataFrame:
    if keep == "all":
        return hits
    wanted = ("affirmed",) if keep == "affirmed" else ("affirmed", "uncertain")
    return hits[hits["certainty"].isin(wanted)]


def _hits(
    reports: pd.DataFrame, index: ReportIndex, numbers: Sequence[int], settings: SearchSettings
) -> pd.DataFrame:
    near: dict[int, list[Span]] = {}
    for term in settings.near:
        for number, spans in index.places(numbers, term):
            near[number] = near.get(number, []) + spans
    records = dict(zip(numbers, rows_of(reports.iloc[list(numbers)]), strict=True))
    texts: dict[int, ReportText] = {}
    language = load_language(settings.language)
    rows: list[dict[str, Any]] = []
    for term in settings.terms:
        for number, spans in index.places(numbers, term):
            text = texts.setdefault(number, ReportText(records[number]["text"], language))
            others = [_place(text, span) for span in near.get(number, [])]
            for place in (_place(text, span) for span in spans):
                other = text.nearest(place, others, settings.within_words)
                if other is not None or not settings.near:
                    rows.append(_hit(records[number], text, term, place, other or place))
    frame = pd.DataFrame(rows, columns=list(REPORT_HITS.names))
    return REPORT_HITS.checked(frame.sort_values(list(REPORT_HITS.key), kind="stable"))


def _place(text: ReportText, span: Span) -> Place:
    first = max(text.word_at(span[0]), 0)
    return first, max(text.word_at(span[1] - 1), first)


def _hit(
    report: Mapping[str, Any], text: ReportText, term: str, place: Place, other: Place
) -> dict[str, Any]:
    found = text.judge(place, other, report["examination"] or "")
    return {
        "report_id": report["report_id"],
        "accession_number": report["accession_number"],
        "patient_id": report["patient_id"],
        "position": text.spans[place[0]][0],
        "term": term,
        "certainty": found.certainty,
        "cue": found.cue or None,
        "laterality": found.laterality or None,
        "is_history": found.is_history,
        "snippet": text.snippet(place, other),
    }
