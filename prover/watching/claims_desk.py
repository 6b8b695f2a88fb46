"""Opinions of others' claims: their traces fetched and audited in the background, or put together from answers.

Life cycle: refute, line. Nothing is on record here: a claim's window is short, and after a restart its trace, which is
in the blob store by then, is audited again.
"""

from contextlib import suppress
from typing import Any

from atomic_verify.commitments import Digest
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.dispute_view import ClaimOpinion, Stance
from atomic_verify.storage.dispute_records import ClaimRecord
from prover.background import Background, TaskState
from prover.watching.cases import Case
from prover.watching.refuting import ClaimFinding, Contested, examine_served, examine_shown
from prover.watching.workbench import Workbench

SERVED = -1
"""In the place of the answers' number: the trace as it is served."""

Key = tuple[int, Digest, int]
"""A claim, its trace's root (another after a re-org), and how many answers about it there were."""


class ClaimsDesk:
    """Made and asked by one thread; it works in others."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._tasks: Background[Key, ClaimFinding] = Background("claim", 2, on_end=bench.wake)
        self._told: dict[Key, object] = {}

    def opinion(self, case: Case, claim: ClaimRecord) -> ClaimOpinion:
        """What is thought of an open claim; starts what has to be found out first."""
        if claim.claimer == self._bench.account:
            return ClaimOpinion(Stance.TRUE)
        if not self._bench.meanings.knows(case.record.rfp.model_id):
            return ClaimOpinion(Stance.UNKNOWN)
        found = self.finding(case, claim)
        return ClaimOpinion(Stance.UNKNOWN) if found is None else found.opinion

    def finding(self, case: Case, claim: ClaimRecord) -> ClaimFinding | None:
        """What examining the claim showed, with the evidence; None as long as it isn't known."""
        served = (claim.id, claim.terms.trace, SERVED)
        if self._tasks.failures(served) < self._bench.tries or self._tasks.state(served) is TaskState.DONE:
            self._tasks.start(served, lambda: self._examine_served(case, claim))
            self._tell(case, claim, served)
            return self._tasks.result(served)
        lines = [line for line in case.lines if line.claim == claim.id]
        shown = (claim.id, claim.terms.trace, sum(one.is_answered for line in lines for one in line.rounds))
        self._tasks.start(shown, lambda: self._examine_shown(case, claim))
        self._tell(case, claim, shown)
        return self._tasks.result(shown)

    def forget(self, claims: set[int]) -> None:
        """Drops what is kept in memory of all claims but these."""
        for key in self._tasks.keys():  # noqa: SIM118 - not a mapping
            if key[0] not in claims:
                self._tasks.forget(key)
                self._told.pop(key, None)

    def _examine_served(self, case: Case, claim: ClaimRecord) -> ClaimFinding:
        bench, digest = self._bench, claim.terms.trace_digest.hex()
        was_there = bench.source.store.exists(digest)
        found = examine_served(self._contested(case, claim), bench.source)
        if not was_there and bench.source.store.exists(digest):
            bench.stored(case.job, digest)
        return found

    def _examine_shown(self, case: Case, claim: ClaimRecord) -> ClaimFinding:
        bench = self._bench
        outputs = None
        with suppress(AtomicError):
            outputs = bench.item_outputs(case, claim.item)
        answers = [answer for line in case.lines if line.claim == claim.id for answer in bench.answers(line)]
        return examine_shown(self._contested(case, claim), answers, outputs)

    def _contested(self, case: Case, claim: ClaimRecord) -> Contested:
        """Raises what gathering the input raises."""
        bench = self._bench
        inputs = bench.item_inputs(case, claim.item).item(claim.item)
        return Contested(claim.terms, claim.outcome, bench.endpoint(claim.claimer), bench.meaning(case), inputs)

    def _tell(self, case: Case, claim: ClaimRecord, key: Key) -> None:
        """Logs what was found, and each failure, once."""
        found, error = self._tasks.result(key), self._tasks.failure(key)
        news: Any = self._tasks.failures(key) if found is None else found.opinion
        if (found is None and error is None) or self._told.get(key) == news:
            return
        self._told[key] = news
        log = self._bench.log.bind(job=case.job.hex(), claim=claim.id, claimer=claim.claimer)
        if found is not None:
            stance = found.opinion.stance
            self._bench.metrics.claims.labels(stance.value).inc()
            is_bad = stance in (Stance.BROKEN, Stance.INVALID_MODEL, Stance.WITHHELD)
            tell = log.warning if is_bad else log.info
            tell("claim_examined", stance=stance.value, step=found.opinion.step, element=found.opinion.element)
        elif error is not None:
            self._bench.metrics.failures.labels("claim", error.code).inc()
            log.warning("claim_not_examined", code=error.code, tries=news, reason=str(error)[:500])
