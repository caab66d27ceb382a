"""The header of one object: every element at every depth gets its action."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from osteon.dicom.clean import age_years
from osteon.sources.deidentify.actions import Action, Plan
from osteon.sources.deidentify.options import DeidentifySettings, Option
from osteon.sources.deidentify.profile import is_safe_private
from osteon.sources.deidentify.protected import Protected
from osteon.sources.deidentify.pseudonyms import Pseudonyms, shifted
from osteon.sources.deidentify.values import clean_text, dummy, is_sound

__all__ = ["HeaderCleaner", "Person", "value_of"]

_PATIENT_NAME, _PATIENT_ID, _PATIENT_AGE = 0x00100010, 0x00100020, 0x00101010
_TEXT = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "CS"})
_STRINGS = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI"})
_OTHER_SIGNS = frozenset(b"\\~\x1b")  # several values, or signs that a character set changes
_TIME = re.compile(r"\d{2,6}(\.\d{1,6})?")
_OVERLAY_TEXT_FREE = frozenset({"US", "SS", "IS", "DS", "CS", "FL", "OB", "OW"})


@dataclass(frozen=True, slots=True)
class Person:
    """Whose object it is: the pseudonym, and the days its dates move by."""

    pseudonym: str
    shift_days: int


def value_of(dataset: Dataset, tag: int | str) -> Any:
    """Give a value as pydicom reads it; ``None`` when absent, empty or damaged."""
    try:
        value = dataset[tag].value
    except Exception:  # absent, or damaged, which can fail in pydicom in any way
        return None
    return None if value in ("", None, b"") else value


def _value_to_replace(dataset: Dataset, tag: int) -> Any:
    """Give the value of an element that does not stay; plain text is not made an element first."""
    raw = dataset.get_item(tag)
    if isinstance(raw, RawDataElement) and raw.VR in _STRINGS and raw.value:
        data = raw.value
        if data.isascii() and not _OTHER_SIGNS.intersection(data):
            return data.decode("ascii").rstrip(" \0") or None
    return value_of(dataset, tag)


class HeaderCleaner:
    """Clean an object's elements in place.

    Parameters
    ----------
    plan
        The actions for its SOP class.
    settings
        Options and limits.
    pseudonyms
        For identifiers and UIDs.
    person
        Whose object it is.

    Notes
    -----
    After :meth:`clean`, ``protected`` holds what was taken out of the object, for the search for
    residue.
    """

    def __init__(
        self, plan: Plan, settings: DeidentifySettings, pseudonyms: Pseudonyms, person: Person
    ) -> None:
        self.protected = Protected(dates_stay=settings.follows(Option.RETAIN_FULL_DATES))
        self._plan = plan
        self._settings = settings
        self._pseudonyms = pseudonyms
        self._person = person

    def clean(self, dataset: Dataset, parent: str = "") -> None:
        """Give every element its action; sequences are entered."""
        for tag in list(dataset.keys()):  # as pydicom made them: it would make others anew
            self._element(dataset, tag, parent)

    def _element(self, dataset: Dataset, tag: BaseTag, parent: str) -> None:
        number = int(tag)
        if number in (_PATIENT_NAME, _PATIENT_ID):
            self._identify(dataset, number, parent)
            return
        action = self._plan.action(number, parent)
        if action is Action.KEEP:
            self._keep(dataset, tag, parent)
        elif action is Action.UID:
            self._replace_uids(dataset, tag, parent)
        elif action is Action.CLEAN:
            self._clean_value(dataset, tag, parent)
        else:
            self._take_out(dataset, tag, action)

    def _identify(self, dataset: Dataset, tag: int, parent: str) -> None:
        """Put the pseudonym for the patient's id and name; other people's names go."""
        value = value_of(dataset, tag)
        if value is not None and not self._pseudonyms.is_patient(str(value)):
            self.protected.add(tag, value)
        if not parent:
            pseudonym = self._person.pseudonym
        else:
            is_id = tag == _PATIENT_ID and value is not None
            pseudonym = self._pseudonyms.patient(str(value)) if is_id else ""
        dataset[tag] = DataElement(tag, dictionary_VR(tag), pseudonym)

    def _keep(self, dataset: Dataset, tag: int, parent: str) -> None:
        element = dataset.get_item(tag)
        vr = _representation(element, tag)
        if vr == "SQ":
            self._enter(dataset, tag, parent)
        elif vr == "UN":
            self._keep_unknown(dataset, tag, parent)
        elif not is_sound(vr, _value_bytes(element)):
            self._take_out(dataset, tag, self._plan.without_value(tag, parent))
        elif tag == _PATIENT_AGE:
            self._cap_age(dataset, tag)

    def _keep_unknown(self, dataset: Dataset, tag: int, parent: str) -> None:
        """Keep an element of VR UN when the dictionary's representation reads it."""
        try:
            element = dataset[tag]
        except Exception:  # a damaged element can fail in pydicom in any way
            del dataset[tag]
            return
        if element.VR == "UN":
            del dataset[tag]
        elif element.VR == "SQ":
            self._enter(dataset, tag, parent)

    def _enter(self, dataset: Dataset, tag: int, parent: str) -> None:
        items = value_of(dataset, tag)
        if items is None:
            if not _is_empty(dataset, tag):
                self._take_out(dataset, tag, self._plan.without_value(tag, parent))
            return
        keyword = dictionary_keyword(tag) if dictionary_has_tag(tag) else "private"
        for item in items:
            self.clean(item, keyword)

    def _cap_age(self, dataset: Dataset, tag: int) -> None:
        """Write a bare number of years as years, and no age above the cap."""
        text = str(value_of(dataset, tag) or "").strip()
        years, cap = age_years(text), self._settings.age_cap_years
        if text.isdigit() and years is not None:
            dataset[tag] = DataElement(tag, "AS", f"{int(text):03d}Y")
        if cap is not None and years is not None and years > cap:
            dataset[tag] = DataElement(tag, "AS", f"{cap:03d}Y")

    def _replace_uids(self, dataset: Dataset, tag: int, parent: str) -> None:
        if _representation(dataset.get_item(tag), tag) == "SQ":
            self._enter(dataset, tag, parent)
            return
        value = _value_to_replace(dataset, tag)
        if value is None:
            self._set(dataset, tag, "UI", "")
            return
        old = [str(value)] if isinstance(value, str) else [str(item) for item in value]
        new = [self._pseudonyms.uid(uid) if uid.strip(" \0") else "" for uid in old]
        self.protected.add_uids(
            uid for uid, other in zip(old, new, strict=True) if uid.strip(" \0") != other
        )
        self._set(dataset, tag, "UI", new if len(new) > 1 else new[0])

    def _clean_value(self, dataset: Dataset, tag: int, parent: str) -> None:
        if (tag >> 16) % 2:
            self._keep_safe_private(dataset, tag)
            return
        element = dataset.get_item(tag)
        vr = _representation(element, tag)
        if tag >> 24 == 0x60:
            if vr not in _OVERLAY_TEXT_FREE:
                del dataset[tag]
            return
        if vr == "SQ":
            self._enter(dataset, tag, parent)
            return
        value = value_of(dataset, tag)
        cleaned = None if value is None else self._cleaned(vr, value)
        if cleaned:
            if cleaned != value:
                self.protected.add(tag, value)
            self._set(dataset, tag, vr, cleaned)
        elif value is not None or not _is_empty(dataset, tag):
            self._take_out(dataset, tag, self._plan.without_value(tag, parent))

    def _cleaned(self, vr: str, value: Any) -> Any:
        change = self._change_of(vr)
        if change is None:
            return None
        values = [str(item) for item in _texts(value)]
        new = [change(item) for item in values]
        if any(item is None for item in new) or not any(new):
            return None
        return new if len(new) > 1 else new[0]

    def _change_of(self, vr: str) -> Callable[[str], str | None] | None:
        if vr in ("DA", "DT"):
            return self._moved
        if vr == "TM":
            return lambda text: text if _TIME.fullmatch(text.strip()) else None
        if vr == "SH" or vr in _TEXT:
            return clean_text
        return None

    def _moved(self, text: str) -> str | None:
        new = shifted(text, self._person.shift_days)
        if new is not None and self._person.shift_days:
            self.protected.made_dates.add(new[:8])
        return new

    def _keep_safe_private(self, dataset: Dataset, tag: int) -> None:
        """Keep what the safe list names, and its creator's name; the rest goes."""
        group, element = tag >> 16, tag & 0xFFFF
        if 0x10 <= element <= 0xFF:
            creator = str(value_of(dataset, tag) or "").strip()
            block = range(element << 8, (element << 8) + 0x100)
            is_used = any(
                is_safe_private(creator, group, other & 0xFF)
                for other in block
                if (group << 16 | other) in dataset
            )
            if not is_used:
                del dataset[tag]
            return
        creator = str(value_of(dataset, group << 16 | element >> 8) or "").strip()
        raw = dataset.get_item(tag)
        is_kept = is_safe_private(creator, group, element & 0xFF)
        if not is_kept or _representation(raw, tag) in ("SQ", "PN", "DA", "DT", "UI"):
            del dataset[tag]

    def _take_out(self, dataset: Dataset, tag: int, action: Action) -> None:
        vr = _representation(dataset.get_item(tag), tag)
        is_read = self.protected.wants(tag, vr)
        is_needed = is_read or action is Action.DUMMY
        value = _value_to_replace(dataset, tag) if is_needed else None
        if is_read and value is not None:
            self._protect(tag, vr, value)
        if action is Action.DUMMY:
            dataset[tag] = dummy(tag, vr, value, self._pseudonyms.uid)
        elif action is Action.EMPTY:
            self._set(dataset, tag, vr, None if vr != "SQ" else [])
        else:
            del dataset[tag]

    def _protect(self, tag: int, vr: str, value: Any) -> None:
        if vr != "SQ":
            self.protected.add(tag, value)
            return
        for item in value:
            for inner in list(item.keys()):
                inner_vr = _representation(item.get_item(inner), int(inner))
                found = value_of(item, int(inner))
                if found is not None and self.protected.wants(int(inner), inner_vr):
                    self._protect(int(inner), inner_vr, found)

    @staticmethod
    def _set(dataset: Dataset, tag: int, vr: str, value: Any) -> None:
        dataset[tag] = DataElement(tag, vr, value, validation_mode=IGNORE)


def _texts(value: Any) -> Iterable[Any]:
    is_single = isinstance(value, str | bytes) or not hasattr(value, "__iter__")
    return [value] if is_single else value


def _is_empty(dataset: Dataset, tag: int) -> bool:
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        return not element.value
    return element is None or not element.value


def _value_bytes(element: Any) -> bytes | None:
    """Value as it stands in the file, or as it would be written if it was read already."""
    value = element.value
    if value is None or isinstance(value, bytes):
        return value
    return "\\".join(str(item) for item in _texts(value)).encode()


def _representation(element: Any, tag: int) -> str:
    """VR of an element that may not be converted yet; implicit ones by the dictionary."""
    vr = getattr(element, "VR", None)
    if vr:
        return str(vr)
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
