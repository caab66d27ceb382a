"""Table 1: who the patients are, subset by subset or site by site, with what is missing."""

import pandas as pd

from osteon.cohort.table_one_rows import (
    SUBSET,
    UNKNOWN,
    Cell,
    Spread,
    TableOne,
    TableOneRow,
    category_rows,
    count_row,
    groups_of,
    number_rows,
    subset_of,
)
from osteon.core.labels import LabelSet
from osteon.errors import UsageError

__all__ = ["Cell", "Spread", "TableOne", "TableOneRow", "patient_table_one", "table_one"]

_AGE = "Age at imaging (years)"
_PER_PATIENT = {"patient_sex": "Sex"}
_PER_IMAGE = {"view_position": "View", "manufacturer": "Manufacturer", "institution_name": "Site"}


def table_one(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    label_set: LabelSet,
    *,
    fold: int = 0,
    by: str = SUBSET,
    spread: Spread = "mean_sd",
) -> TableOne:
    """Describe the cases of each subset, or of each value of a column.

    Age (at the first film) and sex are per patient, view, manufacturer and site per image, classes
    per hip, each with how many are missing. Ages are compared by Kruskal-Wallis, categories by
    chi-square, or by Fisher's exact test in 2 x 2 tables with an expected count below 5. Hips and
    images are taken as independent, as papers do.

    Parameters
    ----------
    cases
        Table of cases.
    splits
        Table of splits.
    label_set
        The classes and their titles.
    fold
        Which fold of the splits.
    by
        ``subset``, or a column of the cases such as ``institution_name``; a patient of several
        sites counts with the first film.
    spread
        Whether ages are shown as mean and standard deviation or as median and quartiles.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    hips = cases.assign(group=_group_of(cases, splits, fold, by))
    groups = groups_of(list(hips["group"].unique()), spread, by=by)
    images = hips.drop_duplicates("sop_instance_uid")
    ordered = hips.sort_values(["study_date", "case_id"], kind="stable", na_position="last")
    patients = ordered.drop_duplicates("patient_id").drop(columns=list(_FIRST_KNOWN))
    known = ordered.groupby("patient_id", sort=True)[list(_FIRST_KNOWN)].first()
    patients = patients.merge(known, left_on="patient_id", right_index=True)
    rows = [
        count_row("Patients", "patient", patients, groups),
        count_row("Images", "image", images, groups),
        count_row("Hips", "hip", hips, groups),
        *number_rows((_AGE, "patient"), patients, "patient_age_years", groups),
    ]
    for column, title in _PER_PATIENT.items():
        rows += category_rows((title, "patient"), patients, patients[column], groups)
    for column, title in _PER_IMAGE.items():
        if column != by:
            rows += category_rows((title, "image"), images, images[column], groups)
    titles = hips["label"].map(lambda label: label_set.title(str(label)))
    levels = [title for title in label_set.titles if (titles == title).any()]
    rows += category_rows(("Class", "hip"), hips, titles, groups, levels)
    is_positive = hips["label"].isin(list(label_set.positive)).map({True: "yes", False: "no"})
    rows += category_rows(("Fracture", "hip"), hips, is_positive, groups, ["yes", "no"])
    return TableOne(groups.names, tuple(rows), by)


_FIRST_KNOWN = ("patient_age_years", "patient_sex")  # where the first film does not say


def _group_of(cases: pd.DataFrame, splits: pd.DataFrame, fold: int, by: str) -> "pd.Series[str]":
    if by == SUBSET:
        return subset_of(cases["patient_id"], splits, fold)
    if by not in cases.columns:
        raise UsageError(
            f"the cases have no column {by!r}",
            remedy=f"one of {', '.join(map(str, cases.columns))}",
        )
    return cases[by].astype("string").fillna(UNKNOWN)


_CLINICAL_NUMBERS = {"bmi_kg_m2": "Body mass index (kg/m²)", "t_score": "T-score, femoral neck"}
_CLINICAL_FLAGS = {
    "prior_fracture": "Earlier fracture",
    "glucocorticoids": "Glucocorticoids",
    "secondary_osteoporosis": "Secondary osteoporosis",
}


def patient_table_one(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    clinical: pd.DataFrame | None = None,
    *,
    fold: int = 0,
    spread: Spread = "mean_sd",
) -> TableOne:
    """Describe the patients of each subset where a case is a patient.

    Parameters
    ----------
    cases
        Table PATIENT_CASES; its ``label`` is what ended the follow-up.
    splits, fold, spread
        As of :func:`table_one`.
    clinical
        Table CLINICAL, where there is one: risk factors, each with how many are missing.
    """
    frame = cases.assign(group=subset_of(cases["patient_id"], splits, fold))
    if clinical is not None:
        own = ["patient_id", *_CLINICAL_NUMBERS, *_CLINICAL_FLAGS]
        frame = frame.merge(clinical[own], on="patient_id", how="left")
    groups = groups_of(list(frame["group"].unique()), spread)
    rows = [
        count_row("Patients", "patient", frame, groups),
        *number_rows((_AGE, "patient"), frame, "patient_age_years", groups),
        *category_rows(("Sex", "patient"), frame, frame["patient_sex"], groups),
    ]
    if clinical is not None:
        for column, title in _CLINICAL_NUMBERS.items():
            rows += number_rows((title, "patient"), frame, column, groups)
        for column, title in _CLINICAL_FLAGS.items():
            told = frame[column].map({True: "yes", False: "no"})
            rows += category_rows((title, "patient"), frame, told, groups, ["yes", "no"])
    rows += category_rows(("Site", "patient"), frame, frame["institution_name"], groups)
    ends = frame["label"].str.replace("_", " ")
    rows += category_rows(("Follow-up ended by", "patient"), frame, ends, groups)
    return TableOne(groups.names, tuple(rows))
