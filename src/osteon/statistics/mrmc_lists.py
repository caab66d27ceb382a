"""Readings as lists, one row each, and iMRMC's file of them.

The format: free text, a line ``BEGIN DATA:``, then rows ``reader,case,modality,score``; rows of the
reader ``-1`` or ``truth`` hold the reference standard of a case, 0 or 1. Sources: Gallas et al.,
iMRMC (FDA, public domain), user manual and example files.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.decoding import decode_text
from osteon.core.files import write_text
from osteon.errors import DataError
from osteon.statistics.checks import Bools, Floats, binary_array

__all__ = ["Readings", "imrmc_text", "parse_imrmc", "read_imrmc", "write_imrmc"]

TRUTH = ("-1", "truth")
BEGIN = "BEGIN DATA:"


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Every reading of a study.

    Parameters
    ----------
    treatments, readers, cases
        Their names, in the order of the axes.
    reference_standard
        Shape (cases,).
    ratings
        Shape (treatments, readers, cases), NaN where a reading did not take place.
    """

    treatments: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    reference_standard: Bools
    ratings: Floats

    def __post_init__(self) -> None:
        wanted = (len(self.treatments), len(self.readers), len(self.cases))
        if self.ratings.shape != wanted or self.reference_standard.shape != wanted[2:]:
            raise DataError(
                f"ratings have shape {self.ratings.shape}, the reference standard "
                f"{self.reference_standard.shape}, wanted {wanted} and {wanted[2:]}"
            )

    @classmethod
    def of_arrays(cls, reference_standard: ArrayLike, ratings: ArrayLike) -> "Readings":
        """Name the axes of plain arrays t1, r1, c1 and so on; shapes (n,) and (t, r, n)."""
        table = np.asarray(ratings, dtype=np.float64)
        if table.ndim != 3:
            raise DataError(f"ratings have shape {table.shape}, wanted (treatments, readers, n)")
        t, r, n = (
            tuple(f"{letter}{i + 1}" for i in range(count))
            for letter, count in zip("trc", table.shape, strict=True)
        )
        return cls(t, r, n, binary_array("reference_standard", reference_standard), table)

    @classmethod
    def of(
        cls,
        treatment: ArrayLike,
        reader: ArrayLike,
        case: ArrayLike,
        rating: ArrayLike,
        truth: dict[str, bool],
    ) -> "Readings":
        """Build from rows, all of shape (rows,); names are taken as text.

        ``truth`` has the reference standard of every case.

        Raises
        ------
        DataError
            If a reading occurs twice, a case has no reference standard, or lengths differ.
        """
        columns = [np.asarray(column).astype(str) for column in (treatment, reader, case)]
        values = np.asarray(rating, dtype=np.float64)
        if any(column.shape != values.shape for column in columns) or values.ndim != 1:
            lengths = [column.size for column in columns] + [values.size]
            raise DataError(f"columns have {lengths} rows, wanted one length")
        names, places = [], []
        for column in columns:
            kept = list(dict.fromkeys(column.tolist()))
            at = {name: i for i, name in enumerate(kept)}
            names.append(kept)
            places.append(np.array([at[name] for name in column.tolist()], dtype=np.intp))
        unknown = [name for name in names[2] if name not in truth]
        if unknown:
            raise DataError(f"case {unknown[0]} has readings and no reference standard")
        unread = [name for name in truth if name not in set(names[2])]
        cases = names[2] + unread
        table = np.full((len(names[0]), len(names[1]), len(cases)), np.nan)
        counts = np.zeros(table.shape, dtype=np.intp)
        np.add.at(counts, tuple(places), 1)
        if (counts > 1).any():
            i, j, k = np.argwhere(counts > 1)[0].tolist()
            raise DataError(
                f"reader {names[1][j]} has {counts[i, j, k]} ratings of case {cases[k]} in "
                f"treatment {names[0][i]}, wanted one"
            )
        table[tuple(places)] = values
        standard = np.array([truth[name] for name in cases], dtype=np.bool_)
        return cls(tuple(names[0]), tuple(names[1]), tuple(cases), standard, table)

    def rows(self) -> dict[str, NDArray[np.generic]]:
        """List what was read: ``treatment``, ``reader``, ``case``, ``truth`` and ``rating``."""
        i, j, k = np.nonzero(~np.isnan(self.ratings))
        return {
            "treatment": np.array(self.treatments)[i],
            "reader": np.array(self.readers)[j],
            "case": np.array(self.cases)[k],
            "truth": self.reference_standard[k].astype(np.intp),
            "rating": self.ratings[i, j, k],
        }


def parse_imrmc(text: str) -> Readings:
    r"""Take the readings out of the text of an iMRMC file; white space in names is dropped.

    Raises
    ------
    DataError
        With the line's number, if a row is not ``reader,case,modality,score`` or contradicts
        another.

    Examples
    --------
    >>> text = "BEGIN DATA:\n-1,c1,0,0\n-1,c2,0,1\nr1,c1,m1,2.5\nr1,c2,m1,4\n"
    >>> parse_imrmc(text).ratings.tolist()
    [[[2.5, 4.0]]]
    """
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip().rstrip(",").upper() == BEGIN]
    if not starts:
        raise DataError(f"no line {BEGIN!r}", remedy="is this an iMRMC file?")
    truth: dict[str, bool] = {}
    names: list[tuple[str, str, str]] = []
    ratings: list[float] = []
    for number, line in enumerate(lines[starts[0] + 1 :], start=starts[0] + 2):
        parts = ["".join(part.split()) for part in line.split(",")]
        if not any(parts):
            continue
        if len(parts) != 4 or not all(parts):
            raise DataError(f"line {number} is {line!r}, wanted reader,case,modality,score")
        reader, case, modality, score = parts
        try:
            value = float(score)
        except ValueError as error:
            raise DataError(f"line {number}: score is {score!r}, wanted a number") from error
        if reader.lower() not in TRUTH:
            names.append((modality, reader, case))
            ratings.append(value)
        elif value not in (0.0, 1.0) or truth.get(case, value == 1.0) != (value == 1.0):
            raise DataError(f"line {number}: truth of case {case} is {score}, wanted 0 or 1, once")
        else:
            truth[case] = value == 1.0
    if not names:
        raise DataError("no readings after the line BEGIN DATA:, wanted one at least")
    treatments, readers, cases = zip(*names, strict=True)
    return Readings.of(treatments, readers, cases, ratings, truth)


def read_imrmc(path: Path) -> Readings:
    """Read an iMRMC file: :func:`parse_imrmc` of its text."""
    try:
        return parse_imrmc(decode_text(Path(path).read_bytes(), Path(path).name).tell().text)
    except DataError as error:
        raise DataError(f"{path}: {error.message}", remedy=error.remedy) from error


def imrmc_text(readings: Readings, *, title: str = "readings") -> str:
    """Write readings as the text of an iMRMC file; missing ones have no row.

    Raises
    ------
    DataError
        If a name holds a comma or white space, or a reader is called like the truth.
    """
    for name in (*readings.treatments, *readings.readers, *readings.cases):
        if "," in name or name != "".join(name.split()) or not name:
            raise DataError(f"name {name!r} holds a comma or white space, the format has no quotes")
    strange = [name for name in readings.readers if name.lower() in TRUTH]
    if strange:
        raise DataError(f"a reader is called {strange[0]}, which means the reference standard")
    negative = int((~readings.reference_standard).sum())
    out = io.StringIO()
    out.write(f"{title}\n\nNR: {len(readings.readers)}\nN0: {negative}\n")
    out.write(f"N1: {len(readings.cases) - negative}\nNM: {len(readings.treatments)}\n\n{BEGIN}\n")
    for case, positive in zip(readings.cases, readings.reference_standard.tolist(), strict=True):
        out.write(f"-1,{case},0,{int(positive)}\n")
    columns = readings.rows()
    names = [columns[name].tolist() for name in ("reader", "case", "treatment", "rating")]
    for reader, case, treatment, rating in zip(*names, strict=True):
        out.write(f"{reader},{case},{treatment},{rating!r}\n")
    return out.getvalue()


def write_imrmc(path: Path, readings: Readings, *, title: str = "readings") -> None:
    """Write an iMRMC file, whole or not at all."""
    write_text(Path(path), imrmc_text(readings, title=title))
