"""One look at all disputes: opinions, the moves that follow from them, and their transactions.

Life cycle: challenge window, claim, line. A watcher's loop and a worker's call it alike. It decides from the index, its
own evaluations and the decision log alone, so a process that is killed anywhere goes on at its next start.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from atomic_verify.chain.call import Call
from atomic_verify.chain.errors import ChainUnavailable, IntentConflict
from atomic_verify.errors import AtomicError
from atomic_verify.protocol import move_types as moves
from atomic_verify.protocol.dispute_view import ClaimOpinion, DisputeView, Opinion, Policy
from atomic_verify.protocol.disputes import line_reserve, seal_bond
from atomic_verify.protocol.intents import Intent, IntentState
from atomic_verify.protocol.move_types import Move
from atomic_verify.protocol.moves import wake_at, watcher_moves
from atomic_verify.protocol.primitives import Amount, JobId, to_hex
from atomic_verify.protocol.types import JobState
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.dispute_records import SealRecord
from atomic_verify.storage.errors import DatabaseUnavailable
from atomic_verify.storage.projections import Subject, SubjectKind
from prover.background import Pauses
from prover.watching.acts import Act, Maker
from prover.watching.cases import Case, CaseBook
from prover.watching.chores import Chores
from prover.watching.claims_desk import ClaimsDesk
from prover.watching.results_desk import ResultsDesk
from prover.watching.views import DisputeConstants, view_of
from prover.watching.workbench import Workbench, result_of

KIND = "dispute"


class Sender(Protocol):
    """The owner of the key's nonces."""

    def submit(self, key: str, call: Call, *, note: str = "") -> Intent: ...

    def intent(self, key: str) -> Intent | None: ...


class Purse(Protocol):
    """Whether the account can pay what a move locks."""

    def covers(self, move: Move, depth: int, promised: Amount) -> bool: ...


@dataclass(frozen=True, slots=True)
class Hands:
    """What a process that acts has beside its opinions."""

    maker: Maker
    sender: Sender
    purse: Purse
    policy: Policy
    finalizes: bool = True
    """Whether it ends jobs here; a worker's own stage does."""


@dataclass(slots=True)
class _Wait:
    """How long a move that failed is left alone."""

    failures: int = 0
    ready_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Rest:
    """A case about which there was nothing to do, and until when nothing will change that but new facts."""

    case: Case
    opinion: Opinion
    until: int | None

    def lasts(self, now: int) -> bool:
        return self.until is None or now < self.until


@dataclass(slots=True)
class Engine:
    """See the module. Used by one thread."""

    bench: Workbench
    book: CaseBook
    claims: ClaimsDesk
    chores: Chores
    constants: DisputeConstants
    results: ResultsDesk | None = None
    """None for a worker, which only defends itself."""
    hands: Hands | None = None
    """None for a process that only reports."""
    pauses: Pauses = field(default_factory=lambda: Pauses(0.5, 15.0))
    monotonic: Callable[[], float] = time.monotonic
    _waits: dict[str, _Wait] = field(default_factory=dict)
    _noted: set[str] = field(default_factory=set)
    _rests: dict[JobId, _Rest] = field(default_factory=dict)
    _now: int = 0

    def renew(self, touched: Iterable[Subject], *, distrust: bool = False) -> None:
        """Reads what changed. Raises DatabaseUnavailable."""
        subjects = tuple(touched)
        if distrust:
            self.book.distrust()
        self.book.renew(subjects)
        if distrust or any(subject.kind is SubjectKind.SEAL for subject in subjects):
            self._rests.clear()

    def look(self, now: int) -> None:
        """Forms opinions, and does what is due at `now`. Raises ChainUnavailable, DatabaseUnavailable."""
        self._now = now
        for case in sorted(self.book, key=_urgency):
            key = f"look:{to_hex(case.job)}"
            if not self._may_try(key):
                continue
            try:
                self._consider(case, now)
                self._waits.pop(key, None)
            except (ChainUnavailable, DatabaseUnavailable):
                raise
            except AtomicError as error:
                self._failed(key, "look", case, error)
            except Exception as error:  # a fault about one job must keep nobody from defending the others
                self.bench.log.error("look_failed_unexpectedly", job=to_hex(case.job), exc_info=error)
                self._failed(key, "look", case, AtomicError(f"An unexpected fault: {type(error).__name__}"))
        self._tidy()

    def _consider(self, case: Case, now: int) -> None:
        opinion = self.opinion(case)
        if self.hands is None or self.bench.account is None:
            return
        rest = self._rests.get(case.job)
        if rest is not None and rest.case is case and rest.opinion == opinion and rest.lasts(now):
            return
        self._rests.pop(case.job, None)
        view = self._view(case)
        decided = watcher_moves(view, opinion, self.hands.policy, now)
        if not decided and not view.own_seals and not case.claims and not case.lines:
            self._rests[case.job] = _Rest(case, opinion, wake_at(view, self.hands.policy, now))
        for move in decided:
            if isinstance(move, moves.Finalize) and not self.hands.finalizes:
                continue
            if self._may_try(move.key):
                self._make(move, case)

    def opinion(self, case: Case) -> Opinion:
        """What is thought of a job now; starts what has to be found out first."""
        wrongs, wants = (), ()
        is_examined = case.record.state is JobState.COMMITTED and result_of(case).worker != self.bench.account
        if self.results is not None and is_examined and case.model.is_disputable:
            wrongs, wants = self.results.opinion(case)  # type: ignore[assignment]
        claims = {claim.id: self.claims.opinion(case, claim) for claim in case.claims if claim.is_open}
        return Opinion(wrongs, wants, claims, self._answerable(case, claims))

    def _answerable(self, case: Case, claims: Mapping[int, ClaimOpinion]) -> frozenset[int]:
        if self.hands is None:
            return frozenset()
        return self.chores.answerable(case, dict(claims), helps=self.hands.policy.defends_others)

    def _view(self, case: Case) -> DisputeView:
        account = self.bench.account
        if account is None:
            raise AtomicError("Nobody looks without an account")
        recorded = self.bench.claims.of(case.job)
        return view_of(case, account, self.constants, recorded, self.book.own_seals, self.book.foreign_seals)

    def _make(self, move: Move, case: Case) -> None:
        """Makes one move, or begins to; what stands in its way leaves all others as they are."""
        hands, name = self.hands, type(move).__name__
        if hands is None:
            return
        try:
            if not hands.purse.covers(move, case.model.depth, self._promised(move)):
                self._note(move, case, "unpaid")
                return
            act = hands.maker.act(move, case)
            if act is not None:
                self._submit(act, move, case, hands.sender)
            self._waits.pop(move.key, None)
        except (ChainUnavailable, DatabaseUnavailable):
            raise
        except IntentConflict as error:
            # The same move is under way with another content; the chain will show what came of it.
            self.bench.log.info("move_under_way", move=name, key=move.key, reason=error.message)
        except AtomicError as error:
            self._failed(move.key, name, case, error)

    def _promised(self, move: Move) -> Amount:
        """What the account's claims on record will still lock, but for the one that the move is about: whoever seals
        more than it can reveal loses the bonds."""
        if isinstance(move, moves.Reveal):
            return Amount(0)
        promised = 0
        for case in self.book:
            for one in self.bench.claims.of(case.job):
                found = self.book.own_seals.get(one.claim.seal)
                is_about = isinstance(move, moves.Seal) and move.recorded == one.claim.terms
                is_over = found is not None and (not found.is_open or self._is_too_old(found))
                if is_about or is_over:
                    continue
                promised += line_reserve(self.constants.params, case.model.depth)
                promised += seal_bond(self.constants.params) if found is None else 0
        return Amount(promised)

    def _is_too_old(self, seal: SealRecord) -> bool:
        return self._now >= seal.sealed.timestamp + self.constants.reveal_time

    def _submit(self, act: Act, move: Move, case: Case, sender: Sender) -> None:
        known = sender.intent(act.key)
        if known is None:
            self._note(move, case, "sent")
        sender.submit(act.key, act.call)
        if known is None or known.state is IntentState.FAILED:
            name = type(move).__name__
            self.bench.metrics.moves.labels(name).inc()
            self.bench.checkpoint(f"submitted:{name}")

    def _note(self, move: Move, case: Case, outcome: str) -> None:
        """Puts a move on record, with its reason, once in this process's life."""
        mark = f"{outcome}:{move.key}"
        if mark in self._noted:
            return
        self._noted.add(mark)
        bench, name = self.bench, type(move).__name__
        details = {"move": name, "key": move.key}
        bench.decisions.add(Decision(KIND, case.job, outcome, move.reason[:500], bench.clock(), details))
        tell = bench.log.warning if outcome == "unpaid" else bench.log.info
        tell("move", move=name, outcome=outcome, job=to_hex(case.job), reason=move.reason)

    # Failures, and keeping house

    def _may_try(self, key: str) -> bool:
        wait = self._waits.get(key)
        return wait is None or self.monotonic() >= wait.ready_at

    def _failed(self, key: str, what: str, case: Case, error: AtomicError) -> None:
        wait = self._waits.setdefault(key, _Wait())
        wait.failures += 1
        wait.ready_at = self.monotonic() + self.pauses.after(wait.failures)
        self.bench.metrics.failures.labels(what, error.code).inc()
        self.bench.log.warning("move_failed", move=what, job=to_hex(case.job), code=error.code, reason=str(error)[:500])

    def _tidy(self) -> None:
        """Forgets what is over."""
        cases = list(self.book)
        jobs: set[JobId] = {case.job for case in cases}
        if self.results is not None:
            self.results.forget(jobs)
            self.bench.metrics.withheld.set(sum(self.results.is_withheld(case) for case in cases))
        self.claims.forget({claim.id for case in cases for claim in case.claims if claim.is_open})
        seals = {one.claim.seal for job in jobs for one in self.bench.claims.of(job)}
        self.chores.forget(jobs, seals, {line.id for case in cases for line in case.lines if line.is_open})
        self._rests = {job: rest for job, rest in self._rests.items() if job in jobs}
        self.bench.metrics.watched.set(len(cases))


def _urgency(case: Case) -> tuple[bool, int]:
    """Open disputes first, then by the end of the window."""
    return not case.is_open, case.record.window_ends or 0
