"""Options of the Basic Application Level Confidentiality Profile, and the settings of a run."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from osteon.core.settings import Settings

__all__ = ["SIDE_WORDS", "DeidentifySettings", "Option", "method_codes"]


class Option(StrEnum):
    """An option of the profile, by the name PS3.15 gives it."""

    CLEAN_PIXEL_DATA = "clean_pixel_data"
    CLEAN_GRAPHICS = "clean_graphics"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    RETAIN_FULL_DATES = "retain_longitudinal_full_dates"
    RETAIN_MODIFIED_DATES = "retain_longitudinal_modified_dates"
    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_INSTITUTION_IDENTITY = "retain_institution_identity"
    RETAIN_UIDS = "retain_uids"
    RETAIN_SAFE_PRIVATE = "retain_safe_private"


_BASIC = ("113100", "Basic Application Confidentiality Profile")
_CODES = {
    Option.CLEAN_PIXEL_DATA: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: (
        "113106", "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "113107", "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
}  # fmt: skip
SIDE_WORDS = (
    "L", "R", "LT", "RT", "LEFT", "RIGHT", "AP", "PA", "LAT", "LATERAL", "OBL", "OBLIQUE", "AXIAL",
    "FROG", "STANDING", "ERECT", "UPRIGHT", "SUPINE", "PRONE", "DECUB", "DECUBITUS", "PORTABLE",
    "WEIGHTBEARING", "INT", "EXT", "ROT", "INSPIRATION", "EXPIRATION", "LINKS", "RECHTS",
)  # fmt: skip
"""Words that stay on a film: sides, views and positions, none of which names a person."""


def method_codes(options: tuple[Option, ...]) -> tuple[tuple[str, str], ...]:
    """Codes and meanings (scheme DCM, CID 7050) of the profile and the options.

    Examples
    --------
    >>> method_codes((Option.RETAIN_UIDS,))[1]
    ('113110', 'Retain UIDs Option')
    """
    return (_BASIC, *(_CODES[option] for option in Option if option in options))


class DeidentifySettings(Settings):
    """How files are de-identified.

    Parameters
    ----------
    options
        Options of the profile that are followed beside the basic profile.
    kept_words
        Words burned into a film that are left on it; upper case, letters only.
    age_cap_years
        Retained ages above this are written as this age; ``None`` keeps every age.
    with_ocr
        Read text by the ``ocr`` extra: ``None`` where it is installed.
    check_residue
        Search each new file for what the original protected.
    max_member_bytes, max_archive_depth
        As in an ingest: largest file inside an archive, and archives within archives.
    """

    options: tuple[Option, ...] = (Option.CLEAN_PIXEL_DATA,)
    kept_words: tuple[str, ...] = SIDE_WORDS
    age_cap_years: Annotated[int, Field(ge=1, le=130)] | None = 90
    with_ocr: bool | None = None
    check_residue: bool = True
    max_member_bytes: int = 2**31
    max_archive_depth: int = 3

    @field_validator("options")
    @classmethod
    def _in_order(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        return tuple(option for option in Option if option in options)

    @field_validator("kept_words")
    @classmethod
    def _words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        upper = tuple(sorted({word.upper() for word in words}))
        if wrong := [word for word in upper if not re.fullmatch(r"[A-Z]+", word)]:
            raise ValueError(f"{wrong[0]!r} is not one word of letters")
        return upper

    @model_validator(mode="after")
    def _one_kind_of_dates(self) -> Self:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= set(self.options):
            raise ValueError("full and modified dates contradict each other: choose one")
        return self

    def follows(self, option: Option) -> bool:
        """Whether an option is followed."""
        return option in self.options
