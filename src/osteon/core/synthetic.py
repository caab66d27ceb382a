"""Telling synthetic patients from real ones."""

import pandas as pd

__all__ = ["has_synthetic"]

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
    return bool(manufacturer.dropna().astype(str).str.endswith(_SUFFIX).any())
