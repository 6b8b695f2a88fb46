"""Bonds are paid from credit first; nothing is begun that can't be paid for, promises to other claims included."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.disputes import line_reserve, seal_bond
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.move_types import Seal, Uphold
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import DisputeParams, Outcome
from prover.watching.purse import ALLOWANCE, ChainPurse
from tests.unit.prover.jobs import JOB, ME

PARAMS = DisputeParams(100, 1_000, Amount(2), Amount(3), Amount(5))
DEPTH = 4
NEEDED = seal_bond(PARAMS) + line_reserve(PARAMS, DEPTH)
SEAL = Seal(JOB, Wrong(0, 0, 0, Outcome.VOID), 0, None, "wrong")


@dataclass
class Books:
    """A chain and a sender as far as a purse asks them."""

    credit: int = 0
    tokens: int = 0
    allowed: int = 0
    approvals: list[str] = field(default_factory=list)
    calls = SimpleNamespace(approve=lambda token, amount: ("approve", token, amount))
    deployment = SimpleNamespace(utility_token=Address("0x" + "77" * 20))

    def credit_of(self, account: Address) -> Amount:
        return Amount(self.credit)

    def balance_of(self, account: Address) -> Amount:
        return Amount(self.tokens)

    def allowance_of(self, account: Address) -> Amount:
        return Amount(self.allowed)

    def intent(self, key: str):
        return SimpleNamespace(state=IntentState.FINAL) if key in self.approvals[:-1] else None

    def submit(self, key: str, call) -> None:
        assert call[2] == ALLOWANCE
        self.approvals.append(key)


def covers(books: Books, move=SEAL, promised: int = 0) -> bool:
    return ChainPurse(books, ME, PARAMS, books).covers(move, DEPTH, Amount(promised))


@pytest.mark.parametrize(
    ("books", "found", "approves"),
    [
        (Books(credit=NEEDED), True, False),
        (Books(credit=NEEDED - 1), False, False),
        (Books(credit=1, tokens=NEEDED - 1), True, True),
        (Books(credit=1, tokens=NEEDED - 2), False, False),
        (Books(tokens=NEEDED, allowed=NEEDED), True, False),
        (Books(tokens=NEEDED, allowed=NEEDED - 1), True, True),
    ],
)
def test_credit_goes_first_and_the_allowance_is_given_when_it_is_needed(books, found, approves) -> None:
    assert covers(books) is found
    assert bool(books.approvals) is approves


def test_what_is_promised_is_not_spent_twice() -> None:
    assert covers(Books(credit=2 * NEEDED), promised=NEEDED)
    assert not covers(Books(credit=2 * NEEDED - 1), promised=NEEDED)


def test_moves_that_lock_nothing_ask_nobody() -> None:
    assert covers(Books(), Uphold(1, "nobody refuted it"), promised=10**9)
