"""The books of the market in miniature: who staked, locked, earned what. See `world`."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.protocol.types import Bid, JobState, parse_address

MARKET = parse_address("0x" + "5a" * 20)
CHAIN_ID = 31337
TOKEN = "0x" + "70" * 20
UTILITY = "0x" + "71" * 20
FEE_TO = "0x" + "fe" * 20
REQUESTERS = ["0x" + f"{0xA0 + i:02x}" * 20 for i in range(2)]
WORKERS = ["0x" + f"{0xB0 + i:02x}" * 20 for i in range(4)]
CHALLENGER = "0x" + "cc" * 20
VERIFIER = "0x" + "ef" * 20
GUARANTEES = (2, 1, 2, 1, 1, 3, 1, 1)
BOND = 10**19
PRICE = 10**20 + 7
FEE_BPS = 100

Log = tuple[str, str, dict[str, Any]]
Act = Callable[[], tuple[str, list[Log]]]


def word(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass
class SimJob:
    id: str
    rfp: dict[str, Any]
    state: JobState = JobState.POSTED
    bids: dict[str, Bid] = field(default_factory=dict)
    worker: str | None = None
    attempt: int = 0
    price: int = 0
    open_claims: int = 0
    void_items: set[int] = field(default_factory=set)
    slashed: bool = False
    challenger: str | None = None
    costs: int = 0
    proven: int | None = None
    """The packed decisions."""


class Books:
    """Money, models and jobs after the acts so far."""

    def __init__(self) -> None:
        self.jobs: dict[str, SimJob] = {}
        self.models: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}
        self.stake: Counter[str] = Counter()
        self.locked: Counter[str] = Counter()
        self.unbonding: Counter[str] = Counter()
        self.credits: Counter[tuple[str, str]] = Counter()
        self.reputation: Counter[tuple[str, str]] = Counter()
        self.acts = 0

    def _is_free(self, worker: str) -> bool:
        return self.stake[worker] - self.locked[worker] >= BOND

    # Money

    def _stake(self, worker: str) -> tuple[str, list[Log]]:
        self.stake[worker] += 3 * BOND
        return worker, [("Registry", "StakeAdded", {"worker": worker, "amount": 3 * BOND})]

    def _unbond(self, worker: str) -> tuple[str, list[Log]]:
        if self.unbonding[worker]:
            self.unbonding[worker] = 0
            return worker, [("Registry", "StakeRemoved", {"worker": worker, "amount": BOND})]
        self.stake[worker] -= BOND
        self.unbonding[worker] += BOND
        args = {"worker": worker, "amount": BOND, "readyAt": 10**6}
        return worker, [("Registry", "UnbondingStarted", args)]

    def _withdraw(self, key: tuple[str, str]) -> tuple[str, list[Log]]:
        amount, self.credits[key] = self.credits[key], 0
        return key[0], [("Market", "Withdrawn", {"account": key[0], "token": key[1], "amount": amount})]

    def _credit(self, account: str, token: str, amount: int) -> list[Log]:
        if amount == 0:
            return []
        self.credits[account, token] += amount
        return [("Market", "Credited", {"account": account, "token": token, "amount": amount})]

    def _escrow(self, account: str) -> list[Log]:
        used = min(self.credits[account, TOKEN], PRICE)
        self.credits[account, TOKEN] -= used
        return [("Market", "CreditSpent", {"account": account, "token": TOKEN, "amount": used})] if used else []

    def _bond(self, event: str, worker: str, job: SimJob, amount: int = BOND) -> list[Log]:
        self.locked[worker] += amount if event == "BondLocked" else -amount
        if event == "BondTaken":
            self.stake[worker] -= amount
        return [("Registry", event, {"worker": worker, "job": job.id, "amount": amount})]
