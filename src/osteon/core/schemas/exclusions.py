"""What was left out, where and why."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import pandas as pd

from osteon.core.records import Exclusion
from osteon.core.tables import Column, Schema

__all__ = ["EXCLUSIONS", "exclusion_rows"]

EXCLUSIONS = Schema(
    name="exclusions",
    key=("level", "key", "stage", "reason"),
    columns=(
        Column("level", "text", "What was left out", True, ("file", "image", "hip", "patient")),
        Column("key", "text", "Path, UID, case id or patient id", required=True),
        Column("stage", "text", "Stage that left it out", required=True),
        Column("reason", "text", "Stable code, snake_case", required=True),
        Column("detail", "text", "One sentence for a person", required=True),
    ),
)


def exclusion_rows(exclusions: Iterable[Exclusion]) -> pd.DataFrame:
    """Turn exclusions into their table."""
    rows: Sequence[dict[str, object]] = [asdict(item) for item in exclusions]
    return EXCLUSIONS.checked(pd.DataFrame(rows, columns=list(EXCLUSIONS.names)))
