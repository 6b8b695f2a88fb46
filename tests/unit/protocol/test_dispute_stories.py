"""Attacks on disputes, one story each: honest players run the real decisions against a scripted attacker.

Each story is played in the court, second by second, until the job has ended; then it says who has what.
"""

import random
from collections.abc import Callable

import pytest

from atomic_verify.protocol import court as courts
from atomic_verify.protocol.court import Terms
from atomic_verify.protocol.dispute_types import ClaimState, DisputeParams, Subject
from atomic_verify.protocol.dispute_view import Policy
from atomic_verify.protocol.disputes import line_reserve, seal_bond, time_to_finality
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.primitives import Address, Amount, JobId
from tests.support.dispute_players import Honest
from tests.support.dispute_world import FEES, REQUESTER, WHOLE, Record, Trace, World, account, add_job

PARAMS = DisputeParams(30, 40, Amount(1), Amount(500_000), Amount(1_000_000))
R, START, FUNDS = 10, 1_000, 10**12
WATCHER, WORKER, CHEAT, SYBIL, OTHER = (account(number) for number in range(5))
POLICY = Policy(margin=2, patience=5, grace=6)
Script = dict[int, Callable[[], object]]
GOOD, VOID, FRAUD = Outcome.NONE, Outcome.VOID, Outcome.SLASH


class Story:
    """A world with one job of a worker, and who plays it."""

    def __init__(self, worker: Address, truth: list[Outcome], *players: Honest) -> None:
        self.world = World(courts.Court(Terms(PARAMS, R, 0, FEES, Amount(10**18))), random.Random(5))
        for who in (WATCHER, WORKER, CHEAT, SYBIL, OTHER, REQUESTER):
            self.world.court.ledger.funds[who] += FUNDS
            self.world.court.ledger.payments[who] += FUNDS
        self.worker, self.players = worker, players
        self.job: JobId = add_job(self.world, worker, truth, void_only=False)

    @property
    def case(self) -> courts.JobCase:
        return self.world.court.jobs[self.job]

    @property
    def end(self) -> int:
        """The window's end, from the start."""
        return self.case.window_end - START

    def play(self, script: Script, seconds: int = 400) -> None:
        """Plays second by second; the script's acts come after the honest players'."""
        for second in range(seconds):
            self.world.now = START + second
            for player in self.players:
                player.act(self.world)
            if second in script:
                script[second]()
            if self.case.state is JobState.COMMITTED and second > self.end + R:
                self.settle()
        for player in self.players:
            assert player.refused == []
        assert self.case.state is not JobState.COMMITTED

    def settle(self) -> None:
        """What the requester does: it wants its money."""
        if self.case.result.open_claims == 0:
            self.world.court.finalize(self.job, self.world.now)

    def gained(self, who: Address) -> int:
        """In utility tokens, the job bond of a job that is over included."""
        return self.world.court.ledger.funds[who] - FUNDS

    def claim(self, who: Address, terms: courts.Reveal, *, served: bool = True) -> Record:
        """Seals a claim now."""
        record = Record(terms, len(self.world.court.seals))
        self.world.court.seal(who, record.sealed, self.world.now)
        if served:
            assert isinstance(terms.mark, Trace)
            self.world.public_traces.add(terms.mark.root)
        return record

    def reveal(self, who: Address, record: Record) -> int:
        return self.world.court.reveal(who, record.sealed, record.terms, self.world.now, gas=400_000)

    def false(self, item: int = 0, outcome: Outcome = VOID, by: int = 7) -> courts.Reveal:
        """A claim whose trace breaks in its first step."""
        bent = self.world.true_trace(self.job, item).bent(0, by)
        return courts.Reveal(self.job, item, outcome, bent.broken, bent)

    def true(self, item: int = 0, outcome: Outcome = VOID) -> courts.Reveal:
        return courts.Reveal(self.job, item, outcome, mark=self.world.true_trace(self.job, item))

    def states(self, who: Address) -> list[ClaimState]:
        """How the claims of an account ended."""
        return [claim.state for claim in self.world.court.claims.values() if claim.claimer == who]


def watcher(**policy: object) -> Honest:
    return Honest(WATCHER, Policy(margin=2, patience=5, grace=6, **policy))


def guard() -> Honest:
    """A worker that defends itself."""
    return Honest(WORKER, Policy(margin=2, patience=5, grace=6, claims=False, defends_others=False))


def test_a_cheat_is_slashed_and_its_catcher_rewarded() -> None:
    story = Story(CHEAT, [GOOD, FRAUD], watcher())
    story.play({})
    assert story.case.state is JobState.SLASHED
    assert story.gained(WATCHER) == story.case.rfp.job_bond // 5
    assert story.gained(CHEAT) == -story.case.rfp.job_bond


def test_one_poisoned_item_costs_its_price_and_its_challenge_and_no_more() -> None:
    story = Story(WORKER, [GOOD, VOID, GOOD, GOOD], watcher(), guard())
    story.play({})
    assert (story.case.state, story.case.voided) == (JobState.FINAL, {1})
    assert story.gained(WATCHER) == story.case.result.costs == -story.gained(WORKER) > 0
    good = story.case.rfp.max_price * 3 // 4
    assert story.world.court.ledger.payments[WORKER] - FUNDS >= good


def test_a_false_claim_against_an_offline_worker_is_refuted_by_a_stranger() -> None:
    story = Story(WORKER, [GOOD], watcher())
    kept: list[Record] = []
    story.play({3: lambda: kept.append(story.claim(SYBIL, story.false())), 5: lambda: story.reveal(SYBIL, kept[0])})
    assert story.states(SYBIL) == [ClaimState.REFUTED]
    assert story.case.state is JobState.FINAL
    assert story.gained(WATCHER) >= PARAMS.refute_reward
    assert story.gained(WORKER) > 0
    assert story.gained(SYBIL) == -seal_bond(PARAMS) - line_reserve(PARAMS, story.case.depth)


@pytest.mark.parametrize("served", [True, False], ids=["served", "withheld"])
def test_a_worker_refutes_a_false_claim_alone(served: bool) -> None:
    story = Story(WORKER, [GOOD], guard())
    kept: list[Record] = []

    def answer() -> None:
        """At the very last second of each demand."""
        for line in story.world.court.lines.values():
            if line.turn.name == "ANSWERER" and story.world.now == line.since + line.answerer_left - 1:
                asked = line.asked
                story.world.court.answer(SYBIL, line.id, story.world.now, gas=300_000)
                story.world.answered(line, asked)

    script: Script = dict.fromkeys(range(6, 400), answer)
    script |= {
        3: lambda: kept.append(story.claim(SYBIL, story.false(), served=served)),
        5: lambda: story.reveal(SYBIL, kept[0]),
    }
    story.play(script)
    assert story.states(SYBIL) == [ClaimState.REFUTED]
    assert story.gained(WORKER) > 0
    lines = [line for line in story.world.court.lines.values() if line.opener == WORKER]
    assert len(lines) == (0 if served else 1)


def test_fifty_false_claims_in_parallel_all_die_and_pay_for_it() -> None:
    story = Story(WORKER, [GOOD], watcher(), guard())
    kept: list[Record] = []

    def seal() -> None:
        kept.extend(story.claim(SYBIL, story.false(by=1 + number)) for number in range(50))

    story.play({2: seal, 4: lambda: [story.reveal(SYBIL, record) for record in kept]})
    assert story.states(SYBIL) == [ClaimState.REFUTED] * 50
    assert story.gained(WORKER) > 0
    assert story.case.state is JobState.FINAL


def test_a_sybil_s_void_does_not_pre_empt_the_slash() -> None:
    late = watcher()
    late.delay = 10
    story = Story(CHEAT, [FRAUD], late)
    kept: list[Record] = []
    story.play({1: lambda: kept.append(story.claim(SYBIL, story.true())), 2: lambda: story.reveal(SYBIL, kept[0])})
    assert story.states(SYBIL) == [ClaimState.UPHELD]
    assert story.case.state is JobState.SLASHED
    assert story.case.result.challenger == WATCHER


def test_a_sybil_that_lets_its_own_true_claim_starve_is_answered_for() -> None:
    """The cheat claims against itself, so that others hold back, and has another account ask for the trace."""
    late = watcher()
    late.delay = 10
    story = Story(CHEAT, [FRAUD], late)
    kept: list[Record] = []
    story.play(
        {
            1: lambda: kept.append(story.claim(SYBIL, story.true(outcome=FRAUD), served=False)),
            2: lambda: story.reveal(SYBIL, kept[0]),
            12: lambda: story.world.court.demand_trace(OTHER, 1, story.world.now, asked=WHOLE),
        }
    )
    assert story.states(WATCHER) == []
    assert story.states(SYBIL) == [ClaimState.UPHELD]
    assert story.case.state is JobState.SLASHED


def test_a_claim_with_the_right_output_and_a_broken_trace_is_no_cover() -> None:
    late = watcher()
    late.delay = 10
    story = Story(CHEAT, [FRAUD], late)
    true = story.world.true_trace(story.job, 0)
    bent = Trace(story.job, 0, (true.values[0] + 1, *true.values[1:]))
    kept: list[Record] = []

    def seal() -> None:
        terms = courts.Reveal(story.job, 0, FRAUD, bent.broken, bent)
        kept.append(story.claim(SYBIL, terms, served=False))

    story.play({1: seal, 2: lambda: story.reveal(SYBIL, kept[0])})
    assert story.states(SYBIL) == [ClaimState.REFUTED]
    assert story.states(WATCHER) == [ClaimState.UPHELD]
    assert story.case.state is JobState.SLASHED


def test_a_copied_claim_gets_its_bond_back_and_no_reward() -> None:
    story = Story(CHEAT, [FRAUD], watcher())
    kept: list[Record] = []
    story.play(
        {
            3: lambda: kept.append(story.claim(SYBIL, story.world.court.claims[1].terms)),
            4: lambda: story.reveal(SYBIL, kept[0]),
        }
    )
    assert story.states(SYBIL) == [ClaimState.UPHELD]
    assert (story.gained(SYBIL), story.gained(WATCHER)) == (0, story.case.rfp.job_bond // 5)


def test_a_worker_that_convicts_itself_loses_four_fifths() -> None:
    story = Story(CHEAT, [FRAUD])
    kept: list[Record] = []
    story.play(
        {
            1: lambda: kept.append(story.claim(SYBIL, story.true(outcome=FRAUD))),
            2: lambda: story.reveal(SYBIL, kept[0]),
            40: lambda: story.world.court.uphold(1, story.world.now),
        }
    )
    bond = story.case.rfp.job_bond
    assert story.gained(CHEAT) + story.gained(SYBIL) == bond // 5 - bond


def test_a_withheld_result_that_is_answered_at_the_last_second_is_still_claimed_on() -> None:
    story = Story(CHEAT, [GOOD, FRAUD], watcher())
    story.world.served[story.job, Subject.RESULT] = False

    def answer() -> None:
        for line in story.world.court.lines.values():
            if line.turn.name == "ANSWERER" and story.world.now == line.since + line.answerer_left - 1:
                story.world.court.answer(CHEAT, line.id, story.world.now, gas=300_000)
                story.world.answered(line, line.asked)

    # The watcher asks late enough that the answer comes after the window.
    story.players[0].policy = Policy(margin=2, patience=story.end - 10, grace=6)
    story.play(dict.fromkeys(range(400), answer))
    (claim,) = story.world.court.claims.values()
    assert claim.revealed_at > story.case.window_end
    assert story.case.state is JobState.SLASHED
    limit = time_to_finality(PARAMS, story.end, R)
    assert story.case.ended_at is not None
    assert story.case.ended_at - START < limit.seconds


def test_a_withheld_result_that_is_never_answered_convicts() -> None:
    story = Story(CHEAT, [GOOD], watcher())
    story.world.served[story.job, Subject.RESULT] = False
    story.play({})
    assert story.case.state is JobState.SLASHED
    assert story.gained(WATCHER) == story.case.rfp.job_bond // 5


def test_a_hundred_demands_cost_an_honest_worker_nothing_and_its_job_a_clock_s_time() -> None:
    story = Story(WORKER, [GOOD, GOOD], guard())

    def spam() -> None:
        for number in range(100):
            story.world.court.demand_item(
                SYBIL, story.job, Subject.RESULT, number % 2, story.world.now, asked=WHOLE, gas=100_000
            )

    story.play({story.end - 1: spam})
    assert story.case.state is JobState.FINAL
    assert story.gained(WORKER) > 0 > story.gained(SYBIL)
    assert story.case.ended_at is not None
    assert story.case.ended_at - START <= story.end + PARAMS.line_clock + 2


def test_a_sybil_s_lines_on_its_own_false_claim_don_t_keep_the_refuter_from_its_money() -> None:
    story = Story(WORKER, [GOOD], watcher(), guard())
    kept: list[Record] = []

    def spam() -> None:
        claim = story.reveal(SYBIL, kept[0])
        for who in (SYBIL, OTHER, CHEAT):
            line = story.world.court.demand_trace(who, claim, story.world.now, asked=WHOLE, gas=1_250_000)
            story.world.court.answer(SYBIL, line, story.world.now, gas=2_750_000)

    story.play({3: lambda: kept.append(story.claim(SYBIL, story.false(), served=False)), 5: spam})
    assert story.states(SYBIL) == [ClaimState.REFUTED]
    assert story.gained(WATCHER) >= 0
    assert story.gained(WORKER) > 0


def test_two_claims_one_true_end_each_as_they_must() -> None:
    story = Story(CHEAT, [VOID, GOOD], watcher())
    kept: list[Record] = []
    false = story.false(1, FRAUD)
    story.play({3: lambda: kept.append(story.claim(SYBIL, false)), 5: lambda: story.reveal(SYBIL, kept[0])})
    assert (story.states(SYBIL), story.states(WATCHER)) == ([ClaimState.REFUTED], [ClaimState.UPHELD])
    assert (story.case.state, story.case.voided) == (JobState.FINAL, {0})


def test_a_last_second_false_claim_is_refuted_after_the_window() -> None:
    story = Story(WORKER, [GOOD], guard())
    kept: list[Record] = []
    story.play(
        {
            story.end - 1: lambda: kept.append(story.claim(SYBIL, story.false(outcome=FRAUD))),
            story.end + R - 2: lambda: story.reveal(SYBIL, kept[0]),
        }
    )
    assert story.states(SYBIL) == [ClaimState.REFUTED]
    assert story.case.state is JobState.FINAL
    assert story.gained(WORKER) > 0


def test_a_watcher_that_dies_between_any_two_moves_goes_on_from_the_record() -> None:
    """Every second another process with the same record: nothing but what is on record and on the chain is kept."""
    story = Story(CHEAT, [FRAUD])
    records: list[Record] = []
    for second in range(200):
        story.world.now = START + second
        fresh = Honest(WATCHER, POLICY, records=records)
        fresh.act(story.world)
        assert fresh.refused == []
    assert story.case.state is JobState.SLASHED
    assert len(story.world.court.claims) == 1
    assert story.gained(WATCHER) == story.case.rfp.job_bond // 5
