"""What counts as a subsequent fracture, as data: bones, side, energy, and how soon after the first.

Claims hold the index fracture many times, and fractures of other kinds; each coded fracture gets a
verdict, so that what was not counted can be looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import pandas as pd
from pydantic import Field, model_validator

from osteon.cohort.events import CodeList, bare_code, event_day, load_codes
from osteon.cohort.linkage import IdRule
from osteon.core.schemas import FRACTURE_EVENTS
from osteon.core.settings import Settings, read_named

__all__ = [
    "CodedSide",
    "FractureDefinition",
    "FractureSite",
    "HighEnergy",
    "fracture_definitions",
    "judge_fractures",
    "load_definition",
    "side_of",
]

_FOLDER = Path(__file__).parent / "fracture_definitions"


class FractureSite(Settings):
    """A bone that counts.

    Parameters
    ----------
    name
        Bone.
    codes
        Name of a code list, or a YAML file of one.
    same_side_days
        At the index site, on the index side or where no side is told: days after the index date
        before which a code is still the index fracture; ``None`` where it never counts. Elsewhere
        it does nothing.
    counts_other_side
        Whether the other side of the index site counts.
    """

    name: str
    codes: str
    same_side_days: int | None = Field(None, ge=0)
    counts_other_side: bool = True


class HighEnergy(Settings):
    """External causes that make a fracture no fragility fracture, coded within so many days."""

    codes: str
    days: int = Field(1, ge=0)


class CodedSide(Settings):
    """Where codes tell the side.

    Parameters
    ----------
    prefixes
        Codes it holds for; every code when empty.
    character
        Which character tells it, from 1, dots left out.
    right, left
        Signs, any of which says so.
    """

    prefixes: tuple[str, ...] = ()
    character: int = Field(ge=1)
    right: str = Field(min_length=1)
    left: str = Field(min_length=1)

    def holds(self, code: str) -> bool:
        """Whether the side of a code is told here; dots, spaces and case do not count."""
        return not self.prefixes or bare_code(code).startswith(tuple(map(bare_code, self.prefixes)))


class FractureDefinition(Settings):
    """A definition.

    Parameters
    ----------
    name
        Of the outcome.
    index_site
        Which of the sites the index fracture is of.
    blanking_days
        No fracture counts on the index date and so many days after.
    sites
        Bones that count.
    high_energy
        What makes a fracture not count; ``None`` counts every energy.
    sides
        By coding system: how codes tell the side; the first that holds for a code decides.
    """

    name: str
    index_site: str
    blanking_days: int = Field(30, ge=0)
    sites: tuple[FractureSite, ...] = Field(min_length=1)
    high_energy: HighEnergy | None = None
    sides: Mapping[str, tuple[CodedSide, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = [site.name for site in self.sites]
        if self.index_site not in names:
            raise ValueError(f"index_site is {self.index_site!r}, wanted one of {names}")
        if len(set(names)) < len(names):
            raise ValueError(f"two sites have one name: {names}")
        return self

    @property
    def index_codes(self) -> str:
        """Code list of the index fracture."""
        return next(site.codes for site in self.sites if site.name == self.index_site)


def fracture_definitions() -> list[str]:
    """Names of the definitions that come with Osteon."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_definition(name: str) -> FractureDefinition:
    """Load a definition by its name, or from a YAML file of the same shape.

    Raises
    ------
    SettingsError
        If there is no such definition or file, or it does not have the shape.
    """
    return read_named(FractureDefinition, name, _FOLDER, "fracture definition")


def side_of(definition: FractureDefinition, system: str, code: str, told: object) -> str | None:
    """Give the side of a coded fracture: as the code tells it, else as the row does.

    Examples
    --------
    >>> side_of(load_definition("subsequent_fragility_fracture"), "icd10cm", "S72.001A", None)
    'R'
    """
    rules = definition.sides.get(system.casefold(), ())
    rule = next((item for item in rules if item.holds(code)), None)
    written = bare_code(code)
    if rule is not None and len(written) >= rule.character:
        sign = written[rule.character - 1]
        if sign in rule.right or sign in rule.left:
            return "R" if sign in rule.right else "L"
    return told if isinstance(told, str) and told in ("L", "R") else None


@dataclass(frozen=True, slots=True)
class _Coded:
    """A coded fracture of a patient with an index date."""

    day: date
    site: str
    side: str | None
    system: str
    code: str


def judge_fractures(
    index: pd.DataFrame, events: pd.DataFrame, definition: FractureDefinition, ids: IdRule
) -> pd.DataFrame:
    """Say of every coded fracture whether it counts.

    Parameters
    ----------
    index
        Table :data:`osteon.core.schemas.INDEX_DATES`.
    events
        Table :data:`osteon.core.schemas.EVENTS`; a column ``laterality`` is read where there is
        one.
    definition
        What counts.
    ids
        How ids of the events are written before they are compared.

    Returns
    -------
    DataFrame
        Table :data:`osteon.core.schemas.FRACTURE_EVENTS`. ``verdict`` is the first that holds of
        ``before_index``, ``high_energy``, ``blanking``, ``same_fracture``, ``side_excluded``;
        else ``counts``.
    """
    lists = {site.name: load_codes(site.codes) for site in definition.sites}
    violent = None if definition.high_energy is None else load_codes(definition.high_energy.codes)
    starts = {
        str(row.patient_id): (event_day(row.index_date), _side(row.laterality))
        for row in index.itertuples()
    }
    coded: dict[str, list[_Coded]] = {}
    accidents: dict[str, list[date]] = {}
    told = events["laterality"] if "laterality" in events.columns else [None] * len(events)
    names = ["patient_id", "event_date", "system", "code"]
    for (patient, day, system, code), side in zip(
        events[names].itertuples(index=False, name=None), told, strict=True
    ):
        own = ids.written(str(patient))
        if own not in starts:
            continue
        if violent is not None and violent.holds(system, code):
            accidents.setdefault(own, []).append(event_day(day))
        site = _site_of(lists, system, code)
        if site is not None:
            found = side_of(definition, system, code, side)
            coded.setdefault(own, []).append(_Coded(event_day(day), site, found, system, code))
    rows = [
        _judged(patient, item, *starts[patient], accidents.get(patient, ()), definition)
        for patient, items in sorted(coded.items())
        for item in items
    ]
    columns = list(FRACTURE_EVENTS.names)
    frame = pd.DataFrame(rows, columns=columns).drop_duplicates(list(FRACTURE_EVENTS.key))
    return FRACTURE_EVENTS.checked(frame)


def _side(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _site_of(lists: Mapping[str, CodeList], system: str, code: str) -> str | None:
    return next((name for name, codes in lists.items() if codes.holds(system, code)), None)


def _judged(
    patient: str,
    item: _Coded,
    start: date,
    index_side: str | None,
    accidents: Sequence[date],
    definition: FractureDefinition,
) -> dict[str, object]:
    days = (item.day - start).days
    return {
        "patient_id": patient,
        "event_date": item.day.isoformat(),
        "days": days,
        "site": item.site,
        "laterality": item.side,
        "system": item.system,
        "code": item.code,
        "verdict": _verdict(item, days, index_side, accidents, definition),
    }


def _verdict(
    item: _Coded,
    days: int,
    index_side: str | None,
    accidents: Sequence[date],
    definition: FractureDefinition,
) -> str:
    rule = definition.high_energy
    if days < 0:
        return "before_index"
    if rule is not None and any(abs((day - item.day).days) <= rule.days for day in accidents):
        return "high_energy"
    if days <= definition.blanking_days:
        return "blanking"
    if item.site != definition.index_site:
        return "counts"
    site = next(site for site in definition.sites if site.name == item.site)
    if item.side is None or index_side is None or item.side == index_side:
        is_over = site.same_side_days is not None and days > site.same_side_days
        return "counts" if is_over else "same_fracture"
    return "counts" if site.counts_other_side else "side_excluded"
