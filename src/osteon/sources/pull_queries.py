"""What to ask an archive for: patients, accessions, studies, days; from CSV or YAML."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, model_validator

from osteon.core.manifest import fingerprint
from osteon.core.settings import Settings, load_settings
from osteon.core.spreadsheets import open_sheet
from osteon.errors import SettingsError

__all__ = ["PullQuery", "read_queries"]

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_LONGEST = 64
_NAMES = ("patient_id", "accession_number", "study_instance_uid", "since", "until", "modalities")


class PullQuery(Settings):
    r"""One question to an archive; what is given must all hold.

    Parameters
    ----------
    patient_id, accession_number, study_instance_uid
        Exact values; the wildcards ``*`` and ``?`` and the separator ``\`` are refused, because a
        pattern may match half of an archive.
    since, until
        First and last study date.
    modalities
        Modalities of the series that are fetched; empty for all.

    Raises
    ------
    SettingsError
        If nothing but modalities is given, an id holds a wildcard, or days are crossed.
    """

    patient_id: str = Field("", max_length=_LONGEST)
    accession_number: str = Field("", max_length=_LONGEST)
    study_instance_uid: str = Field("", max_length=_LONGEST)
    since: date | None = None
    until: date | None = None
    modalities: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("patient_id", "accession_number", "study_instance_uid"):
            text = getattr(self, name)
            if any(sign in text for sign in "*?\\") or not text.isprintable():
                raise ValueError(f"{name} {text!r} holds a wildcard or a sign that is none")
        if self.study_instance_uid and not _UID.fullmatch(self.study_instance_uid):
            raise ValueError(f"study_instance_uid {self.study_instance_uid!r} is no UID")
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        has_id = self.patient_id or self.accession_number or self.study_instance_uid
        if not has_id and not (self.since and self.until and self.modalities):
            raise ValueError("wanted an id, or since, until and modalities")
        if any(not re.fullmatch(r"[A-Z0-9_ ]{1,16}", item) for item in self.modalities):
            raise ValueError(f"modalities {self.modalities} are no codes such as DX")
        return self

    @property
    def key(self) -> str:
        """Name of the question in the journal."""
        return fingerprint(self.resolved())[:16]

    @property
    def study_dates(self) -> str:
        """Range of study dates as DICOM writes it; empty for none."""
        if self.since is None and self.until is None:
            return ""
        low, high = (d.strftime("%Y%m%d") if d else "" for d in (self.since, self.until))
        return low if low == high else f"{low}-{high}"

    def __str__(self) -> str:
        told = {name: getattr(self, name) for name in ("patient_id", "accession_number")}
        told |= {"study_instance_uid": self.study_instance_uid, "study_date": self.study_dates}
        told["modalities"] = ",".join(self.modalities)
        return ", ".join(f"{name}={value}" for name, value in told.items() if value)


def read_queries(path: Path) -> list[PullQuery]:
    """Read questions from a table (CSV, Excel) or a YAML list; the same question counts once.

    Columns of a table: patient_id, accession_number, study_instance_uid, since, until, modalities
    (several with spaces between); further columns are passed over, so that the candidates of
    ``osteon search-reports`` can be asked for as they are.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a question is not right; the row is named.
    TableError
        If a table cannot be read.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        rows = list(enumerate(_from_yaml(path), start=1))
    else:
        rows = [(row.number, row.cells) for row in open_sheet(path).rows]
    queries: dict[str, PullQuery] = {}
    for number, row in rows:
        try:
            query = load_settings(PullQuery, _values(row))
        except SettingsError as error:
            raise SettingsError(f"{path}, row {number}: {error.message}") from error
        queries.setdefault(query.key, query)
    if not queries:
        raise SettingsError(f"{path} asks for nothing")
    return list(queries.values())


def _from_yaml(path: Path) -> list[Mapping[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise SettingsError(f"{path}: wanted a list of questions, each with patient_id, ...")
    for item in content:
        if unknown := sorted(set(item) - set(_NAMES)):
            raise SettingsError(f"{path}: {unknown[0]} is none of {', '.join(_NAMES)}")
    return content


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in _NAMES if name in row and row[name] not in ("", None)}
    if isinstance(values.get("modalities"), str):
        values["modalities"] = tuple(re.split(r"[\s,;/]+", values["modalities"].strip().upper()))
    for name in ("patient_id", "accession_number"):
        if name in values:
            values[name] = str(values[name]).strip()
    return values
