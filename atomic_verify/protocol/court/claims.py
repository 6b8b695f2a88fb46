"""The acts on claims: seal, reveal, burn, refute, dismiss, uphold; twin of Claims.sol."""

from dataclasses import replace

from atomic_verify.protocol.court.books import ClaimCase, JobCase, Place, Reveal
from atomic_verify.protocol.court.docket import Docket
from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.disputes import REFUTATION_GAS, line_reserve, seal_bond, upholdable_at
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.primitives import Address, Amount


class Claims(Docket):
    """Each act is one transaction: it takes effect, or raises DisputeRefused and changes nothing."""

    def seal(self, who: Address, sealed: object, now: int) -> None:
        """Locks the bond of a claim; `sealed` stands for the hash of terms and salt."""
        self._require((who, sealed) not in self.seals, "BadSeal")
        self._lock(who, seal_bond(self.params))
        self.seals[who, sealed] = now

    def reveal(self, who: Address, sealed: object, terms: Reveal, now: int, *, line: int = 0, gas: int = 0) -> int:
        """Reveals a claim; `gas` is what it costs with its seal and its upholding. Returns its id."""
        made_at = self.seals.get((who, sealed), 0)
        self._require(made_at > 0, "BadSeal")
        self._require(now > made_at, "SealTooFresh")
        self._require(now < made_at + self.terms.reveal_time, "SealTooOld")
        case = self.jobs.get(terms.job)
        if case is None or case.state is not JobState.COMMITTED:
            raise self._refused("NothingToDispute")
        if line:
            self._require_own_answer(who, terms, line, now)
        else:
            self._require(made_at < case.window_end, "TooLateToDispute")
        self._require(case.rfp.model_id not in self.invalid_models, "ModelIsInvalid")
        self._require(terms.item < case.rfp.item_count, "NoSuchPlace")
        self._require(terms.outcome in (Outcome.VOID, Outcome.SLASH), "WithinAccept")
        return self._file(who, sealed, terms, case, now, gas)

    def burn_seal(self, claimer: Address, sealed: object, now: int) -> None:
        """Burns the bond of a seal that wasn't revealed in time."""
        made_at = self.seals.get((claimer, sealed), 0)
        self._require(made_at > 0, "BadSeal")
        self._require(now >= made_at + self.terms.reveal_time, "SealTooFresh")
        del self.seals[claimer, sealed]
        self.ledger.burn(seal_bond(self.params))

    def refute(self, who: Address, claim: int, place: Place, *, gas: int = 0) -> Amount:
        """Kills a claim whose trace breaks at `place`; returns the reward."""
        found = self._open_claim(claim)
        self._require(place in found.terms.broken, "NothingWrong")
        return self._kill(found, who, gas)

    def invalidate(self, who: Address, claim: int, *, is_invalid: bool, gas: int = 0) -> Amount:
        """Kills a claim, and all others on its model, by an invalid record of the program."""
        found = self._open_claim(claim)
        self._require(is_invalid, "NothingWrong")
        self.invalid_models.add(self.jobs[found.terms.job].rfp.model_id)
        return self._kill(found, who, gas)

    def dismiss(self, who: Address, claim: int, *, gas: int = 0) -> Amount:
        """Kills a claim on a model that was shown to be invalid."""
        found = self._open_claim(claim)
        self._require(self.jobs[found.terms.job].rfp.model_id in self.invalid_models, "ModelNotInvalid")
        return self._kill(found, who, gas)

    def uphold(self, claim: int, now: int) -> Amount:
        """Ends a claim that outlived its window and its lines; returns what the job bond was charged."""
        found = self._open_claim(claim)
        self._require(now >= upholdable_at(found.revealed_at, self.params), "TooEarlyToUphold")
        self._require(found.open_lines == 0, "LinesOpen")
        found.state = ClaimState.UPHELD
        terms, challenger = found.terms, found.claimer
        if terms.outcome is Outcome.SLASH:
            challenger = self._convict(terms.job, found.id, found.claimer)
        found.charged = self._close(terms.job, terms.outcome, terms.item, challenger, found.cost)
        self.ledger.pay(found.claimer, seal_bond(self.params) + found.reserve)
        found.reserve = Amount(0)
        return found.charged

    def _file(self, who: Address, sealed: object, terms: Reveal, case: JobCase, now: int, gas: int) -> int:
        reserve = line_reserve(self.params, case.depth)
        # What a model's values show is never more than void if it is void-only.
        outcome = Outcome.VOID if case.void_only else terms.outcome
        open_ones = case.result.open_claims
        self._require(now < case.window_end + self.terms.reveal_time or open_ones > 0, "WindowClosed")
        self._lock(who, reserve)
        del self.seals[who, sealed]
        number = self._next_id()
        self._open(terms.job, now)
        cost = self._worth(gas, REFUTATION_GAS)
        self.claims[number] = ClaimCase(number, who, replace(terms, outcome=outcome), now, cost, reserve)
        return number

    def _require_own_answer(self, who: Address, terms: Reveal, number: int, now: int) -> None:
        line = self.lines.get(number)
        if line is None or (line.opener, line.job, line.item) != (who, terms.job, terms.item):
            raise self._refused("WrongLine")
        self._require(line.subject is not Subject.TRACE, "WrongLine")
        self._require(line.turn is Turn.DEMANDER, "NotYourTurn")
        self._require(now < line.since + line.opener_left, "ClockRanOut")
