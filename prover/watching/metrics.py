"""The metrics of a process that watches, for prometheus to scrape. Used through the whole challenge window.

Names begin with `atomic_watcher_`; a worker that defends itself has them beside its own.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PREFIX = "atomic_watcher_"


class WatchMetrics:
    """The metrics of one watcher, on the registry given."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.results = self._counter("results", "Results examined", "outcome")
        self.items = self._counter("items", "Items examined")
        self.evaluated = self._counter("items_evaluated", "Items that needed their canonical evaluation")
        self.wrong_items = self._counter("wrong_items", "Items found wrong", "outcome")
        self.claims = self._counter("claims", "Claims of others examined", "stance")
        self.moves = self._counter("moves", "Transactions handed to the sender", "move")
        self.failures = self._counter("failures", "Tasks and moves that failed", "what", "code")
        self.looks = self._counter("looks", "Looks at the chain", "outcome")
        self.requests = Counter(
            _PREFIX + "requests", "Requests at the HTTP door", ("route", "status"), registry=self.registry
        )
        self.watched = self._gauge("watched_jobs", "Committed jobs in scope")
        self.withheld = self._gauge("withheld_jobs", "Jobs in scope whose data can't be fetched")
        self.last_look = self._gauge("last_look_timestamp_seconds", "When the chain was last looked at in full")
        self.examine_seconds = Histogram(
            _PREFIX + "examine_seconds", "Seconds per examined result", registry=self.registry
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(_PREFIX + name, what, registry=self.registry)
