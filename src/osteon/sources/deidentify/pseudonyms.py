"""Pseudonyms, UIDs and date shifts that follow from a secret: same secret, same answers.

Everything is an HMAC-SHA-256 under the secret. Pseudonyms and UIDs carry a check that only the
secret can make, so that one made before is recognised and stays as it is: de-identifying twice
changes nothing.
"""

import base64
import hmac
import uuid
from datetime import date, timedelta
from functools import lru_cache

from pydicom._uid_dict import UID_dictionary

from osteon.dicom.clean import dicom_date

__all__ = ["Pseudonyms", "is_well_known", "shifted"]

_PREFIX = "OST"
_HASH_CHARACTERS, _CHECK_CHARACTERS = 16, 6
_CHECK_BITS = 32
_PAYLOAD_BITS = 122
_SHIFT_FROM_DAYS, _SHIFT_TO_DAYS = 366, 3652
_KNOWN = 100_000


def is_well_known(uid: str) -> bool:
    """Whether a UID is registered in PS3.6: a class, a syntax, a scheme, nobody's instance."""
    return uid in UID_dictionary


def shifted(text: str, days: int) -> str | None:
    """Move the date at the start of a DA or DT value; ``None`` when there is no whole date.

    Time and time zone behind the date stay.

    Examples
    --------
    >>> shifted("20200301", -1), shifted("20200301101500+0100", -1), shifted("2020", -1)
    ('20200229', '20200229101500+0100', None)
    """
    text = text.strip(" \0")
    digits = 10 if text[4:5] in ("-", ".", "/") else 8
    found = dicom_date(text[:digits])
    if found is None:
        return None
    try:
        moved = date(int(found[:4]), int(found[4:6]), int(found[6:])) + timedelta(days=days)
    except OverflowError:
        return None
    return f"{moved:%Y%m%d}".zfill(8) + text[digits:]


class Pseudonyms:
    """Answers under one secret.

    Parameters
    ----------
    secret
        As :func:`osteon.sources.deidentify.secret.load_secret` gives it.

    Examples
    --------
    >>> names = Pseudonyms(b"0" * 32)
    >>> names.patient("A1") == names.patient("A1 ") != names.patient("A2")
    True
    >>> names.uid(names.uid("1.2.3")) == names.uid("1.2.3")
    True
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.uid = lru_cache(_KNOWN)(self._uid)

    def digest(self, purpose: str, text: str) -> bytes:
        """HMAC of a text for a purpose."""
        return hmac.digest(self._secret, f"{purpose}\x1f{text}".encode(), "sha256")

    def key(self, purpose: str, text: str) -> str:
        """Name something in the results without telling what it is: 20 hexadecimal digits."""
        return self.digest(purpose, text).hex()[:20]

    def patient(self, patient_id: str) -> str:
        """Give a patient's pseudonym: at most 64 characters, letters and digits."""
        name = patient_id.strip(" \0")
        if self.is_patient(name):
            return name
        body = self._letters("patient", name, _HASH_CHARACTERS)
        return f"{_PREFIX}{body}{self._letters('patient-check', body, _CHECK_CHARACTERS)}"

    def is_patient(self, patient_id: str) -> bool:
        """Whether this is a pseudonym that this secret made."""
        name = patient_id.strip(" \0")
        body = name[len(_PREFIX) : -_CHECK_CHARACTERS]
        check = self._letters("patient-check", body, _CHECK_CHARACTERS)
        is_long = len(name) == len(_PREFIX) + _HASH_CHARACTERS + _CHECK_CHARACTERS
        return is_long and name.startswith(_PREFIX) and name.endswith(check)

    def shift_days(self, patient_id: str) -> int:
        """Days by which a patient's dates move, into the past: one to ten years."""
        number = int.from_bytes(self.digest("shift", patient_id.strip(" \0"))[:8], "big")
        return -(_SHIFT_FROM_DAYS + number % (_SHIFT_TO_DAYS - _SHIFT_FROM_DAYS))

    def _letters(self, purpose: str, text: str, count: int) -> str:
        return base64.b32encode(self.digest(purpose, text)).decode()[:count]

    def _uid(self, uid: str) -> str:
        """Give the UID that stands for another, under the root 2.25 (PS3.5 B.2)."""
        text = uid.strip(" \0")
        if is_well_known(text) or self._is_ours(text):
            return text
        bits = _PAYLOAD_BITS - _CHECK_BITS
        body = int.from_bytes(self.digest("uid", text), "big") >> (256 - bits)
        return f"2.25.{_as_uuid(body << _CHECK_BITS | self._check(body))}"

    def _check(self, body: int) -> int:
        return int.from_bytes(self.digest("uid-check", str(body))[: _CHECK_BITS // 8], "big")

    def _is_ours(self, uid: str) -> bool:
        root, _, number = uid.rpartition(".")
        if root != "2.25" or not number.isdigit() or int(number) >> 128:
            return False
        payload = _from_uuid(int(number))
        body, check = payload >> _CHECK_BITS, payload & ((1 << _CHECK_BITS) - 1)
        return _as_uuid(payload) == int(number) and check == self._check(body)


def _as_uuid(payload: int) -> int:
    """Lay 122 bits around version (8) and variant (RFC 9562)."""
    high, middle, low = payload >> 74, payload >> 62 & 0xFFF, payload & ((1 << 62) - 1)
    return uuid.UUID(int=high << 80 | 0x8 << 76 | middle << 64 | 0x2 << 62 | low).int


def _from_uuid(number: int) -> int:
    return number >> 80 << 74 | (number >> 64 & 0xFFF) << 62 | number & ((1 << 62) - 1)
