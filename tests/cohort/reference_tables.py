"""Films, answers and evidence of a few patients, by hand."""

import pandas as pd
from cohort_tables import instances_of, labels_of

from osteon.cohort.evidence import Evidence

FILM_DATE = "20200101"


def films(*names, date=FILM_DATE, patient="P1"):
    return instances_of(
        [{"sop_instance_uid": name, "patient_id": patient, "study_date": date} for name in names]
    )


def answers(*rows):
    """Labels from (film, side, annotator, class)."""
    names = ("sop_instance_uid", "laterality", "annotator", "label")
    return labels_of([dict(zip(names, row, strict=True)) for row in rows])


def piece(source, finding, date="20200103", *, place=None, patient="P1", side="L", **more):
    place = place or f"e.csv#{source}-{finding}-{date}"
    return Evidence(place, patient, side, source, finding, date, **more)


def row_of(reference, case="f1:L"):
    return reference.table.set_index("case_id").loc[case]


def evidence_csv(path, rows, header="patient_id,laterality,source,finding,date,who"):
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def frame(rows):
    return pd.DataFrame(rows)
