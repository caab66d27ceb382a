"""Patient ids that stand for one person go together, whatever says so."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from osteon.core.schemas import PERSONS
from osteon.core.spreadsheets import open_sheet, text_frame
from osteon.core.tables import read_table

__all__ = ["joined_persons", "persons_of", "read_links"]


def read_links(path: Path) -> pd.DataFrame:
    """Read a link table: CSV or Excel with the columns ``patient_id`` and ``person_id``.

    Raises
    ------
    TableError
        If it is no such table, or a patient id stands in it twice.
    """
    return PERSONS.checked(text_frame(open_sheet(path)))


def persons_of(study: Path) -> dict[str, str]:
    """Patient id to person id of a study's link table; empty where there is none."""
    path = study / "tables" / "persons.parquet"
    if not path.exists():
        return {}
    frame = read_table(PERSONS, path)
    return dict(zip(frame["patient_id"].astype(str), frame["person_id"].astype(str), strict=True))


def joined_persons(
    patients: Iterable[str], persons: Mapping[str, str], pairs: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Name each patient id after the first id of its person.

    Parameters
    ----------
    patients
        Patient ids.
    persons
        Patient id to person id, as a link table declares; ids it does not name are persons of
        their own.
    pairs
        Further pairs of patient ids that are one person.

    Returns
    -------
    Patient id to the first (in the order of texts) of the patient ids of the same person.

    Examples
    --------
    >>> joined_persons(["A", "B", "C"], {"B": "x", "C": "x"}, [("A", "C")])
    {'A': 'A', 'B': 'A', 'C': 'A'}
    """
    ids = sorted(set(patients))
    head = {patient: patient for patient in ids}

    def root(patient: str) -> str:
        while head[patient] != patient:
            head[patient] = head[head[patient]]
            patient = head[patient]
        return patient

    first_of: dict[str, str] = {}
    links = [
        (patient, first_of.setdefault(persons[patient], patient))
        for patient in ids
        if patient in persons
    ]
    for one, two in (*links, *pairs):
        if one in head and two in head:
            low, high = sorted((root(one), root(two)))
            head[high] = low
    return {patient: root(patient) for patient in ids}
