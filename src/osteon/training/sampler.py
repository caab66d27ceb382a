"""Which images make which batch: a function of seed and epoch, so it can be taken up anywhere."""

import numpy as np

from osteon.core.rng import generator

__all__ = ["Plan"]


class Plan:
    """The batches of every epoch.

    Parameters
    ----------
    size
        Images in the training set.
    batch_size
        Largest batch; the batches of an epoch differ by at most one image.
    seed
        Decides the order.

    Examples
    --------
    >>> [len(batch) for batch in Plan(10, 4, seed=1).batches(epoch=0)]
    [4, 3, 3]
    """

    def __init__(self, size: int, batch_size: int, seed: int) -> None:
        if size < 1:
            raise ValueError("a plan needs one image or more")
        self.size = size
        self.batches_per_epoch = -(-size // batch_size)
        self._seed = seed

    def batches(self, epoch: int) -> list[list[int]]:
        """Give the batches of an epoch: every image once, in a new order."""
        order = generator(self._seed, "order", epoch).permutation(self.size)
        return [part.tolist() for part in np.array_split(order, self.batches_per_epoch)]

    @staticmethod
    def share(batch: list[int], pieces: int) -> list[list[int]]:
        """Split a batch into pieces that differ by at most one image.

        A batch of fewer images than pieces repeats its first image in the empty ones, so that
        every process takes the same number of steps; :meth:`weights` gives those no weight.
        """
        parts = [part.tolist() for part in np.array_split(np.asarray(batch), pieces)]
        return [part or batch[:1] for part in parts]

    @staticmethod
    def weights(batch: list[int], pieces: int) -> list[float]:
        """Share of the batch in each piece; they sum to 1."""
        return [len(part) / len(batch) for part in np.array_split(np.asarray(batch), pieces)]
