"""The worker's loop: look at the chain, do what is due about each job, wait, look again.

Life cycle: all steps. A *look* reads the new events, goes on with unfinished transactions, and lets each stage do what
is due, the most urgent job first. It decides from the chain, the intents and the decision log alone, so a worker that
is killed anywhere goes on at its next start. A fault in one act leaves all others as they are; a fault of a whole look
is logged and the next look tries again.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from atomic_verify.chain.errors import ChainUnavailable, IntentConflict
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.events import BlockRef
from atomic_verify.protocol.intents import Intent
from atomic_verify.protocol.primitives import Amount, JobId, to_hex
from atomic_verify.storage.errors import DatabaseUnavailable
from atomic_verify.storage.indexer import SyncReport
from prover.background import Pauses
from prover.book import JobBook
from prover.load import Load, Moment, is_taken_on
from prover.progress import note_progress
from prover.quotes import QuoteDesk
from prover.retention import Keeper
from prover.stages import STAGES, Own, Stage, announce, prove, withdraw
from prover.tools import Tools
from prover.views import View, view_of
from prover.watching.engine import Engine

HEARTBEAT_SECONDS = 30.0
DRAIN_SECONDS = 20.0


class Follower(Protocol):
    """What keeps the index up to date."""

    def sync(self) -> SyncReport: ...


class Journal(Protocol):
    """The part of the sender that goes on with what is under way."""

    def poll(self) -> list[Intent]: ...

    def unfinished(self) -> Any: ...


@dataclass(slots=True)
class _Wait:
    """How long an act that failed is left alone."""

    failures: int = 0
    ready_at: float = 0.0


@dataclass(slots=True)
class Rhythm:
    """Seconds between looks, and the credit (base units) above which it is withdrawn."""

    poll: float = 0.5
    withdraw_above: Amount = field(default_factory=lambda: Amount(0))
    pauses: Pauses = field(default_factory=lambda: Pauses(0.5, 15.0))


class Worker:
    """One worker. One thread runs it; any may stop it."""

    def __init__(
        self,
        tools: Tools,
        follower: Follower,
        journal: Journal,
        book: JobBook,
        desk: QuoteDesk,
        keeper: Keeper,
        *,
        url: str,
        chain_time: Callable[[BlockRef], int],
        wake: threading.Event,
        rhythm: Rhythm | None = None,
        defence: Engine | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url`: where the worker is reached; `chain_time`: the next block's least time, from the newest block; `wake`:
        has the next look come at once; `defence`: what stands up for its results, where they can be disputed.
        """
        self._tools = tools
        self._follower = follower
        self._journal = journal
        self._book = book
        self._desk = desk
        self._keeper = keeper
        self._url = url
        self._chain_time = chain_time
        self._rhythm = rhythm or Rhythm()
        self._defence = defence
        self._monotonic = monotonic
        self._waits: dict[tuple[JobId | None, str], _Wait] = {}
        self._last_beat = -HEARTBEAT_SECONDS
        self._wake = wake
        self._stop = threading.Event()

    # The loop

    def run(self) -> None:
        """Looks again and again until `stop` is called, then lets what runs in the background end."""
        failures = 0
        while not self._stop.is_set():
            try:
                self.look()
                failures, pause = 0, self._rhythm.poll
            except Exception as error:  # whatever a look meets, the next one must come: bonds hang on it
                failures += 1
                pause = self._rhythm.pauses.after(failures)
                self._look_failed(error, pause)
            self._wake.wait(pause)
            self._wake.clear()
        self._tools.is_stopping = True
        self._wind_down()

    def stop(self) -> None:
        """Has `run` end after the act that it is at. Any thread or signal handler may call this."""
        self._tools.is_stopping = True
        self._stop.set()
        self._wake.set()

    # One look

    def look(self) -> None:
        """One look. Raises what reading the chain and the database raises; the next look then reads everything anew."""
        try:
            report = self._follower.sync()
            if report.is_shared:
                self._book.distrust()
            self._journal.poll()
            self._book.renew(report.touched)
            if self._defence is not None:
                self._defence.renew(report.touched, distrust=report.is_shared)
        except BaseException:
            self._book.distrust()
            if self._defence is not None:
                self._defence.book.distrust()
            raise
        if report.indexed > report.head.number:
            self._tools.log.warning("node_behind", head=report.head.number, indexed=report.indexed)
            self._tools.metrics.looks.labels("behind").inc()
            return
        now = self._chain_time(report.head)
        views = self._views(now)
        self._take_stock(views, now)
        if self._defence is not None:
            # Before new work: a line that isn't answered in time costs a whole bond.
            self._defence.look(now)
        for view in views:
            self._serve(view)
        self._act_for_itself(views)
        self._tidy(views, now)
        self._note_look(report, views)

    def _views(self, now: int) -> list[View]:
        """All jobs of the book, the most urgent first."""
        tools = self._tools
        views = [view_of(record, tools.worker, tools.constants, self._book.free_stake, now) for record in self._book]
        return sorted(views, key=lambda view: (view.seconds_left is None, view.seconds_left or 0))

    def _take_stock(self, views: list[View], now: int) -> None:
        """Counts what is taken on: jobs and bids on the chain, and bids whose transactions are under way."""
        tools = self._tools
        sent = {intent.key for intent in self._journal.unfinished()}
        load = Load()
        for view in views:
            if is_taken_on(view):
                load = load.plus(tools.share(view, Amount(0)))
            elif f"bid:{to_hex(view.record.id)}" in sent:
                load = load.plus(tools.share(view, view.record.rfp.job_bond))
        tools.moment = Moment(now, self._book.free_stake, load, is_ready=not tools.is_stopping)

    def _serve(self, view: View) -> None:
        """Lets each stage do what is due about one job."""
        own = self._tools.belongings.of(view)
        note_progress(view, self._tools, self._keeper)
        for stage in STAGES:
            if stage.due(view, own) and self._may_try(view.record.id, stage.NAME):
                self._act(view, own, stage)

    def _act(self, view: View, own: Own, stage: Stage) -> None:
        job = view.record.id
        try:
            stage.act(view, own, self._tools)
            self._waits.pop((job, stage.NAME), None)
        except (ChainUnavailable, DatabaseUnavailable):
            raise
        except IntentConflict as error:
            # The same act is under way with another content; the chain will show what came of it.
            self._tools.log.info("act_under_way", stage=stage.NAME, job=to_hex(job), reason=error.message)
        except AtomicError as error:
            self._act_failed(job, stage.NAME, error)
            self._tools.note_failure(stage.NAME, job, error)

    def _act_for_itself(self, views: list[View]) -> None:
        """Does what is due about the worker and no single job: tells its endpoint, withdraws what it is owed."""
        acts: list[tuple[str, Callable[[], None]]] = []
        if announce.due(self._book.endpoint, self._url) and not self._tools.is_stopping:
            acts.append((announce.NAME, partial(announce.act, self._url, self._tools)))
        for token in withdraw.due(self._book.credits, self._rhythm.withdraw_above, is_idle=not views):
            acts.append((withdraw.NAME, partial(withdraw.act, token, self._tools)))
        for name, act in acts:
            if not self._may_try(None, name):
                continue
            try:
                act()
            except (ChainUnavailable, DatabaseUnavailable):
                raise
            except AtomicError as error:
                self._act_failed(None, name, error)

    # Failures

    def _may_try(self, job: JobId | None, stage: str) -> bool:
        wait = self._waits.get((job, stage))
        return wait is None or self._monotonic() >= wait.ready_at

    def _act_failed(self, job: JobId | None, stage: str, error: AtomicError) -> None:
        wait = self._waits.setdefault((job, stage), _Wait())
        wait.failures += 1
        wait.ready_at = self._monotonic() + self._rhythm.pauses.after(wait.failures)
        self._tools.metrics.failures.labels(stage, error.code).inc()
        named = None if job is None else to_hex(job)
        self._tools.log.warning("act_failed", stage=stage, job=named, code=error.code, reason=str(error)[:500])

    def _look_failed(self, error: Exception, pause: float) -> None:
        self._tools.metrics.looks.labels("failed").inc()
        if isinstance(error, AtomicError):
            self._tools.log.warning("look_failed", code=error.code, reason=str(error)[:500], next_in=round(pause, 2))
        else:
            self._tools.log.error("look_failed_unexpectedly", exc_info=error, next_in=round(pause, 2))

    # Keeping house

    def _tidy(self, views: list[View], now: int) -> None:
        """Forgets what is over."""
        known = {view.record.id for view in views}
        kept = () if self._defence is None else self._defence.bench.taken()
        for job, digest in kept:
            self._keeper.track(job, digest)
        self._keeper.sweep(known, self._monotonic())
        tools = self._tools
        for job in {*tools.inputs.keys(), *tools.outputs.keys(), *tools.belongings.keys()} - known:
            tools.forget(job)
        self._waits = {key: wait for key, wait in self._waits.items() if key[0] is None or key[0] in known}
        self._desk.tidy(now, {view.record.id for view in views if view.is_mine})

    def _note_look(self, report: SyncReport, views: list[View]) -> None:
        """Metrics, and now and then a line that the worker is alive."""
        metrics, moment = self._tools.metrics, self._tools.moment
        looked_at = self._tools.last_look = self._monotonic()
        metrics.looks.labels("whole").inc()
        metrics.last_look.set_to_current_time()
        metrics.known_jobs.set(len(views))
        metrics.open_jobs.set(moment.load.open_jobs)
        metrics.backlog.set(moment.load.seconds)
        metrics.proving_backlog.set(moment.load.proving)
        metrics.proofs_waiting.set(sum(prove.waiting(view, self._tools) for view in views))
        metrics.free_stake.set(moment.free_stake)
        metrics.indexed.set(report.indexed)
        metrics.head_time = report.head.timestamp
        if looked_at - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = looked_at
            self._tools.log.info(
                "heartbeat",
                block=report.head.number,
                jobs=len(views),
                open=moment.load.open_jobs,
                backlog=round(moment.load.seconds, 3),
            )

    def _wind_down(self) -> None:
        """Lets executions end, so that their outputs are on record, and says what a stopped worker stands to lose.

        A proof takes too long for that: it is called off and made after the next start.
        """
        self._tools.workshop.provers.stop()
        self._tools.outputs.drain(DRAIN_SECONDS)
        self._tools.proofs.drain(DRAIN_SECONDS)
        for job in (share.job for share in self._tools.moment.load.shares):
            self._tools.log.warning(
                "stopped_with_open_job",
                job=to_hex(job),
                hint="Start the worker again before its deadline: a bond is locked.",
            )
