"""Several answers to one picture as one: the mean of the probabilities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

__all__ = ["mean_logits"]


def mean_logits(logits: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Logits whose softmax is the mean of the members' softmax.

    Parameters
    ----------
    logits
        One float array (n, k) for each member: a fold's model, or a view of the picture.

    Returns
    -------
    numpy.ndarray
        float64 (n, k), normalised: ``logsumexp`` of a row is 0.

    Examples
    --------
    >>> import numpy as np
    >>> both = mean_logits([np.array([[0.0, 0.0]]), np.log([[0.9, 0.1]])])
    >>> np.exp(both).round(2)
    array([[0.7, 0.3]])
    """
    if not logits:
        raise ValueError("no members: wanted one array of logits or more")
    members = np.stack([log_softmax(np.asarray(item, np.float64), axis=1) for item in logits])
    return np.asarray(logsumexp(members, axis=0) - np.log(len(members)))
