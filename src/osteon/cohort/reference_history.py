"""Every change of the reference standard, appended: no row is ever changed or taken away."""

import pandas as pd

from osteon.core.schemas import REFERENCE_HISTORY, REFERENCE_STANDARD

__all__ = ["with_changes"]


def with_changes(
    history: pd.DataFrame | None, reference: pd.DataFrame, *, built_at: str
) -> pd.DataFrame:
    """Append the hips that are new or changed, and those that are gone as ``withdrawn``.

    Parameters
    ----------
    history
        Table ``reference_standard_history`` so far; ``None`` before the first build.
    reference
        Table ``reference_standard`` of this build.
    built_at
        When, UTC in ISO 8601.

    Returns
    -------
    The history, which begins with the rows it had. The same when nothing changed.
    """
    before = REFERENCE_HISTORY.empty() if history is None else history
    number = 1 if before.empty else int(before["number"].max()) + 1
    latest = before.sort_values("number").drop_duplicates("case_id", keep="last")
    names = list(REFERENCE_STANDARD.names)
    old = {row[0]: row for row in _rows(latest[names])}
    new = {row[0]: row for row in _rows(reference[names])}
    changed = [row for key, row in new.items() if old.get(key) != row]
    gone = [row for key, row in old.items() if key not in new]
    frame = pd.DataFrame(changed + gone, columns=names)
    frame.loc[len(changed) :, "status"] = "withdrawn"
    place = names.index("status")
    still_gone = {row[0] for row in gone if row[place] == "withdrawn"}
    frame = frame[~frame["case_id"].isin(still_gone)]
    if frame.empty:
        return before
    frame.insert(0, "built_at", built_at)
    frame.insert(0, "number", number)
    added = REFERENCE_HISTORY.checked(frame)
    if before.empty:
        return added
    return REFERENCE_HISTORY.checked(pd.concat([before, added], ignore_index=True))


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """Rows as tuples in which what is missing is ``None``."""
    rows = frame.itertuples(index=False, name=None)
    return [tuple(None if pd.isna(value) else value for value in row) for row in rows]
