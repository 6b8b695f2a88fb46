"""The court's acts one by one: when each is taken, with which of the contract's errors refused, who is paid what."""

from collections.abc import Callable

import pytest

from atomic_verify.protocol.court import Court, Reveal, Terms
from atomic_verify.protocol.dispute_types import ClaimState, DisputeParams, Subject, Turn
from atomic_verify.protocol.errors import DisputeRefused
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.types import Address, Amount, JobId, Rfp
from tests.unit.protocol.conftest import account

WATCHER, LIAR, OTHER, FEES = (account(number) for number in (0xAA, 0xBB, 0xCC, 0xFE))
PARAMS = DisputeParams(100, 80, Amount(1), Amount(50_000), Amount(400_000))
BOND, PREFUND, R = 30_000_000, 2_750_000, 20
JOB, OTHER_JOB = JobId(b"\x01" * 32), JobId(b"\x02" * 32)
START, WINDOW = 1_000, 3_600
END = START + WINDOW
DEPTH = 3
RESERVE = 2 * DEPTH * 4_000_000
FUNDS = 10**20


@pytest.fixture
def court(rfp: Rfp, worker: Address) -> Court:
    """One committed job of three items, at second 1,000."""
    made = Court(Terms(PARAMS, R, 100, FEES, Amount(10**18 // 2)))
    for who in (WATCHER, LIAR, OTHER, worker, rfp.requester):
        made.ledger.funds[who] += FUNDS
        made.ledger.payments[who] += FUNDS
    made.file_job(JOB, rfp, worker, START, depth=DEPTH, void_only=False)
    return made


def claimed(
    court: Court,
    *,
    outcome: Outcome = Outcome.VOID,
    item: int = 0,
    who: Address = WATCHER,
    at: int = START + 10,
    broken: tuple[tuple[int, int], ...] = (),
    gas: int = 1_000_000,
) -> int:
    """A claim, sealed and revealed one second later."""
    terms = Reveal(JOB, item, outcome, frozenset(broken))
    court.seal(who, (terms, at), at)
    return court.reveal(who, (terms, at), terms, at + 1, gas=gas)


def refused(act: Callable[[], object]) -> str:
    """The contract's error that the act is refused with."""
    with pytest.raises(DisputeRefused) as caught:
        act()
    return str(caught.value.details["error"])


def gains(court: Court, *accounts: Address) -> list[int]:
    return [court.ledger.funds[who] - FUNDS for who in accounts]


# Claims


def test_a_claim_locks_bond_and_reserve_and_gets_them_back_with_its_cost(court: Court, rfp: Rfp) -> None:
    claim = claimed(court)
    assert gains(court, WATCHER) == [-BOND - RESERVE]
    assert court.uphold(claim, START + 111) == 1_000_000
    assert gains(court, WATCHER) == [1_000_000]
    assert court.ledger.job_bonds[JOB] == rfp.job_bond - 1_000_000
    assert court.claims[claim].state is ClaimState.UPHELD
    assert (court.jobs[JOB].result.void_items, court.jobs[JOB].result.challenger) == (1, WATCHER)


def test_the_cost_of_a_claim_is_capped(court: Court) -> None:
    claim = claimed(court, gas=9_000_000)
    assert court.uphold(claim, START + 200) == 3_000_000


def test_a_void_item_costs_once_and_all_of_them_three_eighths_of_the_bond(court: Court, rfp: Rfp) -> None:
    court.jobs[JOB].rfp = cheap = type(rfp).from_abi([*rfp.to_abi()[:7], 5_000_001, *rfp.to_abi()[8:]])
    court.ledger.job_bonds[JOB] = cheap.job_bond
    claims = [claimed(court, item=item, at=START + 10 + n, gas=1_800_000) for n, item in enumerate((0, 0, 1, 2))]
    assert [court.uphold(claim, START + 300) for claim in claims] == [1_800_000, 0, 75_000, 0]
    assert court.jobs[JOB].result.costs == 1_875_000


@pytest.mark.parametrize(
    ("sealed_at", "revealed_at", "error"),
    [
        (START + 10, START + 10, "SealTooFresh"),
        (START + 10, START + 10 + R, "SealTooOld"),
        (END, END + 1, "TooLateToDispute"),
    ],
)
def test_a_seal_counts_only_in_its_time(court: Court, sealed_at: int, revealed_at: int, error: str) -> None:
    terms = Reveal(JOB, 0, Outcome.VOID)
    court.seal(WATCHER, "s", sealed_at)
    assert refused(lambda: court.reveal(WATCHER, "s", terms, revealed_at)) == error


def test_the_last_seconds_of_window_and_r_count(court: Court) -> None:
    terms = Reveal(JOB, 0, Outcome.VOID)
    court.seal(WATCHER, "s", END - 1)
    assert court.reveal(WATCHER, "s", terms, END - 2 + R) == 1


def test_a_copied_seal_is_nobody_else_s(court: Court) -> None:
    terms = Reveal(JOB, 0, Outcome.VOID)
    court.seal(WATCHER, "s", START + 1)
    court.seal(LIAR, "s", START + 1)
    assert refused(lambda: court.seal(WATCHER, "s", START + 2)) == "BadSeal"
    assert refused(lambda: court.reveal(OTHER, "s", terms, START + 2)) == "BadSeal"
    court.reveal(WATCHER, "s", terms, START + 2)
    assert refused(lambda: court.reveal(WATCHER, "s", terms, START + 3)) == "BadSeal"


def test_an_unrevealed_seal_burns_after_r(court: Court) -> None:
    court.seal(LIAR, "s", START + 1)
    assert refused(lambda: court.burn_seal(LIAR, "s", START + R)) == "SealTooFresh"
    court.burn_seal(LIAR, "s", START + 1 + R)
    assert court.ledger.burned == BOND
    assert refused(lambda: court.burn_seal(LIAR, "s", START + 2 + R)) == "BadSeal"


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        (Reveal(OTHER_JOB, 0, Outcome.VOID), "NothingToDispute"),
        (Reveal(JOB, 3, Outcome.VOID), "NoSuchPlace"),
        (Reveal(JOB, 0, Outcome.NONE), "WithinAccept"),
        (Reveal(JOB, 0, Outcome.REJECTED), "WithinAccept"),
    ],
)
def test_what_shows_nothing_is_no_claim(court: Court, terms: Reveal, error: str) -> None:
    court.seal(WATCHER, "s", START + 1)
    assert refused(lambda: court.reveal(WATCHER, "s", terms, START + 2)) == error
    assert court.jobs[JOB].result.open_claims == 0


def test_a_claim_on_a_job_that_is_final_is_refused(court: Court) -> None:
    court.seal(WATCHER, "s", END - 1)
    court.finalize(JOB, END + R)
    assert refused(lambda: court.reveal(WATCHER, "s", Reveal(JOB, 0, Outcome.VOID), END + R - 2)) == "NothingToDispute"


def test_a_false_claim_dies_at_once_and_pays_refuter_worker_and_the_fire(court: Court, worker: Address) -> None:
    before = court.ledger.funds[worker]
    claim = claimed(court, who=LIAR, broken=((2, 5),))
    assert refused(lambda: court.refute(OTHER, claim, (2, 6), gas=1)) == "NothingWrong"
    reward = court.refute(OTHER, claim, (2, 5), gas=700_000)
    assert reward == 750_000
    to_worker = (BOND - reward) // 2
    assert gains(court, OTHER, LIAR) == [reward, -BOND - RESERVE]
    assert court.ledger.funds[worker] - before == to_worker + RESERVE // 2
    assert court.ledger.burned == BOND - reward - to_worker + RESERVE // 2
    assert refused(lambda: court.refute(OTHER, claim, (2, 5))) == "ClaimNotOpen"
    assert refused(lambda: court.uphold(claim, START + 500)) == "ClaimNotOpen"


def test_who_refutes_its_own_claim_loses_half_of_the_bond_at_least(court: Court) -> None:
    claim = claimed(court, who=LIAR, broken=((0, 0),))
    court.refute(LIAR, claim, (0, 0), gas=10**9)
    assert gains(court, LIAR)[0] <= -BOND // 2


def test_a_claim_is_upheld_when_its_window_is_over_and_not_before(court: Court) -> None:
    claim = claimed(court)
    assert refused(lambda: court.uphold(claim, START + 110)) == "TooEarlyToUphold"
    court.uphold(claim, START + 111)
    assert refused(lambda: court.refute(OTHER, claim, (0, 0))) == "ClaimNotOpen"


def test_an_invalid_model_takes_no_claims_and_loses_those_it_has(court: Court) -> None:
    first, second = claimed(court), claimed(court, item=1, at=START + 20)
    assert refused(lambda: court.dismiss(OTHER, first)) == "ModelNotInvalid"
    assert refused(lambda: court.invalidate(OTHER, first, is_invalid=False)) == "NothingWrong"
    court.invalidate(OTHER, first, is_invalid=True, gas=500_000)
    court.dismiss(OTHER, second, gas=100_000)
    court.seal(WATCHER, "s", START + 30)
    terms = Reveal(JOB, 0, Outcome.SLASH)
    assert refused(lambda: court.reveal(WATCHER, "s", terms, START + 31)) == "ModelIsInvalid"


def test_a_void_only_model_is_never_slashed_for_a_value(court: Court, rfp: Rfp, worker: Address) -> None:
    court.jobs[JOB].void_only = True
    claim = claimed(court, outcome=Outcome.SLASH)
    court.uphold(claim, START + 300)
    assert court.finalize(JOB, END + R).state is JobState.FINAL


def test_the_lowest_id_that_convicts_takes_the_reward(court: Court, rfp: Rfp) -> None:
    first = claimed(court, outcome=Outcome.SLASH, who=WATCHER)
    second = claimed(court, outcome=Outcome.SLASH, who=OTHER, item=1, at=START + 20)
    court.uphold(second, START + 500)
    court.uphold(first, START + 501)
    found = court.finalize(JOB, END + R)
    assert court.jobs[JOB].result.challenger == WATCHER
    assert gains(court, WATCHER, OTHER) == [found.bond.reward, 0]
    assert found.bond.reward == rfp.job_bond // 5


def test_a_sybil_s_void_does_not_pre_empt_a_slash(court: Court) -> None:
    early = claimed(court, who=LIAR)
    late = claimed(court, outcome=Outcome.SLASH, at=START + 50)
    court.uphold(early, START + 111)
    court.uphold(late, START + 200)
    found = court.finalize(JOB, END + R)
    assert (found.state, court.jobs[JOB].result.challenger) == (JobState.SLASHED, WATCHER)
    assert found.bond.reward == (court.jobs[JOB].rfp.job_bond - 1_000_000) // 5


def test_fifty_parallel_claims_all_end(court: Court) -> None:
    claims = [claimed(court, item=number % 3, at=START + 10 + number) for number in range(50)]
    for claim in claims:
        court.uphold(claim, START + 1_000)
    assert (court.jobs[JOB].result.open_claims, court.jobs[JOB].result.void_items) == (0, 3)
    assert court.ledger.dispute_bonds == 0


# Lines


def test_an_answered_line_on_a_result_costs_its_opener_the_answers(court: Court, worker: Address) -> None:
    before = court.ledger.funds[worker]
    line = court.demand_item(WATCHER, JOB, Subject.RESULT, 1, START + 5)
    assert gains(court, WATCHER) == [-PREFUND]
    assert court.answer(worker, line, START + 9, gas=600_000) == 600_000
    court.close_line(WATCHER, line, START + 10)
    assert gains(court, WATCHER) == [-600_000]
    assert court.ledger.funds[worker] - before == 600_000
    assert court.jobs[JOB].result.open_claims == 0


def test_a_worker_that_answers_nothing_is_convicted_and_its_demander_rewarded(court: Court, rfp: Rfp) -> None:
    line = court.demand_item(WATCHER, JOB, Subject.INPUT, 1, END - 1)
    assert refused(lambda: court.lapse(line, END - 1 + 79)) == "ClockStillRuns"
    assert refused(lambda: court.close_line(WATCHER, line, END + 70)) == "NotYourTurn"
    assert refused(lambda: court.answer(OTHER, line, END - 1 + 80)) == "ClockRanOut"
    assert refused(lambda: court.finalize(JOB, END + R)) == "ClaimsOpen"
    court.lapse(line, END - 1 + 80)
    assert court.finalize(JOB, END + 80).state is JobState.SLASHED
    assert gains(court, WATCHER) == [rfp.job_bond // 5]


@pytest.mark.parametrize("subject", [Subject.NONE, Subject.TRACE])
def test_only_results_and_inputs_are_demanded_of_a_worker(court: Court, subject: Subject) -> None:
    assert refused(lambda: court.demand_item(WATCHER, JOB, subject, 0, START + 5)) == "WrongLine"


def test_lines_on_results_are_opened_within_the_window(court: Court) -> None:
    assert refused(lambda: court.demand_item(WATCHER, JOB, Subject.RESULT, 0, END)) == "TooLateToDispute"
    assert refused(lambda: court.demand_item(WATCHER, JOB, Subject.RESULT, 3, START)) == "NoSuchPlace"


def test_both_clocks_run_for_all_rounds_together(court: Court, worker: Address) -> None:
    line = court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START)
    court.answer(worker, line, START + 50)
    assert refused(lambda: court.demand_item(OTHER, JOB, Subject.RESULT, 0, START + 60, line=line)) == "WrongLine"
    assert refused(lambda: court.demand_item(WATCHER, JOB, Subject.INPUT, 0, START + 60, line=line)) == "WrongLine"
    court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START + 50 + 79, line=line)
    assert refused(lambda: court.answer(worker, line, START + 129 + 30)) == "ClockRanOut"
    court.answer(worker, line, START + 129 + 29)
    assert refused(lambda: court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START + 159, line=line)) == "ClockRanOut"
    court.close_line(LIAR, line, START + 159)
    assert refused(lambda: court.close_line(LIAR, line, START + 159)) == "NotYourTurn"


def test_a_line_has_twice_the_depth_in_rounds(court: Court, worker: Address) -> None:
    line = court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START)
    for number in range(2 * DEPTH - 1):
        court.answer(worker, line, START + number)
        court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START + number, line=line)
    court.answer(worker, line, START + 9)
    assert refused(lambda: court.demand_item(WATCHER, JOB, Subject.RESULT, 0, START + 9, line=line)) == "TooManyRounds"


def test_a_late_answer_leaves_its_demander_the_time_to_claim(court: Court, worker: Address) -> None:
    line = court.demand_item(WATCHER, JOB, Subject.RESULT, 0, END - 1)
    court.answer(worker, line, END + 70)
    terms = Reveal(JOB, 0, Outcome.SLASH)
    court.seal(WATCHER, "s", END + 71)
    court.seal(OTHER, "t", END + 71)
    assert refused(lambda: court.reveal(WATCHER, "s", terms, END + 72)) == "TooLateToDispute"
    assert refused(lambda: court.reveal(OTHER, "t", terms, END + 72, line=line)) == "WrongLine"
    wrong_item = Reveal(JOB, 1, Outcome.SLASH)
    assert refused(lambda: court.reveal(WATCHER, "s", wrong_item, END + 72, line=line)) == "WrongLine"
    claim = court.reveal(WATCHER, "s", terms, END + 72, line=line)
    court.close_line(WATCHER, line, END + 73)
    court.uphold(claim, END + 172)
    assert court.finalize(JOB, END + 172).state is JobState.SLASHED


def test_an_unanswered_line_kills_a_claim_and_pays_all_its_opener_spent(court: Court, worker: Address) -> None:
    claim = claimed(court, who=LIAR)
    line = court.demand_trace(WATCHER, claim, START + 20, gas=100_000)
    assert gains(court, WATCHER) == [-PREFUND - PARAMS.line_bond]
    court.answer(LIAR, line, START + 30, gas=500_000)
    court.demand_trace(WATCHER, claim, START + 40, line=line, gas=200_000)
    assert refused(lambda: court.uphold(claim, START + 111)) == "LinesOpen"
    court.lapse(line, START + 40 + 70)
    # Its prefunds are back but for the answer, which the claim's reserve repays as it does the gas of its demands.
    assert gains(court, WATCHER) == [300_000 + 240_000 + PARAMS.refute_reward]
    assert court.claims[claim].state is ClaimState.REFUTED
    assert court.claims[claim].reserve == 0


def test_the_killer_s_line_is_repaid_before_all_others(court: Court) -> None:
    claim = claimed(court, who=LIAR, broken=((0, 0),))
    first = court.demand_trace(LIAR, claim, START + 20, gas=1_250_000)
    second = court.demand_trace(WATCHER, claim, START + 21, gas=1_250_000)
    court.claims[claim].reserve = Amount(1_300_000)
    court.ledger.burn(RESERVE - 1_300_000)
    court.refute(WATCHER, claim, (0, 0), gas=0)
    assert court.lines[second].turn is Turn.CLOSED
    assert gains(court, WATCHER) == [PARAMS.refute_reward + 1_250_000]
    court.close_line(OTHER, first, START + 22)
    assert gains(court, LIAR) == [-BOND - RESERVE + 50_000]


def test_a_line_on_a_claim_that_lives_loses_its_bond(court: Court) -> None:
    claim = claimed(court)
    line = court.demand_trace(LIAR, claim, START + 110)
    court.answer(WATCHER, line, START + 120, gas=0)
    assert refused(lambda: court.close_line(OTHER, line, START + 199)) == "ClockStillRuns"
    court.close_line(OTHER, line, START + 200)
    court.uphold(claim, START + 200)
    assert gains(court, LIAR, WATCHER) == [-PARAMS.line_bond, PARAMS.line_bond // 2 + 1_000_000]


def test_a_trace_is_demanded_within_the_refute_window_by_one_line_of_each_account(court: Court) -> None:
    claim = claimed(court)
    assert refused(lambda: court.demand_trace(LIAR, claim, START + 111)) == "TooLateToDispute"
    court.demand_trace(LIAR, claim, START + 110)
    assert refused(lambda: court.demand_trace(LIAR, claim, START + 110)) == "WrongLine"
    court.demand_trace(OTHER, claim, START + 110)
    assert court.claims[claim].open_lines == 2


def test_nobody_answers_or_lapses_what_is_moot(court: Court) -> None:
    claim = claimed(court, who=LIAR, broken=((0, 0),))
    line = court.demand_trace(WATCHER, claim, START + 20)
    court.refute(OTHER, claim, (0, 0))
    assert refused(lambda: court.answer(LIAR, line, START + 21)) == "ClaimNotOpen"
    assert refused(lambda: court.lapse(line, START + 500)) == "ClaimNotOpen"
    court.close_line(OTHER, line, START + 22)
    assert gains(court, WATCHER) == [0]


def test_an_act_without_money_is_refused(court: Court) -> None:
    poor = account(0xDEAD)
    claim = claimed(court)
    assert refused(lambda: court.seal(poor, "s", START)) == "ERC20InsufficientBalance"
    assert refused(lambda: court.demand_trace(poor, claim, START + 20)) == "ERC20InsufficientBalance"
    assert refused(lambda: court.demand_item(poor, JOB, Subject.RESULT, 0, START + 20)) == "ERC20InsufficientBalance"
    assert (court.claims[claim].open_lines, court.jobs[JOB].result.open_claims) == (0, 1)


@pytest.mark.parametrize("number", [0, 7])
def test_what_doesn_t_exist_is_refused(court: Court, number: int) -> None:
    assert refused(lambda: court.refute(OTHER, number, (0, 0))) == "ClaimNotOpen"
    assert refused(lambda: court.lapse(number, END)) == "WrongTerms"
    assert refused(lambda: court.close_line(OTHER, number, END)) == "WrongTerms"
    assert refused(lambda: court.answer(OTHER, number, END)) == "NotYourTurn"
    assert refused(lambda: court.finalize(JobId(bytes(32)), END)) == "NotCommitted"


def test_the_third_void_job_of_a_worker_is_a_slash(court: Court, rfp: Rfp, worker: Address) -> None:
    ends = []
    for number in range(3):
        job = JobId(bytes([number + 10]) * 32)
        court.file_job(job, rfp, worker, START, depth=DEPTH, void_only=False)
        terms = Reveal(job, 0, Outcome.VOID)
        court.seal(WATCHER, number, START + 1)
        claim = court.reveal(WATCHER, number, terms, START + 2)
        court.uphold(claim, START + 200)
        ends.append(court.finalize(job, END + R).state)
    assert ends == [JobState.FINAL, JobState.FINAL, JobState.SLASHED]
