"""People, examinations and hips that are in two subsets of one fold."""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

import pandas as pd

from osteon.cohort.leakage.finding import Finding
from osteon.core.labels import LabelSet
from osteon.core.schemas import SUBSETS

__all__ = ["patient_findings", "people_findings"]

_IMPLANTS = ("internal_fixation", "arthroplasty")


def people_findings(
    cases: pd.DataFrame, splits: pd.DataFrame, persons: Mapping[str, str], label_set: LabelSet
) -> Iterator[Finding]:
    """Look for patients, accessions and hips in two subsets, and films after the operation.

    Parameters
    ----------
    cases
        Table of cases.
    splits
        Table of splits, any number of folds.
    persons
        Patient id to person, from :func:`osteon.cohort.persons.joined_persons`.
    label_set
        Its positive classes are the fractures.
    """
    for fold, own in splits.groupby("fold", sort=True):
        rows = cases.merge(own[["patient_id", "subset"]], on="patient_id")
        rows = rows.assign(person=rows["patient_id"].map(dict(persons)))
        rows["hip"] = rows["person"] + ":" + rows["laterality"]
        number = int(str(fold))
        yield from _in_two(rows, "patient_id", "shared_patient", "patient", number)
        for column, words in (
            ("accession_number", "accession number"),
            ("study_instance_uid", "imaging study"),
        ):
            yield from _in_two(rows, column, "shared_accession", words, number)
        yield from _in_two(rows, "hip", "same_hip", "hip (person and side)", number)
        yield from _ids_apart(rows, number)
        yield from _after_operation(rows, label_set.positive, number)


def patient_findings(
    cases: pd.DataFrame, splits: pd.DataFrame, persons: Mapping[str, str]
) -> Iterator[Finding]:
    """Look for patients, persons and contents in two subsets where a case is a patient's volume.

    Parameters
    ----------
    cases
        Table PATIENT_CASES.
    splits, persons
        As of :func:`people_findings`.
    """
    for fold, own in splits.groupby("fold", sort=True):
        rows = cases.merge(own[["patient_id", "subset"]], on="patient_id")
        rows = rows.assign(person=rows["patient_id"].map(dict(persons)))
        number = int(str(fold))
        yield from _in_two(rows, "patient_id", "shared_patient", "patient", number)
        yield from _in_two(rows, "content_hash", "near_duplicate_pixels", "content", number)
        yield from _ids_apart(rows, number)


def _in_two(
    rows: pd.DataFrame, column: str, check: str, words: str, fold: int
) -> Iterator[Finding]:
    known = rows[rows[column].notna() & (rows[column].astype("string").str.strip() != "")]
    subsets = known.groupby(column)["subset"].unique()
    for key, found in subsets[subsets.map(len) > 1].items():
        names = [name for name in SUBSETS if name in set(found)]
        detail = f"films of {words} {key} are in {' and '.join(names)}"
        yield Finding(check, "leakage", str(key), str(key), detail, names[0], names[1], fold=fold)


def _ids_apart(rows: pd.DataFrame, fold: int) -> Iterator[Finding]:
    """Ids of one person that are in different subsets."""
    ids = rows.drop_duplicates("patient_id").sort_values("patient_id")
    several = ids[ids.duplicated("person", keep=False)]
    for _, group in several.groupby("person", sort=True):
        places = list(zip(group["patient_id"], group["subset"], strict=True))
        for (one, here), (two, there) in combinations(places, 2):
            if here != there:
                detail = f"patient ids {one} ({here}) and {two} ({there}) are one person"
                yield Finding(
                    "same_person_two_ids", "leakage", one, two, detail, here, there, fold=fold
                )


def _after_operation(
    rows: pd.DataFrame, fractures: Collection[str], fold: int
) -> Iterator[Finding]:
    """Hips broken on a film of one subset that bear an implant on a later film of another."""
    ordered = rows.sort_values(["study_date", "case_id"], kind="stable")
    broken = ordered[ordered["label"].isin(list(fractures))].drop_duplicates(["hip", "subset"])
    mended = ordered[ordered["label"].isin(_IMPLANTS)]
    pairs = broken.merge(mended, on="hip", suffixes=("", "_after"))
    is_later = pairs["study_date_after"].fillna("9") >= pairs["study_date"].fillna("0")
    for row in pairs[is_later & (pairs["subset"] != pairs["subset_after"])].to_dict("records"):
        detail = (
            f"the hip is broken on {row['case_id']} ({row['subset']}) and bears an implant on "
            f"{row['case_id_after']} ({row['subset_after']})"
        )
        yield Finding(
            "post_operative_film", "leakage", str(row["case_id"]), str(row["case_id_after"]),
            detail,
            str(row['subset']), str(row['subset_after']), fold=fold,
        )  # fmt: skip
