"""What is demanded, answered, lapsed and closed, as tables. Situations: tests/support/situations.py."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import DisputeView, Opinion, Stance, Want
from atomic_verify.protocol.job_types import JobState
from atomic_verify.protocol.move_types import (
    Answer,
    CloseLine,
    DemandItem,
    DemandTrace,
    Lapse,
)
from atomic_verify.protocol.types import Address, Rfp
from tests.support.situations import (
    CLAIMER,
    END,
    FRAUD,
    ME,
    OTHER,
    RUNS,
    START,
    VOID,
    WORKER,
    claim,
    kinds,
    line,
    moves,
    thinks,
    view_of,
)


@pytest.fixture
def view(rfp: Rfp) -> DisputeView:
    return view_of(rfp)


# Demands


def test_a_withheld_trace_is_asked_for_deeper_and_deeper(view: DisputeView) -> None:
    withheld, there = thinks(Stance.WITHHELD, asks=RUNS), replace(view, claims=(claim(),))
    (first,) = moves(there, withheld)
    assert isinstance(first, DemandTrace)
    assert (first.line, first.attempt, first.runs) == (0, 0, RUNS)
    waiting = replace(there, lines=(line(turn=Turn.ANSWERER),))
    assert moves(waiting, withheld) == []
    (second,) = moves(replace(there, lines=(line(rounds=2),)), withheld)
    assert isinstance(second, DemandTrace)
    assert (second.line, second.attempt) == (9, 2)
    assert first.key != second.key


@pytest.mark.parametrize(("now", "asks"), [(1_489, True), (1_490, False)])
def test_a_new_line_is_opened_while_the_refute_window_is_safe(view: DisputeView, now: int, asks: bool) -> None:
    withheld = thinks(Stance.WITHHELD, asks=RUNS)
    assert kinds(moves(replace(view, claims=(claim(),)), withheld, now)) == (["DemandTrace"] if asks else [])


def test_a_line_that_has_had_its_rounds_or_its_time_is_closed(view: DisputeView) -> None:
    withheld, there = thinks(Stance.WITHHELD, asks=RUNS), replace(view, claims=(claim(),))
    assert kinds(moves(replace(there, lines=(line(rounds=6),)), withheld)) == ["CloseLine"]
    assert kinds(moves(replace(there, lines=(line(),)), withheld, 1_500)) == ["CloseLine"]


def test_a_line_stays_open_until_what_it_showed_is_on_the_chain(view: DisputeView) -> None:
    asked = replace(view, claims=(claim(),), lines=(line(),))
    assert kinds(moves(asked, thinks(Stance.BROKEN))) == ["Refute"]
    assert kinds(moves(asked, thinks(Stance.UNKNOWN))) == []
    assert kinds(moves(asked, thinks(Stance.TRUE))) == ["CloseLine"]


def test_a_withheld_result_is_asked_for_after_some_patience_in_parallel(view: DisputeView) -> None:
    wants = tuple(Want(Subject.RESULT, item, RUNS) for item in (2, 0, 1))
    assert moves(view, Opinion(wants=wants), START + 99) == []
    found = moves(view, Opinion(wants=wants), START + 100, max_lines=2)
    assert [(move.item, move.line) for move in found if isinstance(move, DemandItem)] == [(2, 0), (0, 0)]
    assert len({move.key for move in found}) == 2
    opened = replace(view, lines=(line(subject=Subject.RESULT, item=2, turn=Turn.ANSWERER),))
    again = moves(opened, Opinion(wants=wants), START + 100, max_lines=2)
    assert again == [found[1]]
    assert moves(view, Opinion(wants=wants), END - 10) == []
    assert moves(replace(view, worker=ME), Opinion(wants=wants), START + 100) == []


def test_an_item_that_takes_more_rounds_is_asked_for_on_its_line(view: DisputeView) -> None:
    answered = replace(view, lines=(line(subject=Subject.INPUT, item=2, rounds=3),))
    (found,) = moves(answered, Opinion(wants=(Want(Subject.INPUT, 2, RUNS),)))
    assert isinstance(found, DemandItem)
    assert (found.line, found.attempt) == (9, 3)
    assert kinds(moves(answered, Opinion())) == ["CloseLine"]


# Answers


@pytest.mark.parametrize("now", [1_300, 1_499])
def test_one_s_own_duty_is_done_at_once(view: DisputeView, now: int) -> None:
    opinion = replace(thinks(Stance.TRUE), answerable=frozenset({9}))
    of_my_claim = replace(view, claims=(claim(who=ME),), lines=(line(who=OTHER, turn=Turn.ANSWERER),))
    assert "Answer" in kinds(moves(of_my_claim, opinion, now))
    of_my_result = replace(view, worker=ME, lines=(line(who=OTHER, subject=Subject.RESULT, turn=Turn.ANSWERER),))
    assert moves(of_my_result, opinion, now) == [
        Answer(9, 1, "unanswered until its clock runs out, the line would convict")
    ]
    assert moves(of_my_result, opinion, 1_500) == []
    assert moves(of_my_result, thinks(Stance.TRUE), now) == []


@pytest.mark.parametrize(
    ("stance", "now", "answers"),
    [
        (Stance.TRUE, 1_339, False),
        (Stance.TRUE, 1_340, True),
        (Stance.LAWFUL, 1_340, False),
        (Stance.BROKEN, 1_340, False),
    ],
)
def test_a_true_claim_is_defended_when_its_claimer_sleeps(
    view: DisputeView, stance: Stance, now: int, answers: bool
) -> None:
    opinion = replace(thinks(stance), answerable=frozenset({9}))
    there = replace(view, claims=(claim(),), lines=(line(who=OTHER, turn=Turn.ANSWERER),))
    assert ("Answer" in kinds(moves(there, opinion, now))) is answers
    assert "Answer" not in kinds(moves(there, opinion, now, defends_others=False))


def test_a_cheat_s_lines_are_not_answered_for_it(view: DisputeView) -> None:
    there = replace(view, lines=(line(who=OTHER, subject=Subject.RESULT, turn=Turn.ANSWERER),))
    can = Opinion(answerable=frozenset({9}))
    assert kinds(moves(there, can, 1_400)) == ["Answer"]
    assert "Answer" not in kinds(moves(there, replace(can, wrongs=(FRAUD,)), 1_400))


def test_what_is_moot_is_closed_and_not_answered(view: DisputeView) -> None:
    dead = claim(who=ME, state=ClaimState.REFUTED)
    there = replace(view, claims=(dead,), lines=(line(who=OTHER, turn=Turn.ANSWERER),))
    assert moves(there, Opinion(answerable=frozenset({9}))) == []
    assert kinds(moves(replace(there, worker=ME))) == ["CloseLine"]
    assert kinds(moves(replace(there, lines=(line(turn=Turn.ANSWERER),)))) == ["CloseLine"]
    settled = replace(there, state=JobState.FINAL, lines=(line(turn=Turn.ANSWERER),))
    assert kinds(moves(settled)) == ["CloseLine"]


# Lapses and closings


@pytest.mark.parametrize(
    ("opener", "stance", "now", "lapses"),
    [
        (ME, Stance.WITHHELD, 1_499, False),
        (ME, Stance.WITHHELD, 1_500, True),
        (ME, Stance.TRUE, 1_500, False),
        (ME, Stance.LAWFUL, 1_500, False),
        (OTHER, Stance.WITHHELD, 1_539, False),
        (OTHER, Stance.WITHHELD, 1_540, True),
    ],
)
def test_a_line_lapses_when_the_answerer_s_clock_is_out_but_kills_no_true_claim(
    view: DisputeView, opener: Address, stance: Stance, now: int, lapses: bool
) -> None:
    there = replace(view, claims=(claim(at=1_290),), lines=(line(who=opener, turn=Turn.ANSWERER),))
    assert ("Lapse" in kinds(moves(there, thinks(stance), now, tidies=True))) is lapses


def test_nobody_lapses_a_line_against_itself(view: DisputeView) -> None:
    own = replace(view, worker=ME, lines=(line(who=OTHER, subject=Subject.RESULT, turn=Turn.ANSWERER),))
    assert moves(own, Opinion(), 1_900, tidies=True) == []
    mine = replace(view, lines=(line(subject=Subject.RESULT, turn=Turn.ANSWERER),))
    assert moves(mine, Opinion(), 1_500) == [Lapse(9, "the answerer's clock is out")]


@pytest.mark.parametrize(("who", "closes"), [(WORKER, True), (OTHER, False)])
def test_who_is_held_up_closes_a_line_whose_opener_s_clock_is_out(
    view: DisputeView, who: Address, closes: bool
) -> None:
    spam = replace(view, account=who, lines=(line(who=CLAIMER, subject=Subject.RESULT),))
    assert moves(spam, Opinion(), 1_499) == []
    expected = [CloseLine(9, "its opener's clock is out")] if closes else []
    assert moves(spam, Opinion(), 1_500) == expected


def test_lines_on_a_claim_that_the_account_relies_on_are_answered_and_ended(view: DisputeView) -> None:
    relied = replace(thinks(Stance.TRUE), wrongs=(VOID,), answerable=frozenset({9}))
    asked = replace(view, claims=(claim(),), lines=(line(who=OTHER, turn=Turn.ANSWERER),))
    assert kinds(moves(asked, relied, 1_340, defends_others=False)) == ["Answer"]
    left = replace(view, claims=(claim(),), lines=(line(who=OTHER),))
    assert kinds(moves(left, relied, 1_500)) == ["CloseLine"]
    assert kinds(moves(left, replace(relied, wrongs=()), 1_500)) == []
