"""Names that people type: when two spellings are one name, and which name was meant."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest_name", "one_spelling", "plain_name"]


def plain_name(text: str) -> str:
    """Write a name without case, hyphens and repeated blanks.

    Examples
    --------
    >>> plain_name("Displaced  femoral-neck")
    'displaced_femoral_neck'
    """
    return "_".join(text.casefold().replace("-", " ").replace("_", " ").split())


def nearest_name(text: str, names: Iterable[str]) -> str:
    """Give the name most like a text; an empty text when there are no names."""
    plain = {plain_name(name): name for name in names}
    near = difflib.get_close_matches(plain_name(text), plain, n=1, cutoff=0.0)
    return plain[near[0]] if near else ""


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Give each spelling the first spelling of the same name: two annotators do not differ by case.

    Examples
    --------
    >>> one_spelling(["Anna", "anna ", "bert"])
    {'Anna': 'Anna', 'anna ': 'Anna', 'bert': 'bert'}
    """
    first: dict[str, str] = {}
    return {name: first.setdefault(plain_name(name), name.strip()) for name in names}
