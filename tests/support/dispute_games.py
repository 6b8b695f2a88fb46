"""Random games of disputes, and what must hold after each: nobody honest loses, no cheat that is watched gets away.

A game: one to three jobs of honest, careless and cheating workers, watchers, and a liar with several accounts. Time
jumps to where something may change; at every deadline the liar plays in the last second before it and in the first
after it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import Policy
from atomic_verify.protocol.disputes import time_to_finality
from atomic_verify.protocol.errors import DisputeRefused
from atomic_verify.protocol.job_types import JobState, Outcome
from atomic_verify.protocol.primitives import Address, JobId
from tests.support.dispute_players import Honest, Liar
from tests.support.dispute_world import FEES, REQUESTER, World, account, add_job, new_world

FUNDS = 10**12
LONG = 5_000
SLACK = 60
"""Seconds: the transactions on the longest way to finality don't all come in one block."""


@dataclass(slots=True)
class Game:
    """One game: who plays, and how much each had."""

    seed: int
    world: World
    honest: list[Honest]
    liar: Liar
    offline: set[Address] = field(default_factory=set)
    """Honest workers that never act."""
    acts: int = 0

    @property
    def watchers(self) -> list[Honest]:
        return [player for player in self.honest if player.policy.claims]

    def started(self, who: Address) -> int:
        return FUNDS

    def has_defender(self) -> bool:
        """Whether somebody refutes claims on others' results."""
        return any(player.policy.defends_others for player in self.honest)


def new_game(seed: int) -> Game:
    """A game that is set up and not played."""
    dice = random.Random(seed)
    world = new_world(dice)
    world.is_invalid = dice.random() < 0.08
    liars = [account(100 + number) for number in range(dice.randint(1, 4))]
    game = Game(seed, world, [], Liar(liars, world, answers=dice.choice((0.0, 0.3, 0.9))))
    for number in range(dice.choice((0, 1, 1, 2))):
        policy, delay = some_policy(dice, claims=True), dice.choice((0, dice.randint(1, 20)))
        game.honest.append(Honest(account(number), policy, serves=dice.random() < 0.7, delay=delay))
    for number in range(dice.choice((1, 1, 2, 3))):
        _add(game, 50 + number)
    everybody = {player.account for player in game.honest} | {*liars, REQUESTER, FEES} | game.offline
    for who in everybody:
        world.court.ledger.funds[who] += FUNDS
        world.court.ledger.payments[who] += FUNDS
    return game


def some_policy(dice: random.Random, *, claims: bool) -> Policy:
    """How an honest player plays."""
    return Policy(
        margin=2,
        patience=dice.randint(2, 12),
        grace=dice.randint(3, 10),
        claims=claims,
        defends_others=claims and dice.random() < 0.8,
        tidies=claims and dice.random() < 0.5,
        max_lines=dice.randint(8, 12),
    )


def _add(game: Game, number: int) -> None:
    """A job of a worker of some kind."""
    dice, world = game.world.dice, game.world
    items = dice.randint(1, 4)
    kind = dice.choice(("honest", "honest", "offline", "careless", "cheat", "cheat"))
    truth = [Outcome.NONE] * items
    if kind in ("careless", "cheat"):
        for item in dice.sample(range(items), dice.randint(1, items)):
            truth[item] = Outcome.VOID if kind == "careless" or dice.random() < 0.4 else Outcome.SLASH
    worker = dice.choice(game.liar.accounts) if kind == "cheat" else account(number)
    if kind == "offline":
        game.offline.add(worker)
    elif kind != "cheat":
        game.honest.append(Honest(worker, some_policy(dice, claims=False)))
    job = add_job(world, worker, truth, void_only=dice.random() < 0.2)
    for subject in (Subject.RESULT, Subject.INPUT):
        world.served[job, subject] = dice.random() < (0.6 if kind == "cheat" else 0.9 if kind != "offline" else 1.0)


def play(game: Game, *, most: int = 4_000) -> Game:
    """Plays until every job has ended, and then clears the table."""
    world, dice = game.world, game.world.dice
    utility, payment = world.court.ledger.utility_total, world.court.ledger.payment_total
    while any(case.state is JobState.COMMITTED for case in world.court.jobs.values()):
        game.acts += 1
        assert game.acts < most, f"game {game.seed} doesn't end"
        for player in dice.sample(game.honest, len(game.honest)):
            if player.is_due(world):
                player.act(world)
        for _ in range(dice.choice((0, 1, 1, 3))):
            game.liar.act()
        ledger = world.court.ledger
        assert (ledger.utility_total, ledger.payment_total) == (utility, payment), f"game {game.seed} loses money"
        world.now = next_second(game)
        if world.now > LONG:
            janitor(world)
    for player in game.honest:
        player.seen = -1
        player.act(world)
    return game


def next_second(game: Game) -> int:
    """The next second at which somebody may want to act."""
    world, dice = game.world, game.world.dice
    wakes = [player.wakes for player in game.honest if player.seen == world.version]
    if len(wakes) < len(game.honest):
        wakes.append(world.now + 1)
    edges = [edge + shift for edge in deadlines(world) for shift in (-1, 0)]
    times = [time for time in (*wakes, *edges, world.now + dice.randint(1, 15)) if time > world.now]
    return min(times)


def deadlines(world: World) -> list[int]:
    """Seconds at which something opens or closes."""
    court = world.court
    found = [
        time for case in court.jobs.values() for time in (case.window_end, case.window_end + court.terms.reveal_time)
    ]
    found += [claim.revealed_at + court.params.refute_window for claim in court.claims.values()]
    for line in court.lines.values():
        if line.turn is not Turn.CLOSED:
            found.append(line.since + (line.answerer_left if line.turn is Turn.ANSWERER else line.opener_left))
    return found + [made + court.terms.reveal_time for made in court.seals.values()]


def janitor(world: World) -> None:
    """Does what anybody may do, so that a game without honest players ends too."""
    court, who = world.court, account(999)
    acts: list[Callable[[], object]] = [partial(court.lapse, number, world.now) for number in court.lines]
    acts += [partial(court.close_line, who, number, world.now) for number in court.lines]
    acts += [partial(court.uphold, number, world.now) for number in court.claims]
    acts += [partial(court.burn_seal, claimer, sealed, world.now) for claimer, sealed in list(court.seals)]
    acts += [partial(court.finalize, job, world.now) for job in court.jobs]
    for act in acts:
        try:
            act()
        except DisputeRefused:
            continue


def check(game: Game) -> None:
    """All that must hold after a game."""
    world = game.world
    for player in game.honest:
        assert player.refused == [], f"game {game.seed}: {player.refused}"
    for job in world.court.jobs:
        check_job(game, job)
    for player in game.honest:
        check_player(game, player)
    check_drained(game)


def check_job(game: Game, job: JobId) -> None:
    """How a job ended."""
    world = game.world
    case, truth = world.court.jobs[job], world.truths[job]
    name = f"game {game.seed}, job {job.hex()[:8]}"
    limit = time_to_finality(world.court.params, case.rfp.challenge_window, world.court.terms.reveal_time)
    if world.served[job, Subject.INPUT] and any(one.policy.tidies and one.policy.defends_others for one in game.honest):
        # Whoever tidies up leaves others their grace, at each end of a clock.
        slack = SLACK + 6 * max(player.policy.grace for player in game.honest)
        assert case.ended_at is not None, name
        assert case.ended_at - case.committed_at <= limit.seconds + slack, f"{name} took too long"
    is_defended = game.has_defender() or any(player.account == case.worker for player in game.honest)
    for claim in world.court.claims.values():
        # Nobody but the worker can evaluate an item whose input it gives to nobody.
        is_known = world.served[job, Subject.INPUT] or case.worker not in game.liar.accounts
        is_false = bool(claim.terms.broken) or world.is_invalid
        if claim.terms.job == job and is_defended and is_known and is_false:
            assert claim.state is not ClaimState.UPHELD, f"{name}: a false claim outlived a refuter"
    is_honest = case.worker not in game.liar.accounts
    if is_honest and is_defended and case.worker not in game.offline:
        assert not case.result.slashed, f"{name}: an honest worker was convicted"
    if game.watchers and not world.is_invalid and Outcome.SLASH in truth:
        assert case.result.slashed, f"{name}: a cheat got away"
    if game.watchers and is_defended and not world.is_invalid and not case.result.slashed:
        wrong = {item for item, outcome in enumerate(truth) if outcome is not Outcome.NONE}
        assert case.voided == wrong, f"{name}: {case.voided} are void, {wrong} are wrong"


def check_player(game: Game, player: Honest) -> None:
    """What an honest player has in the end."""
    ledger = game.world.court.ledger
    name = f"game {game.seed}, player {player.account[-4:]}"
    gained = ledger.funds[player.account] - FUNDS
    jobs = [case for case in game.world.court.jobs.values() if case.worker == player.account]
    allowed = sum(case.result.costs for case in jobs) + asked_of_items(game, player)
    earned = earned_by_claims(game, player)
    assert gained >= earned - allowed, f"{name} has {gained} more: {earned} by claims, {allowed} for voids and demands"
    for case in jobs:
        good = case.rfp.item_count - len(case.voided)
        pay = case.rfp.max_price * good // case.rfp.item_count
        fee = pay * game.world.court.terms.fee_bps // 10_000
        assert ledger.payments[player.account] - FUNDS >= pay - fee, f"{name} wasn't paid"


def earned_by_claims(game: Game, player: Honest) -> int:
    """What a player's true claims bring: a fifth of the bond of each worker that it convicted, and costs of voids."""
    court, who = game.world.court, player.account
    ended = [case for case in court.jobs.values() if case.state is JobState.SLASHED]
    mine = [case for case in ended if case.result.challenger == who]
    rewards = sum((case.rfp.job_bond - case.result.costs) // 5 for case in mine)
    return rewards + sum(claim.charged for claim in court.claims.values() if claim.claimer == who)


def asked_of_items(game: Game, player: Honest) -> int:
    """What answers to a player's demands for results and inputs took: that is the demander's to pay."""
    lines = game.world.court.lines.values()
    return sum(line.spent for line in lines if line.opener == player.account and line.subject is not Subject.TRACE)


def check_drained(game: Game) -> None:
    """After everybody who may has tidied up, no money is left in disputes, bonds or escrows."""
    world = game.world
    world.now += 10_000
    for _ in range(6):
        janitor(world)
    ledger = world.court.ledger
    left = (ledger.dispute_bonds, sum(ledger.job_bonds.values()), sum(ledger.escrows.values()))
    assert left == (0, 0, 0), f"game {game.seed}: {left} stay"
