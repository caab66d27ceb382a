"""One object from its bytes to its de-identified bytes, or the reason why there are none."""

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from osteon.core.records import Exclusion
from osteon.dicom.encode import file_bytes
from osteon.dicom.frames import FrameAttributes
from osteon.dicom.headers import read_header
from osteon.dicom.open import parse_instance
from osteon.errors import DecodeError, DicomError
from osteon.pixels.text_reader import TextReader, reader_is_installed, text_reader
from osteon.sources.deidentify.actions import Plan
from osteon.sources.deidentify.header import HeaderCleaner, Person, value_of
from osteon.sources.deidentify.marks import add_marks, is_modified_by_us, renew_meta
from osteon.sources.deidentify.options import DeidentifySettings, Option
from osteon.sources.deidentify.profile import class_kind
from osteon.sources.deidentify.protected import Protected
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.residual import residue_in_bytes, residue_in_texts

if TYPE_CHECKING:
    from osteon.sources.deidentify.pixels import PixelFindings

__all__ = ["Cleaned", "Refused", "deidentify_bytes", "reader_for"]

_PRINTED = frozenset({"US", "SC", "OT", "ES", "XC", "DOC", "SM", "GM"})
_WANTED = {
    "structured documents": Option.CLEAN_STRUCTURED_CONTENT,
    "presentation states": Option.CLEAN_GRAPHICS,
}
_SHUTTER_OVERLAYS = 0x00181624


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an object is not delivered.

    ``detail`` names no value of the original; ``said`` may, and is for the person at the terminal.
    """

    reason: str
    detail: str
    said: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """A de-identified object: its bytes, its place by new identifiers, and what was done to it.

    ``originals`` are patient id, study, series and SOP Instance UID as they were; they go into
    the key table only. ``person_key`` is the same for one name and birth date, whatever the id.
    """

    data: bytes
    patient: str
    study: str
    series: str
    instance: str
    sop_class: str
    person_key: str
    pixels: "PixelFindings | None"
    originals: tuple[str, str, str, str] = field(repr=False)


def reader_for(settings: DeidentifySettings) -> TextReader | None:
    """Give the reader of print that the settings ask for; ``None`` without one.

    Raises
    ------
    MissingExtraError
        If one is asked for and not installed.
    """
    is_wanted = reader_is_installed() if settings.with_ocr is None else settings.with_ocr
    return text_reader() if is_wanted and settings.follows(Option.CLEAN_PIXEL_DATA) else None


@lru_cache(256)
def _plan(sop_class: str, options: tuple[Option, ...]) -> Plan:
    return Plan(sop_class, options)


def deidentify_bytes(
    data: bytes, name: str, settings: DeidentifySettings, pseudonyms: Pseudonyms
) -> Cleaned | Refused:
    """De-identify one object.

    Parameters
    ----------
    data
        The whole file.
    name
        Its path, for messages.
    settings
        Options and limits.
    pseudonyms
        Answers under the secret of the run.
    """
    header = read_header(data, name)
    if isinstance(header, Exclusion):
        return Refused(header.reason, "not an object that could be read", header.detail)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values that are not valid are what is to be expected
        try:
            dataset = parse_instance(data, name, max_bytes=settings.max_member_bytes)
            return _refusal(dataset, settings) or _cleaned(dataset, settings, pseudonyms)
        except DecodeError as error:
            detail = "the pixels cannot be searched for print"
            return Refused("pixels_not_searchable", detail, error.message)
        except DicomError as error:
            return Refused("unreadable", "not an object that could be read", error.message)
        except Exception as error:  # a damaged object can fail in pydicom in any way
            return Refused("not_cleanable", "damaged in a way that stops its cleaning", str(error))


def _refusal(dataset: FileDataset, settings: DeidentifySettings) -> Refused | None:
    """Say why an object cannot be cleaned safely under these options."""
    sop_class = str(value_of(dataset, "SOPClassUID") or "").strip(" \0")
    kind = class_kind(sop_class)
    if kind is None:
        return Refused("class_not_covered", f"objects of class {_class_name(sop_class)}")
    wanted = _WANTED.get(kind)
    if wanted is not None and not settings.follows(wanted):
        return Refused("option_needed", f"{kind} need the option {wanted}")
    if kind != "images" or settings.follows(Option.CLEAN_PIXEL_DATA):
        return None
    is_printed = FrameAttributes(dataset).text("Modality") in _PRINTED
    if is_printed or FrameAttributes(dataset).text("BurnedInAnnotation") == "YES":
        detail = f"images that may hold print need the option {Option.CLEAN_PIXEL_DATA}"
        return Refused("option_needed", detail)
    return None


def _class_name(sop_class: str) -> str:
    """Name a registered class; one that is not may name its maker."""
    name = UID(sop_class).name
    return name if name != sop_class else "unknown to PS3.6"


def _cleaned(
    dataset: FileDataset, settings: DeidentifySettings, pseudonyms: Pseudonyms
) -> Cleaned | Refused:
    syntax = _syntax_of(dataset)
    originals = _originals(dataset)
    person_key = _person_key(dataset, pseudonyms)
    findings = _search_pixels(dataset, settings)
    cleaner = HeaderCleaner(
        _plan(originals[4], settings.options),
        settings,
        pseudonyms,
        _person(dataset, originals, person_key, pseudonyms),
    )
    cleaner.clean(dataset)
    if settings.follows(Option.CLEAN_GRAPHICS):
        _clean_overlays(dataset, settings)
    add_marks(dataset, settings.options, pixels_are_clean=findings is not None)
    renew_meta(dataset, findings.transfer_syntax if findings is not None else syntax)
    written = file_bytes(dataset)
    if settings.check_residue:
        residue = _residue(dataset, written, cleaner.protected, findings, settings)
        if residue is not None:
            return Refused("residue", residue)
    new = _originals(dataset)
    return Cleaned(written, *new, person_key, findings, originals[:4])


def _originals(dataset: FileDataset) -> tuple[str, str, str, str, str]:
    keywords = (
        "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID",
    )  # fmt: skip
    values = [str(value_of(dataset, keyword) or "").strip(" \0") for keyword in keywords]
    return values[0], values[1], values[2], values[3], values[4]


def _person_key(dataset: FileDataset, pseudonyms: Pseudonyms) -> str:
    """Name a person by name and birth date; empty where either is absent."""
    name, born = (value_of(dataset, key) for key in ("PatientName", "PatientBirthDate"))
    if name is None or born is None:
        return ""
    return pseudonyms.key("person", f"{name} {born}".upper())


def _person(
    dataset: FileDataset, originals: tuple[str, ...], person_key: str, pseudonyms: Pseudonyms
) -> Person:
    """Whose object it is: by id, else by name and birth date, else by the study alone."""
    patient_id = originals[0] or person_key or originals[1]
    is_done = pseudonyms.is_patient(patient_id) and is_modified_by_us(dataset)
    days = 0 if is_done else pseudonyms.shift_days(patient_id)
    return Person(pseudonyms.patient(patient_id), days)


def _syntax_of(dataset: FileDataset) -> UID:
    """Give the transfer syntax to write in: the old one, little-endian where it was big."""
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if syntax is None:
        is_implicit, _ = dataset.original_encoding
        syntax = UID("1.2.840.10008.1.2") if is_implicit else ExplicitVRLittleEndian
        renew_meta(dataset, syntax)
    if syntax != ExplicitVRBigEndian:
        return UID(syntax)
    _turn_little(dataset)
    return ExplicitVRLittleEndian


def _turn_little(dataset: FileDataset) -> None:
    """Read every element of a big-endian object and turn the words of its samples."""
    for element in dataset.iterall():
        is_words = element.VR == "OW" and isinstance(element.value, bytes)
        if is_words and FrameAttributes(dataset).integer("BitsAllocated") != 8:
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.set_original_encoding(False, True, dataset.original_character_set)


def _search_pixels(dataset: FileDataset, settings: DeidentifySettings) -> "PixelFindings | None":
    """Search and paint the frames of an image; ``None`` where that is not asked for."""
    kind = class_kind(str(dataset.SOPClassUID))
    if not settings.follows(Option.CLEAN_PIXEL_DATA) or kind != "images":
        return None
    return _clean_pixels(dataset, settings)


def _clean_pixels(dataset: FileDataset, settings: DeidentifySettings) -> "PixelFindings":
    from osteon.sources.deidentify.pixels import clean_pixels  # heavy, and not for headers only

    return clean_pixels(dataset, frozenset(settings.kept_words), reader_for(settings))


def _clean_overlays(dataset: FileDataset, settings: DeidentifySettings) -> None:
    from osteon.sources.deidentify.pixels import clean_overlays  # heavy, and not for headers only

    clean_overlays(dataset, frozenset(settings.kept_words), reader_for(settings))


def _residue(
    dataset: FileDataset,
    written: bytes,
    protected: Protected,
    findings: "PixelFindings | None",
    settings: DeidentifySettings,
) -> str | None:
    """Search the new object; gives where something was found."""
    element = dataset.get_item("PixelData") if "PixelData" in dataset else None
    size = len(element.value or b"") if element is not None else 0
    is_encapsulated = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    found = residue_in_bytes(written, size, protected, is_encapsulated=is_encapsulated)
    if found is None and findings is not None:
        found = residue_in_texts(_texts_left(dataset, findings, settings), protected)
    return None if found is None else str(found)


def _texts_left(
    dataset: FileDataset, findings: "PixelFindings", settings: DeidentifySettings
) -> list[str]:
    """Read what print is left: what stayed, and whatever a second look at painted frames finds."""
    if reader_for(settings) is None or not findings.painted:
        return findings.texts
    again = _clean_pixels(dataset, settings)
    return [item.text for _, item in (*again.painted, *again.kept)]
