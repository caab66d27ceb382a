"""From the journal to the tables: instances, exclusions, notices, and how they add up."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from osteon.core.files import atomic_path
from osteon.core.schemas import EXCLUSIONS, IDENTITIES, INSTANCES
from osteon.core.tables import Schema
from osteon.sources.journal import Journal

__all__ = ["write_verdict"]

_PIECE = 4_000
_KEY = "f.path || CASE f.member WHEN '' THEN '' ELSE '!' || f.member END"
_TWO_PATIENTS = "(m.births > 1 OR m.sexes > 1 OR (m.names > 1 AND m.births = 0))"
_INSTANCES = """SELECT f.row FROM judged j JOIN found f ON f.rowid = j.id
    LEFT JOIN mixed m ON m.patient_id = j.patient_id
    WHERE j.place = 1 AND NOT ({two}) ORDER BY f.path, f.member"""
_COUNT_DUPLICATES = "SELECT COUNT(*) FROM judged WHERE place > 1 AND is_same"
_COUNT_FILES = """SELECT COUNT(*) FROM found f JOIN seen s ON s.path = f.path WHERE f.is_file"""
_COUNT_GROUPS = """SELECT COUNT(DISTINCT json_extract(f.row, '$.patient_id')),
    COUNT(DISTINCT json_extract(f.row, '$.study_instance_uid'))
    FROM judged j JOIN found f ON f.rowid = j.id
    LEFT JOIN mixed m ON m.patient_id = j.patient_id WHERE j.place = 1 AND NOT ({two})"""
_EXCLUSIONS = f"""
SELECT {_KEY}, f.reason, f.detail FROM found f JOIN seen s ON s.path = f.path WHERE f.reason <> ''
UNION ALL
SELECT {_KEY}, 'same_uid_other_content', 'SOP Instance UID ' || f.sop_instance_uid ||
    ' stands for another content in ' || j.first FROM judged j JOIN found f ON f.rowid = j.id
    WHERE j.place > 1 AND NOT j.is_same
UNION ALL
SELECT {_KEY}, 'two_patients_under_one_id', 'patient id ' || j.patient_id || ' stands for ' ||
    m.births || ' birth dates, ' || m.sexes || ' sexes, ' || m.names || ' names'
    FROM judged j JOIN found f ON f.rowid = j.id JOIN mixed m ON m.patient_id = j.patient_id
    WHERE j.place = 1 AND {{two}}
ORDER BY 1, 2"""
_NOTICES = f"""
SELECT {_KEY}, f.notices, CASE WHEN m.patient_id IS NULL THEN '' ELSE 'patient id ' ||
    j.patient_id || ' stands for ' || m.births || ' birth dates, ' || m.sexes || ' sexes, ' ||
    m.names || ' names' END
    FROM judged j JOIN found f ON f.rowid = j.id LEFT JOIN mixed m ON m.patient_id = j.patient_id
    WHERE j.place = 1 AND (f.notices <> '[]' OR m.patient_id IS NOT NULL) AND NOT ({{two}})
    ORDER BY f.path, f.member"""

_IDENTITY = "j.born || j.sex || j.name"
_IDENTIFIED = "j.place = 1 AND j.patient_id IS NOT NULL AND j.born <> '' AND j.name <> ''"
_IDENTITIES = f"""
WITH known AS (SELECT DISTINCT {_IDENTITY} AS identity, j.patient_id AS patient_id
    FROM judged j LEFT JOIN mixed m ON m.patient_id = j.patient_id
    WHERE {_IDENTIFIED} AND NOT ({{two}}))
SELECT identity, patient_id FROM known WHERE identity IN
    (SELECT identity FROM known GROUP BY identity HAVING COUNT(*) > 1) ORDER BY 1, 2"""


def write_verdict(journal: Journal, tables: Path, *, keep_shared_ids: bool) -> dict[str, Any]:
    """Write the tables of instances, exclusions, notices and shared identities in pieces.

    ``keep_shared_ids`` takes the files of patients that seem to be two under one id.

    Returns
    -------
    The numbers of the report: files, instances, duplicates, patients, imaging studies,
    exclusions and notices by their codes.
    """
    journal.judge()
    two = "0" if keep_shared_ids else f"COALESCE({_TWO_PATIENTS}, 0)"
    excluded: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    rows = (json.loads(row[0]) for row in journal.rows(_INSTANCES.format(two=two)))
    instances = _write(INSTANCES, tables / "instances.parquet", rows)
    _write(
        EXCLUSIONS,
        tables / "exclusions.parquet",
        _counted(_excluded(journal.rows(_EXCLUSIONS.format(two=two))), excluded),
    )
    _write(
        EXCLUSIONS,
        tables / "notices.parquet",
        _counted(
            chain(
                _noticed(journal.rows(_NOTICES.format(two=two))),
                _several_ids(journal.rows(_IDENTITIES.format(two=two))),
            ),
            noticed,
        ),
    )
    shared = journal.rows(_IDENTITIES.format(two=two))
    own = ({"identity": identity, "patient_id": patient} for identity, patient in shared)
    _write(IDENTITIES, tables / "identities.parquet", own)
    patients, studies = journal.one(_COUNT_GROUPS.format(two=two))
    return {
        "files": journal.one(_COUNT_FILES)[0],
        "instances": instances,
        "duplicates": journal.one(_COUNT_DUPLICATES)[0],
        "patients": patients,
        "imaging_studies": studies,
        "excluded": dict(sorted(excluded.items())),
        "noticed": dict(sorted(noticed.items())),
    }


def _excluded(rows: Iterable[tuple[str, str, str]]) -> Iterator[dict[str, str]]:
    for key, reason, detail in rows:
        yield _row(key, reason, detail)


def _noticed(rows: Iterable[tuple[str, str, str]]) -> Iterator[dict[str, str]]:
    for key, notices, mixed in rows:
        details: dict[str, list[str]] = {}
        for code, detail in json.loads(notices):
            details.setdefault(code, []).append(detail)
        if mixed:
            details["identity_differs_under_one_id"] = [mixed]
        for code, parts in details.items():
            yield _row(key, code, "; ".join(parts))


def _several_ids(rows: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Say of each patient id which others have its birth date, sex and name."""
    for _, group in groupby(rows, key=lambda row: row[0]):
        ids = [patient for _, patient in group]
        detail = f"patient ids {', '.join(ids)} have one birth date, sex and name"
        for patient in ids:
            yield _row(patient, "several_ids_one_person", detail) | {"level": "patient"}


def _row(key: str, reason: str, detail: str) -> dict[str, str]:
    return {"level": "file", "key": key, "stage": "ingest", "reason": reason, "detail": detail}


def _counted(rows: Iterable[dict[str, str]], counts: Counter[str]) -> Iterator[dict[str, str]]:
    for row in rows:
        counts[row["reason"]] += 1
        yield row


def _write(schema: Schema, path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write a table piece by piece; memory holds one piece."""
    arrow, count, stream = schema.arrow(), 0, iter(rows)
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, arrow) as writer:
        while piece := list(islice(stream, _PIECE)):
            writer.write_table(pa.Table.from_pylist(piece, schema=arrow))
            count += len(piece)
    return count
