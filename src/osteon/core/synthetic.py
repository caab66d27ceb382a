"""Telling synthetic patients from real ones."""

import pandas as pd

__all__ = ["has_synthetic", "is_synthetic_maker"]

_SUFFIX = "(synthetic)"  # what phantom films and CTs write behind the manufacturer


def has_synthetic(manufacturer: "pd.Series[str]") -> bool:
    """Whether any of these manufacturers is a phantom's.

    Parameters
    ----------
    manufacturer
        (0008,0070) of each instance or volume; may have missing values.

    Examples
    --------
    >>> has_synthetic(pd.Series(["Alder (synthetic)", None]))
    True
    >>> has_synthetic(pd.Series([None, "Philips"]))
    False
    """
    return any(is_synthetic_maker(str(name)) for name in manufacturer.dropna().unique())


def is_synthetic_maker(manufacturer: str | None) -> bool:
    """Whether a manufacturer (0008,0070) is a phantom's; see :func:`has_synthetic`."""
    return (manufacturer or "").endswith(_SUFFIX)
