"""The view of a case: clocks that follow from the events, seals that follow from the record and the chain."""

from dataclasses import replace

import pytest

from atomic_verify.commitments import Digest
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import (
    ClaimState,
    ClaimTerms,
    Demand,
    DisputeParams,
    LineEnd,
    Outcome,
    Run,
    Subject,
    Turn,
)
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, RoundRecord, SealRecord
from prover.watching.cases import Case, ModelFacts
from prover.watching.claiming import SealedClaim
from prover.watching.sealed import RecordedClaim
from prover.watching.views import DisputeConstants, view_of
from tests.unit.prover.jobs import JOB, ME, RIVAL, committed, point

PARAMS = DisputeParams(100, 1_000, Amount(2), Amount(3), Amount(5))
CONSTANTS = DisputeConstants(31_337, Address("0x" + "66" * 20), PARAMS, 7)
DEMAND = Demand(Subject.TRACE, Digest(b"\x07" * 32), 0, 0, 9, (Run(1, 0, 1, 1),))
TERMS = ClaimTerms(JOB, 3, 0, 5, Digest(b"\x08" * 32), Digest(b"\x09" * 32))
SEALED = RecordedClaim(SealedClaim(TERMS, b"\x01" * 32, b"\x02" * 32), Outcome.SLASH)


def line(*times: int) -> LineRecord:
    """A line whose demands and answers came at these times, beginning with a demand; each side has 1000 s."""
    left, rounds = {"opener": 1_000, "answerer": 1_000}, []
    before = times[0]
    for place, at in enumerate(times):
        if place % 2 == 0:
            left["opener"] -= at - before if place else 0
            rounds.append(RoundRecord(place // 2 + 1, DEMAND, Amount(1), at + left["answerer"], point(at)))
        else:
            left["answerer"] -= at - before
            rounds[-1] = replace(rounds[-1], answerer=RIVAL, demand_by=at + left["opener"], answered=point(at))
        before = at
    return LineRecord(4, JOB, ME, Subject.TRACE, 2, 3, point(times[0]), tuple(rounds))


def view(*lines: LineRecord, claims=(), own=(), sealed=None, **facts):
    model = ModelFacts(**{"depth": 6, "is_disputable": True, **facts})
    case = Case(committed(RIVAL, at=500), model, tuple(claims), tuple(lines))
    return view_of(case, ME, CONSTANTS, own, sealed or {})


@pytest.mark.parametrize(
    ("times", "turn", "since", "opener_left", "answerer_left", "ends"),
    [
        ((600,), Turn.ANSWERER, 600, 1_000, 1_000, 1_600),
        ((600, 650), Turn.DEMANDER, 650, 1_000, 950, 1_650),
        ((600, 650, 660), Turn.ANSWERER, 660, 990, 950, 1_610),
        ((600, 650, 660, 700), Turn.DEMANDER, 700, 990, 910, 1_690),
    ],
)
def test_clocks_follow_from_the_events(times, turn, since, opener_left, answerer_left, ends) -> None:
    (found,) = view(line(*times)).lines
    assert (found.turn, found.since) == (turn, since)
    assert (found.opener_left, found.answerer_left) == (opener_left, answerer_left)
    assert found.clock_ends == ends
    assert (found.rounds, found.max_rounds) == ((len(times) + 1) // 2, 12)
    assert (found.demand is None) == (turn is Turn.DEMANDER)


def test_a_closed_line_waits_for_nobody() -> None:
    (found,) = view(replace(line(600, 650), end=LineEnd.LEFT, closed=point(700))).lines
    assert found.turn is Turn.CLOSED
    assert not found.is_open


def test_an_own_seal_is_known_from_the_record_before_the_chain_knows_it() -> None:
    (unsent,) = view(own=[SEALED]).own_seals
    assert (unsent.terms, unsent.outcome, unsent.sealed_at, unsent.is_used) == (TERMS, Outcome.SLASH, None, False)
    on_chain = SealRecord(SEALED.claim.seal, ME, Amount(1), point(520))
    (sent,) = view(own=[SEALED], sealed={SEALED.claim.seal: on_chain}).own_seals
    assert (sent.sealed_at, sent.is_used) == (520, False)
    used = replace(on_chain, claim=2, revealed=point(530))
    assert view(own=[SEALED], sealed={SEALED.claim.seal: used}).own_seals[0].is_used


def test_a_case_is_told_as_the_chain_has_it() -> None:
    claim = ClaimRecord(
        2, TERMS, RIVAL, b"\x03" * 32, Digest(b"\x04" * 32), Outcome.VOID, Amount(1), Amount(1), 700, point(600)
    )
    found = view(claims=[claim], is_invalid=True)
    assert (found.worker, found.committed_at, found.is_model_invalid, found.reveal_time) == (RIVAL, 500, True, 7)
    (told,) = found.claims
    assert (told.state, told.revealed_at, found.upholdable_at(told)) == (ClaimState.OPEN, 600, 700)
