"""Moves made: each decided move as the call that makes it, under a key that makes it once.

Life cycle: claim, refute, line. A move whose parts aren't made yet is begun and left to a later look, which decides it
again. Nothing is sent that the account has no tokens for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from atomic_verify.chain.call import Call
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.protocol import move_types as moves
from atomic_verify.protocol.primitives import to_hex
from atomic_verify.protocol.types import ModelSpec, Rfp, StepProof
from prover.watching.cases import Case
from prover.watching.chores import Chores
from prover.watching.claims_desk import ClaimsDesk
from prover.watching.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Act:
    """A call, and the key of its intent."""

    key: str
    call: Call


class Maker:
    """Turns moves into calls. Used by one thread."""

    def __init__(
        self,
        bench: Workbench,
        calls: DisputeCalls,
        finalize: Callable[[Rfp], Call],
        claims: ClaimsDesk,
        chores: Chores,
    ) -> None:
        self._bench = bench
        self._calls = calls
        self._finalize = finalize
        self._claims = claims
        self._chores = chores

    def act(self, move: moves.Move, case: Case) -> Act | None:
        """The call that makes the move; None if its parts aren't made yet, or it is another's to make."""
        match move:
            case moves.Seal():
                return self._seal(move, case)
            case moves.Reveal():
                return self._reveal(move, case)
            case moves.Refute():
                return self._refute(move, case)
            case moves.DemandTrace() | moves.DemandItem():
                return self._demand(move, case)
            case moves.Answer():
                return self._answer(move, case)
            case _:
                return self._plain(move, case)

    def _seal(self, move: moves.Seal, case: Case) -> Act | None:
        """A claim is sealed only once its exhibit stands: it has to be revealed within a short time."""
        if move.recorded is None:
            self._chores.begin_claim(case, move.wrong, move.attempt, move.reason)
            return None
        found = self._bench.claims.find(move.recorded)
        if found is None or self._chores.exhibit(case, found.claim) is None:
            return None
        return Act(f"seal:{to_hex(found.claim.seal)}", self._calls.seal(found.claim.seal))

    def _reveal(self, move: moves.Reveal, case: Case) -> Act | None:
        found = self._bench.claims.find(move.terms)
        exhibit = None if found is None else self._chores.exhibit(case, found.claim)
        if found is None or exhibit is None:
            return None
        spec = self._spec(case)
        call = self._calls.reveal(case.record.rfp, spec, move.terms, found.claim.salt, exhibit, move.line)
        return Act(f"reveal:{to_hex(found.claim.seal)}", call)

    def _refute(self, move: moves.Refute, case: Case) -> Act | None:
        claim = case.claim(move.claim)
        finding = None if claim is None else self._claims.finding(case, claim)
        if finding is None or finding.evidence is None:
            return None
        call = self._calls.refute(case.record.rfp, self._spec(case), move.claim, finding.evidence)
        return Act(move.key, call)

    def _demand(self, move: moves.DemandTrace | moves.DemandItem, case: Case) -> Act:
        rfp, spec = case.record.rfp, self._spec(case)
        if isinstance(move, moves.DemandItem):
            call = self._calls.demand_item(rfp, spec, move.subject, move.item, move.runs, move.line)
            return Act(move.key, call)
        trees = self._bench.meaning(case).trees
        proofs = [StepProof(trees.record_list[run.tensor], tuple(trees.records.open(run.tensor))) for run in move.runs]
        return Act(move.key, self._calls.demand_trace(rfp, spec, move.claim, move.runs, proofs, move.line))

    def _answer(self, move: moves.Answer, case: Case) -> Act | None:
        line = next((line for line in case.lines if line.id == move.line), None)
        given = None if line is None else self._chores.answer(line)
        if line is None or given is None:
            return None
        return Act(move.key, self._calls.answer(line.id, line.rounds[-1].demand, given))

    def _plain(self, move: moves.Move, case: Case) -> Act | None:
        """The moves that need nothing but the job's terms."""
        calls, rfp = self._calls, case.record.rfp
        match move:
            case moves.BurnSeal():
                return Act(move.key, calls.burn_seal(move.claimer, move.seal))
            case moves.Dismiss():
                return Act(move.key, calls.dismiss(rfp, move.claim))
            case moves.Uphold():
                return Act(move.key, calls.uphold(rfp, move.claim))
            case moves.Lapse():
                return Act(move.key, calls.lapse(rfp, move.line))
            case moves.CloseLine():
                return Act(move.key, calls.close_line(rfp, move.line))
            case moves.Finalize():
                return Act(move.key, self._finalize(rfp))
            case _:
                return None

    def _spec(self, case: Case) -> ModelSpec:
        return self._bench.meaning(case).manifest.spec()
