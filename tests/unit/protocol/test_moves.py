"""How a job's disputes end, when to look again, and what moves cost. Situations: tests/support/situations.py."""

from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import DisputeView, ForeignSeal, Opinion, OwnSeal, Stance
from atomic_verify.protocol.job_types import JobState, Outcome, Result
from atomic_verify.protocol.move_types import (
    BurnSeal,
    DemandItem,
    DemandTrace,
    Finalize,
    Refute,
    Reveal,
    Seal,
    Uphold,
)
from atomic_verify.protocol.moves import concerns, funds_needed, wake_at
from atomic_verify.protocol.types import Amount, Rfp
from tests.support.situations import (
    END,
    JOB,
    ME,
    OTHER,
    PARAMS,
    POLICY,
    ROOT,
    RUNS,
    VOID,
    R,
    claim,
    kinds,
    line,
    moves,
    terms,
    thinks,
    view_of,
)


@pytest.fixture
def view(rfp: Rfp) -> DisputeView:
    return view_of(rfp)


# The end


@pytest.mark.parametrize(("now", "ends"), [(END + R - 1, False), (END + R, True)])
def test_whoever_is_paid_ends_the_job(view: DisputeView, now: int, ends: bool) -> None:
    convicted = replace(view, result=Result(ROOT, 0, 0, True, ME, Amount(0)))
    expected = [Finalize(JOB, "the window is over, and no claim or line is open")] if ends else []
    assert moves(convicted, Opinion(), now) == expected
    assert moves(replace(view, worker=ME), Opinion(), now) == expected
    assert moves(view, Opinion(), now, tidies=True) == expected
    assert moves(view, Opinion(), now) == []
    assert moves(replace(convicted, worker=ME), Opinion(), now) == expected
    still_open = replace(convicted, result=replace(convicted.result, open_claims=1))
    assert moves(still_open, Opinion(), now) == []


@pytest.mark.parametrize(("now", "burns"), [(1_259, False), (1_260, True)])
def test_a_tidy_watcher_burns_seals_that_nobody_revealed(view: DisputeView, now: int, burns: bool) -> None:
    stale = replace(view, foreign_seals=(ForeignSeal(OTHER, b"\x05" * 32, 1_200),))
    assert kinds(moves(stale, Opinion(), now, tidies=True)) == (["BurnSeal"] if burns else [])
    assert moves(stale, Opinion(), now) == []


def test_the_same_view_gives_the_same_moves_with_the_same_keys(view: DisputeView) -> None:
    there = replace(
        view,
        claims=(claim(), claim(6, who=ME, item=0, at=1_000)),
        lines=(line(), line(10, who=OTHER, subject=Subject.RESULT)),
        own_seals=(OwnSeal(terms(2), Outcome.VOID, 1_300),),
    )
    opinion = replace(thinks(Stance.WITHHELD, asks=RUNS), wrongs=(VOID,))
    first = moves(there, opinion)
    assert first == moves(there, opinion)
    assert len({move.key for move in first}) == len(first) >= 4


@pytest.mark.parametrize(
    ("change", "now", "expected"),
    [
        ({}, 1_000, 1_100),
        ({}, 1_200, END + R),
        ({}, END + R, None),
        ({"own_seals": (OwnSeal(terms(), Outcome.VOID, 1_200),)}, 1_200, 1_201),
        ({"claims": (claim(),)}, 1_300, 1_500),
        ({"claims": (claim(),)}, 1_500, 1_540),
        ({"claims": (claim(state=ClaimState.UPHELD),)}, 1_300, END + R),
        ({"lines": (line(turn=Turn.ANSWERER),)}, 1_310, 1_340),
        ({"lines": (line(turn=Turn.ANSWERER),)}, 1_350, 1_500),
        ({"lines": (line(turn=Turn.CLOSED),)}, 1_350, END + R),
    ],
)
def test_time_alone_changes_the_moves_only_at_known_seconds(
    view: DisputeView, change: dict[str, Any], now: int, expected: int | None
) -> None:
    assert wake_at(replace(view, **change), POLICY, now) == expected


def test_what_a_move_locks(view: DisputeView) -> None:
    bond, reserve, prefund = 60_000_000, 2 * 7 * 8_000_000, 5_500_000
    needed = {
        Seal(JOB, VOID, 0, None, ""): bond + reserve,
        Reveal(terms(), 1_000, 0, ""): reserve,
        DemandTrace(5, 0, 0, RUNS, ""): prefund + PARAMS.line_bond,
        DemandTrace(5, 9, 1, RUNS, ""): prefund,
        DemandItem(JOB, Subject.RESULT, 0, 0, 0, RUNS, ""): prefund,
        Refute(5, 0, 0, ""): 0,
        BurnSeal(OTHER, b"", ""): 0,
        Uphold(5, ""): 0,
    }
    assert {move: funds_needed(move, PARAMS, 7) for move in needed} == needed


def test_a_job_concerns_until_nothing_of_it_is_open(view: DisputeView) -> None:
    assert concerns(view)
    over = replace(view, state=JobState.FINAL)
    assert not concerns(over)
    assert concerns(replace(over, lines=(line(),)))
    assert not concerns(replace(over, lines=(line(turn=Turn.CLOSED),), claims=(claim(state=ClaimState.UPHELD),)))
