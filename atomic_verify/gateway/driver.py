"""The requester's side of every job, in the background: follow the chain, send what is due, fetch what was promised.

Life cycle: post to receipt. Each round starts from the store and the chain alone, so a restart needs no memory. What
fails is logged and tried again in a later round; nothing that waits for one job keeps another from going on.
"""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from atomic_verify.chain.calls import Call
from atomic_verify.errors import AtomicError
from atomic_verify.gateway.collect import collect, is_collected
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.submit import launch, refuse
from atomic_verify.observability import get_logger
from atomic_verify.protocol.auction import award
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.next_acts import NextAct, next_acts
from atomic_verify.protocol.types import JobId, JobState, to_hex
from atomic_verify.storage.records import JobRecord
from atomic_verify.storage.requests import RequestState, SubmittedRequest
from atomic_verify.storage.situations import revealed_bids, situation_of

POLL_SECONDS = 0.5
AWARD_GRACE = 5
FINALIZE_GRACE = 30
"""Seconds that a worker has to make its own award, and to finalize its own payment, before the requester does: two that
act at once pay twice."""
MAX_PAUSE = 60.0

_ACTIVE = (JobState.POSTED, JobState.AWARDED, JobState.COMMITTED)


class Driver:
    """Runs a gateway's background work in a thread of its own."""

    def __init__(self, gateway: Gateway, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gateway = gateway
        self._clock = clock
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)
        self._log = get_logger(__name__)
        self._collected: set[JobId] = set()
        """Jobs whose output is here; forgotten at a re-org, which may replace any of them."""
        self._paused: dict[JobId, tuple[float, float]] = {}
        """Jobs whose output couldn't be fetched: (pause, until)."""
        self.last_round: float | None = None
        self.last_error: AtomicError | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after its present round."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Starts the next round at once."""
        self._wake.set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def round(self) -> None:
        """Does all that is due now. Raises what keeps every job from going on, such as ChainUnavailable."""
        gateway = self._gateway
        gateway.sender.poll()
        report = gateway.indexer.sync()
        if report.rolled_back_to is not None or report.is_shared:
            self._collected.clear()
        now = report.head.timestamp
        for request in gateway.requests.in_state(RequestState.PLANNED):
            self._guarded(request.job, partial(self._start, request))
        for job in self._jobs(_ACTIVE):
            self._guarded(job.id, partial(self._act, job, now))
        for job in self._jobs((JobState.COMMITTED, JobState.FINAL)):
            self._guarded(job.id, partial(self._collect, job))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.round()
                self.last_round, self.last_error = self._clock(), None
            except AtomicError as error:
                self.last_error = error
                self._log.warning("round failed", code=error.code, reason=error.message)
            except Exception as error:
                # A defect of ours: the driver must outlive it, since other jobs' money waits for its rounds.
                self._log.error("round broke", exc_info=error)
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _guarded(self, job: JobId | None, act: Callable[[], None]) -> None:
        try:
            act()
        except AtomicError as error:
            if error.code == "chain-unavailable":
                raise
            name = None if job is None else to_hex(job)
            self._log.warning("job waits", job=name, code=error.code, reason=error.message)

    def _jobs(self, states: tuple[JobState, ...]) -> Iterator[JobRecord]:
        """This requester's jobs in these states that still ask for something, newest first."""
        after = None
        while True:
            page = self._gateway.queries.jobs(states=states, requester=self._gateway.requester, after=after, limit=500)
            for summary in page.jobs:
                if summary.id in self._collected and summary.state is JobState.FINAL:
                    continue
                record = self._gateway.queries.job(summary.id)
                if record is not None:
                    yield record
            if page.next is None:
                return
            after = page.next

    def _start(self, request: SubmittedRequest) -> None:
        """Sends a planned request, or notes what became of it."""
        gateway = self._gateway
        if request.job is not None and gateway.queries.job(request.job) is not None:
            gateway.requests.move(request.key, RequestState.POSTED, time.time())
            return
        intent = gateway.sender.intent(f"post:{to_hex(request.job or b'')}")
        if intent is not None and intent.state is IntentState.FAILED:
            refuse(gateway, request, gateway.sender.failure(intent))
        elif intent is None or intent.state in (IntentState.INTENDED, IntentState.REPLACED):
            launch(gateway, request)

    def _act(self, job: JobRecord, now: int) -> None:
        """Sends the acts that a requester has reason for."""
        constants = self._gateway.constants
        situation = situation_of(job, self._gateway.requester, constants.params, constants.claim_reveal_time)
        for due in next_acts(situation, now):
            if due.act is Act.AWARD and job.attempt is None and self._is_late(due, now, AWARD_GRACE):
                self._award(job)
            elif due.act is Act.EXPIRE:
                self._send("expire", job, self._gateway.chain.calls.expire(job.rfp))
            elif due.act is Act.FINALIZE and self._is_late(due, now, FINALIZE_GRACE):
                self._send("finalize", job, self._gateway.chain.calls.finalize(job.rfp))

    def _is_late(self, due: NextAct, now: int, grace: int) -> bool:
        return now >= due.span.opens_at + grace

    def _award(self, job: JobRecord) -> None:
        decision = award(revealed_bids(job), job.rfp.max_price)
        self._send("award", job, self._gateway.chain.calls.award(job.rfp, decision.bidders))

    def _send(self, name: str, job: JobRecord, call: Call) -> None:
        attempt = len(job.attempts)
        self._gateway.sender.submit(f"{name}:{to_hex(job.id)}:{attempt}", call)

    def _collect(self, job: JobRecord) -> None:
        """Fetches and checks the job's output once; failures pause longer each time."""
        pause, until = self._paused.get(job.id, (POLL_SECONDS, 0.0))
        if job.id in self._collected or self._clock() < until:
            return
        if not is_collected(self._gateway, job):
            self._paused[job.id] = (min(2 * pause, MAX_PAUSE), self._clock() + pause)
            collect(self._gateway, job)
        self._paused.pop(job.id, None)
        self._collected.add(job.id)
