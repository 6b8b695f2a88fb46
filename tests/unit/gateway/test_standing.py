"""Which items have an answer, and what is told of claims and lines."""

from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.gateway.dispute_views import claim_detail, claim_view, line_view
from atomic_verify.gateway.errors import ItemVoid, ResultSlashed
from atomic_verify.gateway.problems import problem
from atomic_verify.gateway.reading import require_standing
from atomic_verify.gateway.views import item_view, job_view
from atomic_verify.protocol.dispute_types import ClaimState, ClaimTerms, Demand, LineEnd, Run, Subject
from atomic_verify.protocol.types import Amount, JobState, Outcome, parse_address
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, Refutation, RoundRecord
from atomic_verify.storage.records import Point, ResultRecord, VoidRecord
from tests.unit.prover.jobs import JOB, posted

WORD, TRACE = b"\x07" * 32, b"\x08" * 32
WHO, OTHER = parse_address("0x" + "aa" * 20), parse_address("0x" + "bb" * 20)
AT = Point(9, "0xb", 1_000, "0xt", 0)

RESULT = ResultRecord(1, OTHER, WORD, "ab" * 32, 5_000, AT)
VOID = VoidRecord(1, WHO, Amount(5), AT)
CLAIM = ClaimRecord(
    id=4,
    terms=ClaimTerms(JOB, 1, 0, 2**60, TRACE, WORD),
    claimer=WHO,
    seal=WORD,
    inputs=WORD,
    outcome=Outcome.VOID,
    bond=Amount(2**80),
    cost=Amount(7),
    upholdable_at=2_000,
    revealed=AT,
)
DEMAND = Demand(Subject.TRACE, WORD, 0, 0, 9, (Run(3, 5, 2, 8),))
LINE = LineRecord(5, JOB, OTHER, Subject.TRACE, 4, 1, AT, (RoundRecord(1, DEMAND, Amount(3), 3_000, AT),))


def committed(result: ResultRecord, state: JobState = JobState.COMMITTED) -> Any:
    return replace(posted(), state=state, result=result)


def test_an_item_stands_until_a_claim_makes_it_void() -> None:
    require_standing(committed(RESULT), RESULT, 1)
    void = replace(RESULT, voids=(VOID,))
    require_standing(committed(void), void, 0)
    with pytest.raises(ItemVoid) as caught:
        require_standing(committed(void), void, 1)
    assert caught.value.details == {"state": "void", "item": 1, "challenger": WHO, "transaction": "0xt"}
    assert problem(caught.value, "/").status_code == 410


@pytest.mark.parametrize(
    ("state", "convicted"), [(JobState.COMMITTED, True), (JobState.SLASHED, True), (JobState.SLASHED, False)]
)
def test_nothing_stands_of_a_worker_that_was_slashed(state: JobState, convicted: bool) -> None:
    result = replace(RESULT, slashed=convicted, challenger=WHO)
    with pytest.raises(ResultSlashed) as caught:
        require_standing(committed(result, state), result, 0)
    assert problem(caught.value, "/").status_code == 410


def test_a_claim_is_told_with_numbers_that_json_keeps() -> None:
    told = claim_view(CLAIM)
    assert (told["id"], told["state"], told["element"], told["bond"]) == (4, "open", str(2**60), str(2**80))
    assert (told["trace"]["root"], told["trace"]["digest"]) == ("0x" + TRACE.hex(), WORD.hex())
    assert (told["ended_at"], told["refutation"]) == (None, None)


def test_a_dead_claims_bond_is_told_to_the_last_unit() -> None:
    refutation = Refutation(OTHER, 2, 3, 4, Amount(10), Amount(20), Amount(30))
    dead = replace(CLAIM, state=ClaimState.REFUTED, refutation=refutation, ended=AT)
    dead = replace(dead, reserve_to_worker=Amount(1), reserve_burned=Amount(2))
    told = claim_view(dead)["refutation"]
    assert (told["why"], told["step"], told["element"], told["refuter"]) == ("broken", "3", "4", OTHER)
    assert (told["reward"], told["to_worker"], told["burned"]) == ("10", "21", "32")
    unanswered = replace(dead, refutation=replace(refutation, ruling=0))
    assert claim_view(unanswered)["refutation"]["why"] == "unanswered"
    strange = replace(dead, refutation=replace(refutation, ruling=9))
    assert claim_view(strange)["refutation"]["why"] == "9"


def test_a_line_says_whose_turn_it_is_and_until_when() -> None:
    told = line_view(LINE)
    assert (told["turn"], told["due"], told["end"], told["subject"]) == ("answerer", 3_000, None, "trace")
    assert told["rounds"][0]["asks"] == [{"tensor": 3, "first": 5, "count": 2}]
    one = replace(LINE.rounds[0], answerer=WHO, paid=Amount(2), demand_by=4_000, answered=AT)
    told = line_view(replace(LINE, rounds=(one,)))
    assert (told["turn"], told["due"], told["rounds"][0]["paid"]) == ("demander", 4_000, "2")
    told = line_view(replace(LINE, end=LineEnd.LEFT, closed=AT))
    assert (told["turn"], told["due"], told["end"]) == ("closed", None, "left")


def test_a_job_tells_its_void_items_claims_and_lines() -> None:
    job = committed(replace(RESULT, voids=(VOID,), challenger=WHO))
    told = job_view(job, model=None, decisions=(), transactions=(), claims=(CLAIM,), lines=(LINE,))
    assert told["result"]["voids"] == [{"item": 1, "challenger": WHO, "charged": "5", "transaction": "0xt"}]
    assert (told["result"]["void_items"], told["result"]["costs"]) == ([1], "5")
    assert ([one["id"] for one in told["claims"]], [one["id"] for one in told["lines"]]) == ([4], [5])
    assert told["deadlines"]["window_ends"] == AT.timestamp + job.rfp.challenge_window
    assert item_view(job, job.result, 0, {}, None, True, {})["verified"] is False
    final = replace(job, state=JobState.FINAL)
    assert item_view(final, final.result, 0, {}, None, True, {})["verified"] is True


def test_a_claim_in_detail_sums_its_gas() -> None:
    told = claim_detail(CLAIM, worker=None, lines=(LINE,), transactions=())
    assert (told["worker"], told["gas"], told["lines"][0]["id"]) == (None, 0, 5)
