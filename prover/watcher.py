"""The watcher's loop: look at the chain, form opinions of what was committed and claimed, act on them, look again.

Life cycle: challenge window, claim, line. A *look* reads the new events, goes on with unfinished transactions, and lets
the engine do what is due. It decides from the chain, the intents and the decision log alone, so a watcher that is
killed anywhere goes on at its next start. A fault of a whole look is logged and the next look tries again.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.chain.errors import ChainUnavailable
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.events import BlockRef
from atomic_verify.storage.errors import DatabaseUnavailable
from atomic_verify.storage.indexer import SyncReport
from prover.background import Pauses
from prover.retention import Keeper
from prover.watching.account import OwnAccount
from prover.watching.engine import Engine
from prover.watching.tally import Tally
from prover.worker import Follower, Journal

HEARTBEAT_SECONDS = 30.0
UNREADY_AFTER = 60.0
"""Seconds without a whole look after which the watcher calls itself not ready."""


@dataclass(slots=True)
class Rhythm:
    """Seconds between looks, and after failed ones."""

    poll: float = 1.0
    pauses: Pauses = field(default_factory=lambda: Pauses(0.5, 15.0))


class Watcher:
    """One watcher. One thread runs it; any may stop it."""

    def __init__(
        self,
        engine: Engine,
        follower: Follower,
        keeper: Keeper,
        *,
        chain_time: Callable[[BlockRef], int],
        wake: threading.Event,
        account: OwnAccount | None = None,
        journal: Journal | None = None,
        rhythm: Rhythm | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`account` and `journal` are those of a watcher that acts; one that reports has neither."""
        self._engine = engine
        self._follower = follower
        self._keeper = keeper
        self._chain_time = chain_time
        self._wake = wake
        self._account = account
        self._journal = journal
        self._rhythm = rhythm or Rhythm()
        self._monotonic = monotonic
        self._log = engine.bench.log
        self._tally = Tally(engine.bench.metrics)
        self._last_look: float | None = None
        self._last_beat = -HEARTBEAT_SECONDS
        self._block = 0
        self._stop = threading.Event()

    # The loop

    def run(self) -> None:
        """Looks again and again until `stop` is called."""
        failures = 0
        while not self._stop.is_set():
            try:
                self.look()
                failures, pause = 0, self._rhythm.poll
            except Exception as error:  # whatever a look meets, the next one must come
                failures += 1
                pause = self._rhythm.pauses.after(failures)
                self._look_failed(error, pause)
            self._wake.wait(pause)
            self._wake.clear()

    def stop(self) -> None:
        """Has `run` end after the act that it is at. Any thread or signal handler may call this."""
        self._stop.set()
        self._wake.set()

    def is_ready(self) -> bool:
        """Whether the watcher follows the chain."""
        seen = self._last_look
        return seen is not None and self._monotonic() - seen < UNREADY_AFTER and not self._stop.is_set()

    def status(self) -> Mapping[str, Any]:
        """What was seen since the start, for people."""
        return {"block": self._block, "defends": self._account is not None, **self._tally.told()}

    # One look

    def look(self) -> None:
        """One look. Raises what reading the chain and the database raises; the next look then reads everything anew."""
        try:
            report = self._follower.sync()
            if self._journal is not None:
                self._journal.poll()
            self._engine.renew(report.touched, distrust=report.is_shared)
        except BaseException:
            self._engine.book.distrust()
            raise
        if report.indexed > report.head.number:
            self._log.warning("node_behind", head=report.head.number, indexed=report.indexed)
            self._engine.bench.metrics.looks.labels("behind").inc()
            return
        self._engine.look(self._chain_time(report.head))
        if self._account is not None:
            self._look_after_itself(self._account)
        self._tidy()
        self._note_look(report)

    def _look_after_itself(self, account: OwnAccount) -> None:
        """Tells its endpoint, withdraws what it is owed."""
        try:
            account.look(is_idle=not len(self._engine.book))
        except (ChainUnavailable, DatabaseUnavailable):
            raise
        except AtomicError as error:
            self._log.warning("act_failed", code=error.code, reason=str(error)[:500])

    # Failures, and keeping house

    def _look_failed(self, error: Exception, pause: float) -> None:
        self._engine.bench.metrics.looks.labels("failed").inc()
        if isinstance(error, AtomicError):
            self._log.warning("look_failed", code=error.code, reason=str(error)[:500], next_in=round(pause, 2))
        else:
            self._log.error("look_failed_unexpectedly", exc_info=error, next_in=round(pause, 2))

    def _tidy(self) -> None:
        """Removes the blobs of jobs that have been over for a while."""
        for job, digest in self._engine.bench.taken():
            self._keeper.track(job, digest)
        self._keeper.sweep({case.job for case in self._engine.book}, self._monotonic())

    def _note_look(self, report: SyncReport) -> None:
        """Metrics, and now and then a line of how many were checked and how many disagreed."""
        metrics = self._engine.bench.metrics
        self._last_look = self._monotonic()
        self._block = report.head.number
        metrics.looks.labels("whole").inc()
        metrics.last_look.set_to_current_time()
        if self._last_look - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = self._last_look
            self._log.info("heartbeat", block=report.head.number, **self._tally.told())
