"""How many results and items were checked and how many disagreed, for the heartbeat and the status.

Life cycle: challenge window. Counted since the start; what lies before it is in the decision log.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import Counter, Gauge

from prover.watching.metrics import WatchMetrics


class Tally:
    """The numbers that the metrics hold. Threads may share it."""

    def __init__(self, metrics: WatchMetrics) -> None:
        self._metrics = metrics

    def told(self) -> dict[str, Any]:
        """The numbers in words."""
        metrics = self._metrics
        results = dict(_by_label(metrics.results, "outcome"))
        wrong = dict(_by_label(metrics.wrong_items, "outcome"))
        return {
            "watched": _total(metrics.watched),
            "results": results.get("agrees", 0) + results.get("wrong", 0),
            "items": _total(metrics.items),
            "evaluated": _total(metrics.evaluated),
            "disagreed": results.get("wrong", 0),
            "void_items": wrong.get("void", 0),
            "slash_items": wrong.get("slash", 0),
            "withheld": _total(metrics.withheld),
            "claims": dict(_by_label(metrics.claims, "stance")),
            "moves": dict(_by_label(metrics.moves, "move")),
        }


def _by_label(counter: Counter, label: str) -> Iterator[tuple[str, int]]:
    for family in counter.collect():
        for sample in family.samples:
            if sample.name.endswith("_total"):
                yield sample.labels[label], int(sample.value)


def _total(metric: Counter | Gauge) -> int:
    """The sum over all labels; a counter has samples of when it was made besides."""
    return sum(
        int(sample.value)
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    )
