"""Values of the latest hops and of some before them, added many or one at a time without moving the old ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOM = 256  # hops that are added before what is kept has to be moved


class Past:
    """Values of the latest hops and of those before them.

    Parameters
    ----------
    depth : int
        Hops before the latest ones that are kept.
    shape : tuple of int
        Of one hop's values.
    before : float
        What stands for the time before the first hop.
    dtype : type
        Of the values.

    Attributes
    ----------
    values : ndarray, shape (n, ...)
        The hops before the latest ones, then these.
    """

    def __init__(self, depth: int, shape: tuple[int, ...], before: float, dtype: type = np.float32) -> None:
        self._depth = depth
        self._buffer: NDArray[Any] = np.full((depth + _ROOM, *shape), before, dtype)
        self._end = depth
        self._new = 0
        self.values: NDArray[Any] = self._buffer[:depth]

    def add(self, values: NDArray[Any]) -> None:
        """Values of the next hops, shape (hops, ...).

        Parameters
        ----------
        values : ndarray, shape (hops, ...)
            Oldest first.
        """
        self.room(len(values))[:] = values

    def room(self, hops: int) -> NDArray[Any]:
        """Where the values of the next hops are to be written, shape (hops, ...)."""
        if self._end + hops > len(self._buffer):
            kept = self._buffer[self._end - self._depth : self._end]
            if self._depth + hops > len(self._buffer):
                self._buffer = np.empty((self._depth + hops, *self._buffer.shape[1:]), self._buffer.dtype)
            self._buffer[: self._depth] = kept.copy()
            self._end = self._depth
        self._end += hops
        self._new = hops
        self.values = self._buffer[self._end - hops - self._depth : self._end]
        return self._buffer[self._end - hops : self._end]

    def ago(self, hops: int) -> NDArray[Any]:
        """For each hop that was added last, the values so many hops before it."""
        return self._buffer[self._end - hops - self._new : self._end - hops]

    def extreme(self, ufunc: np.ufunc, hops: int) -> NDArray[Any]:
        """For each hop that was added last, the least or greatest of its own values and those of the hops before it.

        Parameters
        ----------
        ufunc : numpy.minimum or numpy.maximum
            Which.
        hops : int
            How many are compared, its own included.
        """
        values, width = self._buffer[self._end - self._new - hops + 1 : self._end], 1
        if self._new == 1:
            return ufunc.reduce(values, axis=0, keepdims=True)  # type: ignore[no-any-return]
        while 2 * width <= hops:
            values = ufunc(values[width:], values[:-width])
            width *= 2
        if width < hops:
            values = ufunc(values[hops - width :], values[: width - hops])
        return values
