"""Unique identifiers that follow from what they name, under the UUID root 2.25."""

import hashlib
import uuid

__all__ = ["uid_for"]


def uid_for(*names: str | int) -> str:
    """Make the UID of a list of names: the same names, the same UID, on every machine.

    The first 128 bits of their SHA-256 are made a version 8 UUID (RFC 9562, free use), and the UUID
    a UID as PS3.5 B.2 says.

    Examples
    --------
    >>> uid_for("study", 7) == uid_for("study", 7)
    True
    >>> uid_for("study", 7).startswith("2.25.")
    True
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return f"2.25.{uuid.UUID(int=number).int}"
