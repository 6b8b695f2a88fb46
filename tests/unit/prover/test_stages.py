"""When each stage is due: exactly in its span, for exactly the worker whose step it is."""

from dataclasses import replace

import pytest

from atomic_verify.commitments import Digest
from atomic_verify.protocol.auction import payment_of
from atomic_verify.protocol.primitives import Amount
from atomic_verify.protocol.types import Guarantee, JobState
from atomic_verify.storage.records import CreditRecord, JobRecord
from prover.outputs import Output
from prover.stages import STAGES, Own, announce, reassign, withdraw
from prover.views import View
from tests.unit.prover.jobs import (
    ACCEPT,
    AWARD_END,
    BIDDING_END,
    CLAIM_REVEAL,
    DEADLINE,
    ME,
    POSTED_AT,
    REVEAL_END,
    RIVAL,
    TOKEN,
    WINDOW,
    awarded,
    committed,
    posted,
    revealed,
    sealed,
    seen,
    spent,
)

NOTHING = Own()
INPUT = Own(input_held=True)
PUBLISHED = Output(Digest(b"\x01" * 32), "ab" * 32)
OUTPUT = Own(input_held=True, output=PUBLISHED, executed=PUBLISHED)
EXECUTED = Own(input_held=True, executed=PUBLISHED)

FINAL_AT = REVEAL_END + 5 + WINDOW + CLAIM_REVEAL


def due(view: View, own: Own = NOTHING) -> set[str]:
    return {stage.NAME for stage in STAGES if stage.due(view, own)}


@pytest.mark.parametrize(
    ("what", "record", "now", "own", "expected"),
    [
        ("bidding opens", posted(), POSTED_AT, NOTHING, {"fetch", "bid"}),
        ("the input is here", posted(), POSTED_AT, INPUT, {"bid"}),
        ("the last second of bidding", posted(), BIDDING_END - 1, INPUT, {"bid"}),
        ("bidding is over", posted(), BIDDING_END, INPUT, set()),
        ("one has bid", posted(sealed()), POSTED_AT + 2, INPUT, set()),
        ("one has bid, and the input was lost", posted(sealed()), POSTED_AT + 2, NOTHING, {"fetch"}),
        ("revealing opens", posted(sealed()), BIDDING_END, INPUT, {"reveal"}),
        ("without its input", posted(sealed()), BIDDING_END, NOTHING, {"fetch", "reveal"}),
        ("the last second of revealing", posted(sealed()), REVEAL_END - 1, INPUT, {"reveal"}),
        ("revealing is over", posted(sealed()), REVEAL_END, INPUT, set()),
        ("all have revealed", posted(revealed()), BIDDING_END, INPUT, {"award"}),
        ("another hasn't revealed", posted(revealed(), sealed(RIVAL, 2)), REVEAL_END - 1, INPUT, set()),
        ("another never revealed", posted(revealed(), sealed(RIVAL, 2)), REVEAL_END, INPUT, {"award"}),
        ("another won", posted(revealed(), revealed(RIVAL, 1, 2)), REVEAL_END, INPUT, set()),
        ("the last second to award", posted(revealed()), AWARD_END - 1, INPUT, {"award"}),
        ("nobody awarded", posted(revealed()), AWARD_END, INPUT, {"release"}),
        ("nobody awarded another's bid", posted(revealed(RIVAL)), AWARD_END, INPUT, set()),
        ("mine to do", awarded(ME), REVEAL_END, NOTHING, {"fetch"}),
        ("mine, with its input", awarded(ME), REVEAL_END, INPUT, {"execute"}),
        ("mine, done", awarded(ME), DEADLINE - 1, OUTPUT, {"commit"}),
        (
            "mine, done before the input was found again",
            awarded(ME),
            REVEAL_END,
            replace(OUTPUT, input_held=False),
            {"commit"},
        ),
        ("mine, too late", awarded(ME), DEADLINE, OUTPUT, set()),
        ("mine, too late to begin", awarded(ME), DEADLINE, INPUT, set()),
        ("another's, in time", awarded(RIVAL, revealed()), DEADLINE - 1, INPUT, set()),
        ("another's, missed", awarded(RIVAL, revealed()), DEADLINE, INPUT, {"reassign"}),
        ("another's, missed, without the input", awarded(RIVAL, revealed()), DEADLINE, NOTHING, {"fetch"}),
        (
            "the first runner-up's turn",
            awarded(RIVAL, revealed(), revealed(TOKEN, 1, 3)),
            DEADLINE + ACCEPT - 1,
            INPUT,
            set(),
        ),
        (
            "the second's turn",
            awarded(RIVAL, revealed(), revealed(TOKEN, 1, 3)),
            DEADLINE + ACCEPT,
            INPUT,
            {"reassign"},
        ),
        ("the window is open", committed(), FINAL_AT - 1, OUTPUT, set()),
        ("the window is over", committed(), FINAL_AT, OUTPUT, {"finalize"}),
        ("a claim is open", committed(open_claims=1), FINAL_AT, OUTPUT, set()),
        ("another's result", committed(RIVAL), FINAL_AT, OUTPUT, set()),
        ("final", replace(committed(), state=JobState.FINAL), FINAL_AT + 1, OUTPUT, set()),
        ("expired with a bond", replace(posted(revealed()), state=JobState.EXPIRED), AWARD_END, INPUT, {"release"}),
        ("expired, released", replace(posted(spent()), state=JobState.EXPIRED), AWARD_END, INPUT, set()),
    ],
)
def test_what_is_due(what: str, record: JobRecord, now: int, own: Own, expected: set[str]) -> None:
    assert due(seen(record, now), own) == expected, what


def proven(record: JobRecord, guarantee: Guarantee) -> JobRecord:
    return replace(record, rfp=replace(record.rfp, guarantee=guarantee))


NEITHER = replace(EXECUTED, input_held=False)
PROVEN = replace(OUTPUT, input_held=False)


@pytest.mark.parametrize(
    ("what", "now", "own", "hybrid", "whole"),
    [
        ("awarded", REVEAL_END, INPUT, {"execute", "verifier"}, {"execute", "verifier"}),
        ("executed", REVEAL_END, EXECUTED, {"prove", "verifier"}, {"prove", "verifier"}),
        ("executed before a restart", REVEAL_END, NEITHER, {"prove", "verifier"}, {"fetch", "verifier"}),
        ("proven", DEADLINE - 1, OUTPUT, {"commit", "verifier"}, {"commit", "verifier"}),
        ("proven before a restart", DEADLINE - 1, PROVEN, {"commit", "verifier"}, {"fetch", "verifier"}),
        ("too late to prove", DEADLINE, EXECUTED, set(), set()),
        ("too late to commit", DEADLINE, OUTPUT, set(), set()),
    ],
)
def test_what_is_due_about_a_job_with_proofs(what: str, now: int, own: Own, hybrid: set[str], whole: set[str]) -> None:
    assert due(seen(proven(awarded(ME), Guarantee.HYBRID), now), own) == hybrid, what
    assert due(seen(proven(awarded(ME), Guarantee.PROVEN), now), own) == whole, what


@pytest.mark.parametrize("guarantee", [Guarantee.HYBRID, Guarantee.PROVEN])
def test_nothing_is_proven_or_deployed_for_others(guarantee: Guarantee) -> None:
    assert due(seen(proven(awarded(RIVAL, revealed()), guarantee), REVEAL_END), EXECUTED) == set()
    assert due(seen(proven(posted(), guarantee), POSTED_AT), INPUT) == {"bid"}


def test_a_job_that_was_proven_whole_is_over_and_a_hybrid_one_waits_for_its_window() -> None:
    over = replace(proven(committed(), Guarantee.PROVEN), state=JobState.FINAL)
    assert due(seen(over, FINAL_AT + 1), OUTPUT) == set()
    assert due(seen(proven(committed(), Guarantee.HYBRID), FINAL_AT), OUTPUT) == {"finalize"}


def test_a_runner_up_without_stake_takes_nothing_over() -> None:
    assert due(seen(awarded(RIVAL, revealed()), DEADLINE, free_stake=0), INPUT) == set()


def test_free_stake_does_not_decide_whether_a_bid_is_judged() -> None:
    assert "bid" in due(seen(posted(), POSTED_AT, free_stake=0), INPUT)


def test_a_runner_up_is_paid_by_the_next_remaining_bid() -> None:
    view = seen(awarded(RIVAL, revealed(price=100), revealed(TOKEN, 300, 3)), DEADLINE)
    assert reassign.payment(view) == payment_of(Amount(1_000_000), 11_000, 300 * 11_000) == 300
    last = seen(awarded(RIVAL, revealed(price=400), revealed(TOKEN, 300, 3)), DEADLINE + ACCEPT)
    assert reassign.payment(last) == 1_000_000


def test_the_most_urgent_is_the_one_with_the_nearest_deadline() -> None:
    assert seen(awarded(ME), DEADLINE - 3).seconds_left == 3
    assert seen(posted(sealed()), REVEAL_END - 2).seconds_left == 2
    assert seen(posted(), BIDDING_END - 7).seconds_left == 7
    assert seen(committed(), FINAL_AT).seconds_left is None


def test_an_endpoint_is_announced_when_it_changed() -> None:
    assert announce.due(None, "http://a")
    assert announce.due("http://b", "http://a")
    assert not announce.due("http://a", "http://a")


@pytest.mark.parametrize(
    ("owed", "is_idle", "expected"), [(1000, False, 0), (1001, False, 1), (100, True, 0), (101, True, 1), (0, True, 0)]
)
def test_credit_is_withdrawn_above_the_threshold(owed: int, is_idle: bool, expected: int) -> None:
    owing = [CreditRecord(ME, TOKEN, Amount(owed))]
    assert len(withdraw.due(owing, Amount(1000), is_idle=is_idle)) == expected
