"""What of the acquisition goes with the class: scanner, department, date, burned-in words.

A classifier that reads these instead of the bone does well in its own hospital (Badgeley et al.
2019, npj Digit Med 2:31). Columns are ranked by the bias-corrected Cramer's V (Bergsma 2013,
J Korean Stat Soc 42:323) with a bootstrap interval over patients; the test is chi-square over one
hip of each patient, adjusted by Holm over all columns.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.cohort.leakage.finding import Finding
from osteon.core.rng import generator
from osteon.core.schemas import ACQUISITION
from osteon.statistics.association import chi_square_test
from osteon.statistics.multiplicity import holm

__all__ = ["acquisition_columns", "acquisition_findings", "acquisition_table", "cramers_v"]

REPLICATES = 400
_RARE, _OTHER = 5, "(rare)"
_LEAST_V, _LEVEL = 0.1, 0.05
_METHOD = "percentile bootstrap over patients; chi-square over one hip per patient, Holm"


def acquisition_columns(
    cases: pd.DataFrame, instances: pd.DataFrame, in_words: "pd.Series[int]"
) -> pd.DataFrame:
    """Put together what could tell the class, one row for each case.

    Parameters
    ----------
    cases, instances
        Tables of cases and instances.
    in_words
        Letters in words on each film, by SOP Instance UID.
    """
    own = instances.set_index("sop_instance_uid").reindex(cases["sop_instance_uid"])
    own = own.set_axis(cases.index)
    date = own["study_date"]
    hour = pd.to_numeric(own["acquisition_time"].str[:2], errors="coerce")
    size = own["rows"].astype("string") + " x " + own["columns"].astype("string")
    letters = cases["sop_instance_uid"].map(in_words)
    return pd.DataFrame(
        {
            "manufacturer": own["manufacturer"],
            "manufacturer_model_name": own["manufacturer_model_name"],
            "station_name": own["station_name"],
            "institution_name": own["institution_name"],
            "study_description": own["study_description"],
            "view_position": own["view_position"],
            "study_year": date.str[:4],
            "study_month": date.str[:6],
            "time_of_day": (hour // 6).map(
                {0: "night", 1: "morning", 2: "afternoon", 3: "evening"}
            ),
            "image_size": size,
            "bits_stored": own["bits_stored"],
            "photometric_interpretation": own["photometric_interpretation"],
            "transfer_syntax_uid": own["transfer_syntax_uid"],
            "burned_in_annotation": own["burned_in_annotation"],
            "burned_in_words": (letters > 0).where(letters.notna()).map({True: "y", False: "n"}),
        },
        index=cases.index,
    )


def acquisition_table(
    cases: pd.DataFrame, columns: pd.DataFrame, seed: int, *, replicates: int = REPLICATES
) -> pd.DataFrame:
    """Rank what goes with the class.

    Parameters
    ----------
    cases
        Table of cases.
    columns
        From :func:`acquisition_columns`, in the rows of the cases.
    seed
        Of the bootstrap.
    replicates
        Bootstrap samples of patients.

    Returns
    -------
    Table :data:`osteon.core.schemas.ACQUISITION`, the strongest first. A column with fewer than
    two values is left out; values of fewer than five patients are taken together.
    """
    rows = []
    for name in columns.columns:
        values = columns[name].astype("string").str.strip()
        is_known = values.notna() & (values != "")
        patients = cases["patient_id"][is_known]
        holders = patients.groupby(values[is_known]).transform("nunique")
        values = values[is_known].where(holders >= _RARE, _OTHER)
        if values.nunique() < 2 or cases["label"][is_known].nunique() < 2:
            continue
        rows.append(_row(str(name), values, cases[is_known], seed, replicates))
    frame = pd.DataFrame(rows, columns=list(ACQUISITION.names))
    if len(frame):
        is_tested = frame["p_value"].notna()
        frame.loc[is_tested, "p_adjusted"] = holm(frame.loc[is_tested, "p_value"].to_numpy(float))
    frame = frame.sort_values(["cramers_v", "field"], ascending=[False, True], kind="stable")
    return ACQUISITION.checked(frame)


def _row(
    name: str, values: "pd.Series[str]", cases: pd.DataFrame, seed: int, replicates: int
) -> dict[str, object]:
    level, levels = pd.factorize(values, sort=True)
    label, labels = pd.factorize(cases["label"], sort=True)
    patient, patients = pd.factorize(cases["patient_id"], sort=True)
    cells = len(levels) * len(labels)
    cell = level * len(labels) + label
    counts = np.zeros((len(patients), cells))
    np.add.at(counts, (patient, cell), 1)
    shape = (len(levels), len(labels))
    draws = generator(seed, "acquisition", name).multinomial(
        len(patients), np.full(len(patients), 1 / len(patients)), size=replicates
    )
    sampled = (draws @ counts).reshape(replicates, *shape)
    spread = [cramers_v(table) for table in sampled]
    whole = cramers_v(counts.sum(axis=0).reshape(shape))
    low, high = np.nanquantile(spread, [0.025, 0.975]) if np.isfinite(spread).any() else (None,) * 2
    one_each = pd.Series(cell, index=cases["case_id"]).sort_index()
    owner = cases.set_index("case_id")["patient_id"].sort_index()
    single = np.bincount(one_each[~owner.duplicated().to_numpy()], minlength=cells).reshape(shape)
    test = chi_square_test(single)
    return {
        "field": name, "levels": len(levels), "hips": len(cases), "patients": len(patients),
        "cramers_v": whole, "low": low, "high": high, "p_value": test.p_value,
        "p_adjusted": None, "method": _METHOD,
    }  # fmt: skip


def cramers_v(table: NDArray[np.float64]) -> float:
    """Bias-corrected Cramer's V of a table of counts, in [0, 1]; NaN without two rows and columns.

    ``phi2 = max(0, chi2 / n - (r - 1)(c - 1) / (n - 1))``, ``r' = r - (r - 1)^2 / (n - 1)``, c'
    likewise, ``V = sqrt(phi2 / (min(r', c') - 1))`` (Bergsma 2013).

    Examples
    --------
    >>> round(cramers_v(np.array([[50.0, 0.0], [0.0, 50.0]])), 3)
    1.0
    """
    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = float(kept.sum())
    if min(kept.shape, default=0) < 2 or n < 2:
        return float("nan")
    expected = kept.sum(axis=1, keepdims=True) * kept.sum(axis=0) / n
    rows, columns = kept.shape
    phi2 = float(((kept - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    corrected = min(side - (side - 1) ** 2 / (n - 1) for side in (rows, columns)) - 1
    return float(min(np.sqrt(phi2 / corrected), 1.0)) if corrected > 0 else float("nan")


def acquisition_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Warn of columns whose association is beyond chance and not negligible."""
    for row in table.to_dict("records"):
        is_strong = not pd.isna(row["low"]) and float(row["low"]) >= _LEAST_V
        if is_strong and not pd.isna(row["p_adjusted"]) and float(row["p_adjusted"]) < _LEVEL:
            detail = (
                f"{row['field']} goes with the class: Cramer's V {float(row['cramers_v']):.2f} "
                f"({float(row['low']):.2f}, {float(row['high']):.2f}), adjusted P "
                f"{float(row['p_adjusted']):.2g}"
            )
            yield Finding(
                "acquisition_tells_class", "warning", str(row['field']), "label", detail,
                strength=float(row['cramers_v']),
            )  # fmt: skip
