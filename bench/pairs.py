"""Two ways to do one thing, timed in turn: the median ratio, pair by pair, which a noisy machine moves little."""

import statistics
import time
from collections.abc import Callable

MIN_PAIRS = 15


def seconds(act: Callable[[], object]) -> float:
    """How long `act` took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def ratio(
    ours: Callable[[], object], theirs: Callable[[], object], *, budget: float = 8.0, pairs: int = MIN_PAIRS
) -> tuple[float, float]:
    """The median of ours / theirs, and the median of theirs in seconds.

    `budget` in seconds bounds the whole, once `pairs` of both were timed.
    """
    ours(), theirs()
    found: list[tuple[float, float]] = []
    ends = time.perf_counter() + budget
    while len(found) < pairs or (time.perf_counter() < ends and len(found) < 2000):
        # Which goes first alternates: the second profits from what the first left in the caches.
        if len(found) % 2:
            second = seconds(theirs)
            found.append((seconds(ours), second))
        else:
            first = seconds(ours)
            found.append((first, seconds(theirs)))
    return statistics.median(a / b for a, b in found), statistics.median(b for _, b in found)
