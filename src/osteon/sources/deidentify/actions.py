"""What becomes of each element of an object: the table's rule, the options, the attribute's type.

An alternative such as X/Z/D is decided by the type that the attribute has in the object (PS3.3):
X for type 3, Z for type 2, D for type 1; conditional types count as met. An attribute that the
table does not list is decided by its value representation: free text, names, dates and unknown
bytes go, UIDs are replaced, numbers and codes stay. Tags that no dictionary knows are removed.
"""

from enum import Enum

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR

from osteon.sources.deidentify.options import Option
from osteon.sources.deidentify.profile import Rule, attribute_type, rule_for

__all__ = ["Action", "Plan"]

_PIXEL_DATA = 0x7FE00010
_FREE_TEXT = frozenset({"LT", "ST", "UT", "UC", "UR", "PN", "AE"})
_DESCRIPTIVE = frozenset({"LT", "ST", "UT", "UC"})
_DATES = frozenset({"DA", "DT", "TM"})
_KEPT_TEXT = frozenset({"LongCodeValue", "URNCodeValue"})
_KEPT_BYTES = frozenset({"ICCProfile", "PixelData", "FillPattern"})
_FIRST_GROUP, _ITEMS_FROM = 0x0008, 0xFFF0
_DATE_OPTIONS = {Option.RETAIN_FULL_DATES: "K", Option.RETAIN_MODIFIED_DATES: "C"}


class Action(Enum):
    """One of the actions of PS3.15 E.3, with the alternatives decided."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"


class Plan:
    """The action of every element of one SOP class under a choice of options.

    Parameters
    ----------
    sop_class_uid
        The object.
    options
        Those that are followed.

    Examples
    --------
    >>> Plan("1.2.840.10008.5.1.4.1.1.2", ()).action(0x00100010)
    <Action.EMPTY: 'Z'>
    """

    def __init__(self, sop_class_uid: str, options: tuple[Option, ...]) -> None:
        self._sop_class = sop_class_uid
        self._options = options
        self._known: dict[tuple[int, str], Action] = {}

    def action(self, tag: int, parent: str = "") -> Action:
        """Decide for a tag in a sequence (``parent``: its keyword, empty at the top)."""
        place = (tag, parent)
        if place not in self._known:
            self._known[place] = self._decided(tag, parent)
        return self._known[place]

    def without_value(self, tag: int, parent: str = "") -> Action:
        """Decide for an element whose value may not stay: remove, empty or dummy, by its type."""
        return _by_type(("X", "Z", "D"), self._type(tag, parent))

    def _type(self, tag: int, parent: str) -> int | None:
        keyword = dictionary_keyword(tag) if dictionary_has_tag(tag) else ""
        return attribute_type(self._sop_class, keyword, parent)

    def _decided(self, tag: int, parent: str) -> Action:
        group = tag >> 16
        if not tag & 0xFFFF or not _FIRST_GROUP <= group < _ITEMS_FROM:
            return Action.REMOVE  # group lengths, commands, file meta, directories, padding
        if group % 2:
            return Action.CLEAN if Option.RETAIN_SAFE_PRIVATE in self._options else Action.REMOVE
        if group >> 8 == 0x60:
            return self._overlay(tag)
        rule = rule_for(tag)
        if group >> 8 == 0x50 or (rule is None and not dictionary_has_tag(tag)):
            return Action.REMOVE
        chosen = self._chosen(rule if rule is not None else self._unlisted(tag))
        return _by_type(tuple(chosen.split("/")), self._type(tag, parent))

    def _overlay(self, tag: int) -> Action:
        """Overlays go whole: what is left of one without its data says nothing."""
        if Option.CLEAN_GRAPHICS not in self._options or tag & 0xFFFF == 0x4000:
            return Action.REMOVE
        is_text = tag & 0xFFFF in (0x0022, 0x1500)
        return Action.REMOVE if is_text else Action.CLEAN

    def _chosen(self, rule: Rule) -> str:
        """Give the action under the options; where they differ, the one that keeps more."""
        wanted = {rule.options[option] for option in self._options if option in rule.options}
        return next((act for act in ("K", "C") if act in wanted), rule.basic)

    def _unlisted(self, tag: int) -> Rule:
        vr, keyword = dictionary_VR(tag), dictionary_keyword(tag)
        if vr == "UI":
            return Rule("U", {Option.RETAIN_UIDS: "K"})
        if vr in _DATES:
            return Rule("X/Z/D", dict(_DATE_OPTIONS))
        if vr in _FREE_TEXT and keyword not in _KEPT_TEXT:
            options = {Option.CLEAN_DESCRIPTORS: "C", Option.CLEAN_STRUCTURED_CONTENT: "C"}
            return Rule("X/Z/D", options if vr in _DESCRIPTIVE else {})
        is_opaque = vr.startswith("OB") and keyword not in _KEPT_BYTES
        return Rule("X" if is_opaque or vr in ("UN", "NONE") else "K")


def _by_type(alternatives: tuple[str, ...], attribute: int | None) -> Action:
    """Decide between alternatives; where the type is not known, the one that suits every type."""
    if "U*" in alternatives:
        return Action.UID
    if not set(alternatives) & {"X", "Z"}:
        return Action(alternatives[0])
    if attribute == 1 or (attribute is None and "D" in alternatives):
        return Action.DUMMY
    if attribute == 2 or (attribute is None and "Z" in alternatives):
        return Action.EMPTY if "Z" in alternatives or "D" not in alternatives else Action.DUMMY
    return Action(alternatives[0])
