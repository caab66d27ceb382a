"""The rules of Table E.1-1 (PS3.15 Annex E) and the types of attributes (PS3.3), as data."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from osteon.sources.deidentify.options import Option

__all__ = [
    "ClassKind",
    "Rule",
    "attribute_type",
    "class_kind",
    "is_safe_private",
    "rule_for",
    "rules",
]

_DATA = files("osteon.sources.deidentify") / "data"
ClassKind = Literal[
    "images", "segmentations and maps", "structured documents", "presentation states"
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of an attribute: under the basic profile, and under options that differ.

    Actions are those of PS3.15: D dummy, Z empty, X remove, K keep, C clean, U replace the UID; a
    slash stands between alternatives that the attribute's type decides.
    """

    basic: str
    options: dict[Option, str] = field(default_factory=dict)


@cache
def rules() -> dict[str, Rule]:
    """All rules by tag in hexadecimal; ``xx`` stands for any digits, ``private`` for odd groups."""
    content = json.loads((_DATA / "ps315_e1_1.json").read_text("utf-8"))
    return {
        tag: Rule(row["basic"], {Option(name): act for name, act in row.get("options", {}).items()})
        for tag, row in content["rows"].items()
    }


def rule_for(tag: int) -> Rule | None:
    """Find the rule of a tag; ``None`` when the table does not list it.

    Examples
    --------
    >>> rule_for(0x00100020).basic
    'Z/D'
    >>> rule_for(0x60023000).options
    {<Option.CLEAN_GRAPHICS: 'clean_graphics'>: 'C'}
    """
    table = rules()
    name = f"{tag:08X}"
    if name in table:
        return table[name]
    if (tag >> 16) % 2:
        return table["private"]
    if name.startswith("50"):
        return table["50xxxxxx"]
    return table.get(f"60xx{name[4:]}") if name.startswith("60") else None


@cache
def _types() -> tuple[dict[str, tuple[ClassKind, int]], dict[str, dict[int, int]]]:
    content = json.loads((_DATA / "attribute_types.json").read_text("utf-8"))
    everything = range(len(content["iods"]))
    types = {
        name: {
            iod: int(kind)
            for kind, iods in row.items()
            for iod in (everything if iods == "all" else iods)
        }
        for name, row in content["types"].items()
    }
    return {uid: (kind, iod) for uid, (kind, iod) in content["sop_classes"].items()}, types


def class_kind(sop_class_uid: str) -> ClassKind | None:
    """Say what kind of object a SOP class is; ``None`` when Osteon does not clean it."""
    found = _types()[0].get(sop_class_uid)
    return None if found is None else found[0]


def attribute_type(sop_class_uid: str, keyword: str, parent: str) -> int | None:
    """Give the type of an attribute: 1 (also 1C), 2 (also 2C) or 3.

    Parameters
    ----------
    sop_class_uid
        The object; ``None`` is returned for one that is not known.
    keyword
        The attribute.
    parent
        Keyword of the sequence it stands in; empty at the top.
    """
    classes, types = _types()
    if sop_class_uid not in classes:
        return None
    name = f"{parent}/{keyword}" if parent else keyword
    return types.get(name, {}).get(classes[sop_class_uid][1], 3)


@cache
def _safe_private() -> frozenset[tuple[str, int, int]]:
    content = json.loads((_DATA / "safe_private.json").read_text("utf-8"))
    return frozenset(
        (creator, int(tag[:4], 16), int(tag[4:], 16))
        for creator, tags in content["attributes"].items()
        for tag in tags
    )


def is_safe_private(creator: str, group: int, element: int) -> bool:
    """Whether a private attribute is known to be safe (PS3.15 Table E.3.10-1).

    ``element`` is the element within the block of its creator, 0 to 255.
    """
    return (creator, group, element & 0xFF) in _safe_private()
