"""Memory for step tensors that is used again once nobody looks at it.

Fresh memory costs a page fault per 4 kB, which takes longer than most steps. A buffer is free when no array views it
any more, which Python's reference counts tell; so a trace may be kept as long as one likes, and nothing is copied.
"""

import math
import sys
from typing import Any

import numpy as np

from atomic_verify.canonical.program import Array

_SMALLEST = 2**14  # below, malloc itself is quick
_TRIES = 4


class Buffers:
    """A pool of at most `limit` bytes; what doesn't fit is plain memory."""

    __slots__ = ("_free", "_limit", "_next", "_sizes", "nbytes")

    def __init__(self, limit: int = 2**28) -> None:
        self._limit = limit
        self._sizes: dict[int, list[Array]] = {}
        self._next: dict[int, int] = {}
        # How many references a buffer has that nobody views: that depends on the interpreter, so it is measured.
        self._free = _references([np.empty(0, np.uint8)], 0)
        self.nbytes = 0

    def empty(self, shape: int | tuple[int, ...], dtype: "np.dtype[Any]", nbytes: int = -1) -> Array:
        """An uninitialised row-major array that no one else sees. `nbytes` may be given where it is known."""
        if nbytes < 0:
            nbytes = (shape if isinstance(shape, int) else math.prod(shape)) * dtype.itemsize
        if nbytes < _SMALLEST:
            return np.empty(shape, dtype)
        size = _size_class(nbytes)
        buffers = self._sizes.setdefault(size, [])
        start = self._next.get(size, 0)
        for attempt in range(min(_TRIES, len(buffers))):
            place = (start + attempt) % len(buffers)
            if _references(buffers, place) == self._free:
                self._next[size] = (place + 1) % len(buffers)
                return buffers[place][:nbytes].view(dtype).reshape(shape)
        if self.nbytes + size > self._limit:
            return np.empty(shape, dtype)
        buffers.append(np.empty(size, np.uint8))
        self.nbytes += size
        self._next[size] = 0
        return buffers[-1][:nbytes].view(dtype).reshape(shape)


def _references(buffers: list[Array], place: int) -> int:
    return sys.getrefcount(buffers[place])


def _size_class(nbytes: int) -> int:
    """Rounded up to a quarter of a power of two, so that tensors of about one size share buffers."""
    quarter = 1 << max(0, nbytes.bit_length() - 3)
    return -(-nbytes // quarter) * quarter
