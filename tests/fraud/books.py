"""The books of a development chain: every unit of the utility token, from its events, held against what the chain says.

*Account*: a place where tokens are, such as a wallet, a credit, a stake, a job's escrow, the bonds of disputes, or what
was burned. Every event that tells of money moves it from one account to another. In the course of a transaction the
market holds some for which no event has told yet; at its end nothing is left there, or the books don't balance.
*Wealth*: what somebody owns: wallet, credit and stake.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from atomic_verify.chain.client import Chain
from atomic_verify.chain.events import Context, decode_logs, transaction_context
from atomic_verify.chain.interface import interface
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address

TRANSIT, BURNED, MINTED, DISPUTES = "transit", "burned", "minted", "disputes"
OWNED = ("wallet", "credit", "stake")

Moves = Counter[str]
"""Units by account: what went in, less what went out."""


def all_events(chain: Chain) -> list[ChainEvent]:
    """Every event of every contract since the deployment, the utility token's too, in order."""
    last = chain.head().number
    found = chain.events(chain.deployment.block, last) + _token_events(chain, last)
    return sorted(found, key=lambda event: event.position)


def by_transaction(events: Iterable[ChainEvent]) -> Iterator[tuple[str, list[ChainEvent]]]:
    """The events of each transaction, in order."""
    for tx_hash, group in groupby(events, key=lambda event: event.tx_hash):
        yield tx_hash, list(group)


def moves_of(transaction: Sequence[ChainEvent], market: Address) -> Moves:
    """What a transaction moved."""
    moves: Moves = Counter()
    for event in transaction:
        for source, target, amount in _transfers(event, market.lower()):
            moves[source] -= amount
            moves[target] += amount
    return moves


def wealth(moves: Mapping[str, int]) -> dict[str, int]:
    """The change of each owner's wealth, by address in lower case; those who neither gained nor lost are left out."""
    found: Counter[str] = Counter()
    for account, amount in moves.items():
        kind, _, owner = account.partition(":")
        if kind in OWNED:
            found[owner] += amount
    return {owner: amount for owner, amount in found.items() if amount}


@dataclass(slots=True)
class Books:
    """All accounts, after all transactions. `problems` says what doesn't balance."""

    accounts: Moves = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        return not self.problems


def keep_books(chain: Chain, events: Sequence[ChainEvent]) -> Books:
    """Enters every transaction, and compares the end with the chain, account by account."""
    books = Books()
    for tx_hash, transaction in by_transaction(events):
        books.accounts.update(moves_of(transaction, chain.deployment.market))
        if books.accounts[TRANSIT] != 0:
            books.problems.append(f"{books.accounts[TRANSIT]} units are unaccounted for after {tx_hash}")
            books.accounts[TRANSIT] = 0
    books.problems += list(_differences(chain, books.accounts))
    return books


def _differences(chain: Chain, accounts: Moves) -> Iterator[str]:
    """Where the chain says something else than the books, and what is left where nothing may be."""
    owners = {account.partition(":")[2] for account in accounts if account.partition(":")[0] in OWNED}
    said: dict[str, int] = {}
    for owner in sorted(owners):
        address = Address(owner)
        said[f"wallet:{owner}"] = chain.balance_of(address)
        said[f"credit:{owner}"] = chain.credit_of(address)
        stake = chain.stake_of(address)
        said[f"stake:{owner}"] = stake.total + chain.unbonding_of(address).amount
        if stake.locked:
            yield f"{stake.locked} units of {owner}'s stake are still locked"
    supply, bonds = _number(chain, "UtilityToken", "totalSupply"), _number(chain, "Market", "disputeBonds")
    said |= {BURNED: -accounts[MINTED] - supply, DISPUTES: bonds}
    for account, amount in said.items():
        if accounts[account] != amount:
            yield f"{account} has {amount} units on the chain, and {accounts[account]} by the events"
    kept = sum(amount for account, amount in said.items() if account.startswith(("credit:", "stake:"))) + bonds
    held = chain.balance_of(chain.deployment.market)
    if held != kept:
        yield f"the market holds {held} units and owes {kept}"
    for account, amount in accounts.items():
        if (account.startswith("escrow:") or account == DISPUTES) and amount:
            yield f"{amount} units are left in {account}"
    if sum(accounts.values()):
        yield f"{sum(accounts.values())} units came from nowhere"


def _transfers(event: ChainEvent, market: str) -> Iterator[tuple[str, str, int]]:
    """From which account to which an event moves how much."""
    args = event.args
    if event.name == "Transfer":
        yield _wallet(args["from"], market, MINTED), _wallet(args["to"], market, BURNED), int(args["value"])
    elif event.name == "RfpPosted":
        yield TRANSIT, f"escrow:{args['job']}", int(args["rfp"]["maxPrice"])
    elif event.name == "Settled":
        paid = int(args["toWorker"]) + int(args["toRequester"]) + int(args["fee"])
        yield f"escrow:{args['job']}", TRANSIT, paid
    elif event.name in _SIMPLE:
        (source, target), owner = _SIMPLE[event.name]
        name = "" if owner is None else str(args[owner]).lower()
        yield source.format(name), target.format(name), int(args["amount"])


_SIMPLE: Mapping[str, tuple[tuple[str, str], str | None]] = {
    "Credited": ((TRANSIT, "credit:{}"), "account"),
    "CreditSpent": (("credit:{}", TRANSIT), "account"),
    "Withdrawn": (("credit:{}", TRANSIT), "account"),
    "StakeAdded": ((TRANSIT, "stake:{}"), "worker"),
    "StakeRemoved": (("stake:{}", TRANSIT), "worker"),
    "BondTaken": (("stake:{}", TRANSIT), "worker"),
    "DisputeBondLocked": ((TRANSIT, DISPUTES), None),
    "DisputeBondPaid": ((DISPUTES, TRANSIT), None),
    "DisputeBondBurned": ((DISPUTES, TRANSIT), None),
}


def _wallet(address: str, market: str, nobody: str) -> str:
    """The account of a transfer's end: the market's own is transit, and nobody's is where tokens come from or burn."""
    at = address.lower()
    if at == market:
        return TRANSIT
    return nobody if at == ZERO_ADDRESS.lower() else f"wallet:{at}"


def _number(chain: Chain, contract: str, function: str) -> int:
    """What a function without arguments returns."""
    face = interface(contract)
    query = {"to": chain.deployment.address(contract), "data": "0x" + face.encode_call(function).hex()}
    answer = bytes.fromhex(chain.rpc.call("eth_call", [query, "latest"])[2:])
    return int(face.decode_answer(function, answer)[0])


def _token_events(chain: Chain, last: int) -> list[ChainEvent]:
    """The utility token's events: other readers leave them out, since they are everybody's own affair."""
    token = chain.deployment.utility_token
    query = {"address": token, "fromBlock": hex(chain.deployment.block), "toBlock": hex(last)}
    logs = chain.rpc.call("eth_getLogs", [query])
    contexts: dict[str, Context] = {}
    by_block: dict[str, list[str]] = defaultdict(list)
    for log in logs:
        by_block[log["blockHash"]].append(log["transactionHash"])
    for block, hashes in by_block.items():
        header = chain.rpc.call("eth_getBlockByHash", [block, False])
        wanted = list(dict.fromkeys(hashes))
        receipts = chain.rpc.batch([("eth_getTransactionReceipt", [one]) for one in wanted])
        contexts |= {one: transaction_context(header, receipt) for one, receipt in zip(wanted, receipts, strict=True)}
    return decode_logs(logs, {token.lower(): interface("UtilityToken")}, lambda log: contexts[log["transactionHash"]])
