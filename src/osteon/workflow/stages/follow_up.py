"""Follow the scanned patients: index date, subsequent fracture, death, end."""

from pathlib import Path

import pandas as pd

from osteon.cohort.follow_up import build_follow_up
from osteon.cohort.follow_up_checks import check_follow_up, covariates_at_index
from osteon.core.files import hash_file
from osteon.core.schemas import EVENTS, VITAL_STATUS
from osteon.errors import DataError, StudyError
from osteon.sources.declared_table import read_declared, read_risk_factors
from osteon.workflow.context import Context
from osteon.workflow.patients_flow import scans_of
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import FollowUpFiles, survival_settings

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, settings = context.study, survival_settings(context)
    events = read_declared(_file(context, "events"), EVENTS)
    vital = read_declared(_file(context, "vital_status"), VITAL_STATUS)
    clinical = _clinical(context, settings.tables)
    found = build_follow_up(_imaging(study.read("instances")), events, vital, settings.follow_up)
    checks = check_follow_up(found, events, vital, settings.follow_up, clinical)
    study.write("index_dates", found.index)
    study.write("fracture_events", found.fractures)
    study.write("follow_up_checks", checks)
    study.write_exclusions("follow_up", found.exclusions)
    if clinical is not None:
        dated = settings.follow_up.dated_covariates
        study.write("clinical", covariates_at_index(clinical, found.index, dated)[0])
    study.write("follow_up", found.table)
    accepted = settings.accepted_checks
    failed = checks[(checks["verdict"] == "fail") & ~checks["check"].isin(set(accepted))]
    if len(failed):
        row = failed.iloc[0]
        raise DataError(
            f"{row['check']}: {row['count']} of {row['of']} {row['detail']}",
            remedy=f"correct the tables, or give a reason under accepted_checks.{row['check']}",
        )
    ends = found.table["end_reason"].value_counts()
    return Outcome({
        "followed": len(found.table), **{str(name): int(n) for name, n in ends.items()},
        "excluded": len(found.exclusions),
    })  # fmt: skip


def _imaging(instances: pd.DataFrame) -> pd.DataFrame:
    return scans_of(instances)[["patient_id", "study_date"]].drop_duplicates()


def _file(context: Context, name: str) -> Path:
    """Path of one of the tables beside the images.

    Raises
    ------
    StudyError
        If study.yaml does not name it, or it is not there.
    """
    named = getattr(survival_settings(context).tables, name)
    if named is None:
        raise StudyError(
            f"study {context.study.folder} names no table of {name.replace('_', ' ')}",
            remedy=f"name it under tables.{name} in study.yaml",
        )
    path = context.study.resolve(named)
    if not path.exists():
        raise StudyError(f"tables.{name}: there is no {path}", remedy="correct study.yaml")
    return path


def _clinical(context: Context, tables: FollowUpFiles) -> pd.DataFrame | None:
    if tables.clinical is None:
        return None
    path = _file(context, "clinical")
    declared = tables.clinical_schema is not None
    return read_risk_factors(path, _file(context, "clinical_schema") if declared else None)


def _outputs(context: Context) -> list[Path]:
    names = ["index_dates", "fracture_events", "follow_up_checks", "follow_up"]
    if survival_settings(context).tables.clinical is not None:
        names.append("clinical")
    return context.study.table_paths(*names, "exclusions-follow_up")


def _inputs(context: Context) -> dict[str, str]:
    tables = survival_settings(context).tables
    names = ["events", "vital_status"]
    names += [name for name in ("clinical", "clinical_schema") if getattr(tables, name)]
    own = {name: hash_file(_file(context, name)) for name in names}
    return {**context.table_hashes("instances"), **own}


STAGE = Stage(
    "follow_up",
    "following the patients",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=_outputs,
        inputs=_inputs,
        settings=lambda context: {
            "follow_up": survival_settings(context).follow_up.resolved(),
            "accepted": survival_settings(context).accepted_checks,
        },
    ),
)
