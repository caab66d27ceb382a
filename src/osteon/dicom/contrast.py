"""What a header says of contrast agent."""

__all__ = ["is_contrast_named"]

_NO_AGENT = frozenset({"", "NONE", "NO", "N", "0", "NIL", "NATIVE", "WITHOUT", "NO CONTRAST", "NC"})


def is_contrast_named(agent: str | None) -> bool:
    """Whether a Contrast/Bolus Agent (0018,0010) names one, rather than saying that none was given.

    Examples
    --------
    >>> is_contrast_named("Iohexol 350"), is_contrast_named("None"), is_contrast_named(None)
    (True, False, False)
    """
    return (agent or "").strip().upper() not in _NO_AGENT
