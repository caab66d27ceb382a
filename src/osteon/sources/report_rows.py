"""One report as a source has it, before the table: texts that were not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["STATUS_WORDS", "RawReport"]

# HL7 v2.5.1 table 0123 (result status) and 0085 (observation status), and what exports say
STATUS_WORDS: Mapping[str, str] = {
    "P": "preliminary", "R": "preliminary", "A": "preliminary", "I": "preliminary",
    "PRELIMINARY": "preliminary", "PRELIM": "preliminary", "WET READ": "preliminary",
    "F": "final", "FINAL": "final", "U": "final", "SIGNED": "final", "VERIFIED": "final",
    "C": "corrected", "CORRECTED": "corrected", "AMENDED": "corrected",
    "ADDENDUM": "addendum", "ADDENDED": "addendum",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawReport:
    """One version of one report.

    ``place`` names the row or message for a person; ``fault`` is the reason and the sentence why
    it cannot be taken. Moments are in ISO 8601 already; ``odd`` names the fields that were not
    empty and could not be read.
    """

    place: str
    report_id: str
    text: str
    status: str
    accession_number: str = ""
    patient_id: str = ""
    patient_birth_date: str | None = None
    patient_sex: str = ""
    patient_class: str = ""
    examination: str = ""
    acquired_at: str | None = None
    reported_at: str | None = None
    fault: tuple[str, str] | None = None
    odd: tuple[str, ...] = ()
