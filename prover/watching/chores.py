"""What moves need beside a decision, made in the background: new claims, their exhibits, and answers to demands.

Life cycle: claim, line. A new claim is on record before it is handed out, so its salt can't be lost. Exhibits and
answers follow from stored data and can be made again at any time.
"""

import secrets
from functools import partial
from typing import Any

from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.evidence import Case as TraceCase
from atomic_verify.canonical.records import trace_root
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments.tensors import Array
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.dispute_view import ClaimOpinion, Stance, Wrong
from atomic_verify.protocol.ids import claim_seal
from atomic_verify.protocol.primitives import JobId
from atomic_verify.protocol.types import Answer, ClaimTerms, Exhibit, Subject, Turn
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord
from atomic_verify.storage.errors import BlobMissing
from prover.background import Background
from prover.errors import DataWithheld
from prover.watching.answering import answer_from_batch, answer_from_trace
from prover.watching.cases import Case
from prover.watching.claiming import SealedClaim, make_exhibit, make_terms
from prover.watching.meanings import Meaning
from prover.watching.sealed import RecordedClaim
from prover.watching.traces import read_trace, tensors_of
from prover.watching.views import DisputeConstants
from prover.watching.workbench import Workbench, result_of

Round = tuple[int, int]
"""A line, and the number of its rounds."""


class Chores:
    """Made and asked by one thread; it works in others."""

    def __init__(self, bench: Workbench, constants: DisputeConstants) -> None:
        self._bench = bench
        self._constants = constants
        self._claims: Background[tuple[JobId, Wrong, int], RecordedClaim] = Background("seal", 1, on_end=bench.wake)
        self._exhibits: Background[bytes, Exhibit] = Background("exhibit", 1, on_end=bench.wake)
        self._answers: Background[Round, Answer] = Background("answer", 1, on_end=bench.wake)
        self._told: dict[tuple[str, Any], int] = {}

    # Claims

    def begin_claim(self, case: Case, wrong: Wrong, attempt: int, reason: str) -> None:
        """Has a claim made and put on record; it is among the account's own from then on."""
        key = (case.job, wrong, attempt)
        self._claims.start(key, lambda: self._make_claim(case, wrong, reason))
        self._tell(self._claims, key, "claim", case)

    def exhibit(self, case: Case, claim: SealedClaim) -> Exhibit | None:
        """The exhibit of a claim on record; None as long as it isn't made."""
        self._exhibits.start(claim.seal, lambda: self._make_exhibit(case, claim.terms))
        self._tell(self._exhibits, claim.seal, "exhibit", case)
        return self._exhibits.result(claim.seal)

    # Answers

    def answer(self, line: LineRecord) -> Answer | None:
        """The answer to a line's open demand, once it is made."""
        return self._answers.result((line.id, len(line.rounds)))

    def answerable(self, case: Case, opinions: dict[int, ClaimOpinion], *, helps: bool) -> frozenset[int]:
        """The lines whose open demand can be answered now. With `helps` also those that others should answer."""
        found = set()
        for line in case.lines:
            if line.turn is not Turn.ANSWERER or not self._may_answer(case, line, opinions, helps=helps):
                continue
            key = (line.id, len(line.rounds))
            self._answers.start(key, partial(self._make_answer, case, line))
            self._tell(self._answers, key, "answer", case)
            if self._answers.result(key) is not None:
                found.add(line.id)
        return frozenset(found)

    def forget(self, jobs: set[JobId], seals: set[bytes], lines: set[int]) -> None:
        """Drops what is kept in memory of everything but these."""
        for made in [key for key in self._claims.keys() if key[0] not in jobs]:  # noqa: SIM118 - not a mapping
            self._claims.forget(made)
        for seal in set(self._exhibits.keys()) - seals:
            self._exhibits.forget(seal)
        for asked in [key for key in self._answers.keys() if key[0] not in lines]:  # noqa: SIM118 - not a mapping
            self._answers.forget(asked)

    def _may_answer(self, case: Case, line: LineRecord, opinions: dict[int, ClaimOpinion], *, helps: bool) -> bool:
        claim = case.claim(line.claim)
        if line.subject is not Subject.TRACE:
            return helps or result_of(case).worker == self._bench.account
        if claim is None:
            return False
        is_ours = opinions.get(claim.id, ClaimOpinion(Stance.UNKNOWN)).stance is Stance.TRUE
        return claim.claimer == self._bench.account or (helps and is_ours)

    # In threads of their own

    def _make_claim(self, case: Case, wrong: Wrong, reason: str) -> RecordedClaim:
        bench, constants = self._bench, self._constants
        if bench.account is None:
            raise AtomicError("Nobody claims without an account")
        data = bench.item_data(case, wrong.item)
        terms = make_terms(case.job, wrong, data, bench.meaning(case), bench.source.store)
        bench.stored(case.job, terms.trace_digest.hex())
        bench.checkpoint("traced")
        salt = secrets.token_bytes(32)
        seal = claim_seal(constants.chain_id, constants.disputes, bench.account, terms, salt)
        made = RecordedClaim(SealedClaim(terms, salt, seal), wrong.outcome)
        bench.claims.add(made, reason, bench.clock())
        bench.checkpoint("recorded:seal")
        return made

    def _make_exhibit(self, case: Case, terms: ClaimTerms) -> Exhibit:
        bench = self._bench
        return make_exhibit(terms, bench.item_data(case, terms.item), bench.meaning(case), bench.source.store)

    def _make_answer(self, case: Case, line: LineRecord) -> Answer:
        bench, demand = self._bench, line.rounds[-1].demand
        if line.subject is not Subject.TRACE:
            batch = bench.inputs(case) if line.subject is Subject.INPUT else bench.outputs(case)
            return answer_from_batch(demand, batch)
        claim = case.claim(line.claim)
        if claim is None:
            raise DataWithheld("The line asks about a claim that isn't known", line=line.id)
        meaning = bench.meaning(case)
        inputs = bench.item_inputs(case, claim.item).item(claim.item)
        return answer_from_trace(demand, TraceCase(meaning.program, self._trace(claim, meaning, inputs), meaning.trees))

    def _trace(self, claim: ClaimRecord, meaning: Meaning, inputs: dict[str, Array]) -> Trace:
        """The claim's trace: from the store, or, if it is the same as ours, evaluated again."""
        try:
            payload = self._bench.source.store.get(claim.terms.trace_digest.hex(), meaning.program.trace_bytes)
            return read_trace(meaning.program, inputs, payload)
        except BlobMissing:
            trace = meaning.evaluate(inputs, Keep.ALL)
            if trace_root(tensors_of(trace)) != claim.terms.trace:
                trace.close()
                raise DataWithheld("The claim's trace isn't at hand, and isn't ours", claim=claim.id) from None
            return trace

    def _tell(self, tasks: "Background[Any, Any]", key: Any, what: str, case: Case) -> None:
        """Logs each failure of a task once."""
        error, count = tasks.failure(key), tasks.failures(key)
        if error is not None and self._told.get((what, key)) != count:
            self._told[what, key] = count
            self._bench.metrics.failures.labels(what, error.code).inc()
            self._bench.log.warning(
                f"{what}_failed", job=case.job.hex(), code=error.code, tries=count, reason=str(error)[:500]
            )
