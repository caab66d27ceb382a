"""What an object says of persons, places, dates and instances: the words no copy may hold."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from osteon.dicom.clean import dicom_date
from osteon.sources.deidentify.pseudonyms import is_well_known
from osteon.sources.deidentify.values import DUMMY_DATE, DUMMY_TEXT, clean_text

__all__ = ["Kind", "Needle", "Protected"]

Kind = Literal["name", "identifier", "place", "date", "uid"]
_IDENTIFIERS = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "IssuerOfPatientID",
    "StudyID", "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID",
    "FillerOrderNumberImagingServiceRequest", "PlacerOrderNumberImagingServiceRequest",
    "MedicalRecordLocator", "MilitaryRank", "PatientTelephoneNumbers", "DeviceSerialNumber",
    "InsurancePlanIdentification", "ServiceEpisodeID", "ClinicalTrialSubjectID", "PlateID",
    "ClinicalTrialProtocolID", "ReferringPhysicianTelephoneNumbers", "PersonTelephoneNumbers",
    "OrderCallbackPhoneNumber", "PatientInsurancePlanCodeSequence", "SpecimenIdentifier",
    "ContainerIdentifier", "CassetteID", "DetectorID", "GeneratorID",
)  # fmt: skip
_PLACES = (
    "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName",
    "PatientAddress", "RequestingService", "CurrentPatientLocation", "PatientInstitutionResidence",
    "PerformedStationName", "ScheduledStationName", "PerformedLocation",
    "ReferringPhysicianAddress", "PersonAddress", "PhysicianApprovingInterpretation",
    "CountryOfResidence", "RegionOfResidence", "VerifyingOrganization", "ClinicalTrialSiteName",
)  # fmt: skip
_NAMES = (
    "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ResponsibleOrganization",
)  # fmt: skip
_KEYWORDS: dict[Kind, tuple[str, ...]] = {
    "identifier": _IDENTIFIERS,
    "place": _PLACES,
    "name": _NAMES,
}
_KINDS: dict[int, Kind] = {
    tag: kind
    for kind, keywords in _KEYWORDS.items()
    for tag in map(tag_for_keyword, keywords)
    if tag is not None
}
_BY_VR: dict[str, Kind] = {"PN": "name", "DA": "date", "DT": "date", "UI": "uid"}
_ENCODINGS = ("latin-1", "utf-8", "shift_jis", "iso2022_jp", "euc_jp", "euc_kr", "gb18030")
_SHORTEST, _SHORTEST_WIDE = 3, 4
_REMEMBERED = 4096
_SHORTEST_UID, _SHORTEST_PART, _SHORTEST_DIGITS = 8, 5, 5
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for (lower case), what they are, and the tag of the original they come from.

    ``is_wide`` marks text of other scripts, in which a word need not end where a letter ends.
    """

    text: bytes
    kind: Kind
    tag: int
    is_wide: bool = False


class Protected:
    """Values taken out of an object.

    ``made_dates`` are those that a date shift made; with ``dates_stay`` every date and time that
    is left was to be left.
    """

    def __init__(self, *, dates_stay: bool = False) -> None:
        self.dates_stay = dates_stay
        self.made_dates: set[str] = set()
        self._values: dict[tuple[str, Kind], int] = {}

    def wants(self, tag: int, vr: str) -> bool:
        """Whether an element's value is one to protect, or a sequence that may hold some."""
        return vr == "SQ" or vr in _BY_VR or tag in _KINDS

    def add(self, tag: int, value: Any) -> None:
        """Protect the value of an element."""
        kind = _KINDS.get(tag) or _kind_of(value, tag)
        if kind is None:
            return
        parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
        if hasattr(value, "components"):  # a person's name is iterable
            parts = [value]
        for part in parts:
            text = str(part).strip(" \0")
            if kind == "uid":
                self.add_uids([text])
            elif text:
                self._values.setdefault((text, kind), tag)

    def add_uids(self, uids: Iterable[str]) -> None:
        """Protect UIDs that are no class or syntax."""
        for uid in uids:
            if uid and not is_well_known(uid):
                self._values.setdefault((uid.strip(" \0"), "uid"), 0)

    def values(self, *kinds: Kind) -> list[str]:
        """Texts of these kinds."""
        return [text for text, kind in self._values if kind in kinds]

    def needles(self) -> list[Needle]:
        """Every spelling of every protected value worth a search, each once."""
        found: dict[bytes, Needle] = {}
        for (text, kind), tag in self._values.items():
            for encoded, is_wide in _searched(text, kind):
                if encoded not in found:
                    found[encoded] = Needle(encoded, kind, tag, is_wide)
        return list(found.values())


def _kind_of(value: Any, tag: int) -> Kind | None:
    if hasattr(value, "components"):
        return "name"
    return _BY_VR.get(dictionary_VR(tag)) if dictionary_has_tag(tag) else None


@lru_cache(_REMEMBERED)
def _searched(text: str, kind: Kind) -> tuple[tuple[bytes, bool], ...]:
    """Give the bytes to look for, and whether they are wide; films share most values."""
    return tuple(
        (encoded, not spelling.isascii())
        for spelling in _spellings(text, kind)
        if spelling.upper() not in (DUMMY_TEXT, DUMMY_DATE)
        for encoded in _encoded(spelling)
    )


def _spellings(text: str, kind: Kind) -> Iterator[str]:
    if kind == "uid":
        if len(text) >= _SHORTEST_UID:
            yield text
    elif kind == "date":
        yield from _date_spellings(text)
    elif kind == "name":
        yield from _words(re.split(r"[\^=\s,;/\\.]+", text))
    elif kind == "identifier":
        joined = re.sub(r"[\W_]+", "", text)
        digits = max(re.findall(r"\d+", text), key=len, default="")
        yield from _words([text, joined])
        if len(digits) >= _SHORTEST_DIGITS:
            yield digits
    else:
        parts = re.split(r"[,;\r\n]+", text)
        yield from _words([text, *(part for part in parts if len(part.strip()) >= _SHORTEST_PART)])


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Texts worth a search: long enough, and no plain word of radiology."""
    for text in texts:
        word = text.strip()
        is_wide = any(ord(letter) > 0x2FF for letter in word)
        if len(word) < (1 if is_wide and len(word) > 1 else _SHORTEST):
            continue
        if clean_text(word) == word and not any(letter.isdigit() for letter in word):
            continue
        yield word
        plain = word.lower().translate(_GERMAN)
        if plain != word.lower():
            yield plain
        folded = unicodedata.normalize("NFKD", word)
        folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
        if folded != word and len(folded) >= _SHORTEST:
            yield folded


def _date_spellings(text: str) -> Iterator[str]:
    date = dicom_date(text[:8]) or dicom_date(text[:10])
    if date is None:
        return
    year, month, day = date[:4], date[4:6], date[6:]
    yield date
    yield from (f"{day}{month}{year}", f"{month}{day}{year}")
    for mark in "-./":
        yield from (
            f"{year}{mark}{month}{mark}{day}",
            f"{day}{mark}{month}{mark}{year}",
            f"{month}{mark}{day}{mark}{year}",
        )


def _encoded(text: str) -> Iterator[bytes]:
    if text.isascii():
        yield text.lower().encode()
        if len(text) >= _SHORTEST_WIDE:
            yield text.lower().encode("utf-16-le")
        return
    for spelling in {text, text.upper(), text.lower()}:
        for encoding in _ENCODINGS:
            try:
                encoded = spelling.encode(encoding)
            except UnicodeEncodeError:
                continue
            if encoding == "iso2022_jp":  # without the escapes that switch there and back
                encoded = encoded.removeprefix(b"\x1b$B").removesuffix(b"\x1b(B")
            if len(encoded) >= _SHORTEST:
                yield encoded.lower()
