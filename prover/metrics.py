"""The worker's metrics, for prometheus to scrape from its HTTP door.

Used at all steps. Every name of its own begins with `atomic_worker_`; times are seconds, amounts base units.
"""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PREFIX = "atomic_worker_"
PROOF_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


class Metrics:
    """The metrics of one worker, on a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None, clock: Callable[[], float] = time.time) -> None:
        self.registry = registry or CollectorRegistry()
        self.decisions = self._counter("decisions", "Decisions recorded", "kind", "outcome", "reason")
        self.acts = self._counter("acts", "Transactions handed to the sender", "stage")
        self.failures = self._counter("failures", "Acts and tasks that failed", "stage", "code")
        self.looks = self._counter("looks", "Looks at the chain", "outcome")
        self.items = self._counter("items", "Items executed")
        self.requests = self._counter("requests", "Requests at the HTTP door", "route", "status")
        self.open_jobs = self._gauge("open_jobs", "Jobs taken on and not committed")
        self.backlog = self._gauge("backlog_seconds", "Estimated seconds of work taken on")
        self.proving_backlog = self._gauge("proving_backlog_seconds", "Estimated seconds of proofs taken on")
        self.proofs_waiting = self._gauge("proofs_waiting", "Proofs of awarded jobs that are still to be made")
        self.proof_peak = self._gauge("proof_peak_bytes", "Most memory that the last proof took")
        self.known_jobs = self._gauge("known_jobs", "Jobs that concern the worker")
        self.free_stake = self._gauge("free_stake", "Stake that can back a new bond")
        # The same names as a gateway's: one alert serves both.
        self.indexed = Gauge("atomic_indexed_block", "Last indexed block", registry=self.registry)
        self.head_time = clock()
        lag = Gauge("atomic_lag_seconds", "Age of the known head", registry=self.registry)
        lag.set_function(lambda: max(0.0, clock() - self.head_time))
        self.last_look = self._gauge("last_look_timestamp_seconds", "When the chain was last looked at in full")
        self.execution_seconds = Histogram(
            _PREFIX + "execution_seconds", "Seconds per executed job", registry=self.registry
        )
        self.proof_seconds = Histogram(
            _PREFIX + "proof_seconds", "Seconds per proof", buckets=PROOF_BUCKETS, registry=self.registry
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(_PREFIX + name, what, registry=self.registry)
