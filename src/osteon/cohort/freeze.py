"""A study's split on disk: written once, checked whenever it is read, never moved in silence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.cohort.persons import persons_of
from osteon.cohort.split import SplitSettings, split_hash, split_patients
from osteon.cohort.split_folds import splits_frame
from osteon.cohort.split_report import SplitReport
from osteon.core.files import read_json, write_json
from osteon.core.manifest import fingerprint
from osteon.core.schemas import CASES, SPLITS
from osteon.core.settings import load_settings
from osteon.core.tables import Schema, read_table, write_table
from osteon.errors import StudyError

__all__ = ["read_split", "split_study"]

_RECORD = "split-frozen.json"


def split_study(
    study: Path,
    settings: SplitSettings,
    seed: int,
    *,
    again: bool = False,
    cases_of: Schema = CASES,
) -> SplitReport:
    """Split the patients of a study folder and keep who is where.

    Reads the table of cases, writes ``tables/splits.parquet`` and
    ``tables/split-frozen.json`` (seed, settings, report and a hash). Where a split is there
    already, its patients stay where they are and only new patients are placed. Ids that
    ``tables/persons.parquet`` calls one person stay together. Nothing is written when it cannot be
    done, or a class is absent from a subset and the settings do not allow it.

    Parameters
    ----------
    study
        Study folder.
    settings, seed
        As in :func:`osteon.cohort.split.split_patients`.
    again
        Forget the earlier split: patients may move, and results on the old test set are void.
    cases_of
        Which table the cases are in.

    Raises
    ------
    StudyError
        If there is a split with other settings or another seed, or one of unknown making, and
        ``again`` is not given; or the stored split is not what its hash says.
    TableError
        If there are no cases.
    """
    tables = study / "tables"
    cases = read_table(cases_of, tables / f"{cases_of.name}.parquet")
    frozen = None
    if (tables / _RECORD).exists() and not again:
        _finish(tables)
        read_split(study)
        record = read_json(tables / _RECORD)
        _refuse_other(record, settings, seed)
        frozen = record["places"]
    elif (tables / "splits.parquet").exists() and not again:
        raise StudyError(
            f"{tables / 'splits.parquet'} was not made by osteon split: patients would move",
            remedy="keep it, or pass --again to give it up",
        )
    frame, report = split_patients(cases, settings, seed, frozen=frozen, persons=persons_of(study))
    if report.is_good and (frozen is None or report.new_patients):
        _write(tables, frame, report, settings)
    return report


def _write(tables: Path, frame: pd.DataFrame, report: SplitReport, settings: SplitSettings) -> None:
    """Write the record first: it holds all that is needed to write the table after a kill."""
    old = tables / "splits.parquet"
    record = {
        "split_hash": report.split_hash,
        "hash_before": split_hash(read_table(SPLITS, old)) if old.exists() else None,
        "seed": report.seed,
        "settings": settings.resolved(),
        "report": report.as_json(),
        "places": dict(report.places),
    }
    write_json(tables / _RECORD, record)
    write_table(frame, SPLITS, old)


def _finish(tables: Path) -> None:
    """Write the table of a record whose run was killed before it could."""
    record, path = read_json(tables / _RECORD), tables / "splits.parquet"
    found = split_hash(read_table(SPLITS, path)) if path.exists() else None
    if found == record["hash_before"] and found != record["split_hash"]:
        settings = load_settings(SplitSettings, record["settings"])
        write_table(splits_frame(record["places"], settings), SPLITS, path)


def _key(settings: Mapping[str, Any], seed: int) -> str:
    decisive = {name: value for name, value in settings.items() if name != "allow_empty"}
    return fingerprint([decisive, seed])


def _refuse_other(record: Mapping[str, Any], settings: SplitSettings, seed: int) -> None:
    if _key(record["settings"], record["seed"]) == _key(settings.resolved(), seed):
        return
    raise StudyError(
        f"this study was split with seed {record['seed']} and other settings or another seed "
        f"were asked for now ({seed}): patients would move",
        remedy="use the settings in tables/split-frozen.json, or pass --again to give up the old "
        "split",
    )


def read_split(study: Path) -> pd.DataFrame:
    """Read a study's split and check that it is the one that was made.

    Raises
    ------
    StudyError
        If there is none, or somebody changed it.
    """
    tables = study / "tables"
    record = tables / _RECORD
    if not record.exists():
        raise StudyError(
            f"no finished split in {tables}", remedy=f"run: osteon split --study {study}"
        )
    frame = read_table(SPLITS, tables / "splits.parquet")
    wanted, got = read_json(record)["split_hash"], split_hash(frame)
    if wanted != got:
        raise StudyError(
            f"{tables / 'splits.parquet'} is not the split that was made: its hash is {got[:12]}, "
            f"wanted {wanted[:12]}",
            remedy="restore the table, or run osteon split --again and evaluate everything anew",
        )
    return frame
