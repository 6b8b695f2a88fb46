"""What all acts of the court share: its state, its constants, and how claims and lines end; twin of Docket.sol.

Used by `claims`, `lines` and `results`. A claim that dies pays its killer; a line of the killer's ends with it, before
any other draws on the reserve.
"""

from dataclasses import dataclass

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.court.books import ClaimCase, JobCase, Ledger, LineCase
from atomic_verify.protocol.dispute_types import ClaimState, DisputeParams, Subject, Turn
from atomic_verify.protocol.disputes import REFUTATION_GAS, seal_bond
from atomic_verify.protocol.errors import DisputeRefused
from atomic_verify.protocol.job_types import JobState, Outcome, Result, Rfp
from atomic_verify.protocol.primitives import ZERO_ADDRESS, ZERO_WORD, Address, Amount, JobId
from atomic_verify.protocol.settlement import charge


@dataclass(frozen=True, slots=True)
class Terms:
    """A deployment's constants that disputes depend on."""

    params: DisputeParams
    reveal_time: int
    """R, seconds."""
    fee_bps: int
    fee_recipient: Address
    bond_rate: Amount
    """Utility-token base units of bond per 10^18 base units of price."""


class Docket:
    """The court's state; its acts are the subclasses'."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.params = terms.params
        self.ledger = Ledger()
        self.jobs: dict[JobId, JobCase] = {}
        self.claims: dict[int, ClaimCase] = {}
        self.lines: dict[int, LineCase] = {}
        self.seals: dict[tuple[Address, object], int] = {}
        """When each unused seal was made, by its account and by what it seals."""
        self.invalid_models: set[bytes] = set()
        self.last_id = 0
        """Of claims and lines alike."""

    def file_job(self, job: JobId, rfp: Rfp, worker: Address, now: int, *, depth: int, void_only: bool) -> JobCase:
        """A job commits its result at `now`: its bond and its escrow are locked."""
        root = Result(Digest(ZERO_WORD), 0, 0, False, ZERO_ADDRESS, Amount(0))
        found = self.jobs[job] = JobCase(job, rfp, worker, now, depth, void_only, root)
        self.ledger.funds[worker] -= rfp.job_bond
        self.ledger.job_bonds[job] = rfp.job_bond
        self.ledger.payments[rfp.requester] -= rfp.max_price
        self.ledger.escrows[job] = rfp.max_price
        return found

    # How claims and lines end

    def _kill(self, claim: ClaimCase, killer: Address, gas: int) -> Amount:
        """The claim is dead; returns the killer's reward."""
        claim.state = ClaimState.REFUTED
        bond = seal_bond(self.params)
        reward = Amount(self._worth(gas, REFUTATION_GAS) + self.params.refute_reward)
        to_worker = (bond - reward) // 2
        self._close(claim.terms.job, Outcome.REJECTED, claim.terms.item, ZERO_ADDRESS, Amount(0))
        self.ledger.pay(killer, reward)
        self.ledger.pay(self.jobs[claim.terms.job].worker, to_worker)
        self.ledger.burn(bond - reward - to_worker)
        line = self._open_line(claim.id, killer)
        if line is not None:
            self._end_line(line)
        elif claim.open_lines == 0:
            self._divide_reserve(claim)
        return reward

    def _divide_reserve(self, claim: ClaimCase) -> None:
        to_worker = claim.reserve // 2
        self.ledger.pay(self.jobs[claim.terms.job].worker, to_worker)
        self.ledger.burn(claim.reserve - to_worker)
        claim.reserve = Amount(0)

    def _end_line(self, line: LineCase) -> None:
        repaid, line.prefund, line.turn = line.prefund, Amount(0), Turn.CLOSED
        if line.subject is not Subject.TRACE:
            self.ledger.pay(line.opener, repaid)
            return
        claim, bond = self.claims[line.claim], self.params.line_bond
        claim.open_lines -= 1
        if claim.state is ClaimState.REFUTED:
            spent = min(line.spent, claim.reserve)
            claim.reserve = Amount(claim.reserve - spent)
            self.ledger.pay(line.opener, repaid + bond + spent)
            if claim.open_lines == 0:
                self._divide_reserve(claim)
        else:
            self.ledger.pay(line.opener, repaid)
            self.ledger.pay(claim.claimer, bond // 2)
            self.ledger.burn(bond - bond // 2)

    def _close(self, job: JobId, outcome: Outcome, item: int, challenger: Address, cost: Amount) -> Amount:
        """Notes how a claim or a line on an item ended; returns what the job bond was charged."""
        case = self._committed(job)
        case.amend(open_claims=case.result.open_claims - 1)
        if outcome is Outcome.SLASH:
            case.amend(slashed=True, challenger=challenger)
        if outcome is not Outcome.VOID or item in case.voided:
            return Amount(0)
        case.voided.add(item)
        charged = charge(case.rfp.job_bond, case.result.costs, cost)
        first = challenger if case.result.challenger == ZERO_ADDRESS else case.result.challenger
        costs = Amount(case.result.costs + charged)
        case.amend(void_items=len(case.voided), challenger=first, costs=costs)
        self.ledger.job_bonds[job] -= charged
        self.ledger.funds[challenger] += charged
        return charged

    def _open(self, job: JobId, now: int) -> None:
        """Notes that a claim or a line on an item keeps the job from being final."""
        case = self._committed(job)
        in_time = now < case.window_end + self.terms.reveal_time
        self._require(in_time or case.result.open_claims > 0, "WindowClosed")
        case.amend(open_claims=case.result.open_claims + 1)

    def _convict(self, job: JobId, number: int, challenger: Address) -> Address:
        """The lowest id that convicts takes the reward, whatever the order in which they end."""
        case = self.jobs[job]
        if case.conviction is None or number < case.conviction[0]:
            case.conviction = (number, challenger)
        return case.conviction[1]

    # What acts share

    def _next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def _worth(self, gas: int, limit: int) -> Amount:
        return Amount(min(gas, limit) * self.params.gas_price)

    def _open_line(self, claim: int, opener: Address) -> LineCase | None:
        """The account's open line on a claim."""
        for line in self.lines.values():
            if (line.claim, line.opener) == (claim, opener) and line.turn is not Turn.CLOSED:
                return line
        return None

    def _committed(self, job: JobId) -> JobCase:
        case = self.jobs.get(job)
        if case is None or case.state is not JobState.COMMITTED:
            raise self._refused("NotCommitted")
        return case

    def _open_claim(self, number: int) -> ClaimCase:
        claim = self.claims.get(number)
        if claim is None or claim.state is not ClaimState.OPEN:
            raise self._refused("ClaimNotOpen")
        return claim

    def _lock(self, account: Address, amount: int) -> None:
        self._require(self.ledger.lock(account, amount), "ERC20InsufficientBalance")

    def _require(self, condition: bool, error: str) -> None:
        if not condition:
            raise self._refused(error)

    @staticmethod
    def _refused(error: str) -> DisputeRefused:
        return DisputeRefused(f"The contracts would revert with {error}", error=error)
