"""The stories: who lies how about which model, how that has to end, and what everybody has to have paid and got.

*Mark*: the max price of a story's job, by which its worker knows it; each story has its own. All money is exact: what a
rule of the protocol gives, to the last unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from atomic_verify.cli.amounts import TOKEN
from atomic_verify.protocol import settlement
from atomic_verify.protocol.primitives import Amount
from atomic_verify.protocol.types import JobState
from tests.fraud.books import BURNED
from tests.fraud.docket import ClaimHistory, Docket
from tests.fraud.lies import LIES
from tests.fraud.worker import WITHHELD

HONEST, WATCHER, REQUESTER = "honest", "watcher", "requester"
INSIDE = "just-inside"
"""The lie that nobody has to claim."""
LIARS_PRICE: Final = 2 * TOKEN
HONEST_PRICE: Final = 4 * TOKEN
"""Of the honest worker's jobs: it asks more than the liars' jobs pay."""
MAX_TRANSACTIONS: Final = 3
"""To end a claim, right or wrong, when nothing is withheld: seal, reveal, and refute or uphold."""


@dataclass(frozen=True, slots=True)
class Story:
    """`lie` is the worker's; `claim` the claimer's: what it does with its false trace, "served" or "withheld"."""

    id: str
    title: str
    model: str
    expected: str
    items: int = 5
    lie: str | None = None
    claim: str | None = None
    number: int = 0

    @property
    def mark(self) -> int:
        return int(HONEST_PRICE if self.lie is None else LIARS_PRICE) + self.number

    @property
    def worker(self) -> str:
        """Name of the worker that does the job."""
        return HONEST if self.lie is None else f"liar-{self.id}"

    @property
    def claimer(self) -> str | None:
        """Name of the lying claimer, if there is one."""
        return None if self.claim is None else f"claimer-{self.id}"


_ALL: Final = (
    Story("a", "a worker swaps in a cheaper model", "magika", "claim upheld, slashed", 20, lie="cheaper-model"),
    Story("b", "a worker answers at random", "magika", "claim upheld, slashed", lie="at-random"),
    Story("c", "a worker moves one output by three times slash", "magika", "claim upheld, slashed", lie="moved"),
    Story("d", "a worker stays just inside accept", "magika", "no claim, final", lie=INSIDE),
    Story(
        "e", "one item of 20 lies between accept and slash", "magika", "claim upheld, 1 void, final", 20, lie="between"
    ),
    Story("f", "a false claim; the honest worker is offline", "magika", "claim refuted, final", claim="served"),
    Story("g", "a worker withholds its result", "magika", "result unanswered, slashed", lie=WITHHELD),
    Story("h", "a false claim whose trace is withheld", "magika", "claim refuted, final", claim="withheld"),
)


def stories() -> list[Story]:
    """All of them, a to h on magika and f to h on the small CNN besides."""
    found = list(_ALL)
    found += [_on(story, "cnn") for story in _ALL if story.id in "fgh"]
    return _numbered(found)


def short_stories() -> list[Story]:
    """A few, on models so small that they take no time."""
    return _numbered([_on(story, "mlp" if story.id in "ce" else "cnn") for story in _ALL if story.id in "cefgh"])


def _on(story: Story, model: str) -> Story:
    return Story(
        f"{story.id}-{model}", story.title, model, story.expected, story.items, lie=story.lie, claim=story.claim
    )


def _numbered(found: Sequence[Story]) -> list[Story]:
    assert all(story.lie is None or story.lie in (*LIES, WITHHELD) for story in found)
    return [
        Story(one.id, one.title, one.model, one.expected, one.items, one.lie, one.claim, number)
        for number, one in enumerate(found, start=1)
    ]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the money of a story follows from: the deployment's constants, and who has which name.

    `addresses` are in lower case, by name; `fees` is where fees go.
    """

    addresses: Mapping[str, str]
    fees: str
    fee_bps: int
    bond_rate: Amount


def problems_of(story: Story, docket: Docket, job_bond: Amount, rules: Rules) -> Iterator[str]:
    """Whatever of a story didn't end as it must."""
    if docket.outcome != story.expected:
        yield f"it ended: {docket.outcome}"
    if docket.worker != rules.addresses[story.worker]:
        yield f"its worker was {docket.worker}"
    if (left := sum(docket.changes.values())) != 0:
        yield f"{left} units came from or went nowhere"
    yield from _claim_problems(story, docket, rules)
    expected = {owner: amount for owner, amount in _payments(story, docket, job_bond, rules).items() if amount}
    found = {owner: amount for owner, amount in docket.changes.items() if amount}
    if found != expected:
        yield f"the payments were {found}, and should be {expected}"


def _claim_problems(story: Story, docket: Docket, rules: Rules) -> Iterator[str]:
    """Claims that took too long, or were made or ended by the wrong one."""
    claimer = rules.addresses[story.claimer or WATCHER]
    for number, claim in docket.claims.items():
        if claim.claimer != claimer:
            yield f"claim {number} is {claim.claimer}'s"
        if claim.end == "refuted" and claim.ended_by != rules.addresses[WATCHER]:
            yield f"claim {number} was refuted by {claim.ended_by}, not by the watcher"
        if story.claim != WITHHELD and len(set(claim.transactions)) > MAX_TRANSACTIONS:
            yield f"claim {number} took {len(claim.transactions)} transactions"
    is_withheld = WITHHELD in (story.lie, story.claim)
    if bool(docket.lines) != is_withheld:
        yield f"there were {len(docket.lines)} lines"


def _payments(story: Story, docket: Docket, job_bond: Amount, rules: Rules) -> Mapping[str, int]:
    """What each owner's wealth has to have changed by, and what has to have burned."""
    worker, requester = rules.addresses[story.worker], rules.addresses[REQUESTER]
    watcher = rules.addresses[WATCHER]
    if docket.state is JobState.SLASHED:
        bond = settlement.slashed(job_bond)
        return {worker: -int(job_bond), watcher: int(bond.reward), BURNED: int(bond.burned)}
    upheld = docket.event("ClaimUpheld")
    charged = Amount(0 if upheld is None else int(upheld.args["charged"]))
    shared = settlement.shared_costs(charged, rules.bond_rate)
    price = Amount(story.mark)
    split = settlement.stands(price, price, story.items, docket.void_items, rules.fee_bps, shared)
    paid = {
        worker: split.to_worker - charged,
        requester: split.to_requester - price,
        rules.fees: int(split.fee),
        watcher: int(charged),
    }
    for number, claim in docket.claims.items():
        if claim.end == "refuted":
            _add_refuted(paid, number, claim, docket, rules.addresses)
    return paid


def _add_refuted(
    paid: dict[str, int], number: int, claim: ClaimHistory, docket: Docket, addresses: Mapping[str, str]
) -> None:
    """What a refuted claim's bond became: the refuter's gas and reward, the lines' costs, the worker's half, the rest
    burned. The events tell the parts; together they are the bond, and nobody else's money.
    """
    refuted = docket.event("ClaimRefuted")
    divided = docket.event("ReserveDivided")
    assert refuted is not None
    assert docket.worker is not None
    to_worker, burned = int(refuted.args["toWorker"]), int(refuted.args["burned"])
    if divided is not None:
        to_worker += int(divided.args["toWorker"])
        burned += int(divided.args["burned"])
    # What answering cost was paid by who asked; a dead claim's bond pays it back.
    answered = sum(int(event.args["paid"]) for event in docket.events if event.name == "Answered")
    claimer, watcher = claim.claimer, addresses[WATCHER]
    paid[docket.worker] += to_worker
    paid[BURNED] = paid.get(BURNED, 0) + burned
    paid[claimer] = paid.get(claimer, 0) - claim.bond + answered
    paid[watcher] += claim.bond - to_worker - burned - answered
