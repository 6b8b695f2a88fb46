"""Which claims are sealed, revealed, refuted and upheld, as tables. Situations: tests/support/situations.py."""

from dataclasses import replace
from typing import Any

import pytest

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import ClaimView, DisputeView, Opinion, OwnSeal, Stance, Wrong
from atomic_verify.protocol.job_types import JobState, Outcome, Result
from atomic_verify.protocol.move_types import (
    Dismiss,
    Move,
    Refute,
    RefuteModel,
    Reveal,
    Seal,
)
from atomic_verify.protocol.moves import worker_moves
from atomic_verify.protocol.types import Amount, Rfp
from tests.support.situations import (
    END,
    FRAUD,
    ME,
    OTHER,
    POLICY,
    ROOT,
    VOID,
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


# Sealing


def test_every_void_item_is_claimed_and_fraud_once(view: DisputeView) -> None:
    void_too = replace(VOID, item=0)
    assert [move.wrong for move in moves(view, Opinion((VOID, void_too))) if isinstance(move, Seal)] == [VOID, void_too]
    assert [move.wrong for move in moves(view, Opinion((VOID, FRAUD))) if isinstance(move, Seal)] == [FRAUD]


@pytest.mark.parametrize(("now", "seals"), [(END - 11, True), (END - 10, False), (END + 5, False)])
def test_nothing_is_sealed_that_may_come_too_late(view: DisputeView, now: int, seals: bool) -> None:
    assert kinds(moves(view, Opinion((VOID,)), now)) == (["Seal"] if seals else [])


@pytest.mark.parametrize(
    "change",
    [
        {"is_disputable": False},
        {"is_model_invalid": True},
        {"worker": ME},
        {"state": JobState.FINAL},
        {"result": Result(ROOT, 0, 0, True, OTHER, Amount(0))},
    ],
)
def test_nothing_is_claimed_where_nothing_can_come_of_it(view: DisputeView, change: dict[str, Any]) -> None:
    assert moves(replace(view, **change), Opinion((FRAUD,))) == []


def test_a_watcher_that_only_looks_seals_nothing(view: DisputeView) -> None:
    assert moves(view, Opinion((FRAUD,)), claims=False) == []


def test_a_recorded_claim_is_sealed_as_recorded_after_a_restart(view: DisputeView) -> None:
    recorded = OwnSeal(terms(), Outcome.VOID, None)
    (found,) = moves(replace(view, own_seals=(recorded,)), Opinion((VOID,)))
    assert isinstance(found, Seal)
    assert found.recorded == terms()
    assert found.key == next(move for move in moves(view, Opinion((VOID,)))).key


@pytest.mark.parametrize(
    ("others", "covered"),
    [
        pytest.param(claim(who=ME), True, id="own claim"),
        pytest.param(claim(), True, id="another's, the same to the last bit"),
        pytest.param(claim(6), False, id="another's, whose trace is another or unknown"),
        pytest.param(claim(6, state=ClaimState.UPHELD), True, id="upheld"),
        pytest.param(claim(state=ClaimState.REFUTED), False, id="refuted"),
        pytest.param(claim(who=ME, state=ClaimState.REFUTED), True, id="own and refuted: it would die again"),
        pytest.param(claim(item=0), False, id="on another item"),
        pytest.param(claim(item=0, outcome=Outcome.SLASH), True, id="fraud in another item"),
    ],
)
def test_a_wrong_is_claimed_unless_a_claim_that_one_can_defend_covers_it(
    view: DisputeView, others: ClaimView, covered: bool
) -> None:
    opinion = replace(thinks(Stance.TRUE), wrongs=(VOID,))
    assert ("Seal" not in kinds(moves(replace(view, claims=(others,)), opinion))) is covered


def test_a_sybil_s_void_claim_does_not_keep_fraud_from_being_claimed(view: DisputeView) -> None:
    sybil = claim(item=2, outcome=Outcome.VOID)
    opinion = replace(thinks(Stance.TRUE), wrongs=(FRAUD,))
    assert kinds(moves(replace(view, claims=(sybil,)), opinion)) == ["Seal"]


def test_a_seal_of_the_account_s_own_covers_until_it_is_too_old(view: DisputeView) -> None:
    seal = OwnSeal(terms(), Outcome.VOID, 1_300)
    sealed = replace(view, own_seals=(seal,))
    assert kinds(moves(sealed, Opinion((VOID,)), 1_300)) == []
    assert kinds(moves(sealed, Opinion((VOID,)), 1_359)) == ["Reveal"]
    (again,) = moves(sealed, Opinion((VOID,)), 1_360)
    assert isinstance(again, Seal)
    assert again.attempt == 1
    fraud = moves(sealed, Opinion((VOID, FRAUD)), 1_300)
    assert kinds(fraud) == ["Seal"]


def test_claims_on_one_job_are_bounded(view: DisputeView) -> None:
    wrongs = tuple(replace(VOID, item=item) for item in range(20))
    own = replace(view, claims=(claim(who=ME, item=19),))
    assert len(moves(own, Opinion(wrongs), max_claims=4)) == 3


# Revealing


@pytest.mark.parametrize(("now", "reveals"), [(1_300, False), (1_301, True), (1_359, True), (1_360, False)])
def test_a_seal_is_revealed_once_in_its_time(view: DisputeView, now: int, reveals: bool) -> None:
    seal = OwnSeal(terms(), Outcome.VOID, 1_300)
    assert kinds(moves(replace(view, own_seals=(seal,)), Opinion(), now)) == (["Reveal"] if reveals else [])
    used = replace(seal, is_used=True)
    assert moves(replace(view, own_seals=(used,)), Opinion(), now) == []


def test_a_seal_after_the_window_is_revealed_on_an_own_answered_line(view: DisputeView) -> None:
    late = replace(view, own_seals=(OwnSeal(terms(), Outcome.VOID, END + 20),))
    assert moves(late, Opinion((VOID,)), END + 21) == []
    answered = line(subject=Subject.RESULT, since=END + 10)
    (found,) = moves(replace(late, lines=(answered,)), Opinion((VOID,)), END + 21)
    assert isinstance(found, Reveal)
    assert found.line == 9
    not_mine = replace(answered, opener=OTHER)
    assert moves(replace(late, lines=(not_mine,)), Opinion((VOID,)), END + 21) == []


def test_a_late_answer_is_claimed_on_while_the_clock_runs(view: DisputeView) -> None:
    answered = replace(view, lines=(line(subject=Subject.RESULT, since=END + 10),))
    assert kinds(moves(answered, Opinion((VOID,)), END + 100)) == ["Seal"]
    # Too late to seal and reveal: the line is of no more use.
    assert kinds(moves(answered, Opinion((VOID,)), END + 195)) == ["CloseLine"]


# Refuting and upholding


@pytest.mark.parametrize(
    ("stance", "expected"),
    [
        (Stance.BROKEN, Refute(5, 4, 2, "this element of the trace breaks its law")),
        (Stance.INVALID_MODEL, RefuteModel(5, 4, "the model's program has an invalid record")),
    ],
)
def test_a_false_claim_is_refuted_at_once(view: DisputeView, stance: Stance, expected: Move) -> None:
    claimed = replace(view, claims=(claim(),))
    opinion = thinks(stance, step=4, element=2)
    assert moves(claimed, opinion) == [expected]
    assert moves(claimed, opinion, defends_others=False) == []
    assert list(worker_moves(replace(claimed, worker=ME), opinion, POLICY, 1_310)) == [expected]


@pytest.mark.parametrize("stance", [Stance.UNKNOWN, Stance.TRUE, Stance.LAWFUL])
def test_what_is_not_known_to_be_false_is_not_refuted(view: DisputeView, stance: Stance) -> None:
    assert moves(replace(view, claims=(claim(),)), thinks(stance)) == []


def test_every_claim_on_an_invalid_model_is_dismissed(view: DisputeView) -> None:
    invalid = replace(view, is_model_invalid=True, claims=(claim(), claim(6)))
    assert [type(move) for move in moves(invalid, thinks(Stance.TRUE))] == [Dismiss, Dismiss]


@pytest.mark.parametrize(("now", "upholds"), [(1_499, False), (1_500, True)])
def test_an_own_claim_is_upheld_when_its_window_is_over(view: DisputeView, now: int, upholds: bool) -> None:
    mine = replace(view, claims=(claim(who=ME),))
    assert kinds(moves(mine, Opinion(), now)) == (["Uphold"] if upholds else [])
    asked = replace(mine, lines=(line(who=OTHER, turn=Turn.DEMANDER, since=1_490),))
    assert kinds(moves(asked, Opinion(), now)) == []


@pytest.mark.parametrize(
    ("stance", "now", "upholds"),
    [
        (Stance.TRUE, 1_539, False),
        (Stance.TRUE, 1_540, True),
        (Stance.LAWFUL, 1_540, True),
        (Stance.UNKNOWN, 1_540, False),
        (Stance.WITHHELD, 1_540, False),
    ],
)
def test_a_tidy_watcher_upholds_what_is_right_and_lies_about(
    view: DisputeView, stance: Stance, now: int, upholds: bool
) -> None:
    there = replace(view, claims=(claim(),))
    assert ("Uphold" in kinds(moves(there, thinks(stance), now, tidies=True))) is upholds
    assert "Uphold" not in kinds(moves(there, thinks(stance), now))


@pytest.mark.parametrize(
    ("wrongs", "now", "upholds"),
    [((VOID,), 1_539, False), ((VOID,), 1_540, True), ((), 1_540, False), ((FRAUD,), 1_540, False)],
)
def test_a_claim_that_the_account_relies_on_is_seen_through(
    view: DisputeView, wrongs: tuple[Wrong, ...], now: int, upholds: bool
) -> None:
    relied = replace(thinks(Stance.TRUE), wrongs=wrongs)
    there = replace(view, claims=(claim(),))
    assert ("Uphold" in kinds(moves(there, relied, now))) is upholds
    assert "Uphold" not in kinds(moves(there, relied, now, claims=False))


@pytest.mark.parametrize(
    ("outcome", "stance", "upholds"),
    [
        (Outcome.VOID, Stance.TRUE, True),
        (Outcome.VOID, Stance.LAWFUL, True),
        (Outcome.VOID, Stance.WITHHELD, False),
        (Outcome.SLASH, Stance.TRUE, False),
    ],
)
def test_a_worker_has_a_void_that_it_deserves_behind_it(
    view: DisputeView, outcome: Outcome, stance: Stance, upholds: bool
) -> None:
    mine = replace(view, worker=ME, claims=(claim(outcome=outcome),))
    assert ("Uphold" in kinds(moves(mine, thinks(stance), 1_540, tidies=True))) is upholds


@pytest.mark.parametrize("stance", [Stance.UNKNOWN, Stance.WITHHELD, Stance.TRUE])
def test_whoever_is_owed_a_reward_ends_what_it_waits_for(view: DisputeView, stance: Stance) -> None:
    convicted = replace(view, claims=(claim(),), result=Result(ROOT, 1, 0, True, ME, Amount(0)))
    assert "Uphold" in kinds(moves(convicted, thinks(stance), 1_540))
    assert "Uphold" not in kinds(moves(convicted, thinks(stance), 1_539))
