"""The folds of seals, claims and lines against a market that keeps its own books, and single stories in detail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.protocol.dispute_types import ClaimState, LineEnd, Turn
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Outcome, parse_address
from atomic_verify.storage.acts import act_of, telling_name
from atomic_verify.storage.dispute_projection import fold_claim, fold_line, fold_seal
from atomic_verify.storage.dispute_projector import answer_rows, kept_args
from atomic_verify.storage.projections import Subject, SubjectKind, fold_model, subjects_of
from tests.unit.storage.world import World
from tests.unit.storage.world_books import CHALLENGER, WORKERS, word
from tests.unit.storage.world_chain import WorldChain, story

choices = st.lists(st.lists(st.integers(0, 10_000), max_size=6), min_size=1, max_size=40)


def by_subject(events: list[ChainEvent]) -> dict[Subject, list[ChainEvent]]:
    found: dict[Subject, list[ChainEvent]] = {}
    for event in events:
        for subject in subjects_of(event):
            found.setdefault(subject, []).append(event)
    return found


def check_against(world: World, events: list[ChainEvent]) -> None:
    """The folds of `events` say what the world's own books say."""
    by = by_subject(events)
    for key, state in world.seals.items():
        seal = fold_seal(by[Subject(SubjectKind.SEAL, f"{parse_address(world.claimers[key])}:{key}")])
        assert seal is not None
        assert (seal.is_open, seal.revealed is not None, seal.burned is not None) == (
            state == "sealed",
            state == "revealed",
            state == "burned",
        )
        assert (seal.claim is not None) == (state == "revealed")
    for number, sim in world.claims.items():
        claim = fold_claim(by[Subject(SubjectKind.CLAIM, str(number))])
        assert claim is not None
        assert (claim.state, claim.claimer.lower(), claim.item) == (sim.state, sim.claimer, sim.item)
        assert "0x" + claim.job.hex() == sim.job.id
        assert (claim.refutation is not None) == (sim.state is ClaimState.REFUTED)
        assert claim.is_open == (claim.ended is None) == (sim.state is ClaimState.OPEN)
    for number, line_sim in world.lines.items():
        line = fold_line(by[Subject(SubjectKind.LINE, str(number))])
        assert line is not None
        assert (line.turn, line.end, len(line.rounds)) == (line_sim.turn, line_sim.end, line_sim.rounds)
        assert [one.number for one in line.rounds if one.is_answered] == line_sim.answered
        assert line.claim == (line_sim.claim.id if line_sim.claim else None)


@given(choices)
def test_the_folds_agree_with_the_market_after_any_story(branches: list[list[int]]) -> None:
    chain = WorldChain()
    for block in branches:
        chain.mine(block)
    check_against(chain.world, chain.all_events())


@pytest.mark.parametrize("seed", range(3))
def test_the_folds_agree_with_the_market_after_a_long_story(seed: int) -> None:
    chain = story(250, seed)
    check_against(chain.world, chain.all_events())
    assert {claim.state for claim in chain.world.claims.values()} >= {ClaimState.REFUTED, ClaimState.UPHELD}
    assert {line.end for line in chain.world.lines.values()} >= {LineEnd.UNANSWERED, LineEnd.LEFT}
    assert "burned" in chain.world.seals.values()


class Tale:
    """Events of one claim and one line, written by hand."""

    def __init__(self) -> None:
        self.events: list[ChainEvent] = []

    def add(self, name: str, **args: Any) -> ChainEvent:
        number = len(self.events) + 1
        place = (number, word("block", number), 1000 + number, word("tx", number), 0, 0)
        self.events.append(ChainEvent(*place, WORKERS[0], 21_000, "Disputes", name, args))
        return self.events[-1]

    def open_line(self, claim: int = 0) -> None:
        self.add(
            "LineOpened", line=4, job=word("job"), opener=CHALLENGER, subject=1 if claim else 2, claim=claim, item=1
        )
        self.demand(1)

    def demand(self, number: int) -> None:
        run = {"tensor": 0, "first": 0, "count": 1, "leaves": 1}
        demand = {"subject": 2, "root": word("r"), "item": 1, "itemCount": 3, "tensors": 1, "runs": [run]}
        self.add("Demanded", line=4, round=number, demand=demand, prefund=50, answerBy=9_000)

    def answer(self, number: int) -> ChainEvent:
        opening = {"leaves": "0x" + "00" * 512, "proof": [], "path": []}
        answer = {"openings": [opening], "itemRoot": word("i"), "itemPath": []}
        return self.add("Answered", line=4, round=number, answerer=WORKERS[0], answer=answer, paid=20, demandBy=9_500)


def test_a_lines_turns_and_clocks() -> None:
    tale = Tale()
    assert fold_line(tale.events) is None
    tale.open_line(claim=3)
    line = fold_line(tale.events)
    assert line is not None
    assert (line.turn, line.due, line.claim) == (Turn.ANSWERER, 9_000, 3)
    tale.answer(1)
    line = fold_line(tale.events)
    assert line is not None
    assert (line.turn, line.due, line.rounds[0].paid) == (Turn.DEMANDER, 9_500, 20)
    tale.demand(2)
    tale.add("LineClosed", line=4, job=word("job"), end=3, repaid=50, forfeited=0)
    line = fold_line(tale.events)
    assert line is not None
    assert (line.turn, line.due, line.end, line.repaid) == (Turn.CLOSED, None, LineEnd.MOOT, 50)
    assert [one.is_answered for one in line.rounds] == [True, False]


def test_an_answer_is_kept_beside_its_event() -> None:
    tale = Tale()
    tale.open_line()
    answered = tale.answer(1)
    assert "answer" not in kept_args(answered)
    assert "answer" in answered.args
    [row] = answer_rows(tale.events)
    assert (row["line"], row["round"], row["answer"]) == (4, 1, answered.args["answer"])


def test_what_is_left_of_a_dead_claims_reserve_is_on_record() -> None:
    tale = Tale()
    terms = {"job": word("job"), "item": 1, "output": 0, "element": 5, "trace": word("t"), "traceDigest": word("d")}
    tale.add(
        "ClaimRevealed", claim=1, job=word("job"), claimer=CHALLENGER, seal=word("s"), terms=terms, inputs=word("i"),
        outcome=2, bond=10, cost=3, upholdableAt=99,
    )  # fmt: skip
    claim = fold_claim(tale.events)
    assert claim is not None
    assert (claim.outcome, claim.upholdable_at, claim.terms.element, claim.is_open) == (Outcome.VOID, 99, 5, True)
    refuted = {"refuter": WORKERS[1], "ruling": 2, "step": 7, "element": 8, "reward": 4, "toWorker": 1, "burned": 2}
    tale.add("ClaimRefuted", claim=1, job=word("job"), **refuted)
    tale.add("ReserveDivided", claim=1, toWorker=5, burned=6)
    claim = fold_claim(tale.events)
    assert claim is not None
    assert claim.refutation is not None
    assert (claim.refutation.step, claim.refutation.element, claim.refutation.refuter) == (
        7,
        8,
        parse_address(WORKERS[1]),
    )
    assert (claim.reserve_to_worker, claim.reserve_burned) == (5, 6)
    assert claim.ended is not None
    assert claim.ended.block_number == 2


def test_events_of_what_was_never_opened_are_passed_over() -> None:
    tale = Tale()
    tale.add("ClaimRefuted", claim=1)
    tale.add("SealBurned", seal=word("s"), claimer=CHALLENGER)
    tale.demand(1)
    tale.answer(1)
    tale.add("ModelInvalidated", modelId=word("m"))
    assert (fold_claim(tale.events), fold_seal(tale.events), fold_line(tale.events)) == (None, None, None)
    assert fold_model(tale.events[-1:]) is None


def test_a_model_stays_invalid_since_it_was_first_shown() -> None:
    tale = Tale()
    published = {"publisher": WORKERS[0], "disputable": True, "spec": {}, "uri": "u"}
    tale.add("ModelPublished", modelId=word("m"), **published)
    entry = fold_model(tale.events)
    assert entry is not None
    assert entry.invalidated is None
    tale.add("ModelInvalidated", modelId=word("m"))
    tale.add("ModelInvalidated", modelId=word("m"))
    entry = fold_model(tale.events)
    assert entry is not None
    assert entry.invalidated is not None
    assert entry.invalidated.block_number == 2
    assert {subject.kind for event in tale.events for subject in subjects_of(event)} == {SubjectKind.MODEL}


@pytest.mark.parametrize(
    ("names", "act"),
    [
        (["ClaimSealed", "DisputeBondLocked"], "seal"),
        (["SealBurned", "DisputeBondBurned"], "burnSeal"),
        (["ClaimOpened", "DisputeBondLocked", "ClaimRevealed"], "revealClaim"),
        (["ClaimClosed", "ClaimRefuted", "Credited"], "refute"),
        (["ClaimClosed", "ClaimUpheld", "BondTaken"], "uphold"),
        (["ClaimOpened", "LineOpened", "Demanded"], "demand"),
        (["Answered", "Credited"], "answer"),
        (["LineClosed", "ClaimClosed"], "closeLine"),
        (["LineLapsed", "ClaimRefuted", "ClaimClosed"], "lapse"),
    ],
)
def test_a_dispute_transaction_is_named_by_its_events(names: list[str], act: str) -> None:
    assert act_of(names) == act


def test_a_line_that_went_unanswered_tells_itself_from_one_that_was_left() -> None:
    tale = Tale()
    ends = [tale.add("LineClosed", line=4, job=word("job"), end=int(end), repaid=0, forfeited=0) for end in LineEnd]
    assert [telling_name(event) for event in ends] == ["LineClosed", "LineLapsed", "LineClosed", "LineClosed"]
