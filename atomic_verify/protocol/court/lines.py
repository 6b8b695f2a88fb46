"""The acts on lines: demand, answer, lapse, close; twin of Lines.sol. Whatever a demand asks for exists here."""

from atomic_verify.protocol.court.books import LineCase
from atomic_verify.protocol.court.docket import Docket
from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.disputes import (
    ANSWER_GAS,
    LAPSE_GAS,
    ROUND_GAS,
    answer_prefund,
    max_rounds,
    upholdable_at,
)
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address, Amount, JobId


class Lines(Docket):
    """Each act is one transaction: it takes effect, or raises DisputeRefused and changes nothing."""

    def demand_trace(
        self, who: Address, claim: int, now: int, *, line: int = 0, asked: object = None, gas: int = 0
    ) -> int:
        """Asks for leaves of a claim's trace, in a new line (0) or an own one's next round. Returns the line's id."""
        found = self._open_claim(claim)
        terms = found.terms
        if line:
            case = self._own_turn(line, who, (Subject.TRACE, claim, terms.job, terms.item), now)
            self._lock(who, answer_prefund(self.params))
            case.opener_left -= now - case.since
        else:
            self._require(now < upholdable_at(found.revealed_at, self.params), "TooLateToDispute")
            self._require(self._open_line(claim, who) is None, "WrongLine")
            self._lock(who, answer_prefund(self.params) + self.params.line_bond)
            found.open_lines += 1
            case = self._new_line(who, terms.job, Subject.TRACE, claim, terms.item, now)
        return self._ask(case, asked, now, gas)

    def demand_item(
        self,
        who: Address,
        job: JobId,
        subject: Subject,
        item: int,
        now: int,
        *,
        line: int = 0,
        asked: object = None,
        gas: int = 0,
    ) -> int:
        """Asks for leaves of an item of a result or an input, likewise."""
        self._require(subject in (Subject.RESULT, Subject.INPUT), "WrongLine")
        self._require(item < self.jobs[job].rfp.item_count, "NoSuchPlace")
        if line:
            case = self._own_turn(line, who, (subject, 0, job, item), now)
            self._lock(who, answer_prefund(self.params))
            case.opener_left -= now - case.since
        else:
            found = self.jobs[job]
            self._require(found.state is JobState.COMMITTED, "NothingToDispute")
            self._require(now < found.window_end, "TooLateToDispute")
            self._lock(who, answer_prefund(self.params))
            self._open(job, now)
            case = self._new_line(who, job, subject, 0, item, now)
        return self._ask(case, asked, now, gas)

    def answer(self, who: Address, number: int, now: int, *, gas: int = 0) -> Amount:
        """Answers the open demand; returns what was paid for it."""
        line = self._line(number, "NotYourTurn")
        self._require(line.turn is Turn.ANSWERER, "NotYourTurn")
        self._require(now - line.since < line.answerer_left, "ClockRanOut")
        if line.claim:
            self._open_claim(line.claim)
        line.answerer_left -= now - line.since
        line.turn, line.since, line.asked = Turn.DEMANDER, now, None
        paid = self._worth(gas, ANSWER_GAS)
        self.ledger.pay(who, paid)
        self.ledger.pay(line.opener, line.prefund - paid)
        line.prefund = Amount(0)
        line.spent = Amount(line.spent + paid)
        return paid

    def lapse(self, number: int, now: int) -> None:
        """Ends a line whose answerer's clock is out: the claim is dead, or the worker convicted."""
        line = self._line(number, "WrongTerms")
        self._require(line.turn is Turn.ANSWERER, "NotYourTurn")
        self._require(now >= line.since + line.answerer_left, "ClockStillRuns")
        if line.subject is Subject.TRACE:
            self._kill(self._open_claim(line.claim), line.opener, LAPSE_GAS)
            return
        challenger = self._convict(line.job, number, line.opener)
        self._close(line.job, Outcome.SLASH, line.item, challenger, Amount(0))
        self._end_line(line)

    def close_line(self, who: Address, number: int, now: int) -> None:
        """Ends a line: its opener in its turn; anybody, once the opener's clock is out or the claim is closed."""
        line = self._line(number, "WrongTerms")
        self._require(line.turn in (Turn.DEMANDER, Turn.ANSWERER), "NotYourTurn")
        on_trace = line.subject is Subject.TRACE
        if not (on_trace and self.claims[line.claim].state is not ClaimState.OPEN):
            self._require(line.turn is Turn.DEMANDER, "NotYourTurn")
            is_due = who == line.opener or now >= line.since + line.opener_left
            self._require(is_due, "ClockStillRuns")
            if not on_trace:
                self._close(line.job, Outcome.REJECTED, line.item, ZERO_ADDRESS, Amount(0))
        self._end_line(line)

    def _new_line(self, who: Address, job: JobId, subject: Subject, claim: int, item: int, now: int) -> LineCase:
        clock, rounds = self.params.line_clock, max_rounds(self.jobs[job].depth)
        number = self._next_id()
        line = LineCase(number, job, who, subject, claim, item, now, clock, clock, rounds)
        self.lines[number] = line
        return line

    def _own_turn(self, number: int, who: Address, about: tuple[Subject, int, JobId, int], now: int) -> LineCase:
        """An own line about that, whose next round may be asked now."""
        line = self._line(number, "WrongLine")
        is_it = line.opener == who and (line.subject, line.claim, line.job, line.item) == about
        self._require(is_it, "WrongLine")
        self._require(line.turn is Turn.DEMANDER, "NotYourTurn")
        self._require(now - line.since < line.opener_left, "ClockRanOut")
        self._require(line.rounds < line.max_rounds, "TooManyRounds")
        return line

    def _ask(self, line: LineCase, asked: object, now: int, gas: int) -> int:
        line.turn, line.since, line.asked = Turn.ANSWERER, now, asked
        line.prefund, line.rounds = answer_prefund(self.params), line.rounds + 1
        line.spent = Amount(line.spent + self._worth(gas, ROUND_GAS - ANSWER_GAS))
        return line.id

    def _line(self, number: int, error: str) -> LineCase:
        """The line; `error` is what the contract says of one that it doesn't have."""
        found = self.lines.get(number)
        if found is None:
            raise self._refused(error)
        return found
