"""Where persons without a place go: balanced at random, by date, or by site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteon.cohort.balance import Parts, balance
from osteon.cohort.split_folds import SITE_ROLE, site_of
from osteon.cohort.split_settings import EXTERNAL, SplitSettings
from osteon.core.rng import seed_for

__all__ = ["Placed", "place"]

_PRIORITY = {"training": 20, "internal_test": 19, "tuning": 18}
_JOINED = "\x1f"


@dataclass(frozen=True, slots=True)
class Placed:
    """Person to part, why it cannot be done, and what a person should know."""

    places: Mapping[str, str]
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def place(
    cases: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings, seed: int
) -> Placed:
    """Give every person (column ``person`` of the cases) without a place a part."""
    if settings.kind == "temporal":
        return _by_date(cases, places, settings)
    if settings.kind == "leave_site_out":
        return _by_site(cases, places, settings, seed)
    return Placed(_balanced(cases, places, settings, settings.parts, seed))


def _balanced(
    cases: pd.DataFrame,
    places: Mapping[str, str],
    settings: SplitSettings,
    names: Sequence[str],
    seed: int,
) -> dict[str, str]:
    """Divide the persons without a place so that classes and strata keep their shares."""
    table, classes = _strata(cases, settings)
    free = [person for person in table.index if person not in places]
    if not free:
        return {}
    free.sort(key=lambda person: seed_for(seed, "split", person))
    inside = [person for person in table.index if places.get(person) in names]
    relevant = table.loc[[*free, *inside]]
    is_met = relevant.sum(axis=0).to_numpy() > 0
    relevant, classes = relevant.loc[:, is_met], int(is_met[:classes].sum())
    kinds, kind_of = np.unique(relevant.loc[free].to_numpy(np.int64), axis=0, return_inverse=True)
    kind_of = kind_of.reshape(-1)
    numbers = np.bincount(kind_of, minlength=len(kinds))
    parts = _described(relevant, places, settings, names, classes)
    counts = balance(kinds, numbers, kind_of, parts)
    result: dict[str, str] = {}
    for kind, row in enumerate(counts):
        members = [free[index] for index in np.flatnonzero(kind_of == kind)]
        result |= dict(zip(members, np.repeat(np.array(names, object), row), strict=True))
    return result


def _strata(cases: pd.DataFrame, settings: SplitSettings) -> tuple[pd.DataFrame, int]:
    """Hips of each person by class and then by all strata jointly; and how many classes."""
    first, *others = settings.stratify_by
    by_class = pd.crosstab(cases["person"], cases[first])
    if not others:
        return by_class, by_class.shape[1]
    texts = cases[list(settings.stratify_by)].astype("string").fillna("")
    joint = texts.agg(_JOINED.join, axis=1)
    by_stratum = pd.crosstab(cases["person"], joint)
    is_more = by_stratum.shape[1] > by_class.shape[1]  # else the others tell nothing new
    table = pd.concat([by_class, by_stratum], axis=1) if is_more else by_class
    return table, by_class.shape[1]


def _described(
    table: pd.DataFrame,
    places: Mapping[str, str],
    settings: SplitSettings,
    names: Sequence[str],
    classes: int,
) -> Parts:
    held = [[person for person in table.index if places.get(person) == name] for name in names]
    roles = [name.rpartition(SITE_ROLE)[2] for name in names]
    shares = np.array([settings.proportions.get(role, 0.0) for role in roles])
    if settings.folds is not None:
        shares = np.ones(len(names))
    return Parts(
        proportions=shares / shares.sum(),
        priority=np.array([_PRIORITY.get(role, 20) for role in roles], dtype=np.int64),
        hips=np.stack([table.loc[members].sum(axis=0).to_numpy(np.int64) for members in held]),
        patients=np.array([len(members) for members in held], dtype=np.int64),
        classes=classes,
    )


def _by_date(cases: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings) -> Placed:
    """Place by the date of the first film: earliest train, latest test."""
    dates = cases.groupby("person")["study_date"].agg(["min", "max"])
    free = [person for person in dates.index if person not in places]
    undated = [person for person in free if pd.isna(dates.loc[person, "min"])]
    if undated:
        text = f"{len(undated)} patients have no study date, e.g. {undated[0]}"
        return Placed({}, (f"{text}: a temporal split cannot place them",))
    names = list(settings.parts)
    cuts = _cuts(dates["min"], places, settings)
    problems = []
    if len(set(cuts)) < len(cuts):
        problems.append(
            "so many patients share one date that a subset would be empty: give tuning_from and "
            "test_from"
        )
    found = {
        person: names[int(np.searchsorted(cuts, str(dates.loc[person, "min"]), side="right"))]
        for person in free
    }
    held = set(found.values()) | set(places.values())
    problems += [f"no patient's first film falls into {name}" for name in names if name not in held]
    after = dict(zip(names, cuts, strict=False))  # what begins behind each part
    late = sum(
        part in after and str(dates.loc[person, "max"]) >= after[part]
        for person, part in (dict(places) | found).items()
        if person in dates.index and part != EXTERNAL
    )
    remarks = [f"{name} begins on {cut}" for name, cut in zip(names[1:], cuts, strict=True)]
    if late:
        remarks.append(f"{late} patients have later films, too, which stay with their first")
    return Placed(found, tuple(problems), tuple(remarks))


def _cuts(first: "pd.Series[str]", places: Mapping[str, str], settings: SplitSettings) -> list[str]:
    """First date of each part but the earliest."""
    names = settings.parts
    given = {"tuning": settings.tuning_from, "internal_test": settings.test_from}
    if settings.test_from:
        return [given[name] for name in names[1:]]
    earlier = {name: [p for p, part in places.items() if part == name] for name in names}
    if all(earlier.values()):  # a split that was made: its dates stay
        return [str(first.reindex(earlier[name]).dropna().min()) for name in names[1:]]
    inside = first[[person for person in first.index if places.get(person) != EXTERNAL]]
    ordered = inside.dropna().sort_values(kind="stable").astype(str).to_list()
    shares = np.cumsum([settings.proportions[name] for name in names])[:-1]
    return [ordered[min(round(share * len(ordered)), len(ordered) - 1)] for share in shares]


def _by_site(
    cases: pd.DataFrame, places: Mapping[str, str], settings: SplitSettings, seed: int
) -> Placed:
    """Place by the site of the first film; within a site, divide among training and tuning."""
    ordered = cases.sort_values(["study_date", "case_id"], kind="stable", na_position="last")
    sites = ordered.groupby("person")[settings.site_column].first()
    of_persons = ordered.groupby("person")[settings.site_column].nunique()
    free = [person for person in sites.index if person not in places]
    unknown = [person for person in free if pd.isna(sites[person])]
    names = sorted({str(sites[person]) for person in free if not pd.isna(sites[person])})
    known = {site_of(part) for part in places.values() if SITE_ROLE in part}
    problems = []
    if unknown:
        problems.append(f"{len(unknown)} patients have no {settings.site_column}")
    if len(known | set(names)) < 2:
        problems.append(f"{settings.site_column} names fewer than two sites")
    if known and (new := set(names) - known):
        problems.append(f"{sorted(new)[0]} is a new site, and every fold would change: --again")
    if problems:
        return Placed({}, tuple(problems))
    roles = [role for role in ("training", "tuning") if role in settings.proportions]
    found: dict[str, str] = {}
    for name in names:
        own = cases[cases["person"].map(sites == name)]
        parts = [f"{name}{SITE_ROLE}{role}" for role in roles]
        held = {person: part for person, part in places.items() if person in set(own["person"])}
        found |= _balanced(own, held, settings, parts, seed)
    moved = int((of_persons.reindex(list(found)) > 1).sum())
    remarks = [f"{moved} patients have films of several sites; they go with their first"]
    return Placed(found, (), tuple(remarks if moved else ()))
