"""The kinds of model packages, and how a card is read: its ``kind`` says which it is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from osteon.errors import PackageError
from osteon.models.card import FORMAT, Card
from osteon.models.card_classifier import ClassifierCard
from osteon.models.card_survival import SurvivalCard

__all__ = ["KINDS", "card_from_json"]

KINDS: Mapping[str, type[Card]] = MappingProxyType(
    {"classifier": ClassifierCard, "survival": SurvivalCard}
)
_FIRST = "classifier"  # cards of the time when there was one kind do not name it


def card_from_json(content: Any, *, source: str) -> Card:
    """Build a card of the kind that it names from parsed JSON.

    Raises
    ------
    PackageError
        If it is not a card, or of a kind that is not known here; the message names the package and
        the first wrong field.
    """
    kind = content.get("kind", _FIRST) if isinstance(content, dict) else _FIRST
    if not isinstance(kind, str) or kind not in KINDS:
        raise PackageError(
            f"{source}: card.json is of kind {kind!r}, wanted one of {', '.join(KINDS)}",
            remedy="read it with the version of Osteon it was made with, or a later one",
        )
    try:
        return KINDS[kind].model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "card"
        raise PackageError(
            f"{source}: card.json is not a card of format {FORMAT}: {where}: {first['msg']}",
            remedy="get the package again, or build it with this version of Osteon",
        ) from error
