"""What the audit for leakage found, and what of the acquisition goes with the classes."""

from osteon.core.schemas.cases import SUBSETS
from osteon.core.tables import Column, Schema

__all__ = ["ACQUISITION", "LEAKAGE", "LEAKAGE_CHECKS"]

LEAKAGE_CHECKS = (
    "shared_patient",
    "shared_accession",
    "same_hip",
    "near_duplicate_pixels",
    "same_person_two_ids",
    "post_operative_film",
    "words_in_pixels",
    "acquisition_tells_class",
)

LEAKAGE = Schema(
    name="leakage",
    key=("check", "first", "second", "fold"),
    columns=(
        Column("check", "text", "What was looked for", True, LEAKAGE_CHECKS),
        Column("severity", "text", "leakage: subsets share it; warning: look", True,
               ("leakage", "warning")),
        Column("fold", "integer", "First fold in which it was met", required=True),
        Column("first", "text", "Patient id, accession, case id, film or column", required=True),
        Column("second", "text", "The other one, or the same", required=True),
        Column("first_subset", "text", "Where the first is", False, SUBSETS),
        Column("second_subset", "text", "Where the second is", False, SUBSETS),
        Column("strength", "number", "Agreement of pixels in [-1, 1], Cramer's V in [0, 1]"),
        Column("detail", "text", "One sentence for a person", required=True),
    ),
)  # fmt: skip

ACQUISITION = Schema(
    name="acquisition",
    key=("field",),
    columns=(
        Column("field", "text", "Column of the films that could tell the class", required=True),
        Column("levels", "integer", "Different values, rare ones taken together", required=True),
        Column("hips", "integer", "Hips for which it is known", required=True),
        Column("patients", "integer", "Their patients", required=True),
        Column("cramers_v", "number", "Bias-corrected Cramer's V with the class, in [0, 1]"),
        Column("low", "number", "Lower limit of its 95 % interval"),
        Column("high", "number", "Upper limit"),
        Column("p_value", "number", "Of chi-square over one hip per patient"),
        Column("p_adjusted", "number", "The same by Holm over all columns"),
        Column("method", "text", "Interval and test", required=True),
    ),
)
