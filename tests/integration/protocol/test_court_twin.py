"""The court against the real contracts: random acts of everybody, legal or not, in the seconds where anything changes.

At each act both must take it or refuse it with the same error, and every claim, line, verdict and unit of money must be
the same afterwards. The plays are drawn from fixed seeds.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.protocol import court as courts
from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.types import Address, Amount
from tests.integration.protocol.dispute_material import ITEMS, Material, material
from tests.integration.protocol.dispute_plays import (
    EVERYBODY,
    PLAYERS,
    REQUESTER,
    WORKER,
    DisputePlay,
    commit_job,
    mine,
)

R = 8
ACTS = 70
EXPECTED = {
    *("BadSeal", "SealTooFresh", "SealTooOld", "WithinAccept", "NothingWrong", "ClaimNotOpen", "TooEarlyToUphold"),
    *("LinesOpen", "NotYourTurn", "ClockStillRuns", "WrongLine", "NoSuchPlace", "TooLateToDispute", "NotFinalYet"),
}


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """A deployment with disputes of short times, and players with money and stake."""
    with Anvil() as anvil:
        founder = development_signer(0)
        preset = development(claim_reveal_time=R, refute_window=20, line_clock=15)
        deployment = deploy(anvil.rpc, founder, preset)
        chain = Chain.connect(anvil.url, deployment)
        anvil.request("anvil_autoImpersonateAccount", True)
        now = chain.timestamp()
        for number, one in enumerate((material(), material(void_only=True))):
            mine(chain, founder.address, chain.calls.publish(one.spec, "http://localhost/model"), now + 1 + number)
        plenty = Amount(100_000 * UNIT)
        for who in EVERYBODY:
            mine(
                chain,
                founder.address,
                chain.calls.transfer_token(deployment.utility_token, who, plenty),
                now := now + 3,
            )
            mine(chain, who, chain.calls.approve(deployment.utility_token, plenty), now := now + 3)
        mine(chain, WORKER, chain.calls.stake(Amount(10_000 * UNIT)), now + 3)
        yield chain


def test_the_court_does_what_the_contracts_do(chain: Chain) -> None:
    taken: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for seed in (0, 2, 3, 4, 7):
        play = play_through(chain, seed)
        taken += play.taken
        refused += play.refused
    # The plays reach what disputes are made of, and are refused for every reason that time, turns and evidence give.
    acts = {"seal", "reveal", "burn", "refute", "uphold", "demand trace", "demand item", "answer", "lapse", "close"}
    assert acts | {"finalize"} <= taken.keys()
    reasons = {name.split(": ")[1] for name in refused}
    assert reasons >= EXPECTED, EXPECTED - reasons


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_plays(chain: Chain, seed: int) -> None:
    play_through(chain, seed)


def play_through(chain: Chain, seed: int) -> DisputePlay:
    """One play, from the commit until nothing is left."""
    dice = random.Random(seed)
    play = commit_job(chain, material(void_only=seed % 3 == 2), dice, Amount(dice.choice((UNIT, 7 * UNIT + 1))))
    for _ in range(ACTS):
        candidates = [dice.choice(acts_of(play, dice)) for _ in range(8)]
        legal = [act for act in candidates if play.rehearse(act)] if dice.random() < 0.6 else []
        (legal or candidates)[0]()
        play.now = next_second(play, dice)
    wind_up(play)
    assert play.court.jobs[play.job].state in (JobState.FINAL, JobState.SLASHED)
    assert play.court.ledger.dispute_bonds == 0
    return play


def acts_of(play: DisputePlay, dice: random.Random) -> list[Callable[[], None]]:
    """Things that somebody could try now, the likely ones more than once."""
    who = dice.choice((WORKER, REQUESTER, *PLAYERS))
    found = [lambda: seal(play, dice), lambda: demand_item(play, dice, who)]
    if play.sealed:
        found += with_seals(play, dice, who)
    if play.court.claims:
        found += with_claims(play, dice, who)
    if play.court.lines:
        found += with_lines(play, dice, who)
    # Rarely: it ends the play.
    return [*found, lambda: play.finalize(who)] if dice.random() < 0.2 else found


def with_seals(play: DisputePlay, dice: random.Random, who: Address) -> list[Callable[[], None]]:
    court = play.court
    fresh = [one for one in play.sealed if play.now < court.seals.get((one.who, one.seal), -R) + R]
    one = dice.choice(fresh if fresh and dice.random() < 0.8 else play.sealed)
    by = one.who if dice.random() < 0.9 else who
    line = dice.choice([0, 0, 0, *court.lines])
    return (4 if fresh else 1) * [lambda: play.reveal(by, one, line)] + [lambda: play.burn_seal(who, one)]


def with_claims(play: DisputePlay, dice: random.Random, who: Address) -> list[Callable[[], None]]:
    court = play.court
    claim = mostly_open(dice, court.claims, lambda one: one.state is ClaimState.OPEN)
    broken = sorted(court.claims[claim].terms.broken)
    place = dice.choice(broken) if broken and dice.random() < 0.4 else (dice.randrange(3), dice.randrange(4))
    line = dice.choice([0, *(number for number, line in court.lines.items() if line.opener == who)])
    step = dice.randrange(3)
    is_due = play.now >= court.claims[claim].revealed_at + court.params.refute_window
    found = [lambda: play.refute(who, claim, place)] + (4 if is_due else 1) * [lambda: play.uphold(who, claim)]
    return [*found, lambda: play.dismiss(who, claim), *2 * [lambda: play.demand_trace(who, claim, line, step)]]


def with_lines(play: DisputePlay, dice: random.Random, who: Address) -> list[Callable[[], None]]:
    number = mostly_open(dice, play.court.lines, lambda one: one.turn is not Turn.CLOSED)
    line = play.court.lines[number]
    found = [lambda: play.close_line(who, number), lambda: play.answer(who, number), lambda: play.lapse(who, number)]
    if line.turn is Turn.ANSWERER:
        return [*found, lambda: play.answer(who, number), lambda: play.lapse(who, number)]
    return [*found, *2 * [lambda: move_on(play, dice, number)], lambda: play.close_line(line.opener, number)]


def mostly_open(dice: random.Random, among: Mapping[int, Any], is_open: Callable[[Any], bool]) -> int:
    """The number of one of them, seldom of one that is closed."""
    found = [number for number, one in among.items() if is_open(one)]
    return dice.choice(found if found and dice.random() < 0.9 else list(among))


def seal(play: DisputePlay, dice: random.Random) -> None:
    """A claim: true, false in its output, false somewhere else, or about nothing."""
    item, who, material_ = dice.randrange(ITEMS), dice.choice(PLAYERS), play.material
    kind = dice.random()
    if kind < 0.45:
        case, broken = material_.cases[item], frozenset[courts.Place]()
    elif kind < 0.75:
        case, broken = material_.lie(item, material_.last, 0, dice.choice((0.6, -9.0, 0.1)))
    else:
        case, broken = material_.lie(item, dice.randrange(material_.last), dice.randrange(4), 0.7)
    play.seal(who, item, case, broken, dice.randbytes(32))


def demand_item(play: DisputePlay, dice: random.Random, who: Address) -> None:
    """A new line on the result or the input, sometimes of an item that there isn't."""
    subject = dice.choice((Subject.RESULT, Subject.INPUT))
    play.demand_item(who, subject, dice.choice((0, 1, 2, ITEMS)), 0)


def move_on(play: DisputePlay, dice: random.Random, number: int) -> None:
    """The next round of a line, mostly by its opener, sometimes about something else."""
    line = play.court.lines[number]
    who = line.opener if dice.random() < 0.8 else dice.choice(PLAYERS)
    if line.claim:
        play.demand_trace(who, line.claim, number, dice.randrange(3))
    else:
        item = line.item if dice.random() < 0.8 else dice.randrange(ITEMS)
        play.demand_item(who, line.subject, item, number)


def next_second(play: DisputePlay, dice: random.Random) -> int:
    """Soon, or right before, at or after a second in which something opens or closes."""
    court, now = play.court, play.now
    case = court.jobs[play.job]
    edges = [case.window_end, case.window_end + R, *(made + R for made in court.seals.values())]
    edges += [claim.revealed_at + court.params.refute_window for claim in court.claims.values()]
    for line in court.lines.values():
        edges.append(line.since + (line.answerer_left if line.turn is Turn.ANSWERER else line.opener_left))
    near = [edge + shift for edge in edges for shift in (-1, 0, 1) if now < edge + shift <= now + 5]
    if near and dice.random() < 0.3:
        return dice.choice(near)
    return now + dice.choice((1, 1, 1, 1, 1, 2, 5))


def wind_up(play: DisputePlay) -> None:
    """Ends everything, as anybody may: in an order in which each act is legal."""
    janitor, court = REQUESTER, play.court
    play.now += 500
    for _ in range(2):
        for number, line in list(court.lines.items()):
            if line.turn is not Turn.CLOSED:
                claim = court.claims.get(line.claim)
                is_open = claim is None or claim.state.name == "OPEN"
                lapses = line.turn is Turn.ANSWERER and is_open
                (play.lapse if lapses else play.close_line)(janitor, number)
                play.now += 1
    for number, claim in list(court.claims.items()):
        if claim.state.name == "OPEN":
            play.uphold(janitor, number)
            play.now += 1
    for one in play.sealed:
        if (one.who, one.seal) in court.seals:
            play.burn_seal(janitor, one)
            play.now += 1
    if court.jobs[play.job].state is JobState.COMMITTED:
        play.finalize(janitor)


def test_the_material_is_what_it_says() -> None:
    made: Material = material()
    assert [made.outcome(item, case) for item, case in enumerate(made.cases)] == [
        Outcome.NONE,
        Outcome.VOID,
        Outcome.SLASH,
    ]
