"""Finality: the verdict on a job's one attempt, and its money; twin of Results.finalize and Market.settle."""

from dataclasses import replace

from atomic_verify.protocol.court.docket import Docket
from atomic_verify.protocol.job_types import Job, JobState
from atomic_verify.protocol.primitives import Amount, JobId
from atomic_verify.protocol.settlement import Settlement, settle
from atomic_verify.protocol.strikes import strike


class Results(Docket):
    """How a job ends."""

    def finalize(self, job: JobId, now: int) -> Settlement:
        """Ends a job whose window is over and on which nothing is open; returns how its money moved."""
        case = self._committed(job)
        self._require(now >= case.window_end + self.terms.reveal_time, "NotFinalYet")
        self._require(case.result.open_claims == 0, "ClaimsOpen")
        verdict, ledger, worker = case.verdict, self.ledger, case.worker
        strikes_out = False
        if not verdict.slashed and verdict.void_items > 0 and not case.void_only:
            after, strikes_out = strike(ledger.strikes[worker], ledger.reputations[worker])
            ledger.strikes[worker] = after
        record = Job(worker, JobState.COMMITTED, 1, 1, 1, 1, case.committed_at, Amount(0))
        found = settle(
            case.rfp,
            record,
            verdict,
            fee_bps=self.terms.fee_bps,
            bond_rate=self.terms.bond_rate,
            strikes_out=strikes_out,
        )
        case.state, case.ended_at = found.state, now
        self._move(job, found)
        self._count(job, found.state, had_voids=verdict.void_items > 0)
        return found

    def _move(self, job: JobId, found: Settlement) -> None:
        case, ledger = self.jobs[job], self.ledger
        ledger.escrows[job] -= found.escrow.total
        ledger.payments[case.worker] += found.escrow.to_worker
        ledger.payments[case.rfp.requester] += found.escrow.to_requester
        ledger.payments[self.terms.fee_recipient] += found.escrow.fee
        ledger.job_bonds[job] -= found.bond.total
        ledger.funds[case.worker] += found.bond.released
        ledger.funds[case.result.challenger] += found.bond.reward
        ledger.burned += found.bond.burned

    def _count(self, job: JobId, state: JobState, *, had_voids: bool) -> None:
        worker = self.jobs[job].worker
        old = self.ledger.reputations[worker]
        if state is JobState.SLASHED:
            new = replace(old, slashed_jobs=old.slashed_jobs + 1)
        elif had_voids:
            new = replace(old, void_jobs=old.void_jobs + 1)
        else:
            new = replace(old, final_jobs=old.final_jobs + 1)
        self.ledger.reputations[worker] = new
